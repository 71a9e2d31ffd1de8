/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The proof in user space, before the kernel is given a table: dm-verity itself looks at the tree only when a block
 * is read, and a mapping with a wrong root hash goes live without a word.
 *
 * Each path is walked from the root block down. A block is hashed before a byte of it is believed, so the block
 * named in the message is the one that is wrong. Bytes are read once and used from the buffer they were hashed in:
 * a disk that answers differently a second time gains nothing here, and meets the kernel later.
 */
#include "verinit/verity.h"

#include <errno.h>
#include <unistd.h>

#include "verinit/log.h"

struct verified_root {
        struct verity_superblock superblock;
        struct verity_tree tree;
        struct verity_table table;
        uint8_t root_hash[DIGEST_MAX_BYTES];
};

static struct verified_root the_root;
static uint8_t the_block[VERITY_BLOCK_MAX];

static int read_exactly(int fd, const char *device, uint64_t offset, uint8_t *buffer, size_t size, struct error *err)
{
        size_t done = 0;

        while (done < size) {
                ssize_t n = pread(fd, buffer + done, size - done, (off_t) (offset + done));

                if (n < 0 && errno == EINTR)
                        continue;
                if (n < 0)
                        return error_set(err, FAIL_VERITY_READ_FAILED_CODE, errno,
                                         "%s: reading %zu bytes at byte %llu failed: %s", device, size,
                                         (unsigned long long) offset, errno_name(errno));
                if (n == 0)
                        return error_set(err, FAIL_VERITY_READ_FAILED_CODE, EIO,
                                         "%s: ends at byte %llu, inside a block of %zu bytes at byte %llu", device,
                                         (unsigned long long) (offset + done), size, (unsigned long long) offset);
                done += (size_t) n;
        }
        return 0;
}

/* Hash type 1: H(salt ‖ block). */
static int hash_block(const struct verity_superblock *sb, size_t size, struct digest *ret, struct error *err)
{
        const struct iovec parts[] = {
                { .iov_base = (void *) sb->salt, .iov_len = sb->salt_size },
                { .iov_base = the_block, .iov_len = size },
        };

        return crypto_digest(sb->alg, parts, ARRAY_SIZE(parts), ret, err);
}

struct path_step {
        const char *device;
        const char *what; /* for messages: "hash block", "data block" */
        int fd;
        uint64_t block;
        uint32_t block_bytes;
        enum fail_code mismatch_code;
};

/* Reads one block into the_block and compares its hash with what the block above it says. */
static int check_block(const struct verity_superblock *sb, const struct path_step *step, const struct digest *expected,
                       struct error *err)
{
        char seen_hex[DIGEST_MAX_HEX], expected_hex[DIGEST_MAX_HEX];
        uint64_t offset = step->block * step->block_bytes; /* inside the device: verity_tree_layout() */
        struct digest seen = {};
        int r;

        r = read_exactly(step->fd, step->device, offset, the_block, step->block_bytes, err);
        if (r < 0)
                return r;
        r = hash_block(sb, step->block_bytes, &seen, err);
        if (r < 0)
                return r;
        digest_hex(&seen, seen_hex);
        log_debug("%s: %s %llu: %s", step->device, step->what, (unsigned long long) step->block, seen_hex);
        if (digest_equal(&seen, expected))
                return 0;
        digest_hex(expected, expected_hex);
        return error_set(err, step->mismatch_code, EBADMSG, "%s: %s %llu (byte %llu) hashes to %s, expected %s",
                         step->device, step->what, (unsigned long long) step->block, (unsigned long long) offset,
                         seen_hex, expected_hex);
}

/*
 * Nobody signs the superblock, and with fewer data blocks in it the same root hash still verifies: an attacker could
 * cut the end off the image. But cryptsetup fills unused slots with zeros, and those zeros are under the root hash: in
 * the block that holds the last hash of a level, a hash behind it means that more was signed than is claimed.
 */
static int check_unused_slots(const struct verity_superblock *sb, const struct path_step *step, uint64_t first_byte,
                              struct error *err)
{
        for (uint64_t i = first_byte; i < step->block_bytes; i++)
                if (the_block[i] != 0)
                        return error_set(err, FAIL_SUPERBLOCK_INVALID_CODE, EBADMSG,
                                         "%s: the superblock says %llu data blocks, but hash block %llu holds the hash of"
                                         " one more: the number was lowered", step->device,
                                         (unsigned long long) sb->data_blocks, (unsigned long long) step->block);
        return 0;
}

/* From the root block to one data block. */
static int check_path(const struct verity_request *req, const struct verified_root *root, uint64_t data_block,
                      struct error *err)
{
        const struct verity_superblock *sb = &root->superblock;
        const struct verity_tree *tree = &root->tree;
        bool is_last = data_block == sb->data_blocks - 1;
        uint64_t index[VERITY_MAX_LEVELS + 1] = { data_block }; /* [0]: data block; [n + 1]: its ancestor in level n */
        uint64_t slot_bytes = sb->hash_block_bytes / tree->hashes_per_block;
        struct digest expected = { .alg = sb->alg };
        struct path_step step;
        int r;

