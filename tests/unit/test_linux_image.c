/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>

#include "unit.h"
#include "verinit/linux_image.h"

enum { TEXT = 0x500 };

#define VERSION "6.12.118+deb13-cloud-amd64 (builder) #1 SMP"

/* The beginning of a bzImage: a boot sector and two of setup code, in the last of which the text stands; and some bytes more. */
static uint8_t image[0x800];

static void make(const char *text)
{
        memset(image, 0, sizeof(image));
        image[0x1f1] = 2;
        memcpy(image + 0x202, "HdrS", 4);
        image[0x20e] = (TEXT - 0x200) & 0xff;
        image[0x20f] = (TEXT - 0x200) >> 8;
        memcpy(image + TEXT, text, strlen(text) + 1);
}

static int version(size_t size, char ret[static LINUX_VERSION_MAX])
{
        uint8_t *copy = malloc(size > 0 ? size : 1);
        int r;

        assert_non_null(copy);
        memcpy(copy, image, size);
        r = linux_image_version(copy, size, ret);
        free(copy);
        return r;
}

static void assert_refused(int wanted)
{
        char text[LINUX_VERSION_MAX] = "untouched";

        assert_int_equal(version(sizeof(image), text), wanted);
        assert_string_equal(text, "untouched");
}

static void test_found(_unused_ void **state)
{
        char text[LINUX_VERSION_MAX];

        make(VERSION);
        assert_int_equal(version(sizeof(image), text), 0);
        assert_string_equal(text, VERSION);
        assert_int_equal(linux_release_size(text), strlen("6.12.118+deb13-cloud-amd64"));
        assert_int_equal(linux_release_size("6.12"), 4);
}

static void test_of_another_kind(_unused_ void **state)
{
        make(VERSION);
        image[0x202] = 'h';
        assert_refused(-ENOENT);
        make(VERSION);
        image[0x20e] = image[0x20f] = 0;
        assert_refused(-ENOENT);
}

static void test_out_of_bounds(_unused_ void **state)
{
        make(VERSION);
        image[0x1f1] = 1; /* the setup code ends before the text */
        assert_refused(-EBADMSG);
        make(VERSION);
        image[0x20f] = 0xff;
        assert_refused(-EBADMSG);
        make(VERSION);
        image[TEXT + 3] = 0x1b;
        assert_refused(-EBADMSG);
        make("");
        assert_refused(-EBADMSG);
        make("");
        memset(image + TEXT, 'x', sizeof(image) - TEXT); /* no end */
        assert_refused(-EBADMSG);
        make("");
        image[0x1f1] = 0; /* that is four, of which the file does not have all */
        memset(image + TEXT, 'x', LINUX_VERSION_MAX);
        assert_refused(-EBADMSG);
}

static void test_every_shorter_file(_unused_ void **state)
{
        char text[LINUX_VERSION_MAX];

        make(VERSION);
        for (size_t n = 0; n <= TEXT + strlen(VERSION); n++)
                assert_true(version(n, text) < 0);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_found), cmocka_unit_test(test_of_another_kind), cmocka_unit_test(test_out_of_bounds),
                cmocka_unit_test(test_every_shorter_file),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
