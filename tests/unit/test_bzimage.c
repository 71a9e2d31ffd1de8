/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>

#include "unit.h"
#include "verinit/bzimage.h"

enum { SIZE = 3 * 512, TEXT_AT = 0x400 };

static uint8_t file[SIZE];
static char release[BZIMAGE_RELEASE_MAX + 1];

static void put_text(size_t at, const char *text)
{
        const unsigned offset = (unsigned) at - 0x200;

        memcpy(file + at, text, strlen(text) + 1);
        file[0x20e] = (uint8_t) offset;
        file[0x20f] = (uint8_t) (offset >> 8);
}

static int good(void **state)
{
        (void) state;
        memset(file, 0, sizeof(file));
        strcpy(release, "untouched");
        file[0x1f1] = 2;
        file[0x1fe] = 0x55;
        file[0x1ff] = 0xaa;
        memcpy(file + 0x202, "HdrS", 4);
        file[0x206] = 0x0f;
        file[0x207] = 0x02;
        put_text(TEXT_AT, "6.12.1+deb13-cloud-amd64 (builder@host) #1 SMP");
        return 0;
}

static void assert_refused(size_t size)
{
        assert_int_equal(bzimage_release(file, size, release), -EBADMSG);
        assert_string_equal(release, "untouched");
}

static void test_release(void **state)
{
        (void) state;
        assert_int_equal(bzimage_release(file, SIZE, release), 0);
        assert_string_equal(release, "6.12.1+deb13-cloud-amd64");
}

static void test_text_without_more(void **state)
{
        (void) state;
        put_text(TEXT_AT, "7.3.4~rc1_x");
        assert_int_equal(bzimage_release(file, SIZE, release), 0);
        assert_string_equal(release, "7.3.4~rc1_x");
}

static void test_longest(void **state)
{
        char text[BZIMAGE_RELEASE_MAX + 2] = {};

        (void) state;
        memset(text, '6', BZIMAGE_RELEASE_MAX);
        put_text(TEXT_AT, text);
        assert_int_equal(bzimage_release(file, SIZE, release), 0);
        assert_string_equal(release, text);
        strcpy(release, "untouched");
        text[BZIMAGE_RELEASE_MAX] = '6';
        put_text(TEXT_AT, text);
        assert_refused(SIZE);
}

static void test_other_files(void **state)
{
        static const size_t magic[] = { 0x1fe, 0x1ff, 0x202, 0x205, 0x207 };

        assert_refused(0);
        assert_refused(0x20f);
        for (size_t i = 0; i < ARRAY_SIZE(magic); i++) {
                good(state);
                file[magic[i]] = 0;
                assert_refused(SIZE);
        }
}

static void test_no_text(void **state)
{
        (void) state;
        put_text(TEXT_AT, " (builder@host)");
        assert_refused(SIZE);
        put_text(TEXT_AT, "6.12\033[2J");
        assert_refused(SIZE);
        put_text(TEXT_AT, "6.12");
        file[0x20e] = file[0x20f] = 0;
        assert_refused(SIZE);
}

/* In the file, but in the kernel behind the setup code: that is not what the header speaks of. */
static void test_text_behind_setup(void **state)
{
        (void) state;
        file[0x1f1] = 1;
        assert_refused(SIZE);
        file[0x1f1] = 0;
        assert_int_equal(bzimage_release(file, SIZE, release), 0);
}

static void test_cut_off(void **state)
{
        (void) state;
        assert_refused(TEXT_AT);
        assert_refused(TEXT_AT + 6);
        assert_refused(TEXT_AT + strlen("6.12.1+deb13-cloud-amd64"));
        put_text(SIZE - 5, "6.12");
        file[SIZE - 1] = '1';
        assert_refused(SIZE);
        file[0x20e] = file[0x20f] = 0xff;
        assert_refused(SIZE);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test_setup(test_release, good),
                cmocka_unit_test_setup(test_text_without_more, good),
                cmocka_unit_test_setup(test_longest, good),
                cmocka_unit_test_setup(test_other_files, good),
                cmocka_unit_test_setup(test_no_text, good),
                cmocka_unit_test_setup(test_text_behind_setup, good),
                cmocka_unit_test_setup(test_cut_off, good),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
