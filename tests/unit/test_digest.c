/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "unit.h"
#include "verinit/digest.h"

static void test_names_and_sizes(_unused_ void **state)
{
        assert_int_equal(digest_size(DIGEST_NONE), 0);
        assert_int_equal(digest_size(DIGEST_SHA1), 20);
        assert_int_equal(digest_size(DIGEST_SHA256), 32);
        assert_int_equal(digest_size(DIGEST_SHA384), 48);
        assert_int_equal(digest_size(DIGEST_SHA512), 64);
        for (unsigned i = 1; i < _DIGEST_ALG_MAX; i++)
                assert_int_equal(digest_from_name(digest_name((enum digest_alg) i)), i);
        assert_int_equal(digest_from_name("SHA256"), DIGEST_NONE);
        assert_int_equal(digest_from_name("none"), DIGEST_NONE);
        assert_int_equal(digest_from_name(""), DIGEST_NONE);
        assert_int_equal(digest_size((enum digest_alg) 99), 0);
        assert_string_equal(digest_name((enum digest_alg) 99), "none");
}

/* As in the specification, and no two alike. */
static void test_tpm_ids(_unused_ void **state)
{
        static const uint16_t ids[_DIGEST_ALG_MAX] = { 0x10, 0x4, 0xb, 0xc, 0xd };

        for (unsigned i = 0; i < _DIGEST_ALG_MAX; i++) {
                assert_int_equal(digest_tpm_id((enum digest_alg) i), ids[i]);
                assert_int_equal(digest_from_tpm_id(ids[i]), i);
        }
        assert_int_equal(digest_tpm_id((enum digest_alg) 99), 0x10);
        assert_int_equal(digest_from_tpm_id(0), DIGEST_NONE);
        assert_int_equal(digest_from_tpm_id(0x12), DIGEST_NONE); /* SM3_256 */
        assert_int_equal(digest_from_tpm_id(0x10b), DIGEST_NONE);
}

static void test_bytes_equal(_unused_ void **state)
{
        const uint8_t a[4] = { 1, 2, 3, 4 }, b[4] = { 1, 2, 3, 5 }, c[4] = { 0x81, 2, 3, 4 };

        assert_true(bytes_equal(a, a, 4));
        assert_true(bytes_equal(a, b, 3));
        assert_false(bytes_equal(a, b, 4));
        assert_false(bytes_equal(a, c, 4));
        assert_true(bytes_equal(a, b, 0));
}

static void test_digest_equal_compares_algorithm_and_bytes(_unused_ void **state)
{
        struct digest a = { .alg = DIGEST_SHA256 }, b = a;

        assert_true(digest_equal(&a, &b));
        b.bytes[31] = 1;
        assert_false(digest_equal(&a, &b));
        b = a;
        b.bytes[32] = 1; /* behind the end of a SHA-256 value */
        assert_true(digest_equal(&a, &b));
        b.alg = DIGEST_SHA384;
        assert_false(digest_equal(&a, &b));
        a.alg = b.alg = DIGEST_NONE;
        assert_false(digest_equal(&a, &b));
}

static void test_hex_encode(_unused_ void **state)
{
        struct digest d = { .alg = DIGEST_SHA1, .bytes = { 0x00, 0xff, 0x1a } };
        char text[DIGEST_MAX_HEX];

        hex_encode(d.bytes, 3, text);
        assert_string_equal(text, "00ff1a");
        hex_encode(d.bytes, 0, text);
        assert_string_equal(text, "");
        digest_hex(&d, text);
        assert_string_equal(text, "00ff1a0000000000000000000000000000000000");
}

static void test_hex_decode(_unused_ void **state)
{
        uint8_t bytes[2] = { 7, 7 };

        assert_int_equal(hex_decode("0fA0", bytes, 2), 2);
        assert_int_equal(bytes[0], 0x0f);
        assert_int_equal(bytes[1], 0xa0);
        assert_int_equal(hex_decode("", bytes, 2), 0);
        assert_int_equal(hex_decode("123", bytes, 2), -1);
        assert_int_equal(hex_decode("0g", bytes, 2), -1);
        assert_int_equal(hex_decode("0 ", bytes, 2), -1);
        assert_int_equal(hex_decode("-1", bytes, 2), -1);
        assert_int_equal(hex_decode("112233", bytes, 2), -1);
        assert_int_equal(bytes[0], 0x0f); /* untouched by a failure */
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_names_and_sizes),
                cmocka_unit_test(test_tpm_ids),
                cmocka_unit_test(test_bytes_equal),
                cmocka_unit_test(test_digest_equal_compares_algorithm_and_bytes),
                cmocka_unit_test(test_hex_encode),
                cmocka_unit_test(test_hex_decode),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
