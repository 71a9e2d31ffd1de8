/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "verity_image.h"

#include <endian.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/sysmacros.h>

static void die_unless(bool ok, const char *what)
{
        if (ok)
                return;
        perror(what);
        abort();
}

static uint64_t round_up(uint64_t n, uint64_t to)
{
        return (n + to - 1) / to * to;
}

static void fill_salt(const struct verity_image_spec *spec, uint8_t *salt)
{
        for (size_t i = 0; i < spec->salt_size; i++)
                salt[i] = (uint8_t) (0xa0 + i);
}

void verity_image_superblock(const struct verity_image_spec *spec, uint8_t ret[static VERITY_SUPERBLOCK_BYTES])
{
        struct {
                char magic[8];
                uint32_t version, hash_type;
                uint8_t uuid[16];
                char algorithm[32];
                uint32_t data_block_bytes, hash_block_bytes;
                uint64_t data_blocks;
                uint16_t salt_size;
                uint8_t padding[6];
                uint8_t salt[256];
                uint8_t tail[168];
        } sb = {
                .magic = "verity",
                .version = htole32(1),
                .hash_type = htole32(1),
                .data_block_bytes = htole32(spec->data_block_bytes),
                .hash_block_bytes = htole32(spec->hash_block_bytes),
                .data_blocks = htole64(spec->data_blocks),
                .salt_size = htole16((uint16_t) spec->salt_size),
        };

        _Static_assert(sizeof(sb) == VERITY_SUPERBLOCK_BYTES, "superblock");
        for (uint8_t i = 0; i < 16; i++)
                sb.uuid[i] = i;
        (void) str_copy(sb.algorithm, sizeof(sb.algorithm), digest_name(spec->alg));
        fill_salt(spec, sb.salt);
        memcpy(ret, &sb, sizeof(sb));
}

static void hash_block(const struct verity_image_spec *spec, uint8_t *block, size_t size, uint8_t *ret)
{
        uint8_t salt[256] = {};
        const struct iovec parts[] = { { salt, spec->salt_size }, { block, size } };
        struct digest digest;
        struct error err = {};

        fill_salt(spec, salt);
        die_unless(crypto_digest(spec->alg, parts, 2, &digest, &err) == 0, "crypto_digest");
        memcpy(ret, digest.bytes, digest_size(spec->alg));
}

/* The level above these blocks: new memory, *ret_blocks blocks of it. */
static uint8_t *hash_level(const struct verity_image_spec *spec, uint8_t *below, uint64_t n_below, size_t below_bytes,
                           uint64_t *ret_blocks)
{
        size_t slot = spec->alg == DIGEST_SHA256 ? 32 : 64;
        uint64_t per_block = spec->hash_block_bytes / slot;
        uint64_t n = (n_below + per_block - 1) / per_block;
        uint8_t *level = calloc(n, spec->hash_block_bytes);

        die_unless(level != NULL, "calloc");
        for (uint64_t i = 0; i < n_below; i++)
                hash_block(spec, below + i * below_bytes, below_bytes,
                           level + i / per_block * spec->hash_block_bytes + i % per_block * slot);
        *ret_blocks = n;
        return level;
}

static void write_at(int fd, const void *data, uint64_t size, uint64_t offset)
{
        die_unless(pwrite(fd, data, size, (off_t) offset) == (ssize_t) size, "pwrite");
}

/* As much of a squashfs as says how long it is: magic, version 4.0, bytes used. */
static void put_file_system(uint8_t *data, uint64_t bytes)
{
        const uint64_t used = htole64(bytes);

        memcpy(data, "hsqs", 4);
        memcpy(data + 28, "\4\0\0\0", 4);
        memcpy(data + 40, &used, sizeof(used));
}

static uint8_t *make_data(const struct verity_image_spec *spec)
{
        uint64_t size = spec->data_blocks * spec->data_block_bytes;
        uint8_t *data = malloc(size);
        uint32_t state = 12345;

        die_unless(data != NULL, "malloc");
        for (uint64_t i = 0; i < size; i++) {
                state = state * 1664525 + 1013904223;
                data[i] = (uint8_t) (state >> 24);
        }
        if (!spec->has_no_file_system)
                put_file_system(data, spec->file_system_bytes ? spec->file_system_bytes : size);
        return data;
}

