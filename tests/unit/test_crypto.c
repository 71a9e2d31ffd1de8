/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The real adapter: FIPS 180-4 examples. */
#include "unit.h"
#include "verinit/crypto.h"

static const char *const abc[_DIGEST_ALG_MAX] = {
        [DIGEST_SHA1] = "a9993e364706816aba3e25717850c26c9cd0d89d",
        [DIGEST_SHA256] = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
        [DIGEST_SHA384] = "cb00753f45a35e8bb5a03d699ac65007272c32ab0eded1631a8b605a43ff5bed"
                          "8086072ba1e7cc2358baeca134c825a7",
        [DIGEST_SHA512] = "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a"
                          "2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f",
};

static void expect(enum digest_alg alg, const struct iovec *parts, size_t n_parts, const char *hex)
{
        struct digest digest = {};
        char text[DIGEST_MAX_HEX];
        struct error err = {};

        assert_int_equal(crypto_digest(alg, parts, n_parts, &digest, &err), 0);
        assert_int_equal(digest.alg, alg);
        digest_hex(&digest, text);
        assert_string_equal(text, hex);
}

static void test_one_part(_unused_ void **state)
{
        struct iovec part = { (void *) (uintptr_t) "abc", 3 };

        for (enum digest_alg alg = DIGEST_SHA1; alg < _DIGEST_ALG_MAX; alg++)
                expect(alg, &part, 1, abc[alg]);
}

static void test_parts_are_joined(_unused_ void **state)
{
        char a[] = "a", bc[] = "bc";
        struct iovec parts[] = { { NULL, 0 }, { a, 1 }, { a, 0 }, { bc, 2 }, { NULL, 0 } };

        for (enum digest_alg alg = DIGEST_SHA1; alg < _DIGEST_ALG_MAX; alg++)
                expect(alg, parts, ARRAY_SIZE(parts), abc[alg]);
}

static void test_nothing(_unused_ void **state)
{
        expect(DIGEST_SHA256, NULL, 0, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
}

static void test_a_block_and_more(_unused_ void **state)
{
        static char a[1000];
        struct iovec parts[1000];

        /* A million times 'a'. */
        memset(a, 'a', sizeof(a));
        for (size_t i = 0; i < ARRAY_SIZE(parts); i++)
                parts[i] = (struct iovec) { a, sizeof(a) };
        expect(DIGEST_SHA256, parts, ARRAY_SIZE(parts),
               "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

static void test_unknown_algorithm(_unused_ void **state)
{
        static const enum digest_alg unknown[] = { DIGEST_NONE, _DIGEST_ALG_MAX, (enum digest_alg) 77 };

        for (size_t i = 0; i < ARRAY_SIZE(unknown); i++) {
                struct digest digest, untouched;
                struct error err = {};

                memset(&digest, 0x5a, sizeof(digest));
                untouched = digest;
                assert_true(crypto_digest(unknown[i], NULL, 0, &digest, &err) < 0);
                assert_int_equal(err.code, FAIL_CRYPTO_FAILED_CODE);
                assert_memory_equal(&digest, &untouched, sizeof(digest));
        }
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_one_part),
                cmocka_unit_test(test_parts_are_joined),
                cmocka_unit_test(test_nothing),
                cmocka_unit_test(test_a_block_and_more),
                cmocka_unit_test(test_unknown_algorithm),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
