/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <stdio.h>

#include "temp_dir.h"
#include "verinit/fsat.h"
#include "verinit/policy.h"

static struct temp_dir dir;

static int setup(_unused_ void **state)
{
        return temp_dir_make(&dir) < 0 || mkdirat(dir.fd, "policy", 0755) < 0 ? -1 : 0;
}

static int teardown(_unused_ void **state)
{
        return temp_dir_remove(&dir);
}

static void make(const char *name)
{
        char path[64];

        (void) snprintf(path, sizeof(path), "policy/%s", name);
        assert_int_equal(fsat_create(dir.fd, path, name, strlen(name), 0644), 0);
}

static void refused(unsigned max_version, enum fail_code code, const char *in_message)
{
        struct policy_file file = { .fd = -7 };
        struct error err = {};

        assert_true(policy_file_open(dir.fd, max_version, &file, &err) < 0);
        if (err.code != code)
                fail_msg("%s instead of %s: %s", fail_code_name(err.code), fail_code_name(code), err.msg);
        if (!strstr(err.msg, in_message))
                fail_msg("'%s' is not in '%s'", in_message, err.msg);
        assert_int_equal(file.fd, -7);
}

static void test_the_only_one(_unused_ void **state)
{
        struct policy_file file;
        struct error err = {};
        char text[16] = "";

        make("policy.33");
        make("policy.33.bak");
        make("policy.");
        make("policy.033");
        make("policy.0");
        make("policy.3x");
        make("policy.12345");
        make("notpolicy.32");
        if (policy_file_open(dir.fd, 33, &file, &err) < 0)
                fail_msg("%s", err.msg);
        assert_int_equal(file.version, 33);
        assert_string_equal(file.name, "policy/policy.33");
        assert_int_equal(read(file.fd, text, sizeof(text) - 1), 9);
        assert_string_equal(text, "policy.33");
        assert_int_equal(fcntl(file.fd, F_GETFD), FD_CLOEXEC);
        (void) fd_close(file.fd);
}

static void test_none(_unused_ void **state)
{
        refused(33, FAIL_POLICY_MISSING_CODE, "no policy.N");
        assert_int_equal(unlinkat(dir.fd, "policy", AT_REMOVEDIR), 0);
        refused(33, FAIL_POLICY_MISSING_CODE, "ENOENT");
}

static void test_two(_unused_ void **state)
{
        make("policy.33");
        make("policy.34");
        refused(33, FAIL_POLICY_AMBIGUOUS_CODE, "policy.34 and policy.33");
        refused(40, FAIL_POLICY_AMBIGUOUS_CODE, "policy.34 and policy.33");
}

static void test_too_new(_unused_ void **state)
{
        struct policy_file file;
        struct error err = {};

        make("policy.34");
        refused(33, FAIL_POLICY_VERSION_CODE, "policy.34: this kernel takes versions up to 33");
        assert_int_equal(policy_file_open(dir.fd, 34, &file, &err), 0);
        (void) fd_close(file.fd);
}

static void test_no_link_and_no_directory(_unused_ void **state)
{
        make("elsewhere");
        assert_int_equal(symlinkat("elsewhere", dir.fd, "policy/policy.33"), 0);
        refused(33, FAIL_POLICY_MISSING_CODE, "ELOOP");
        assert_int_equal(unlinkat(dir.fd, "policy/policy.33", 0), 0);
        assert_int_equal(mkdirat(dir.fd, "policy/policy.33", 0755), 0);
        refused(33, FAIL_POLICY_MISSING_CODE, "not a regular file");
}

static void test_the_version_inside(_unused_ void **state)
{
        static const uint8_t good[] = "\x8c\xff\x7c\xf9\x08\0\0\0SE Linux\x21\0\0\0\x01\0\0\0";
        uint8_t bad[20];
        unsigned version = 7;

        for (size_t size = 0; size < 20; size++)
                assert_int_equal(policy_read_version(good, size, &version), -EBADMSG);
        for (size_t i = 0; i < 16; i++) {
                memcpy(bad, good, sizeof(bad));
                bad[i] ^= 0x20;
                assert_int_equal(policy_read_version(bad, sizeof(bad), &version), -EBADMSG);
        }
        assert_int_equal(version, 7);
        assert_int_equal(policy_read_version(good, 20, &version), 0);
        assert_int_equal(version, 33);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test_setup_teardown(test_the_only_one, setup, teardown),
                cmocka_unit_test_setup_teardown(test_none, setup, teardown),
                cmocka_unit_test_setup_teardown(test_two, setup, teardown),
                cmocka_unit_test_setup_teardown(test_too_new, setup, teardown),
                cmocka_unit_test_setup_teardown(test_no_link_and_no_directory, setup, teardown),
                cmocka_unit_test(test_the_version_inside),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
