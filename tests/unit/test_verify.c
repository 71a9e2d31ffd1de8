/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <endian.h>

#include "verify_check.h"

static void test_good_volumes_of_many_shapes(_unused_ void **state)
{
        static const uint64_t blocks[] = { 1, 2, 7, 8, 9, 16, 17, 63, 64, 65, 128, 129, 300 };

        for (enum digest_alg alg = DIGEST_SHA256; alg <= DIGEST_SHA512; alg++)
                for (uint32_t data = 512; data <= 4096; data *= 8)
                        for (uint32_t hash = 512; hash <= 4096; hash *= 2)
                                for (size_t i = 0; i < ARRAY_SIZE(blocks); i++)
                                        for (int is_inline = 0; is_inline < 2; is_inline++) {
                                                struct verity_image_spec spec = {
                                                        .alg = alg, .data_block_bytes = data, .hash_block_bytes = hash,
                                                        .data_blocks = blocks[i], .salt_size = i % 3 * 128,
                                                        .is_inline = is_inline,
                                                };
                                                struct verity_image image;
                                                struct verity_request req;

                                                verity_image_make(&spec, &image);
                                                req = verity_image_request(&image);
                                                (void) accepted(&req);
                                                verity_image_done(&image);
                                        }
}

static void test_largest_blocks_and_an_offset(_unused_ void **state)
{
        struct verity_image_spec spec = {
                .alg = DIGEST_SHA512, .data_block_bytes = VERITY_BLOCK_MAX, .hash_block_bytes = VERITY_BLOCK_MAX,
                .data_blocks = 3, .salt_size = 256, .hash_offset_bytes = 1536,
        };
        struct verity_image image;
        struct verity_request req;

        verity_image_make(&spec, &image);
        req = verity_image_request(&image);
        (void) accepted(&req);
        verity_image_flip(image.data_fd, 3 * VERITY_BLOCK_MAX - 1);
        refused_with(&req, FAIL_DATA_CORRUPT_CODE, "vda2: data block 2");
        verity_image_done(&image);
}

static void test_what_is_handed_on(_unused_ void **state)
{
        const struct verified_root *root;
        struct verity_image image;
        struct verity_request req;
        struct error err = {};
        const uint8_t *hash;
        size_t size = 0;

        verity_image_make(&deep, &image);
        req = verity_image_request(&image);
        assert_int_equal(verity_verify(&req, &root, &err), 0);
        hash = verified_root_hash(root, &size);
        assert_int_equal(size, 32);
        assert_memory_equal(hash, image.root_hash, 32);
        assert_int_equal(verified_root_superblock(root)->data_blocks, 300);
        assert_int_equal(verified_root_table(root)->length_sectors, 600);
        assert_non_null(strstr(verified_root_table(root)->params, "1 254:16 254:17 1024 512 300 1 sha256 "));
        assert_non_null(strstr(verified_root_table(root)->params, " 2 panic_on_corruption panic_on_error"));
        verity_image_done(&image);
}

/* Each byte that is turned over lies on the path of the first or of the last block. */
static void test_flipped_bytes(_unused_ void **state)
{
        struct verity_image image;
        struct verity_request req;

        verity_image_make(&deep, &image);
        req = verity_image_request(&image);
        assert_int_equal(image.n_levels, 3);
        const struct {
                int fd;
                uint64_t offset;
                enum fail_code code;
                const char *named;
        } flips[] = {
                { image.hash_fd, image.level_offset_bytes[2], FAIL_ROOT_HASH_MISMATCH_CODE, "vda3: hash block 1 " },
                { image.hash_fd, image.level_offset_bytes[2] + 511, FAIL_ROOT_HASH_MISMATCH_CODE, "hash block 1 " },
                { image.hash_fd, image.level_offset_bytes[1], FAIL_HASH_TREE_CORRUPT_CODE, "hash block 2 " },
                { image.hash_fd, image.level_offset_bytes[1] + 512, FAIL_HASH_TREE_CORRUPT_CODE, "hash block 3 " },
                { image.hash_fd, image.level_offset_bytes[0] + 100, FAIL_HASH_TREE_CORRUPT_CODE, "hash block 4 " },
                { image.hash_fd, image.level_offset_bytes[0] + 18 * 512, FAIL_HASH_TREE_CORRUPT_CODE, "hash block 22 " },
                { image.data_fd, 0, FAIL_DATA_CORRUPT_CODE, "vda2: data block 0 (byte 0)" },
                { image.data_fd, 1023, FAIL_DATA_CORRUPT_CODE, "data block 0 " },
                { image.data_fd, 299 * 1024, FAIL_DATA_CORRUPT_CODE, "data block 299 (byte 306176)" },
                { image.data_fd, 300 * 1024 - 1, FAIL_DATA_CORRUPT_CODE, "data block 299 " },
        };

        for (size_t i = 0; i < ARRAY_SIZE(flips); i++) {
                verity_image_flip(flips[i].fd, flips[i].offset);
                refused_with(&req, flips[i].code, flips[i].named);
                verity_image_flip(flips[i].fd, flips[i].offset);
        }
        /* What lies elsewhere is the kernel's to find, when it is read. */
        verity_image_flip(image.data_fd, 150 * 1024);
        verity_image_flip(image.hash_fd, image.level_offset_bytes[0] + 9 * 512);
        (void) accepted(&req);
        verity_image_done(&image);
}

