/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What `veritysetup format` writes, read with the real adapters: our reader, our hashing and libcryptsetup's reader
 * agree on the root hash that it prints.
 */
#include <endian.h>
#include <errno.h>
#include <stdio.h>
#include <sys/sysmacros.h>

#include "run_program.h"
#include "verinit/verity.h"

struct geometry {
        uint64_t data_blocks;
        uint32_t data_block_bytes, hash_block_bytes;
        enum digest_alg alg;
        bool has_salt;
        bool is_inline;
};

struct volume {
        char data_path[64], hash_path[64];
        int data_fd, hash_fd;
        uint64_t hash_offset;
        uint8_t root_hash[DIGEST_MAX_BYTES];
        size_t root_hash_size;
};

static void fill(int fd, uint64_t size)
{
        static uint8_t buffer[65536];
        uint32_t state = 99;

        for (uint64_t offset = 0; offset < size; offset += sizeof(buffer)) {
                size_t n = size - offset < sizeof(buffer) ? (size_t) (size - offset) : sizeof(buffer);

                for (size_t i = 0; i < n; i++) {
                        state = state * 1664525 + 1013904223;
                        buffer[i] = (uint8_t) (state >> 24);
                }
                assert_int_equal(pwrite(fd, buffer, n, (off_t) offset), n);
        }
}

/* As much of a squashfs as says how long it is; else the number of blocks would stand for itself. */
static void put_file_system(int fd, uint64_t size)
{
        const uint64_t used = htole64(size);

        assert_int_equal(pwrite(fd, "hsqs", 4, 0), 4);
        assert_int_equal(pwrite(fd, "\4\0\0\0", 4, 28), 4);
        assert_int_equal(pwrite(fd, &used, sizeof(used), 40), sizeof(used));
}

/* From the line "Root hash: <hex>". */
static void read_root_hash(int fd, struct volume *volume)
{
        char text[4096] = "", *hex;
        ssize_t n;

        assert_true(pread(fd, text, sizeof(text) - 1, 0) > 0);
        hex = strstr(text, "Root hash:");
        assert_non_null(hex);
        hex += strlen("Root hash:");
        hex += strspn(hex, " \t");
        hex[strcspn(hex, "\n")] = '\0';
        n = hex_decode(hex, volume->root_hash, sizeof(volume->root_hash));
        assert_true(n > 0);
        volume->root_hash_size = (size_t) n;
}

static void format(const struct geometry *g, struct volume *volume)
{
        uint64_t data_bytes = g->data_blocks * g->data_block_bytes;
        char data_block[32], hash_block[32], blocks[32], alg[16], offset[32], output_path[64];
        const char *argv[] = { "veritysetup", "format", data_block, hash_block, blocks, alg, offset,
                               g->has_salt ? "--salt=00112233445566778899aabbccddeeff0102030405060708090a0b0c0d0e0f10" :
                                             "--salt=-",
                               "--uuid=01234567-89ab-cdef-0123-456789abcdef", volume->data_path, NULL, NULL };
        int output = temporary_file(output_path, 0);

        volume->data_fd = temporary_file(volume->data_path, (off_t) data_bytes);
        volume->hash_fd = g->is_inline ? volume->data_fd : temporary_file(volume->hash_path, 0);
        fill(volume->data_fd, data_bytes);
        put_file_system(volume->data_fd, data_bytes);
        volume->hash_offset = 0;
        if (g->is_inline) /* veritysetup 2.6 cannot write into less than a hash block */
                volume->hash_offset = data_bytes < g->hash_block_bytes ? g->hash_block_bytes : data_bytes;
        (void) snprintf(data_block, sizeof(data_block), "--data-block-size=%u", g->data_block_bytes);
        (void) snprintf(hash_block, sizeof(hash_block), "--hash-block-size=%u", g->hash_block_bytes);
        (void) snprintf(blocks, sizeof(blocks), "--data-blocks=%llu", (unsigned long long) g->data_blocks);
        (void) snprintf(alg, sizeof(alg), "--hash=%s", digest_name(g->alg));
        (void) snprintf(offset, sizeof(offset), "--hash-offset=%llu", (unsigned long long) volume->hash_offset);
        argv[ARRAY_SIZE(argv) - 2] = g->is_inline ? volume->data_path : volume->hash_path;
        run_program(argv, -1, output);
        read_root_hash(output, volume);
        assert_int_equal(unlink(output_path), 0);
        (void) fd_close(output);
}

