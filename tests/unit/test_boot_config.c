/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "boot_config_check.h"

static void test_least(_unused_ void **state)
{
        parse_ok("quiet usrhash=" HASH "\n", &strict);
        assert_int_equal(c.root_hash_size, 32);
        assert_int_equal(c.root_hash[1], 0x11);
        assert_string_equal(c.cmdline_text, "quiet usrhash=" HASH);
        assert_int_equal(c.root_kind, ROOT_TMPFS);
        assert_int_equal(c.root.kind, DEVICE_NONE);
        assert_true(c.root_rw);
        assert_string_equal(c.init_path, "/usr/lib/systemd/systemd");
        assert_false(c.debug);
        assert_int_equal(c.device_timeout_us, 90 * 1000000);
        assert_int_equal(c.corruption, CORRUPTION_PANIC);
        assert_string_equal(c.usr_fstype, "");
        assert_string_equal(c.usr_options, "");
        assert_false(c.enforcing_asked);
}

static void test_init(_unused_ void **state)
{
        static const char *const bad[] = { "bin/sh", "/",    "/usr/", "/a//b",    "/a/../b",
                                           "/..",    "/a/.", "/./a",  "\"/a b\"", "/\xc3\xb6" };
        char text[512];

        parse_ok(USR "init=/usr/lib/systemd/..a", &strict);
        assert_string_equal(c.init_path, "/usr/lib/systemd/..a");
        for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
                snprintf(text, sizeof(text), USR "init=%s", bad[i]);
                assert_refused(text, CMDLINE_BAD_VALUE, "expected an absolute path");
        }
        snprintf(text, sizeof(text), USR "init=/%0*d", CONFIG_PATH_MAX - 2, 0);
        parse_ok(text, &strict);
        snprintf(text, sizeof(text), USR "init=/%0*d", CONFIG_PATH_MAX - 1, 0);
        assert_refused(text, CMDLINE_BAD_VALUE, "expected an absolute path");
        assert_refused(USR "init=/a init=/b", CMDLINE_DUPLICATE_KEY, "init=/b");
}

static void test_our_own_keys(_unused_ void **state)
{
        parse_ok(USR "init.debug=1 init.timeout=3600", &strict);
        assert_true(c.debug);
        assert_int_equal(c.device_timeout_us, 3600000000);
        parse_ok(USR "init.debug=0 init.timeout=1", &strict);
        assert_false(c.debug);
        assert_refused(USR "init.debug", CMDLINE_BAD_VALUE, "init.debug: a value is missing");
        assert_refused(USR "init.debug=yes", CMDLINE_BAD_VALUE, "init.debug=yes: expected 0 or 1");
        assert_refused(USR "init.debug=0 init.debug=1", CMDLINE_DUPLICATE_KEY, "init.debug=1");
        assert_refused(USR "init.timeout=0", CMDLINE_BAD_VALUE, "expected seconds");
        assert_refused(USR "init.timeout=3601", CMDLINE_BAD_VALUE, "expected seconds");
        assert_refused(USR "init.timeout=5s", CMDLINE_BAD_VALUE, "expected seconds");
        assert_refused(USR "init.timeout=-5", CMDLINE_BAD_VALUE, "expected seconds");
        assert_refused(USR "init.debgu=1", CMDLINE_UNKNOWN_KEY, "init.debgu=1: unknown key");
        assert_refused(USR "init.", CMDLINE_UNKNOWN_KEY, "init.: unknown key");
}

static void test_selinux_words(_unused_ void **state)
{
        parse_ok(USR "enforcing=1 selinux=1", &strict);
        assert_true(c.enforcing_asked);
        assert_refused_by(&strict, USR "enforcing=0", FAIL_CMDLINE_WEAKENING_CODE, "enforcing=0: SELinux is");
        assert_refused_by(&loose, USR "enforcing=0", FAIL_CMDLINE_WEAKENING_CODE, "enforcing=0: SELinux is");
        assert_refused_by(&strict, USR "selinux=0", FAIL_CMDLINE_WEAKENING_CODE, "selinux=0: the floor requires");
        parse_ok(USR "selinux=0", &loose);
        assert_false(c.enforcing_asked);
        assert_refused(USR "enforcing=2", CMDLINE_BAD_VALUE, "enforcing=2: expected 0 or 1");
        assert_refused(USR "enforcing=1 enforcing=1", CMDLINE_DUPLICATE_KEY, "enforcing=1");
        assert_refused(USR "selinux=1 selinux=1", CMDLINE_DUPLICATE_KEY, "selinux=1");
}

/* What libselinux finds with strstr(), a tokenizer does not see. */
static void test_enforcing_hidden_in_quotes(_unused_ void **state)
{
        assert_refused_by(&strict, USR "enforcing=1 x=\"a enforcing=0\"", FAIL_CMDLINE_WEAKENING_CODE, "quoted text");
        assert_refused_by(&strict, "\" enforcing=0\" " USR, FAIL_CMDLINE_WEAKENING_CODE, "quoted text");
        parse_ok(USR "x=\"a enforcing=1\" foo.enforcing=0 notenforcing=0", &strict);
        assert_true(c.enforcing_asked);
        /* Hidden from libselinux, which looks no further than the first. */
        parse_ok(USR "foo.enforcing=0 enforcing=1", &strict);
        assert_false(c.enforcing_asked);
}

static void test_texts_that_are_no_command_line(_unused_ void **state)
{
        char text[LIMIT + 1];

        memset(text, 'a', sizeof(text));
        memcpy(text, USR, strlen(USR));
        text[LIMIT] = '\0';
        assert_refused(text, CMDLINE_TOO_LONG, "2047 bytes");
        text[LIMIT - 1] = '\0';
        parse_ok(text, &strict);
        assert_refused("a\tb", CMDLINE_MALFORMED, "byte 1: a control character");
        assert_refused("a=\"b", CMDLINE_MALFORMED, "byte 2: an unclosed");
}

static void test_foreign_words_pass(_unused_ void **state)
{
        parse_ok(
                USR
                "quiet splash console=ttyS0 systemd.unit=x.target panic=-1 crashkernel=256M ip=dhcp foo=bar=baz -- single",
                &strict);
        parse_ok(USR "foo.bar=1 systemd.unit=rescue.target rd.x.y=1 acl.slot=a verity.usr=x a/b.c=1 =x.y", &strict);
}

static void test_keys_are_listed_once(_unused_ void **state)
{
        const char *const *keys = boot_config_keys();
        size_t n = 0;

        for (; keys[n]; n++)
                for (size_t k = 0; k < n; k++)
                        assert_string_not_equal(keys[k], keys[n]);
        assert_true(n >= 20);
        assert_string_equal(keys[0], "usrhash");
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_least),
                cmocka_unit_test(test_init),
                cmocka_unit_test(test_our_own_keys),
                cmocka_unit_test(test_selinux_words),
                cmocka_unit_test(test_enforcing_hidden_in_quotes),
                cmocka_unit_test(test_texts_that_are_no_command_line),
                cmocka_unit_test(test_foreign_words_pass),
                cmocka_unit_test(test_keys_are_listed_once),
        };

        return cmocka_run_group_tests(tests, setup, NULL);
}
