/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "unit.h"
#include "verinit/verity.h"

static struct verity_superblock superblock(enum digest_alg alg, uint32_t data, uint32_t hash, uint64_t blocks)
{
        return (struct verity_superblock) {
                .hash_type = 1, .alg = alg, .data_block_bytes = data, .hash_block_bytes = hash, .data_blocks = blocks,
        };
}

/* A tree on a device of its own, with all the room there is. */
static struct verity_tree layout(const struct verity_superblock *sb, uint64_t hash_offset)
{
        struct verity_tree tree = {};
        struct error err = {};

        assert_int_equal(verity_tree_layout(sb, hash_offset, INT64_MAX, INT64_MAX, false, &tree, &err), 0);
        return tree;
}

static void refused(const struct verity_superblock *sb, uint64_t hash_offset, uint64_t data_bytes,
                    uint64_t hash_bytes, bool is_same_device, enum fail_code code, const char *named)
{
        struct verity_tree tree, untouched;
        struct error err = {};

        memset(&tree, 0x5a, sizeof(tree));
        untouched = tree;
        assert_true(verity_tree_layout(sb, hash_offset, data_bytes, hash_bytes, is_same_device, &tree, &err) < 0);
        assert_int_equal(err.code, code);
        if (!strstr(err.msg, named))
                fail_msg("\"%s\" does not name \"%s\"", err.msg, named);
        assert_memory_equal(&tree, &untouched, sizeof(tree));
}

/* The geometry of the reference boots, counted by hand. */
static void test_three_levels_by_hand(_unused_ void **state)
{
        struct verity_superblock sb = superblock(DIGEST_SHA256, 4096, 4096, 23811);
        struct verity_tree tree = layout(&sb, 0);

        assert_int_equal(tree.hashes_per_block, 128);
        assert_int_equal(tree.n_levels, 3);
        assert_int_equal(tree.hash_start_block, 1);
        assert_int_equal(tree.level_blocks[2], 1);
        assert_int_equal(tree.level_blocks[1], 2);
        assert_int_equal(tree.level_blocks[0], 187);
        assert_int_equal(tree.level_start_block[2], 1);
        assert_int_equal(tree.level_start_block[1], 2);
        assert_int_equal(tree.level_start_block[0], 4);
        assert_int_equal(tree.end_bytes, 191 * 4096);
}

static void test_levels_change_at_the_powers(_unused_ void **state)
{
        static const struct {
                uint64_t blocks;
                unsigned levels;
        } cases[] = {
                { 1, 0 }, { 2, 1 }, { 127, 1 }, { 128, 1 }, { 129, 2 }, { 16384, 2 }, { 16385, 3 },
                { 2097152, 3 }, { 2097153, 4 },
        };

        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                struct verity_superblock sb = superblock(DIGEST_SHA256, 4096, 4096, cases[i].blocks);
                struct verity_tree tree = layout(&sb, 0);

                assert_int_equal(tree.n_levels, cases[i].levels);
                if (cases[i].levels == 0)
                        assert_int_equal(tree.end_bytes, 4096); /* a superblock and nothing else */
                else
                        assert_int_equal(tree.level_blocks[tree.n_levels - 1], 1);
        }
}

/* verity_ctr() of the kernel, as it computes: with shifts, and level by level from the data's number. */
static void compare_with_kernel(const struct verity_superblock *sb, const struct verity_tree *tree)
{
        unsigned bits = (unsigned) (63 - __builtin_clzll(sb->hash_block_bytes / digest_size(sb->alg)));
        unsigned levels = 0;
        uint64_t position = tree->hash_start_block;

        while (bits * levels < 64 && (sb->data_blocks - 1) >> (bits * levels))
                levels++;
        assert_int_equal(tree->n_levels, levels);
        for (int i = (int) levels - 1; i >= 0; i--) {
                unsigned shift = (unsigned) (i + 1) * bits;
                uint64_t s = (sb->data_blocks + (UINT64_C(1) << shift) - 1) >> shift;

                assert_int_equal(tree->level_start_block[i], position);
                assert_int_equal(tree->level_blocks[i], s);
                position += s;
        }
        assert_int_equal(tree->end_bytes, position * sb->hash_block_bytes);
}

static void test_same_as_the_kernel(_unused_ void **state)
{
        static const uint64_t blocks[] = { 1, 2, 3, 7, 8, 9, 63, 64, 65, 128, 129, 511, 512, 513, 4095, 4096, 4097,
                                           16384, 16385, 23811, 262144, 262145, 1000003, UINT64_C(1) << 32,
                                           (UINT64_C(1) << 40) + 1 };

        for (enum digest_alg alg = DIGEST_SHA256; alg <= DIGEST_SHA512; alg++)
                for (uint32_t hash = 512; hash <= VERITY_BLOCK_MAX; hash *= 2)
                        for (size_t i = 0; i < ARRAY_SIZE(blocks); i++) {
                                struct verity_superblock sb = superblock(alg, 512, hash, blocks[i]);
                                struct verity_tree tree = layout(&sb, 0);

                                compare_with_kernel(&sb, &tree);
                        }
}

