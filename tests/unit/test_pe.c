/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>

#include "pe_file.h"
#include "verinit/pe.h"

#define TEXT "acl.slot=b"

/* An add-on as ukify makes one, less what nobody looks at. */
struct file {
        struct pe_head head;
        uint8_t optional[24];
        struct section sections[3];
        char text[16];
};

static struct file make_file(void)
{
        return (struct file) {
                .head = {
                        .dos = "MZ",
                        .new_header = offsetof(struct file, head.signature),
                        .signature = "PE",
                        .n_sections = 3,
                        .optional_size = sizeof(((struct file *) NULL)->optional),
                },
                .sections = {
                        { .name = ".sbat", .virtual_size = 1, .raw_size = UINT32_MAX, .raw_offset = UINT32_MAX },
                        { .name = { '.', 'c', 'm', 'd', 'l', 'i', 'n', 'e' }, .virtual_size = sizeof(TEXT) - 1, .raw_size = 16,
                          .raw_offset = offsetof(struct file, text) },
                        { .name = ".uname" },
                },
                .text = TEXT,
        };
}

static int find(const struct file *f, size_t size, const char *name, size_t *ret_offset, size_t *ret_size)
{
        uint8_t *copy = malloc(size > 0 ? size : 1);
        int r;

        assert_non_null(copy);
        if (size > 0)
                memcpy(copy, f, size);
        r = pe_section_find(copy, size, name, ret_offset, ret_size);
        free(copy);
        return r;
}

static void assert_refused(const struct file *f, const char *name, int wanted)
{
        size_t offset = 77, size = 78;

        assert_int_equal(find(f, sizeof(*f), name, &offset, &size), wanted);
        assert_int_equal(offset, 77);
        assert_int_equal(size, 78);
}

static void test_found(_unused_ void **state)
{
        struct file f = make_file();
        size_t offset, size;

        assert_int_equal(find(&f, sizeof(f), ".cmdline", &offset, &size), 0);
        assert_int_equal(offset, offsetof(struct file, text));
        assert_int_equal(size, strlen(TEXT));

        /* The loader fills the rest with zeros, which the file does not have. */
        f.sections[1].virtual_size = 4096;
        assert_int_equal(find(&f, sizeof(f), ".cmdline", &offset, &size), 0);
        assert_int_equal(size, 16);
        /* Nothing but zeros. */
        f.sections[1].raw_size = 0;
        assert_int_equal(find(&f, sizeof(f), ".cmdline", &offset, &size), 0);
        assert_int_equal(size, 0);
}

static void test_absent(_unused_ void **state)
{
        struct file f = make_file();

        assert_refused(&f, ".linux", -ENOENT);
        assert_refused(&f, ".cmdlin", -ENOENT);
        assert_refused(&f, ".s", -ENOENT);
        assert_refused(&f, ".cmdline2", -EINVAL);
        f.head.n_sections = 1;
        assert_refused(&f, ".cmdline", -ENOENT);
}

static void test_twice(_unused_ void **state)
{
        struct file f = make_file();

        f.sections[2] = f.sections[1];
        assert_refused(&f, ".cmdline", -EBADMSG);
}

static void test_out_of_bounds(_unused_ void **state)
{
        struct file f = make_file();

        assert_refused(&f, ".sbat", -EBADMSG);
        f.sections[1].raw_size = 17;
        assert_refused(&f, ".cmdline", -EBADMSG);
        f = make_file();
        f.sections[1].raw_offset++;
        assert_refused(&f, ".cmdline", -EBADMSG);
        f = make_file();
        f.head.new_header = UINT32_MAX;
        assert_refused(&f, ".cmdline", -EBADMSG);
        f = make_file();
        f.head.n_sections = UINT16_MAX;
        assert_refused(&f, ".cmdline", -EBADMSG);
        f = make_file();
        f.head.optional_size = UINT16_MAX;
        assert_refused(&f, ".cmdline", -EBADMSG);
}

static void test_other_files(_unused_ void **state)
{
        struct file f = make_file();

        f.head.dos[0] = 'Z';
        assert_refused(&f, ".cmdline", -EBADMSG);
        f = make_file();
        f.head.signature[2] = 1;
        assert_refused(&f, ".cmdline", -EBADMSG);
}

static void test_every_shorter_file(_unused_ void **state)
{
        struct file f = make_file();
        size_t offset = 77, n = 78;

        for (size_t size = 0; size < sizeof(f); size++)
                assert_int_equal(find(&f, size, ".cmdline", &offset, &n), -EBADMSG);
        assert_int_equal(offset, 77);
        assert_int_equal(n, 78);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_found),
                cmocka_unit_test(test_absent),
                cmocka_unit_test(test_twice),
                cmocka_unit_test(test_out_of_bounds),
                cmocka_unit_test(test_other_files),
                cmocka_unit_test(test_every_shorter_file),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