        for (unsigned level = 0; level < tree->n_levels; level++)
                index[level + 1] = index[level] / tree->hashes_per_block;
        memcpy(expected.bytes, root->root_hash, digest_size(sb->alg));

        for (unsigned level = tree->n_levels; level-- > 0;) {
                uint64_t slot = index[level] % tree->hashes_per_block;

                step = (struct path_step) {
                        .device = req->hash_name, .what = "hash block", .fd = req->hash_fd,
                        .block = tree->level_start_block[level] + index[level + 1],
                        .block_bytes = sb->hash_block_bytes,
                        .mismatch_code = level == tree->n_levels - 1 ? FAIL_ROOT_HASH_MISMATCH_CODE :
                                                                       FAIL_HASH_TREE_CORRUPT_CODE,
                };
                r = check_block(sb, &step, &expected, err);
                if (r < 0)
                        return r;
                if (is_last) {
                        r = check_unused_slots(sb, &step, (slot + 1) * slot_bytes, err);
                        if (r < 0)
                                return r;
                }
                memcpy(expected.bytes, the_block + slot * slot_bytes, digest_size(sb->alg));
        }

        /* A single data block has no tree: its hash is the root hash. */
        step = (struct path_step) {
                .device = req->data_name, .what = "data block", .fd = req->data_fd,
                .block = data_block, .block_bytes = sb->data_block_bytes,
                .mismatch_code = tree->n_levels == 0 ? FAIL_ROOT_HASH_MISMATCH_CODE : FAIL_DATA_CORRUPT_CODE,
        };
        return check_block(sb, &step, &expected, err);
}

static int read_superblock(const struct verity_request *req, struct verity_superblock *ret, struct error *err)
{
        uint8_t bytes[VERITY_SUPERBLOCK_BYTES];
        struct verity_superblock sb;
        int r;

        r = read_exactly(req->hash_fd, req->hash_name, req->hash_offset_bytes, bytes, sizeof(bytes), err);
        if (r < 0)
                return r;
        r = verity_superblock_parse(bytes, &sb, err);
        if (r < 0)
                return error_prefix(err, "%s at byte %llu", req->hash_name,
                                    (unsigned long long) req->hash_offset_bytes);
        /* The root hash is the signed side: if its length does not go with the algorithm, the superblock is wrong. */
        if (req->root_hash_size != digest_size(sb.alg))
                return error_set(err, FAIL_SUPERBLOCK_INVALID_CODE, EBADMSG,
                                 "%s: the superblock says %s (%zu bytes), but the root hash has %zu bytes",
                                 req->hash_name, digest_name(sb.alg), digest_size(sb.alg), req->root_hash_size);
        r = dm_check_superblock(req->hash_fd, req->hash_offset_bytes, &sb, err);
        if (r < 0)
                return error_prefix(err, "%s", req->hash_name);
        *ret = sb;
        return 0;
}

static int check_content(const struct verity_request *req, const struct verified_root *root, struct error *err)
{
        int r;

        r = check_path(req, root, 0, err);
        if (r < 0 || root->superblock.data_blocks == 1)
                return r;
        return check_path(req, root, root->superblock.data_blocks - 1, err);
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
                r = verity_fec_layout(&root->superblock, &root->tree, req->hash_dev, req->hash_device_bytes, req->fec,
                                      &fec, err);
                if (r < 0)
                        return r;
                options.fec = &fec;
        }
        return verity_table_format(&root->superblock, &root->tree, root->root_hash, req->data_dev, req->hash_dev,
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
        if (req.hash_offset_bytes > INT64_MAX - VERITY_SUPERBLOCK_BYTES)
                return error_set(err, FAIL_CMDLINE_BAD_VALUE_CODE, EOVERFLOW, "hash-offset=%llu is too large",
                                 (unsigned long long) req.hash_offset_bytes);
        memset(root, 0, sizeof(*root));
        r = read_superblock(&req, &root->superblock, err);
        if (r < 0)
                return r;
        memcpy(root->root_hash, req.root_hash, req.root_hash_size);
        r = verity_tree_layout(&root->superblock, req.hash_offset_bytes, req.data_device_bytes, req.hash_device_bytes,
                               req.data_dev == req.hash_dev, &root->tree, err);
        if (r < 0)
                return error_prefix(err, "%s over %s", req.hash_name, req.data_name);
        log_debug("%llu data blocks of %u bytes, hash blocks of %u, %u levels from hash block %llu to byte %llu",
                  (unsigned long long) root->superblock.data_blocks, root->superblock.data_block_bytes,
                  root->superblock.hash_block_bytes, root->tree.n_levels,
                  (unsigned long long) root->tree.hash_start_block, (unsigned long long) root->tree.end_bytes);
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
        return &root->superblock;
}

const struct verity_table *verified_root_table(const struct verified_root *root)
{
        return &root->table;
}

const uint8_t *verified_root_hash(const struct verified_root *root, size_t *ret_size)
{
        *ret_size = digest_size(root->superblock.alg);
        return root->root_hash;
}