static void test_start_of_the_tree(_unused_ void **state)
{
        struct verity_superblock sb = superblock(DIGEST_SHA256, 4096, 4096, 2);

        assert_int_equal(layout(&sb, 0).hash_start_block, 1);
        assert_int_equal(layout(&sb, 512).hash_start_block, 1);
        assert_int_equal(layout(&sb, 3584).hash_start_block, 1); /* ends with the block */
        assert_int_equal(layout(&sb, 4096).hash_start_block, 2);
        assert_int_equal(layout(&sb, 1065345024).hash_start_block, 260095);
        sb.hash_block_bytes = 512;
        assert_int_equal(layout(&sb, 0).hash_start_block, 1);
        assert_int_equal(layout(&sb, 512).hash_start_block, 2);
}

static void test_what_does_not_fit(_unused_ void **state)
{
        struct verity_superblock sb = superblock(DIGEST_SHA256, 4096, 4096, 200);
        struct verity_tree tree = layout(&sb, 0);
        struct error err = {};
        uint64_t data = 200 * 4096, hash = tree.end_bytes;

        assert_int_equal(verity_tree_layout(&sb, 0, data, hash, false, &tree, &err), 0);
        refused(&sb, 0, data - 1, hash, false, FAIL_SUPERBLOCK_INVALID_CODE, "do not fit a data device of 819199");
        refused(&sb, 0, data, hash - 1, false, FAIL_SUPERBLOCK_INVALID_CODE, "the tree ends at byte");
        refused(&sb, 0, 0, hash, false, FAIL_SUPERBLOCK_INVALID_CODE, "data device of 0");
        refused(&sb, 0, data, 0, false, FAIL_SUPERBLOCK_INVALID_CODE, "hash device at 0");
        refused(&sb, 1, data, hash, false, FAIL_CMDLINE_BAD_VALUE_CODE, "multiple of 512");
        refused(&sb, UINT64_MAX - 511, data, hash, false, FAIL_CMDLINE_BAD_VALUE_CODE, "too large");
}

static void test_one_device(_unused_ void **state)
{
        struct verity_superblock sb = superblock(DIGEST_SHA256, 4096, 4096, 200);
        struct verity_tree tree;
        struct error err = {};
        uint64_t data = 200 * 4096, all = data + 4 * 4096; /* superblock, root block, two blocks of level 0 */

        assert_int_equal(verity_tree_layout(&sb, data, all, all, true, &tree, &err), 0);
        assert_int_equal(tree.hash_start_block, 201);
        assert_int_equal(tree.end_bytes, all);
        refused(&sb, data - 512, all, all, true, FAIL_SUPERBLOCK_INVALID_CODE, "behind the hash offset");
        refused(&sb, 0, all, all, true, FAIL_SUPERBLOCK_INVALID_CODE, "behind the hash offset");
        refused(&sb, data, all - 1, all - 1, true, FAIL_SUPERBLOCK_INVALID_CODE, "the tree ends at byte");
}

static void test_overflows(_unused_ void **state)
{
        struct verity_superblock sb = superblock(DIGEST_SHA256, 4096, 4096, UINT64_MAX);

        refused(&sb, 0, UINT64_MAX, UINT64_MAX, false, FAIL_SUPERBLOCK_INVALID_CODE, "do not fit");
        sb.data_blocks = (UINT64_C(1) << 52) + 1; /* times 4096: 4096 modulo 2^64 */
        refused(&sb, 0, UINT64_MAX, UINT64_MAX, false, FAIL_SUPERBLOCK_INVALID_CODE, "do not fit");
        sb = superblock(DIGEST_SHA512, 512, VERITY_BLOCK_MAX, (UINT64_C(1) << 55) - 1);
        refused(&sb, UINT64_MAX - 1023, UINT64_MAX, UINT64_MAX, false, FAIL_SUPERBLOCK_INVALID_CODE, "beyond 2^64");
        /* The tree, not the data, is too much. */
        sb = superblock(DIGEST_SHA512, 512, 512, (UINT64_C(1) << 55) - 1);
        refused(&sb, UINT64_MAX - 1023, UINT64_MAX, UINT64_MAX, false, FAIL_SUPERBLOCK_INVALID_CODE, "beyond 2^64");
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_three_levels_by_hand),
                cmocka_unit_test(test_levels_change_at_the_powers),
                cmocka_unit_test(test_same_as_the_kernel),
                cmocka_unit_test(test_start_of_the_tree),
                cmocka_unit_test(test_what_does_not_fit),
                cmocka_unit_test(test_one_device),
                cmocka_unit_test(test_overflows),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