/* Hashes data upwards; levels[0] lies over the data. */
static void make_tree(struct verity_image *image, uint8_t *data, uint8_t *levels[static 8])
{
        const struct verity_image_spec *spec = &image->spec;
        uint8_t *below = data;
        uint64_t n_below = spec->data_blocks;
        size_t below_bytes = spec->data_block_bytes;

        while (n_below > 1) {
                unsigned level = image->n_levels++;

                die_unless(level < 8, "levels");
                levels[level] = hash_level(spec, below, n_below, below_bytes, &image->level_blocks[level]);
                below = levels[level];
                n_below = image->level_blocks[level];
                below_bytes = spec->hash_block_bytes;
        }
        hash_block(spec, below, below_bytes, image->root_hash);
        image->root_hash_size = digest_size(spec->alg);
}

void verity_image_make(const struct verity_image_spec *spec, struct verity_image *ret)
{
        struct verity_image image = { .spec = *spec, .data_fd = -1, .hash_fd = -1 };
        uint64_t data_bytes = spec->data_blocks * spec->data_block_bytes;
        uint8_t superblock[VERITY_SUPERBLOCK_BYTES];
        uint8_t *levels[8] = {}, *data = make_data(spec);
        uint64_t position;

        make_tree(&image, data, levels);
        image.data_fd = memfd_create("data", MFD_CLOEXEC);
        image.hash_fd = spec->is_inline ? image.data_fd : memfd_create("hash", MFD_CLOEXEC);
        die_unless(image.data_fd >= 0 && image.hash_fd >= 0, "memfd_create");
        image.hash_offset_bytes = spec->is_inline ? round_up(data_bytes, 512) : spec->hash_offset_bytes;
        verity_image_superblock(spec, superblock);
        write_at(image.data_fd, data, data_bytes, 0);
        write_at(image.hash_fd, superblock, sizeof(superblock), image.hash_offset_bytes);

        position = round_up(image.hash_offset_bytes + sizeof(superblock), spec->hash_block_bytes);
        for (unsigned level = image.n_levels; level-- > 0;) {
                uint64_t size = image.level_blocks[level] * spec->hash_block_bytes;

                image.level_offset_bytes[level] = position;
                write_at(image.hash_fd, levels[level], size, position);
                position += size;
                free(levels[level]);
        }
        die_unless(ftruncate(image.hash_fd, (off_t) position) == 0, "ftruncate");
        free(data);
        image.hash_device_bytes = position;
        image.data_device_bytes = spec->is_inline ? position : data_bytes;
        *ret = image;
}

void verity_image_done(struct verity_image *image)
{
        if (image->hash_fd != image->data_fd)
                image->hash_fd = fd_close(image->hash_fd);
        image->data_fd = fd_close(image->data_fd);
        image->hash_fd = -1;
}

void verity_image_flip(int fd, uint64_t offset_bytes)
{
        uint8_t byte;

        die_unless(pread(fd, &byte, 1, (off_t) offset_bytes) == 1, "pread");
        byte ^= 0x10;
        write_at(fd, &byte, 1, offset_bytes);
}

struct verity_request verity_image_request(const struct verity_image *image)
{
        return (struct verity_request) {
                .root_hash = image->root_hash,
                .root_hash_size = image->root_hash_size,
                .hash_offset_bytes = image->hash_offset_bytes,
                .corruption = CORRUPTION_PANIC,
                .data_fd = image->data_fd,
                .hash_fd = image->hash_fd,
                .has_superblock = true,
                .data_name = "vda2",
                .hash_name = image->spec.is_inline ? "vda2" : "vda3",
                .data_dev = makedev(254, 16),
                .hash_dev = makedev(254, image->spec.is_inline ? 16 : 17),
                .data_device_bytes = image->data_device_bytes,
                .hash_device_bytes = image->hash_device_bytes,
        };
}

struct verity_geometry verity_image_geometry(const struct verity_image *image)
{
        const struct verity_image_spec *spec = &image->spec;
        struct verity_geometry geometry = {
                .alg = spec->alg,
                .data_block_bytes = spec->data_block_bytes,
                .hash_block_bytes = spec->hash_block_bytes,
                .data_blocks = spec->data_blocks,
                .hash_start_block = round_up(image->hash_offset_bytes + VERITY_SUPERBLOCK_BYTES,
                                             spec->hash_block_bytes) / spec->hash_block_bytes,
                .salt_size = spec->salt_size,
        };

        for (uint8_t i = 0; i < 16; i++)
                geometry.uuid[i] = i;
        fill_salt(spec, geometry.salt);
        return geometry;
}
