/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Small verity volumes for tests, written without a line of the code under test: the tree is hashed from the data up,
 * in memory, and then put to disk from the top down.
 */
#pragma once

#include "verinit/verity.h"

struct verity_image_spec {
        enum digest_alg alg;
        uint32_t data_block_bytes;
        uint32_t hash_block_bytes;
        uint64_t data_blocks;
        size_t salt_size;
        bool is_inline;              /* data and tree on one device, the tree behind the data */
        uint64_t hash_offset_bytes;  /* not inline: of the superblock */
        uint64_t file_system_bytes;  /* what the file system in it says of itself; 0: as many as there are data */
        bool has_no_file_system;
};

struct verity_image {
        struct verity_image_spec spec;
        int data_fd, hash_fd; /* memory files; the same number if inline */
        uint64_t data_device_bytes, hash_device_bytes;
        uint64_t hash_offset_bytes;
        unsigned n_levels;
        uint64_t level_offset_bytes[8]; /* on the hash device */
        uint64_t level_blocks[8];
        uint8_t root_hash[DIGEST_MAX_BYTES];
        size_t root_hash_size;
};

/* The superblock that belongs to it. UUID 00010203-…; salt 0xa0, 0xa1, … */
void verity_image_superblock(const struct verity_image_spec *spec, uint8_t ret[static VERITY_SUPERBLOCK_BYTES]);

/* Aborts on failure: it is a test. */
void verity_image_make(const struct verity_image_spec *spec, struct verity_image *ret);
void verity_image_done(struct verity_image *image);

/* Turns one bit of one byte over; a second call puts it right. */
void verity_image_flip(int fd, uint64_t offset_bytes);

/* What would pin it. */
struct verity_geometry verity_image_geometry(const struct verity_image *image);

/* A request for it: data is device 254:16, hash 254:17, or both 254:16 if inline. */
struct verity_request verity_image_request(const struct verity_image *image);
