/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>

#include "fakes.h"
#include "unit.h"
#include "verinit/verity.h"

static const struct verity_superblock superblock = {
        .alg = DIGEST_SHA256, .data_block_bytes = 512, .hash_block_bytes = 1024, .salt_size = 3, .salt = { 1, 2, 3 },
};
static uint8_t bytes[1024];

static struct digest digest_of(size_t size)
{
        const struct iovec parts[] = { { (void *) (uintptr_t) superblock.salt, 3 }, { bytes, size } };
        struct digest d = {};
        struct error err = {};

        assert_int_equal(crypto_digest(DIGEST_SHA256, parts, ARRAY_SIZE(parts), &d, &err), 0);
        return d;
}

static void test_right(_unused_ void **state)
{
        const struct verity_block data = { .device = "vda2", .is_data = true, .number = 7 }, hash = { .device = "vda3", .number = 7 };
        const struct verity_tree tree = { .n_levels = 2 };
        struct digest expected = digest_of(512), seen = {};
        struct error err = {};

        assert_int_equal(verity_block_offset(&superblock, &data), 7 * 512);
        assert_int_equal(verity_block_offset(&superblock, &hash), 7 * 1024);
        assert_int_equal(verity_block_check(&superblock, &tree, &data, bytes, &expected, &seen, &err), 0);
        assert_true(digest_equal(&seen, &expected));
        assert_true(verity_block_check(&superblock, &tree, &hash, bytes, &expected, &seen, &err) < 0);
        expected = digest_of(1024);
        assert_int_equal(verity_block_check(&superblock, &tree, &hash, bytes, &expected, &seen, &err), 0);
}

static void test_wrong(_unused_ void **state)
{
        static const struct {
                struct verity_block block;
                unsigned n_levels;
                enum fail_code code;
                const char *said;
        } list[] = {
                { { "vda2", true, 0, 7 }, 2, FAIL_DATA_CORRUPT_CODE, "vda2: data block 7 (byte 3584) hashes to " },
                { { "vda2", true, 0, 0 }, 0, FAIL_ROOT_HASH_MISMATCH_CODE, "vda2: data block 0 (byte 0) hashes to " },
                { { "vda3", false, 0, 7 }, 2, FAIL_HASH_TREE_CORRUPT_CODE, "vda3: hash block 7 (byte 7168) hashes to " },
                { { "vda3", false, 1, 1 }, 2, FAIL_ROOT_HASH_MISMATCH_CODE, "vda3: hash block 1 (byte 1024) hashes to " },
        };

        for (size_t i = 0; i < ARRAY_SIZE(list); i++) {
                const struct verity_tree tree = { .n_levels = list[i].n_levels };
                struct digest right = digest_of(list[i].block.is_data ? 512 : 1024), expected = right, seen = {};
                struct error err = {};

                expected.bytes[31] ^= 1;
                assert_int_equal(verity_block_check(&superblock, &tree, &list[i].block, bytes, &expected, &seen, &err), -EBADMSG);
                assert_int_equal(err.code, list[i].code);
                assert_non_null(strstr(err.msg, list[i].said));
                assert_true(digest_equal(&seen, &right));
        }
}

/* The bytes alone are not enough: of which algorithm they are counts too. */
static void test_of_another_algorithm(_unused_ void **state)
{
        const struct verity_block block = { .device = "vda2", .is_data = true };
        const struct verity_tree tree = { .n_levels = 1 };
        struct digest expected = digest_of(512), seen = {};
        struct error err = {};

        expected.alg = DIGEST_SHA512;
        assert_int_equal(verity_block_check(&superblock, &tree, &block, bytes, &expected, &seen, &err), -EBADMSG);
        expected.alg = DIGEST_NONE;
        assert_int_equal(verity_block_check(&superblock, &tree, &block, bytes, &expected, &seen, &err), -EBADMSG);
}

static void test_without_a_hash(_unused_ void **state)
{
        const struct verity_block block = { .device = "vda2", .is_data = true };
        const struct verity_tree tree = { .n_levels = 1 };
        struct digest expected = digest_of(512), seen = {};
        struct error err = {};

        fake_fail_name("crypto_digest");
        assert_true(verity_block_check(&superblock, &tree, &block, bytes, &expected, &seen, &err) < 0);
        assert_int_equal(err.code, FAIL_CRYPTO_FAILED_CODE);
        assert_int_equal(seen.alg, DIGEST_NONE);
        fake_reset();
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_right),
                cmocka_unit_test(test_wrong),
                cmocka_unit_test(test_of_another_algorithm),
                cmocka_unit_test(test_without_a_hash),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
