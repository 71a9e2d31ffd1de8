/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Where the blocks of the volume are: from its superblock, which nobody signs, or from signed text that pins it. In the second
 * case no byte of a superblock is believed; where there is one it is compared, since a difference means that this is
 * not the disk that was built.
 */
#include <errno.h>

#include "verinit/fsat.h"
#include "verinit/log.h"
#include "volume.h"

int volume_read_exactly(int fd, const char *device, uint64_t offset, uint8_t *buffer, size_t size, struct error *err)
{
        int why;
        size_t n = fsat_read_at(fd, offset, buffer, size, &why);

        if (why != 0)
                return error_set(err, FAIL_VERITY_READ_FAILED_CODE, why, "%s: reading %zu bytes at byte %llu failed: %s", device,
                                 size, (unsigned long long) offset, errno_name(why));
        if (n < size)
                return error_set(err, FAIL_VERITY_READ_FAILED_CODE, EIO,
                                 "%s: ends at byte %llu, inside a block of %zu bytes at byte %llu", device,
                                 (unsigned long long) (offset + n), size, (unsigned long long) offset);
        return 0;
}

static int read_superblock(const struct verity_request *req, uint64_t offset, struct verity_superblock *ret,
                           struct error *err)
{
        uint8_t bytes[VERITY_SUPERBLOCK_BYTES];
        int r;

        if (offset > INT64_MAX - VERITY_SUPERBLOCK_BYTES)
                return error_set(err, FAIL_CMDLINE_BAD_VALUE_CODE, EOVERFLOW, "hash-offset=%llu is too large",
                                 (unsigned long long) offset);
        r = volume_read_exactly(req->hash_fd, req->hash_name, offset, bytes, sizeof(bytes), err);
        if (r < 0)
                return r;
        r = verity_superblock_parse(bytes, ret, err);
        if (r < 0)
                return error_prefix(err, "%s at byte %llu", req->hash_name, (unsigned long long) offset);
        return 0;
}

/* A hint from unverified bytes, for images whose command line says nothing: what is found there is proved later. */
static int look_behind_file_system(const struct verity_request *req, uint64_t *ret_offset, struct error *err)
{
        uint8_t head[FS_SIZE_HEAD_BYTES];
        struct fs_size fs;
        int r;

        r = volume_read_exactly(req->data_fd, req->data_name, 0, head, sizeof(head), err);
        if (r < 0)
                return r;
        if (!fs_size_parse(head, sizeof(head), &fs))
                return error_set(err, FAIL_SIZE_UNKNOWN_CODE, ENODATA,
                                 "%s: nothing says where its hash tree begins, and it holds no erofs, ext4 or squashfs "
                                 "that could", req->data_name);
        *ret_offset = fs_size_end(&fs);
        if (*ret_offset > req->hash_device_bytes || req->hash_device_bytes - *ret_offset < VERITY_SUPERBLOCK_BYTES)
                return error_set(err, FAIL_SIZE_MISMATCH_CODE, EBADMSG,
                                 "%s: its %s says that it has %llu bytes, and nothing says where its hash tree "
                                 "begins: behind them a device of %llu bytes has no room for one", req->data_name, fs.type,
                                 (unsigned long long) fs.bytes, (unsigned long long) req->hash_device_bytes);
        log_debug("%s: %s says that it ends at byte %llu: the hash tree is looked for there", req->data_name, fs.type,
                  (unsigned long long) *ret_offset);
        return 0;
}

static int check_said_blocks(const struct verity_request *req, const struct verity_superblock *sb, struct error *err)
{
        if (req->data_blocks == 0 || req->data_blocks == sb->data_blocks)
                return 0;
        return error_set(err, FAIL_GEOMETRY_MISMATCH_CODE, EBADMSG,
                         "%s: the superblock says %llu data blocks, data-blocks= %llu", req->hash_name,
                         (unsigned long long) sb->data_blocks, (unsigned long long) req->data_blocks);
}

static int shape_from_superblock(const struct verity_request *req, struct volume_shape *shape, struct error *err)
{
        struct verity_superblock *sb = &shape->superblock;
        uint64_t offset = req->hash_offset_bytes;
        int r;

        if (req->hash_offset_is_file_system_end) {
                r = look_behind_file_system(req, &offset, err);
                if (r < 0)
                        return r;
        }
        r = read_superblock(req, offset, sb, err);
        if (r < 0)
                return r;
        /* The root hash is the signed side: if its length does not go with the algorithm, the superblock is wrong. */
        if (req->root_hash_size != digest_size(sb->alg))
                return error_set(err, FAIL_SUPERBLOCK_INVALID_CODE, EBADMSG,
                                 "%s: the superblock says %s (%zu bytes), but the root hash has %zu bytes",
                                 req->hash_name, digest_name(sb->alg), digest_size(sb->alg), req->root_hash_size);
        r = check_said_blocks(req, sb, err);
        if (r < 0)
                return r;
        r = dm_check_superblock(req->hash_fd, offset, sb, err);
        if (r < 0)
                return error_prefix(err, "%s", req->hash_name);
        r = verity_tree_layout(sb, offset, req->data_device_bytes, req->hash_device_bytes,
                               req->data_dev == req->hash_dev, &shape->tree, err);
        return r < 0 ? error_prefix(err, "%s over %s", req->hash_name, req->data_name) : 0;
}