static void done(const struct geometry *g, struct volume *volume)
{
        assert_int_equal(unlink(volume->data_path), 0);
        if (!g->is_inline) {
                assert_int_equal(unlink(volume->hash_path), 0);
                (void) fd_close(volume->hash_fd);
        }
        (void) fd_close(volume->data_fd);
}

static struct verity_request request(const struct geometry *g, const struct volume *volume)
{
        return (struct verity_request) {
                .root_hash = volume->root_hash,
                .root_hash_size = volume->root_hash_size,
                .hash_offset_bytes = volume->hash_offset,
                .data_fd = volume->data_fd,
                .hash_fd = volume->hash_fd,
                .data_name = "data",
                .hash_name = "hash",
                .data_dev = makedev(7, 0),
                .hash_dev = makedev(7, g->is_inline ? 0 : 1),
                .data_device_bytes = (uint64_t) lseek(volume->data_fd, 0, SEEK_END),
                .hash_device_bytes = (uint64_t) lseek(volume->hash_fd, 0, SEEK_END),
        };
}

static void expect_agreement(const struct geometry *g)
{
        struct volume volume;
        struct verity_request req;
        const struct verified_root *root;
        struct error err = {};

        format(g, &volume);
        req = request(g, &volume);
        if (verity_verify(&req, &root, &err) != 0)
                fail_msg("%llu blocks of %u, %u, %s: %s: %s", (unsigned long long) g->data_blocks, g->data_block_bytes,
                         g->hash_block_bytes, digest_name(g->alg), fail_code_name(err.code), err.msg);
        assert_int_equal(verified_root_superblock(root)->data_blocks, g->data_blocks);
        assert_int_equal(verified_root_superblock(root)->salt_size, g->has_salt ? 32 : 0);
        done(g, &volume);
}

static void test_geometries(_unused_ void **state)
{
        static const uint64_t blocks[] = { 1, 2, 128, 129 };
        static const uint32_t sizes[] = { 512, 1024, 4096 };

        for (size_t i = 0; i < ARRAY_SIZE(blocks); i++)
                for (size_t j = 0; j < ARRAY_SIZE(sizes); j++)
                        for (size_t k = 0; k < ARRAY_SIZE(sizes); k++) {
                                size_t n = i + j + k;
                                const struct geometry g = {
                                        .data_blocks = blocks[i], .data_block_bytes = sizes[j],
                                        .hash_block_bytes = sizes[k], .alg = n % 2 ? DIGEST_SHA512 : DIGEST_SHA256,
                                        .has_salt = n % 3 != 0, .is_inline = n % 4 == 1,
                                };

                                expect_agreement(&g);
                        }
}

static void test_three_levels(_unused_ void **state)
{
        const struct geometry sha256 = { 16385, 4096, 4096, DIGEST_SHA256, true, false };
        const struct geometry sha256_inline = { 16385, 512, 4096, DIGEST_SHA256, false, true };
        const struct geometry sha384 = { 4097, 512, 4096, DIGEST_SHA384, true, true };
        const struct geometry sha512 = { 16385, 512, 512, DIGEST_SHA512, true, false };

        expect_agreement(&sha256);
        expect_agreement(&sha256_inline);
        expect_agreement(&sha384);
        expect_agreement(&sha512);
}

static void test_second_reader_sees_a_difference(_unused_ void **state)
{
        const struct geometry g = { 129, 4096, 4096, DIGEST_SHA256, true, false };
        struct verity_superblock sb, changed;
        uint8_t bytes[VERITY_SUPERBLOCK_BYTES];
        struct volume volume;
        struct error err = {};

        format(&g, &volume);
        assert_int_equal(pread(volume.hash_fd, bytes, sizeof(bytes), 0), sizeof(bytes));
        assert_int_equal(verity_superblock_parse(bytes, &sb, &err), 0);
        assert_int_equal(dm_check_superblock(volume.hash_fd, 0, &sb, &err), 0);
        for (int i = 0; i < 7; i++) {
                static const char *const named[] = { "hash type", "algorithm", "data block size", "hash block size",
                                                     "number of data blocks", "salt", "UUID" };

                changed = sb;
                changed.hash_type += i == 0;
                changed.alg = i == 1 ? DIGEST_SHA512 : sb.alg;
                changed.data_block_bytes += i == 2;
                changed.hash_block_bytes += i == 3;
                changed.data_blocks += i == 4;
                changed.salt[31] ^= i == 5;
                changed.uuid[15] ^= i == 6;
                assert_true(dm_check_superblock(volume.hash_fd, 0, &changed, &err) < 0);
                assert_int_equal(err.code, FAIL_SUPERBLOCK_INVALID_CODE);
                if (!strstr(err.msg, named[i]))
                        fail_msg("\"%s\" does not name \"%s\"", err.msg, named[i]);
        }
        changed = sb;
        changed.salt_size = 31;
        assert_true(dm_check_superblock(volume.hash_fd, 0, &changed, &err) < 0);
        assert_true(dm_check_superblock(volume.hash_fd, 512, &sb, &err) < 0);
        assert_int_equal(err.code, FAIL_SUPERBLOCK_INVALID_CODE);
        assert_true(dm_check_superblock(-1, 0, &sb, &err) < 0);
        done(&g, &volume);
}

