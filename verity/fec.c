/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Forward error correction: Reed-Solomon parity over data and tree, interleaved. Nothing authenticates it and nothing has
 * to: the kernel hashes a block that it has corrected, and corrects only what did not hash before. What is checked here
 * is what the kernel would otherwise refuse without a word of why, or read beyond the end of a device.
 *
 * The number of covered blocks decides how the parity is interleaved, and stands nowhere on the disk. libcryptsetup
 * derives it from the size of the hash device (lib/verity/verity_fec.c, VERITY_FEC_blocks()); so do we.
 */
#include "verinit/verity.h"

#include <errno.h>

enum { FEC_SYMBOLS = 255, FEC_ROOTS_MIN = 2, FEC_ROOTS_MAX = 24 };

#define UNFIT(err, req, fmt, ...)                                                                          \
        error_set(err, FAIL_FEC_UNFIT_CODE, EINVAL, "error correction on %s: " fmt, (req)->name, __VA_ARGS__)

/* One parity block for each root in each round of 255 - roots blocks. */
static int check_parity_fits(const struct verity_superblock *sb, const struct verity_fec_request *req, uint64_t blocks,
                             struct error *err)
{
        uint64_t per_round = FEC_SYMBOLS - req->roots;
        uint64_t rounds = blocks / per_round + (blocks % per_round != 0), end;

        if (__builtin_mul_overflow(rounds, (uint64_t) req->roots * sb->data_block_bytes, &end) ||
            __builtin_add_overflow(end, req->offset_bytes, &end) || end > req->device_bytes)
                return UNFIT(err, req, "the parity of %llu blocks with %u roots does not end on a device of %llu bytes",
                             (unsigned long long) blocks, req->roots, (unsigned long long) req->device_bytes);
        return 0;
}

int verity_fec_layout(const struct verity_superblock *sb, const struct verity_tree *tree, dev_t hash_dev,
                      uint64_t hash_device_bytes, const struct verity_fec_request *req, struct verity_fec *ret,
                      struct error *err)
{
        bool is_behind_tree = req->dev == hash_dev;
        uint64_t hash_area_end = is_behind_tree ? req->offset_bytes : hash_device_bytes;
        uint64_t end_block = hash_area_end / sb->hash_block_bytes, blocks;
        int r;

        if (req->roots < FEC_ROOTS_MIN || req->roots > FEC_ROOTS_MAX)
                return UNFIT(err, req, "%u roots, expected 2 to 24", req->roots);
        if (sb->data_block_bytes != sb->hash_block_bytes)
                return UNFIT(err, req, "the kernel wants blocks of one size, but they have %u and %u bytes",
                             sb->data_block_bytes, sb->hash_block_bytes);
        if (req->offset_bytes % sb->data_block_bytes != 0)
                return UNFIT(err, req, "offset %llu is not a multiple of the block size %u",
                             (unsigned long long) req->offset_bytes, sb->data_block_bytes);
        if (hash_area_end < tree->end_bytes)
                return UNFIT(err, req, "offset %llu lies before the end of the hash tree at byte %llu",
                             (unsigned long long) req->offset_bytes, (unsigned long long) tree->end_bytes);
        /* No overflow: both lie on devices, of less than 2^63 bytes. */
        blocks = sb->data_blocks + (end_block - tree->hash_start_block);
        r = check_parity_fits(sb, req, blocks, err);
        if (r < 0)
                return r;
        *ret = (struct verity_fec) {
                .dev = req->dev,
                .blocks = blocks,
                .start_block = req->offset_bytes / sb->data_block_bytes,
                .roots = req->roots,
        };
        return 0;
}
