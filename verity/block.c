/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * One block of a volume against what vouches for it. PID 1 asks about the first and the last path, the host command about all.
 */
#include "verinit/verity.h"

#include <errno.h>

static uint32_t block_bytes(const struct verity_superblock *sb, const struct verity_block *block)
{
        return block->is_data ? sb->data_block_bytes : sb->hash_block_bytes;
}

uint64_t verity_block_offset(const struct verity_superblock *sb, const struct verity_block *block)
{
        return block->number * block_bytes(sb, block);
}

/* A single data block has no tree: its hash is the root hash. */
static enum fail_code mismatch_code(const struct verity_block *block, unsigned n_levels)
{
        if (block->is_data)
                return n_levels == 0 ? FAIL_ROOT_HASH_MISMATCH_CODE : FAIL_DATA_CORRUPT_CODE;
        return block->level == n_levels - 1 ? FAIL_ROOT_HASH_MISMATCH_CODE : FAIL_HASH_TREE_CORRUPT_CODE;
}

/* Hash type 1: H(salt ‖ block). */
int verity_block_check(const struct verity_superblock *sb, const struct verity_tree *tree, const struct verity_block *block,
                       const uint8_t *bytes, const struct digest *expected, struct digest *ret_seen, struct error *err)
{
        const struct iovec parts[] = {
                { .iov_base = (void *) sb->salt, .iov_len = sb->salt_size },
                { .iov_base = (void *) bytes, .iov_len = block_bytes(sb, block) },
        };
        char seen_hex[DIGEST_MAX_HEX], expected_hex[DIGEST_MAX_HEX];
        struct digest seen = {};
        int r;

        r = crypto_digest(sb->alg, parts, ARRAY_SIZE(parts), &seen, err);
        if (r < 0)
                return r;
        *ret_seen = seen;
        if (digest_equal(&seen, expected))
                return 0;
        digest_hex(&seen, seen_hex);
        digest_hex(expected, expected_hex);
        return error_set(err, mismatch_code(block, tree->n_levels), EBADMSG, "%s: %s block %llu (byte %llu) hashes to %s, expected %s",
                         block->device, block->is_data ? "data" : "hash", (unsigned long long) block->number,
                         (unsigned long long) verity_block_offset(sb, block), seen_hex, expected_hex);
}
