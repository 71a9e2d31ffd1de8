/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The proof in user space, before the kernel is given a table: dm-verity itself looks at the tree only when a block
 * is read, and a mapping with a wrong root hash goes live without a word.
 *
 * Each path is walked from the root block down. A block is hashed before a byte of it is believed, so the block
 * named in the message is the one that is wrong. Bytes are read once and used from the buffer they were hashed in:
 * a disk that answers differently a second time gains nothing here, and meets the kernel later.
 */
#include <errno.h>

#include "verinit/log.h"
#include "volume.h"

struct verified_root {
        struct volume_shape shape;
        struct verity_table table;
        uint8_t root_hash[DIGEST_MAX_BYTES];
};

static struct verified_root the_root;
static uint8_t the_block[VERITY_BLOCK_MAX];

/* Reads one block into the_block, and checks it. */
static int check_block(const struct verity_request *req, const struct volume_shape *shape, const struct verity_block *block,
                       const struct digest *expected, struct error *err)
{
        const struct verity_superblock *sb = &shape->superblock;
        char seen_hex[DIGEST_MAX_HEX];
        struct digest seen = {};
        int r;

        r = volume_read_exactly(block->is_data ? req->data_fd : req->hash_fd, block->device, verity_block_offset(sb, block),
                                the_block, block->is_data ? sb->data_block_bytes : sb->hash_block_bytes, err);
        if (r < 0)
                return r;
        r = verity_block_check(sb, &shape->tree, block, the_block, expected, &seen, err);
        if (seen.alg != DIGEST_NONE) {
                digest_hex(&seen, seen_hex);
                log_debug("%s: %s block %llu: %s", block->device, block->is_data ? "data" : "hash",
                          (unsigned long long) block->number, seen_hex);
        }
        return r;
}

/*
 * Nobody signs the superblock, and with fewer data blocks in it the same root hash still verifies: an attacker could
 * cut the end off the image. But cryptsetup fills unused slots with zeros, and those zeros are under the root hash: in
 * the block that holds the last hash of a level, a hash behind it means that more was signed than is claimed.
 */
static int check_unused_slots(const struct volume_shape *shape, const struct verity_block *block, uint64_t first_byte,
                              struct error *err)
{
        for (uint64_t i = first_byte; i < shape->superblock.hash_block_bytes; i++)
                if (the_block[i] != 0)
                        return error_set(err, shape->is_pinned ? FAIL_GEOMETRY_MISMATCH_CODE :
                                                                 FAIL_SUPERBLOCK_INVALID_CODE, EBADMSG,
                                         "%s: the %s says %llu data blocks, but hash block %llu holds the hash of one "
                                         "more: the number was lowered", block->device,
                                         shape->is_pinned ? "pinned geometry" : "superblock",
                                         (unsigned long long) shape->superblock.data_blocks,
                                         (unsigned long long) block->number);
        return 0;
}

/* From the root block to one data block. */
static int check_path(const struct verity_request *req, const struct verified_root *root, uint64_t data_block,
                      struct error *err)
{
        const struct verity_superblock *sb = &root->shape.superblock;
        const struct verity_tree *tree = &root->shape.tree;
        bool is_last = data_block == sb->data_blocks - 1;
        uint64_t index[VERITY_MAX_LEVELS + 1] = { data_block }; /* [0]: data block; [n + 1]: its ancestor in level n */
        uint64_t slot_bytes = sb->hash_block_bytes / tree->hashes_per_block;
        struct digest expected = { .alg = sb->alg };
        struct verity_block block;
        int r;

        for (unsigned level = 0; level < tree->n_levels; level++)
                index[level + 1] = index[level] / tree->hashes_per_block;
        memcpy(expected.bytes, root->root_hash, digest_size(sb->alg));

        for (unsigned level = tree->n_levels; level-- > 0;) {
                uint64_t slot = index[level] % tree->hashes_per_block;

                block = (struct verity_block) { .device = req->hash_name, .level = level,
                                                .number = tree->level_start_block[level] + index[level + 1] };
                r = check_block(req, &root->shape, &block, &expected, err);
                if (r < 0)
                        return r;
                if (is_last) {
                        r = check_unused_slots(&root->shape, &block, (slot + 1) * slot_bytes, err);
                        if (r < 0)
                                return r;
                }
                memcpy(expected.bytes, the_block + slot * slot_bytes, digest_size(sb->alg));
        }