/* If hash-offset= does not say: in the hash block before the tree, which is where veritysetup puts it. */
static int place_of_superblock(const struct verity_request *req, uint64_t *ret_offset, struct error *err)
{
        const struct verity_geometry *g = req->geometry;
        uint64_t offset = req->hash_offset_bytes;

        if (offset == 0)
                offset = verity_superblock_before(g->hash_start_block, g->hash_block_bytes);
        if (offset > INT64_MAX || offset % 512 != 0 ||
            verity_block_behind_superblock(offset, g->hash_block_bytes) != g->hash_start_block)
                return error_set(err, FAIL_CMDLINE_CONTRADICTION_CODE, EINVAL,
                                 "pinned geometry: a tree from hash block %llu of %u bytes on does not begin behind a "
                                 "superblock at byte %llu: correct hash-offset=, or say superblock=no",
                                 (unsigned long long) g->hash_start_block, g->hash_block_bytes,
                                 (unsigned long long) offset);
        *ret_offset = offset;
        return 0;
}

static int compare_superblock(const struct verity_request *req, uint64_t offset, struct error *err)
{
        struct verity_superblock sb;
        struct error inner = {};
        int r;

        r = read_superblock(req, offset, &sb, &inner);
        if (r < 0 && inner.code == FAIL_SUPERBLOCK_INVALID_CODE)
                return error_set(err, FAIL_GEOMETRY_MISMATCH_CODE, EBADMSG,
                                 "pinned geometry: it pins a volume with a superblock (without superblock=no), but %s",
                                 inner.msg);
        if (r < 0) {
                *err = inner;
                return r;
        }
        r = verity_superblock_compare(&sb, req->geometry, err);
        if (r < 0)
                return error_prefix(err, "%s at byte %llu", req->hash_name, (unsigned long long) offset);
        return 0;
}

static int shape_from_geometry(const struct verity_request *req, struct volume_shape *shape, struct error *err)
{
        const struct verity_geometry *g = req->geometry;
        const char *why = verity_geometry_check(g);
        uint64_t area_start;
        int r;

        /* boot_config_parse() refused it already; the arithmetic below does not rest on who filled the request. */
        if (why)
                return error_set(err, FAIL_CMDLINE_CONTRADICTION_CODE, EINVAL, "pinned geometry: %s", why);
        area_start = g->hash_start_block * g->hash_block_bytes;
        shape->is_pinned = true;
        shape->superblock = verity_superblock_pinned(g);
        if (req->root_hash_size != digest_size(g->alg))
                return error_set(err, FAIL_CMDLINE_CONTRADICTION_CODE, EINVAL,
                                 "pinned geometry: it says %s (%zu bytes), but the root hash has %zu bytes",
                                 digest_name(g->alg), digest_size(g->alg), req->root_hash_size);
        if (req->has_superblock) {
                r = place_of_superblock(req, &area_start, err);
                if (r == 0)
                        r = compare_superblock(req, area_start, err);
                if (r < 0)
                        return r;
        }
        r = verity_tree_layout_pinned(g, area_start, req->data_device_bytes, req->hash_device_bytes,
                                      req->data_dev == req->hash_dev, &shape->tree, err);
        return r < 0 ? error_prefix(err, "%s over %s", req->hash_name, req->data_name) : 0;
}

struct verity_request verity_request_of(const struct boot_config *config)
{
        return (struct verity_request) {
                .root_hash = config->root_hash,
                .root_hash_size = config->root_hash_size,
                .hash_offset_bytes = config->hash_offset_bytes,
                .hash_offset_is_file_system_end = config->hash_offset_is_file_system_end,
                .data_blocks = config->data_blocks,
                .geometry = config->has_geometry ? &config->geometry : NULL,
                .has_superblock = config->has_superblock,
                .corruption = config->corruption,
                .data_fd = -1,
                .hash_fd = -1,
        };
}

int volume_shape_read(const struct verity_request *req, struct volume_shape *ret, struct error *err)
{
        struct volume_shape shape = {};
        int r;

        if (req->geometry)
                r = shape_from_geometry(req, &shape, err);
        else
                r = shape_from_superblock(req, &shape, err);
        if (r < 0)
                return r;
        log_debug("%s: %llu data blocks of %u bytes, hash blocks of %u, %u levels from hash block %llu to byte %llu",
                  shape.is_pinned ? "pinned" : "superblock", (unsigned long long) shape.superblock.data_blocks,
                  shape.superblock.data_block_bytes, shape.superblock.hash_block_bytes, shape.tree.n_levels,
                  (unsigned long long) shape.tree.hash_start_block, (unsigned long long) shape.tree.end_bytes);
        *ret = shape;
        return 0;
}

int verity_shape_read(const struct verity_request *req, struct verity_superblock *ret_superblock, struct verity_tree *ret_tree,
                      struct error *err)
{
        struct volume_shape shape;
        int r = volume_shape_read(req, &shape, err);

        if (r < 0)
                return r;
        *ret_superblock = shape.superblock;
        *ret_tree = shape.tree;
        return 0;
}