static void test_single_block_is_its_own_root(_unused_ void **state)
{
        struct verity_image_spec spec = deep;
        struct verity_image image;
        struct verity_request req;

        spec.data_blocks = 1;
        verity_image_make(&spec, &image);
        req = verity_image_request(&image);
        (void) accepted(&req);
        verity_image_flip(image.data_fd, 77);
        refused_with(&req, FAIL_ROOT_HASH_MISMATCH_CODE, "vda2: data block 0");
        verity_image_done(&image);
}

static void test_wrong_root_hash(_unused_ void **state)
{
        uint8_t wrong[DIGEST_MAX_BYTES];
        struct verity_image image;
        struct verity_request req;

        verity_image_make(&deep, &image);
        memcpy(wrong, image.root_hash, sizeof(wrong));
        req = verity_image_request(&image);
        req.root_hash = wrong;
        for (size_t i = 0; i < 32; i++) {
                wrong[i] ^= 1;
                refused_with(&req, FAIL_ROOT_HASH_MISMATCH_CODE, "hash block 1 ");
                wrong[i] ^= 1;
        }
        req.root_hash_size = 31;
        refused_with(&req, FAIL_SUPERBLOCK_INVALID_CODE, "31 bytes");
        req.root_hash_size = 64;
        refused_with(&req, FAIL_SUPERBLOCK_INVALID_CODE, "64 bytes");
        req.root_hash_size = 0;
        refused_with(&req, FAIL_SUPERBLOCK_INVALID_CODE, "0 bytes");
        verity_image_done(&image);
}

/* The kernel takes all of these without a word, for as long as only the blocks that are left are read. */
static void test_lowered_number_of_blocks(_unused_ void **state)
{
        struct verity_image image;
        struct verity_request req;

        verity_image_make(&deep, &image);
        req = verity_image_request(&image);
        for (uint64_t blocks = 299; blocks > 256; blocks--) {
                struct verity_image_spec cut = deep;

                cut.data_blocks = blocks;
                write_superblock(&image, &cut);
                refused_with(&req, FAIL_SUPERBLOCK_INVALID_CODE, "the number was lowered");
        }
        for (uint64_t blocks = 256; blocks > 0; blocks--) {
                const struct verified_root *root = untouched;
                struct verity_image_spec cut = deep;
                struct error err = {};

                /* One level less: hashes of hashes where hashes of data should be. */
                cut.data_blocks = blocks;
                write_superblock(&image, &cut);
                assert_true(verity_verify(&req, &root, &err) < 0);
                assert_int_equal(fail_code_class(err.code), FAIL_TAMPER);
                assert_ptr_equal(root, untouched);
        }
        verity_image_done(&image);
}

static void test_raised_number_of_blocks(_unused_ void **state)
{
        struct verity_image image;
        struct verity_request req;

        verity_image_make(&deep, &image);
        req = verity_image_request(&image);
        assert_int_equal(ftruncate(image.data_fd, 400 * 1024), 0);
        req.data_device_bytes = 400 * 1024;
        for (uint64_t blocks = 301; blocks <= 304; blocks++) {
                struct verity_image_spec raised = deep;

                raised.data_blocks = blocks;
                write_superblock(&image, &raised);
                refused_with(&req, FAIL_DATA_CORRUPT_CODE, "data block 30");
        }
        verity_image_done(&image);
}