        block = (struct verity_block) { .device = req->data_name, .is_data = true, .number = data_block };
        return check_block(req, &root->shape, &block, &expected, err);
}

/* The other witness of the number of blocks, for volumes that were not built by cryptsetup or are signed with padding. */
static int check_size(const struct verity_request *req, const uint8_t *head, size_t size, const struct volume_shape *shape,
                      struct error *err)
{
        const struct verity_superblock *sb = &shape->superblock;
        struct fs_size fs;

        if (!fs_size_parse(head, size, &fs))
                return error_set(err, FAIL_SIZE_UNKNOWN_CODE, ENODATA,
                                 "%s: nothing signed says how many blocks it has: it holds no erofs, ext4 or squashfs, "
                                 "whose size could be compared", req->data_name);
        if (!fs_size_is(&fs, sb->data_blocks, sb->data_block_bytes))
                return error_set(err, FAIL_SIZE_MISMATCH_CODE, EBADMSG,
                                 "%s: the %s says %llu data blocks of %u bytes, but its %s has %llu bytes", req->data_name,
                                 shape->is_pinned ? "unproved command line" : "superblock", (unsigned long long) sb->data_blocks, sb->data_block_bytes, fs.type,
                                 (unsigned long long) fs.bytes);
        return 0;
}

/* The first blocks, as far as a file system's superblock reaches, and the last. */
static int check_content(const struct verity_request *req, struct verified_root *root, struct error *err)
{
        const struct verity_superblock *sb = &root->shape.superblock;
        uint8_t head[FS_SIZE_HEAD_BYTES];
        uint64_t block = 0;
        size_t size = 0;
        int r;

        for (; block < sb->data_blocks && size < sizeof(head); block++) {
                size_t n = sizeof(head) - size;

                r = check_path(req, root, block, err);
                if (r < 0)
                        return r;
                if (n > sb->data_block_bytes)
                        n = sb->data_block_bytes;
                memcpy(head + size, the_block, n);
                size += n;
        }
        if (block < sb->data_blocks) {
                r = check_path(req, root, sb->data_blocks - 1, err);
                if (r < 0)
                        return r;
        }
        return root->shape.is_pinned && req->is_geometry_proved ? 0 : check_size(req, head, size, &root->shape, err);
}

static int make_table(const struct verity_request *req, struct verified_root *root, struct error *err)
{
        struct verity_table_options options = {
                .corruption = req->corruption,
                .signature_key = req->signature_key,
        };
        struct verity_fec fec;
        int r;

        if (req->fec) {
                r = verity_fec_layout(&root->shape.superblock, &root->shape.tree, req->hash_dev, req->hash_device_bytes, req->fec,
                                      &fec, err);
                if (r < 0)
                        return r;
                options.fec = &fec;
        }
        return verity_table_format(&root->shape.superblock, &root->shape.tree, root->root_hash, req->data_dev, req->hash_dev,
                                   &options, &root->table, err);
}

int verity_verify(const struct verity_request *request, const struct verified_root **ret, struct error *err)
{
        struct verity_request req = *request;
        struct verified_root *root = &the_root;
        int r;

        if (!req.data_name)
                req.data_name = "data device";
        if (!req.hash_name)
                req.hash_name = "hash device";
        memset(root, 0, sizeof(*root));
        r = volume_shape_read(&req, &root->shape, err);
        if (r < 0)
                return r;
        memcpy(root->root_hash, req.root_hash, req.root_hash_size);
        r = check_content(&req, root, err);
        if (r < 0)
                return r;
        r = make_table(&req, root, err);
        if (r < 0)
                return r;
        *ret = root;
        return 0;
}

const struct verity_superblock *verified_root_superblock(const struct verified_root *root)
{
        return &root->shape.superblock;
}

const struct verity_tree *verified_root_tree(const struct verified_root *root)
{
        return &root->shape.tree;
}

bool verified_root_is_pinned(const struct verified_root *root)
{
        return root->shape.is_pinned;
}

const struct verity_table *verified_root_table(const struct verified_root *root)
{
        return &root->table;
}

const uint8_t *verified_root_hash(const struct verified_root *root, size_t *ret_size)
{
        *ret_size = digest_size(root->shape.superblock.alg);
        return root->root_hash;
}