/* Damage as it would be on a disk, with real digests. */
static void test_damage_is_found(_unused_ void **state)
{
        const struct geometry g = { 129, 4096, 4096, DIGEST_SHA256, true, true };
        const struct {
                off_t offset;
                enum fail_code code;
        } damages[] = {
                { 0, FAIL_DATA_CORRUPT_CODE },
                { 129 * 4096 - 1, FAIL_DATA_CORRUPT_CODE },
                { 129 * 4096 + 8, FAIL_SUPERBLOCK_INVALID_CODE },
                { 130 * 4096, FAIL_ROOT_HASH_MISMATCH_CODE },
                { 131 * 4096, FAIL_HASH_TREE_CORRUPT_CODE },
                { 133 * 4096 - 1, FAIL_HASH_TREE_CORRUPT_CODE },
        };
        const struct verified_root *root;
        struct verity_request req;
        struct volume volume;
        struct error err = {};

        format(&g, &volume);
        req = request(&g, &volume);
        for (size_t i = 0; i < ARRAY_SIZE(damages); i++) {
                uint8_t byte;

                assert_int_equal(pread(volume.data_fd, &byte, 1, damages[i].offset), 1);
                byte ^= 0x80;
                assert_int_equal(pwrite(volume.data_fd, &byte, 1, damages[i].offset), 1);
                assert_true(verity_verify(&req, &root, &err) < 0);
                if (err.code != damages[i].code)
                        fail_msg("%s instead of %s: %s", fail_code_name(err.code), fail_code_name(damages[i].code),
                                 err.msg);
                byte ^= 0x80;
                assert_int_equal(pwrite(volume.data_fd, &byte, 1, damages[i].offset), 1);
        }
        assert_int_equal(verity_verify(&req, &root, &err), 0);
        done(&g, &volume);
}

/* What mkfs says of the file it has written is the size of that file. */
static void expect_size(int fd, const char *type)
{
        uint8_t head[FS_SIZE_HEAD_BYTES];
        struct fs_size fs;

        assert_int_equal(pread(fd, head, sizeof(head), 0), sizeof(head));
        assert_true(fs_size_parse(head, sizeof(head), &fs));
        assert_string_equal(fs.type, type);
        assert_int_equal(fs.bytes, lseek(fd, 0, SEEK_END));
}

static void test_sizes_of_file_systems(_unused_ void **state)
{
        static const char *const features[] = { "-O64bit", "-O^64bit", "-Onone" };
        static const char *const blocks[] = { "-b1024", "-b4096" }; /* it rounds the file's size down to 4 KiB in both */
        char path[64], directory[64] = "/tmp/verinit-test.XXXXXX";
        int fd;

        for (size_t i = 0; i < ARRAY_SIZE(features); i++)
                for (size_t j = 0; j < ARRAY_SIZE(blocks); j++) {
                        fd = temporary_file(path, (4 << 20) + 4096);
                        run_program((const char *const[]) { "mkfs.ext4", "-q", "-F", features[i], blocks[j], path, NULL },
                                    -1, -1);
                        expect_size(fd, "ext4");
                        assert_int_equal(unlink(path), 0);
                        (void) fd_close(fd);
                }

        assert_non_null(mkdtemp(directory));
        fd = temporary_file(path, 0);
        run_program((const char *const[]) { "mkfs.erofs", "--quiet", path, directory, NULL }, -1, -1);
        expect_size(fd, "erofs");
        assert_int_equal(unlink(path), 0);
        assert_int_equal(rmdir(directory), 0);
        (void) fd_close(fd);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_geometries),
                cmocka_unit_test(test_three_levels),
                cmocka_unit_test(test_second_reader_sees_a_difference),
                cmocka_unit_test(test_damage_is_found),
                cmocka_unit_test(test_sizes_of_file_systems),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
