/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "unit.h"
#include "verinit/floor_check.h"

/* printf 'tpm=allow\n' | sha256sum; and of nothing */
#define FLOOR "tpm=allow\n"
static const char floor_hex[] = "60a9786bb6063a412bc1421dd57ec6f463ae1774baca07e95a4e90a37c7fa075";
static const char empty_hex[] = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

static struct digest from_hex(const char *hex)
{
        struct digest d = { .alg = DIGEST_SHA256 };

        assert_int_equal(hex_decode(hex, d.bytes, sizeof(d.bytes)), 32);
        return d;
}

static void test_the_floors_digest(_unused_ void **state)
{
        const struct digest none = {}, ours = from_hex(floor_hex), empty = from_hex(empty_hex);
        struct error err = {};

        assert_int_equal(floor_check_digest(&ours, FLOOR, strlen(FLOOR), &err), 0);
        assert_int_equal(floor_check_digest(&none, NULL, 0, &err), 0);
        /* An empty file is one. */
        assert_int_equal(floor_check_digest(&empty, "", 0, &err), 0);

        assert_true(floor_check_digest(&ours, NULL, 0, &err) < 0);
        assert_int_equal(err.code, FAIL_FLOOR_DIGEST_MISMATCH_CODE);
        assert_non_null(strstr(err.msg, "there is no /etc/verinit/floor.conf"));
        err = (struct error) {};
        assert_true(floor_check_digest(&none, FLOOR, strlen(FLOOR), &err) < 0);
        assert_int_equal(err.code, FAIL_FLOOR_DIGEST_MISMATCH_CODE);
        assert_non_null(strstr(err.msg, "none was packed"));
        err = (struct error) {};
        assert_true(floor_check_digest(&none, "", 0, &err) < 0);
        assert_int_equal(err.code, FAIL_FLOOR_DIGEST_MISMATCH_CODE);
        err = (struct error) {};
        assert_true(floor_check_digest(&ours, FLOOR "\n", strlen(FLOOR) + 1, &err) < 0);
        assert_int_equal(err.code, FAIL_FLOOR_DIGEST_MISMATCH_CODE);
        assert_non_null(strstr(err.msg, floor_hex));
}

static void test_a_files_digest(_unused_ void **state)
{
        const struct digest none = {}, named = from_hex(floor_hex);
        struct error err = {};

        assert_int_equal(floor_check_file("etc/x", "x", &named, FLOOR, strlen(FLOOR), &err), 0);
        assert_true(floor_check_file("etc/x", "x", &named, "", 0, &err) < 0);
        assert_int_equal(err.code, FAIL_FLOOR_FILE_MISMATCH_CODE);
        assert_non_null(strstr(err.msg, "/etc/x has the SHA-256"));
        err = (struct error) {};
        assert_true(floor_check_file("etc/x", "x", &none, FLOOR, strlen(FLOOR), &err) < 0);
        assert_int_equal(err.code, FAIL_FLOOR_FILE_UNNAMED_CODE);
        assert_non_null(strstr(err.msg, "the floor has no x= for /etc/x"));
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_the_floors_digest),
                cmocka_unit_test(test_a_files_digest),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