static void test_changed_superblock(_unused_ void **state)
{
        struct verity_image image;
        struct verity_request req;
        struct verity_image_spec changed;

        verity_image_make(&deep, &image);
        req = verity_image_request(&image);
        changed = deep;
        changed.salt_size = 31;
        write_superblock(&image, &changed);
        refused_with(&req, FAIL_ROOT_HASH_MISMATCH_CODE, "hash block 1 ");
        changed = deep;
        changed.data_block_bytes = 512;
        write_superblock(&image, &changed);
        refused_with(&req, FAIL_DATA_CORRUPT_CODE, "data block 0 ");
        changed = deep;
        changed.hash_block_bytes = 1024;
        write_superblock(&image, &changed);
        refused_with(&req, FAIL_SUPERBLOCK_INVALID_CODE, "vda3 over vda2: verity superblock: the tree ends");
        req.hash_device_bytes += 4096; /* with room enough it is the hash that tells */
        refused_with(&req, FAIL_ROOT_HASH_MISMATCH_CODE, "hash block 1 ");
        write_superblock(&image, &deep);
        (void) accepted(&req);
        verity_image_flip(image.hash_fd, 0);
        refused_with(&req, FAIL_SUPERBLOCK_INVALID_CODE, "vda3 at byte 0: verity superblock: no magic");
        verity_image_done(&image);
}

/* The device says it is as large as it was, but reads end before. */
static void test_short_reads(_unused_ void **state)
{
        struct verity_image image;
        struct verity_request req;

        verity_image_make(&deep, &image);
        req = verity_image_request(&image);
        assert_int_equal(ftruncate(image.data_fd, 300 * 1024 - 1), 0);
        refused_with(&req, FAIL_VERITY_READ_FAILED_CODE, "vda2: ends at byte 307199");
        assert_int_equal(ftruncate(image.hash_fd, (off_t) image.level_offset_bytes[0] + 1), 0);
        refused_with(&req, FAIL_VERITY_READ_FAILED_CODE, "vda3: ends at byte 2049");
        assert_int_equal(ftruncate(image.hash_fd, 511), 0);
        refused_with(&req, FAIL_VERITY_READ_FAILED_CODE, "vda3: ends at byte 511");
        req.hash_fd = -1;
        refused_with(&req, FAIL_VERITY_READ_FAILED_CODE, "EBADF");
        verity_image_done(&image);
}

static void test_offsets_beyond_reason(_unused_ void **state)
{
        struct verity_image image;
        struct verity_request req;

        verity_image_make(&deep, &image);
        req = verity_image_request(&image);
        req.hash_offset_bytes = UINT64_MAX - 511;
        refused_with(&req, FAIL_CMDLINE_BAD_VALUE_CODE, "too large");
        req.hash_offset_bytes = UINT64_C(1) << 40;
        refused_with(&req, FAIL_VERITY_READ_FAILED_CODE, "vda3");
        req.hash_offset_bytes = 512;
        refused_with(&req, FAIL_SUPERBLOCK_INVALID_CODE, "no magic");
        verity_image_done(&image);
}

static void test_every_failing_call_is_a_refusal(_unused_ void **state)
{
        const struct verified_root *root;
        struct verity_image image;
        struct verity_request req;
        struct error err = {};
        size_t n;

        verity_image_make(&deep, &image);
        req = verity_image_request(&image);
        fake_reset();
        assert_int_equal(verity_verify(&req, &root, &err), 0);
        n = fake_log.n_calls;
        assert_int_equal(n, 1 + 3 * 4); /* the second reader, and three paths of four blocks: two reach 2 KiB */
        for (size_t i = 1; i <= n; i++) {
                bool is_crypto;

                fake_reset();
                fake_fail_at(i);
                root = untouched;
                assert_true(verity_verify(&req, &root, &err) < 0);
                assert_int_equal(fake_log.n_calls, i);
                is_crypto = str_equal(fake_log.calls[i - 1].name, "crypto_digest");
                assert_int_equal(err.code, is_crypto ? FAIL_CRYPTO_FAILED_CODE : FAIL_SUPERBLOCK_INVALID_CODE);
                assert_ptr_equal(root, untouched);
        }
        fake_reset();
        verity_image_done(&image);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_good_volumes_of_many_shapes),
                cmocka_unit_test(test_largest_blocks_and_an_offset),
                cmocka_unit_test(test_what_is_handed_on),
                cmocka_unit_test(test_flipped_bytes),
                cmocka_unit_test(test_single_block_is_its_own_root),
                cmocka_unit_test(test_wrong_root_hash),
                cmocka_unit_test(test_lowered_number_of_blocks),
                cmocka_unit_test(test_raised_number_of_blocks),
                cmocka_unit_test(test_changed_superblock),
                cmocka_unit_test(test_short_reads),
                cmocka_unit_test(test_offsets_beyond_reason),
                cmocka_unit_test(test_every_failing_call_is_a_refusal),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
