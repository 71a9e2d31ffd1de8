/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <stdio.h>

#include "unit.h"
#include "verinit/floor.h"

static void parse_ok(const char *text, struct floor *ret)
{
        struct error err = {};

        if (floor_parse(text, strlen(text), ret, &err) < 0)
                fail_msg("refused: %s", err.msg);
}

static void assert_refused(const char *text, const char *in_message)
{
        struct error err = {};
        struct floor f = { .panic_timeout_s = 77 };

        assert_true(floor_parse(text, strlen(text), &f, &err) < 0);
        assert_int_equal(err.code, FAIL_FLOOR_MALFORMED_CODE);
        if (!strstr(err.msg, in_message))
                fail_msg("'%s' is not in '%s'", in_message, err.msg);
        assert_int_equal(f.panic_timeout_s, 77); /* untouched */
}

static void test_nothing_demands_everything(_unused_ void **state)
{
        struct floor f, zero;

        parse_ok("", &f);
        floor_init(&zero);
        assert_memory_equal(&f, &zero, sizeof(f));
        assert_int_equal(f.tpm, NEED_REQUIRE);
        assert_int_equal(f.selinux, NEED_REQUIRE);
        assert_int_equal(f.cmdline, NEED_REQUIRE);
        assert_int_equal(f.root, FLOOR_ROOT_TMPFS);
        assert_int_equal(f.etc, ETC_OVERLAY);
        assert_string_equal(f.selinux_dir, "etc/selinux");
        assert_int_equal(f.panic_timeout_s, 10);
        assert_int_equal(f.failure_delay_s, 10);
        assert_int_equal(f.device_timeout_s, 90);
        assert_int_equal(f.n_extra_words, 0);
}

static void test_each_key(_unused_ void **state)
{
        struct floor f;

        parse_ok("# a floor\n\ntpm=allow\nselinux=allow\ncmdline=allow\nroot=unverified\netc=plain\n"
                 "selinux-dir=share/se_linux-1\npanic-timeout=300\nfailure-delay=0\ndevice-timeout=3600\n"
                 "extra-words=console=ttyS0,115200\nextra-words=fips=1",
                 &f);
        assert_int_equal(f.tpm, NEED_ALLOW);
        assert_int_equal(f.selinux, NEED_ALLOW);
        assert_int_equal(f.cmdline, NEED_ALLOW);
        assert_int_equal(f.root, FLOOR_ROOT_UNVERIFIED);
        assert_int_equal(f.etc, ETC_PLAIN);
        assert_string_equal(f.selinux_dir, "share/se_linux-1");
        assert_int_equal(f.panic_timeout_s, 300);
        assert_int_equal(f.failure_delay_s, 0);
        assert_int_equal(f.device_timeout_s, 3600);
        assert_int_equal(f.n_extra_words, 2);
        assert_string_equal(f.extra_words[0], "console=ttyS0,115200");
        assert_string_equal(f.extra_words[1], "fips=1");
        parse_ok("etc=tmpfs\n", &f);
        assert_int_equal(f.etc, ETC_TMPFS);
        parse_ok("tpm=require\netc=overlay\nroot=tmpfs\n", &f);
        assert_int_equal(f.tpm, NEED_REQUIRE);
}

static void test_one_need_does_not_touch_another(_unused_ void **state)
{
        struct floor f;

        parse_ok("tpm=allow\n", &f);
        assert_int_equal(f.selinux, NEED_REQUIRE);
        assert_int_equal(f.cmdline, NEED_REQUIRE);
        parse_ok("selinux=allow\n", &f);
        assert_int_equal(f.tpm, NEED_REQUIRE);
        parse_ok("cmdline=allow\n", &f);
        assert_int_equal(f.tpm, NEED_REQUIRE);
        assert_int_equal(f.selinux, NEED_REQUIRE);
}

static void test_refusals_name_line_and_text(_unused_ void **state)
{
        assert_refused("#\ntpm=maybe\n", "line 2: 'tpm=maybe': expected require or allow");
        assert_refused("tpm=allow\ntpm=allow\n", "line 2: 'tpm': the key stands here a second time");
        assert_refused("tmp=allow\n", "line 1: 'tmp': unknown key");
        assert_refused("tpm = allow\n", "line 1: 'tpm ': unknown key (no blanks around '=')");
        assert_refused("tpm= allow\n", "expected require or allow");
        assert_refused("tpm=allow \n", "expected require or allow");
        assert_refused("tpm=allow\r\n", "expected require or allow");
        assert_refused(" tpm=allow\n", "unknown key");
        assert_refused("TPM=allow\n", "unknown key");
        assert_refused("tpm\n", "'tpm': not key=value");
        assert_refused("=allow\n", "unknown key");
        assert_refused("root=verity\n", "expected tmpfs or unverified");
        assert_refused("etc=\n", "expected overlay, tmpfs or plain");
}

