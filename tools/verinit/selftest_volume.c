/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A volume of two blocks, of which the first is filled with ones and the second with twos.
 */
#include <unistd.h>

#include "selftest.h"
#include "whole_tree.h"

enum { BLOCK = 4096, N_BLOCKS = 2, SALT_BYTES = 32 };

struct volume {
        int data_fd, hash_fd;
        struct verity_geometry geometry;
        struct verity_superblock superblock;
        struct verity_tree tree;
};

static void volume_done(struct volume *v)
{
        if (v->data_fd >= 0)
                (void) close(v->data_fd);
        if (v->hash_fd >= 0)
                (void) close(v->hash_fd);
}

static int write_volume(const struct buffer *root_block, struct volume *v, struct trouble *t)
{
        static uint8_t data[N_BLOCKS * BLOCK], hashes[2 * BLOCK]; /* of these the first has no superblock: it is pinned */
        const struct buffer data_file = { .data = data, .size = sizeof(data) };
        const struct buffer hash_file = { .data = hashes, .size = sizeof(hashes) };

        if (root_block->size > BLOCK)
                return trouble_set(t, OUTCOME_TROUBLE, "more than a block");
        for (size_t i = 0; i < N_BLOCKS; i++)
                memset(data + i * BLOCK, (int) i + 1, BLOCK);
        memset(hashes, 0, sizeof(hashes));
        memcpy(hashes + BLOCK, root_block->data, root_block->size);
        v->data_fd = selftest_file(&data_file, t);
        v->hash_fd = selftest_file(&hash_file, t);
        return v->data_fd < 0 || v->hash_fd < 0 ? -1 : 0;
}

static int lay_out(enum digest_alg alg, struct volume *v, struct error *err)
{
        v->geometry = (struct verity_geometry) {
                .alg = alg, .data_block_bytes = BLOCK, .hash_block_bytes = BLOCK, .data_blocks = N_BLOCKS, .hash_start_block = 1,
                .salt_size = SALT_BYTES,
        };
        for (size_t i = 0; i < SALT_BYTES; i++)
                v->geometry.salt[i] = i % 2 == 0 ? 0x5a : 0x17;
        v->superblock = verity_superblock_pinned(&v->geometry);
        return verity_tree_layout_pinned(&v->geometry, 0, N_BLOCKS * BLOCK, 2 * BLOCK, false, &v->tree, err);
}

/* With a root hash that is not this volume's the right one is in what is found wrong; with that, all has to be right. */
static int find_root_hash(const struct volume *v, struct digest *ret, struct error *err)
{
        static const uint8_t no_root_hash[DIGEST_MAX_BYTES];
        struct whole_tree_request req = {
                .superblock = &v->superblock, .tree = &v->tree, .root_hash = no_root_hash, .data_fd = v->data_fd,
                .hash_fd = v->hash_fd, .data_name = "data", .hash_name = "hashes", .n_threads = 1,
        };
        struct whole_tree_result result = {};

        if (whole_tree_verify(&req, &result, err) == 0)
                return error_set(err, FAIL_ROOT_HASH_MISMATCH_CODE, 0, "a root hash of zeros is taken");
        if (err->code != FAIL_ROOT_HASH_MISMATCH_CODE || !result.has_place || result.place.is_data)
                return -1;
        *ret = result.place.found;
        req.root_hash = ret->bytes;
        *err = (struct error) {};
        return whole_tree_verify(&req, &result, err);
}

/* What PID 1 does at boot. */
static int verify(const struct volume *v, const struct digest *root_hash, struct error *err)
{
        const struct verity_request req = {
                .root_hash = root_hash->bytes, .root_hash_size = digest_size(root_hash->alg), .geometry = &v->geometry,
                .is_geometry_proved = true, .data_fd = v->data_fd, .hash_fd = v->hash_fd, .data_name = "data", .hash_name = "hashes",
                .data_dev = 1, .hash_dev = 2, .data_device_bytes = N_BLOCKS * BLOCK, .hash_device_bytes = 2 * BLOCK,
        };
        const struct verified_root *root;

        return verity_verify(&req, &root, err);
}

/* "ALG HEX", of the tree's one block up to its last digest; the root hash, once the volume has been verified by it. */
char *selftest_verity(const char *input, struct trouble *t)
{
        _cleanup_(volume_done) struct volume v = { .data_fd = -1, .hash_fd = -1 };
        _cleanup_buffer_ struct buffer block = {};
        struct digest root_hash = {};
        struct error err = {};
        enum digest_alg alg;

        if (selftest_take_alg(&input, &alg, t) < 0 || selftest_take_bytes(input, &block, t) < 0 || write_volume(&block, &v, t) < 0)
                return NULL;
        if (lay_out(alg, &v, &err) < 0 || find_root_hash(&v, &root_hash, &err) < 0 || verify(&v, &root_hash, &err) < 0) {
                trouble_from_error(t, &err);
                return NULL;
        }
        return selftest_format(&root_hash);
}
