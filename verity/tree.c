/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Where the blocks of the hash tree lie: what the kernel computes in verity_ctr() (drivers/md/dm-verity-target.c),
 * which divides by 2^(bits * (level + 1)) where we divide level by level; the result is the same.
 */
#include "verinit/verity.h"

#include <errno.h>

/* Digests lie in slots of a power of two bytes: 48 bytes of SHA-384 take 64. */
static uint64_t hashes_per_block(const struct verity_superblock *sb)
{
        size_t slot = 1;

        while (slot < digest_size(sb->alg))
                slot *= 2;
        return sb->hash_block_bytes / slot;
}

/* Who says where the tree is, for errors: the disk or signed text. */
struct place {
        const char *says;
        uint64_t start_block;      /* of the tree */
        uint64_t area_start_bytes; /* on one device data ends here */
        enum fail_code impossible; /* whatever the devices are */
        enum fail_code unfit;      /* on these devices */
};

static uint64_t divide_up(uint64_t n, uint64_t by)
{
        return n / by + (n % by != 0);
}

uint64_t verity_block_behind_superblock(uint64_t hash_offset_bytes, uint32_t hash_block_bytes)
{
        return divide_up(hash_offset_bytes + VERITY_SUPERBLOCK_BYTES, hash_block_bytes);
}

uint64_t verity_superblock_before(uint64_t hash_start_block, uint32_t hash_block_bytes)
{
        return hash_start_block > 0 ? (hash_start_block - 1) * hash_block_bytes : 0;
}

/* Counts the blocks of each level from the data up, until one block holds all hashes of the level below. */
static int count_levels(const struct place *place, uint64_t data_blocks, struct verity_tree *tree, struct error *err)
{
        uint64_t below = data_blocks;

        while (below > 1) {
                if (tree->n_levels == VERITY_MAX_LEVELS)
                        return error_set(err, place->impossible, EBADMSG,
                                         "%s: the tree would have more than %d levels", place->says,
                                         VERITY_MAX_LEVELS);
                below = divide_up(below, tree->hashes_per_block);
                tree->level_blocks[tree->n_levels++] = below;
        }
        return 0;
}

/* On disk the root block comes first, and level 0 last. */
static int place_levels(const struct place *place, const struct verity_superblock *sb, struct verity_tree *tree,
                        struct error *err)
{
        uint64_t position = tree->hash_start_block;

        for (unsigned level = tree->n_levels; level-- > 0;) {
                tree->level_start_block[level] = position;
                if (__builtin_add_overflow(position, tree->level_blocks[level], &position))
                        goto overflow;
        }
        if (__builtin_mul_overflow(position, (uint64_t) sb->hash_block_bytes, &tree->end_bytes))
                goto overflow;
        return 0;

overflow:
        return error_set(err, place->impossible, EBADMSG,
                         "%s: the end of a tree over %llu data blocks is beyond 2^64 bytes", place->says,
                         (unsigned long long) sb->data_blocks);
}

static int check_data_area(const struct place *place, const struct verity_superblock *sb, uint64_t data_device_bytes,
                           bool is_same_device, struct error *err)
{
        uint64_t data_bytes;

        if (__builtin_mul_overflow(sb->data_blocks, (uint64_t) sb->data_block_bytes, &data_bytes) ||
            data_bytes > data_device_bytes)
                return error_set(err, place->unfit, EBADMSG,
                                 "%s: %llu data blocks of %u bytes do not fit a data device of %llu bytes",
                                 place->says, (unsigned long long) sb->data_blocks, sb->data_block_bytes,
                                 (unsigned long long) data_device_bytes);
        if (is_same_device && data_bytes > place->area_start_bytes)
                return error_set(err, place->impossible, EBADMSG,
                                 "%s: %llu bytes of data reach behind the hash offset %llu on the same device",
                                 place->says, (unsigned long long) data_bytes,
                                 (unsigned long long) place->area_start_bytes);
        return 0;
}

static int layout(const struct place *place, const struct verity_superblock *sb, uint64_t hash_device_bytes,
                  struct verity_tree *ret, struct error *err)
{
        struct verity_tree tree = { .hash_start_block = place->start_block, .hashes_per_block = hashes_per_block(sb) };
        int r;

        r = count_levels(place, sb->data_blocks, &tree, err);
        if (r < 0)
                return r;
        r = place_levels(place, sb, &tree, err);
        if (r < 0)
                return r;
        if (tree.end_bytes > hash_device_bytes)
                return error_set(err, place->unfit, EBADMSG, "%s: the tree ends at byte %llu, the hash device at %llu",
                                 place->says, (unsigned long long) tree.end_bytes,
                                 (unsigned long long) hash_device_bytes);
        *ret = tree;
        return 0;
}

int verity_tree_layout(const struct verity_superblock *sb, uint64_t hash_offset_bytes, uint64_t data_device_bytes,
                       uint64_t hash_device_bytes, bool is_same_device, struct verity_tree *ret, struct error *err)
{
        struct place place = {
                .says = "verity superblock", .area_start_bytes = hash_offset_bytes,
                .impossible = FAIL_SUPERBLOCK_INVALID_CODE, .unfit = FAIL_SUPERBLOCK_INVALID_CODE,
        };
        int r;

        /* libcryptsetup refuses it too; a sector is also what a read of a device is made of. */
        if (hash_offset_bytes % 512 != 0)
                return error_set(err, FAIL_CMDLINE_BAD_VALUE_CODE, EINVAL,
                                 "hash-offset=%llu is not a multiple of 512", (unsigned long long) hash_offset_bytes);
        r = check_data_area(&place, sb, data_device_bytes, is_same_device, err);
        if (r < 0)
                return r;
        if (hash_offset_bytes > UINT64_MAX - VERITY_SUPERBLOCK_BYTES)
                return error_set(err, FAIL_CMDLINE_BAD_VALUE_CODE, EOVERFLOW, "hash-offset=%llu is too large",
                                 (unsigned long long) hash_offset_bytes);
        place.start_block = verity_block_behind_superblock(hash_offset_bytes, sb->hash_block_bytes);
        return layout(&place, sb, hash_device_bytes, ret, err);
}

int verity_tree_layout_pinned(const struct verity_geometry *geometry, uint64_t area_start_bytes,
                              uint64_t data_device_bytes, uint64_t hash_device_bytes, bool is_same_device,
                              struct verity_tree *ret, struct error *err)
{
        const struct verity_superblock sb = verity_superblock_pinned(geometry);
        const struct place place = {
                .says = "pinned geometry",
                .start_block = geometry->hash_start_block,
                .area_start_bytes = area_start_bytes,
                .impossible = FAIL_CMDLINE_CONTRADICTION_CODE,
                .unfit = FAIL_GEOMETRY_MISMATCH_CODE,
        };
        int r;

        r = check_data_area(&place, &sb, data_device_bytes, is_same_device, err);
        if (r < 0)
                return r;
        return layout(&place, &sb, hash_device_bytes, ret, err);
}
