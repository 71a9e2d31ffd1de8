/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A geometry that signed text pins, beside what a superblock says.
 */
#include "verinit/uuid.h"
#include "verinit/verity.h"

#include <errno.h>
#include <stdio.h>

struct verity_superblock verity_superblock_pinned(const struct verity_geometry *geometry)
{
        struct verity_superblock sb = {
                .hash_type = 1,
                .alg = geometry->alg,
                .data_block_bytes = geometry->data_block_bytes,
                .hash_block_bytes = geometry->hash_block_bytes,
                .data_blocks = geometry->data_blocks,
                .salt_size = geometry->salt_size <= VERITY_SALT_MAX ? geometry->salt_size : 0,
        };

        memcpy(sb.salt, geometry->salt, sb.salt_size);
        memcpy(sb.uuid, geometry->uuid, sizeof(sb.uuid));
        return sb;
}

struct verity_geometry verity_geometry_of(const struct verity_superblock *sb, uint64_t hash_offset_bytes)
{
        struct verity_geometry geometry = {
                .alg = sb->alg,
                .data_block_bytes = sb->data_block_bytes,
                .hash_block_bytes = sb->hash_block_bytes,
                .data_blocks = sb->data_blocks,
                .hash_start_block = verity_block_behind_superblock(hash_offset_bytes, sb->hash_block_bytes),
                .salt_size = sb->salt_size,
        };

        memcpy(geometry.salt, sb->salt, sizeof(geometry.salt));
        memcpy(geometry.uuid, sb->uuid, sizeof(geometry.uuid));
        return geometry;
}

static int differs(struct error *err, const char *field, const char *seen, const char *pinned)
{
        return error_set(err, FAIL_GEOMETRY_MISMATCH_CODE, EBADMSG,
                         "the superblock differs from the pinned geometry: its %s is %s, pinned is %s", field, seen,
                         pinned);
}

static int compare_number(const char *field, uint64_t seen, uint64_t pinned, struct error *err)
{
        char seen_text[24], pinned_text[24];

        if (seen == pinned)
                return 0;
        (void) snprintf(seen_text, sizeof(seen_text), "%llu", (unsigned long long) seen);
        (void) snprintf(pinned_text, sizeof(pinned_text), "%llu", (unsigned long long) pinned);
        return differs(err, field, seen_text, pinned_text);
}

int verity_superblock_compare(const struct verity_superblock *sb, const struct verity_geometry *geometry,
                              struct error *err)
{
        char seen[37], pinned[37];
        int r;

        if (sb->alg != geometry->alg)
                return differs(err, "algorithm", digest_name(sb->alg), digest_name(geometry->alg));
        r = compare_number("data block size", sb->data_block_bytes, geometry->data_block_bytes, err);
        if (r == 0)
                r = compare_number("hash block size", sb->hash_block_bytes, geometry->hash_block_bytes, err);
        if (r == 0)
                r = compare_number("number of data blocks", sb->data_blocks, geometry->data_blocks, err);
        if (r == 0)
                r = compare_number("salt size", sb->salt_size, geometry->salt_size, err);
        if (r < 0)
                return r;
        if (memcmp(sb->salt, geometry->salt, sb->salt_size) != 0)
                return differs(err, "salt", "another one", "of the same length");
        uuid_format(sb->uuid, seen);
        uuid_format(geometry->uuid, pinned);
        if (!str_equal(seen, pinned))
                return differs(err, "UUID", seen, pinned);
        return 0;
}
