/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "unit.h"
#include "verinit/verity.h"

enum { DATA = 1, HASH = 2, FEC = 3, BLOCK = 4096 };

/* 1000 data blocks, and 1 + 8 hash blocks behind a superblock in a block of its own. */
static const struct verity_superblock sb = {
        .hash_type = 1, .alg = DIGEST_SHA256, .data_block_bytes = BLOCK, .hash_block_bytes = BLOCK, .data_blocks = 1000,
};
static const struct verity_tree tree = { .hash_start_block = 1, .end_bytes = 10 * BLOCK };

/* 1009 blocks in rounds of 253: four rounds of two parity blocks. */
static const struct verity_fec_request whole = {
        .name = "vda4", .dev = FEC, .device_bytes = 8 * BLOCK, .offset_bytes = 0, .roots = 2,
};

static void expect_unfit(const struct verity_superblock *superblock, uint64_t hash_device_bytes,
                         const struct verity_fec_request *req, const char *says)
{
        struct verity_fec fec = { .roots = 99 };
        struct error err = {};

        assert_true(verity_fec_layout(superblock, &tree, HASH, hash_device_bytes, req, &fec, &err) < 0);
        assert_int_equal(err.code, FAIL_FEC_UNFIT_CODE);
        assert_non_null(strstr(err.msg, "vda4"));
        assert_non_null(strstr(err.msg, says));
        assert_int_equal(fec.roots, 99);
}

static void test_hash_device_as_large_as_the_tree(_unused_ void **state)
{
        struct verity_fec fec;
        struct error err = {};

        assert_int_equal(verity_fec_layout(&sb, &tree, HASH, 10 * BLOCK, &whole, &fec, &err), 0);
        assert_int_equal(fec.dev, FEC);
        assert_int_equal(fec.blocks, 1009);
        assert_int_equal(fec.start_block, 0);
        assert_int_equal(fec.roots, 2);
}

/* As libcryptsetup: what lies behind the tree is covered too, up to the end of its device. */
static void test_hash_device_that_is_larger(_unused_ void **state)
{
        struct verity_fec_request req = whole;
        struct verity_fec fec;
        struct error err = {};

        req.device_bytes = 100 * BLOCK;
        assert_int_equal(verity_fec_layout(&sb, &tree, HASH, 50 * BLOCK + 512, &req, &fec, &err), 0);
        assert_int_equal(fec.blocks, 1049);
}

static void test_behind_the_tree_on_one_device(_unused_ void **state)
{
        struct verity_fec_request req = whole;
        struct verity_fec fec;
        struct error err = {};

        req.dev = HASH;
        req.offset_bytes = 12 * BLOCK;
        req.device_bytes = 20 * BLOCK;
        assert_int_equal(verity_fec_layout(&sb, &tree, HASH, 20 * BLOCK, &req, &fec, &err), 0);
        assert_int_equal(fec.blocks, 1011);
        assert_int_equal(fec.start_block, 12);
        req.offset_bytes = 9 * BLOCK;
        expect_unfit(&sb, 20 * BLOCK, &req, "before the end of the hash tree");
}

static void test_roots(_unused_ void **state)
{
        struct verity_fec_request req = whole;
        struct verity_fec fec;
        struct error err = {};

        req.device_bytes = 1 << 30;
        req.roots = 24;
        assert_int_equal(verity_fec_layout(&sb, &tree, HASH, 10 * BLOCK, &req, &fec, &err), 0);
        req.roots = 25;
        expect_unfit(&sb, 10 * BLOCK, &req, "25 roots");
        req.roots = 1;
        expect_unfit(&sb, 10 * BLOCK, &req, "1 roots");
        req.roots = 0;
        expect_unfit(&sb, 10 * BLOCK, &req, "0 roots");
}

static void test_unfit(_unused_ void **state)
{
        struct verity_superblock small = sb;
        struct verity_fec_request req = whole;

        small.data_block_bytes = 1024;
        expect_unfit(&small, 10 * BLOCK, &req, "blocks of one size");
        req.device_bytes = 8 * BLOCK - 1;
        expect_unfit(&sb, 10 * BLOCK, &req, "does not end on a device of 32767 bytes");
        req = whole;
        req.offset_bytes = 512;
        req.device_bytes = 1 << 30;
        expect_unfit(&sb, 10 * BLOCK, &req, "not a multiple of the block size");
        req.offset_bytes = UINT64_MAX / BLOCK * BLOCK;
        expect_unfit(&sb, 10 * BLOCK, &req, "does not end");
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_hash_device_as_large_as_the_tree),
                cmocka_unit_test(test_hash_device_that_is_larger),
                cmocka_unit_test(test_behind_the_tree_on_one_device),
                cmocka_unit_test(test_roots),
                cmocka_unit_test(test_unfit),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