static void test_numbers_have_bounds(_unused_ void **state)
{
        static const char *const bad[] = {
                "panic-timeout=0",    "panic-timeout=301",  "panic-timeout=-1",     "panic-timeout=",
                "failure-delay=301",  "failure-delay=1s",   "device-timeout=0",     "device-timeout=3601",
                "device-timeout=0x9", "device-timeout= 90", "device-timeout=00090", "panic-timeout=4294967306",
        };

        for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
                assert_refused(bad[i], "expected seconds");
}

static void test_selinux_dir_stays_below_usr(_unused_ void **state)
{
        static const char *const bad[] = { "",       "/etc",   "etc/", "a//b", ".",   "..",
                                           "a/../b", "../etc", "a/.",  "a b",  "a\tb" };
        char text[300] = "selinux-dir=";
        struct floor f;

        for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
                snprintf(text, sizeof(text), "selinux-dir=%s\n", bad[i]);
                assert_refused(text, "expected a relative path");
        }
        memset(text + 12, 'a', 128);
        text[12 + 128] = '\0';
        assert_refused(text, "expected a relative path");
        text[12 + 127] = '\0';
        parse_ok(text, &f);
        parse_ok("selinux-dir=..a/.b", &f);
}

static void test_extra_words_are_words(_unused_ void **state)
{
        static const char *const bad[] = { "", "a b", "=x", "a\"b", "a'b", "a\x7f", "\xc3\xb6", "a\tb" };
        char text[FLOOR_MAX_BYTES] = "";

        for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
                snprintf(text, sizeof(text), "extra-words=%s\n", bad[i]);
                assert_refused(text, "expected one printable word");
        }
        assert_refused("extra-words=a\nextra-words=a\n", "line 2");

        text[0] = '\0';
        for (int i = 0; i < FLOOR_MAX_EXTRA_WORDS; i++)
                sprintf(text + strlen(text), "extra-words=w%d\n", i);
        parse_ok(text, &(struct floor) {});
        strcat(text, "extra-words=last\n");
        assert_refused(text, "line 33");

        strcpy(text, "extra-words=");
        memset(text + 12, 'w', FLOOR_WORD_MAX);
        text[12 + FLOOR_WORD_MAX] = '\0';
        assert_refused(text, "expected one printable word");
        text[12 + FLOOR_WORD_MAX - 1] = '\0';
        parse_ok(text, &(struct floor) {});
}

static void test_plain_etc_needs_an_unverified_root(_unused_ void **state)
{
        assert_refused("etc=plain\n", "etc=plain needs root=unverified");
        assert_refused("etc=plain\nroot=tmpfs\n", "etc=plain needs root=unverified");
}

static void test_files_that_are_no_text_of_ours(_unused_ void **state)
{
        static char text[FLOOR_MAX_BYTES + 1];
        struct error err = {};
        struct floor f;

        memset(text, '\n', sizeof(text));
        assert_int_equal(floor_parse(text, FLOOR_MAX_BYTES, &f, &err), 0);
        assert_true(floor_parse(text, sizeof(text), &f, &err) < 0);
        assert_int_equal(err.code, FAIL_FLOOR_MALFORMED_CODE);
        err = (struct error) {};
        assert_true(floor_parse("tpm=allow\0x", 11, &f, &err) < 0);
        assert_non_null(strstr(err.msg, "NUL"));
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_nothing_demands_everything),
                cmocka_unit_test(test_each_key),
                cmocka_unit_test(test_one_need_does_not_touch_another),
                cmocka_unit_test(test_refusals_name_line_and_text),
                cmocka_unit_test(test_numbers_have_bounds),
                cmocka_unit_test(test_selinux_dir_stays_below_usr),
                cmocka_unit_test(test_extra_words_are_words),
                cmocka_unit_test(test_plain_etc_needs_an_unverified_root),
                cmocka_unit_test(test_files_that_are_no_text_of_ours),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
