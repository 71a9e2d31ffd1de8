/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>

#include "unit.h"
#include "verinit/error.h"

static void test_zero_error_is_a_bug(_unused_ void **state)
{
        struct error err = {};

        assert_int_equal(err.code, FAIL_BUG_CODE);
        assert_string_equal(fail_class_name(fail_code_class(err.code)), "BUG");
}

static void test_each_code_has_name_class_and_remedy(_unused_ void **state)
{
        for (unsigned i = 0; i < _FAIL_CODE_MAX; i++) {
                const char *name = fail_code_name((enum fail_code) i);

                assert_true(strlen(name) > 0 &&
                            strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789-") == strlen(name));
                assert_true(strlen(fail_code_remedy((enum fail_code) i)) > 10);
                assert_true(fail_code_class((enum fail_code) i) < _FAIL_CLASS_MAX);
                assert_true(i == FAIL_BUG_CODE || fail_code_class((enum fail_code) i) != FAIL_BUG);
                for (unsigned k = 0; k < i; k++)
                        assert_string_not_equal(name, fail_code_name((enum fail_code) k));
        }
        assert_string_equal(fail_code_name(FAIL_ROOT_HASH_MISMATCH_CODE), "root-hash-mismatch");
        assert_int_equal(fail_code_class(FAIL_ROOT_HASH_MISMATCH_CODE), FAIL_TAMPER);
}

static void test_class_names(_unused_ void **state)
{
        static const char *const names[] = { "BUG", "TAMPER", "UNVERIFIED", "CONFIG", "ABSENT", "SYSTEM" };

        assert_int_equal(ARRAY_SIZE(names), _FAIL_CLASS_MAX);
        for (unsigned i = 0; i < ARRAY_SIZE(names); i++)
                assert_string_equal(fail_class_name((enum fail_class) i), names[i]);
}

static void test_out_of_range_is_a_bug(_unused_ void **state)
{
        assert_string_equal(fail_code_name((enum fail_code) 9999), "bug");
        assert_int_equal(fail_code_class((enum fail_code) -1), FAIL_BUG);
        assert_string_equal(fail_class_name((enum fail_class) 77), "BUG");
}

static void test_set_fills_and_fails(_unused_ void **state)
{
        struct error err = { .stage = STAGE_VERIFY };

        assert_int_equal(error_set(&err, FAIL_DATA_CORRUPT_CODE, EBADMSG, "%s block %d", "vda2", 7), -EBADMSG);
        assert_int_equal(err.code, FAIL_DATA_CORRUPT_CODE);
        assert_int_equal(err.err, EBADMSG);
        assert_int_equal(err.stage, STAGE_VERIFY);
        assert_string_equal(err.msg, "vda2 block 7");
}

static void test_set_without_errno_still_fails(_unused_ void **state)
{
        struct error err = {};

        assert_int_equal(error_set(&err, FAIL_BUG_CODE, 0, "x"), -EINVAL);
        assert_int_equal(err.err, 0);
        assert_int_equal(error_prefix(&err, "y"), -EINVAL);
}

static void test_prefix_goes_in_front(_unused_ void **state)
{
        struct error err = {};

        (void) error_set(&err, FAIL_DM_FAILED_CODE, EIO, "table refused");
        assert_int_equal(error_prefix(&err, "mapping %s", "usr"), -EIO);
        assert_string_equal(err.msg, "mapping usr: table refused");
        assert_int_equal(err.code, FAIL_DM_FAILED_CODE);
}

static void test_long_messages_show_that_they_were_cut(_unused_ void **state)
{
        struct error err = {};
        char text[2000];

        memset(text, 'a', sizeof(text) - 1);
        text[sizeof(text) - 1] = '\0';
        (void) error_set(&err, FAIL_BUG_CODE, EIO, "%s", text);
        assert_int_equal(strlen(err.msg), sizeof(err.msg) - 1);
        assert_string_equal(err.msg + strlen(err.msg) - 4, "a...");

        (void) error_prefix(&err, "where");
        assert_int_equal(strlen(err.msg), sizeof(err.msg) - 1);
        assert_int_equal(strncmp(err.msg, "where: aaa", 10), 0);
        assert_string_equal(err.msg + strlen(err.msg) - 4, "a...");

        /* A prefix without room for the message would hide it: the message stays. */
        assert_int_equal(error_prefix(&err, "%s", text), -EIO);
        assert_int_equal(strncmp(err.msg, "where: aaa", 10), 0);
}

static void test_errno_names(_unused_ void **state)
{
        assert_string_equal(errno_name(EBADMSG), "EBADMSG");
        assert_string_equal(errno_name(EIO), "EIO");
        assert_string_equal(errno_name(0), "0");
        assert_string_equal(errno_name(4242), "4242");
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_zero_error_is_a_bug),
                cmocka_unit_test(test_each_code_has_name_class_and_remedy),
                cmocka_unit_test(test_class_names),
                cmocka_unit_test(test_out_of_range_is_a_bug),
                cmocka_unit_test(test_set_fills_and_fails),
                cmocka_unit_test(test_set_without_errno_still_fails),
                cmocka_unit_test(test_prefix_goes_in_front),
                cmocka_unit_test(test_long_messages_show_that_they_were_cut),
                cmocka_unit_test(test_errno_names),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
