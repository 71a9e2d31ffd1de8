/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Layout and table for any superblock that the parser lets through, on devices of any size. 36 bytes: algorithm, the
 * two block sizes, a flag, then four little-endian numbers: data blocks, hash offset, sizes of the two devices.
 */
#include <endian.h>

#include "fuzz.h"
#include "verinit/verity.h"

static uint64_t number(const uint8_t *p)
{
        uint64_t v;

        memcpy(&v, p, sizeof(v));
        return le64toh(v);
}

/* The levels follow each other from the superblock to the end, each as large as the one below demands. */
static void check_levels(const struct verity_superblock *sb, const struct verity_tree *tree)
{
        uint64_t below = sb->data_blocks, position = tree->hash_start_block;

        FUZZ_ASSERT(tree->n_levels <= VERITY_MAX_LEVELS);
        for (unsigned level = 0; level < tree->n_levels; level++) {
                FUZZ_ASSERT(tree->level_blocks[level] == (below - 1) / tree->hashes_per_block + 1);
                below = tree->level_blocks[level];
        }
        FUZZ_ASSERT(below == 1);
        for (unsigned level = tree->n_levels; level-- > 0;) {
                FUZZ_ASSERT(tree->level_start_block[level] == position);
                position += tree->level_blocks[level];
        }
        FUZZ_ASSERT(position * sb->hash_block_bytes == tree->end_bytes);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        static const uint8_t root_hash[DIGEST_MAX_BYTES] = { 1 };
        static const struct verity_table_options options = { .corruption = CORRUPTION_PANIC };
        struct verity_superblock sb = { .hash_type = 1 };
        uint64_t hash_offset, data_bytes, hash_bytes;
        struct verity_table table;
        struct verity_tree tree;
        struct error err = {};

        if (size != 36)
                return 0;
        sb.alg = DIGEST_SHA256 + data[0] % 3;
        sb.data_block_bytes = UINT32_C(512) << data[1] % 11;
        sb.hash_block_bytes = UINT32_C(512) << data[2] % 11;
        sb.data_blocks = number(data + 4);
        hash_offset = number(data + 12);
        data_bytes = number(data + 20);
        hash_bytes = number(data + 28);
        if (sb.data_blocks == 0)
                return 0;
        if (verity_tree_layout(&sb, hash_offset, data_bytes, hash_bytes, data[3] & 1, &tree, &err) < 0)
                return 0;
        check_levels(&sb, &tree);
        FUZZ_ASSERT(tree.end_bytes <= hash_bytes);
        FUZZ_ASSERT(tree.hash_start_block * sb.hash_block_bytes >= hash_offset + VERITY_SUPERBLOCK_BYTES);
        FUZZ_ASSERT(verity_table_format(&sb, &tree, root_hash, 1, 2, &options, &table, &err) == 0);
        FUZZ_ASSERT(table.length_sectors <= data_bytes / 512);
        if (data[3] & 1)
                FUZZ_ASSERT(table.length_sectors * 512 <= hash_offset);
        return 0;
}
