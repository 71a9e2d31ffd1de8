/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What says how many blocks a volume has: signed text, or the file system in it.
 */
#include "verify_check.h"

static void wipe_superblock(struct verity_image *image)
{
        static const uint8_t zeros[VERITY_SUPERBLOCK_BYTES];

        assert_int_equal(pwrite(image->hash_fd, zeros, sizeof(zeros), (off_t) image->hash_offset_bytes), sizeof(zeros));
}

static void test_pinned_and_no_superblock(_unused_ void **state)
{
        struct verity_geometry geometry;
        const struct verified_root *root;
        struct verity_image image;
        struct verity_request req;

        for (int is_inline = 0; is_inline < 2; is_inline++) {
                struct verity_image_spec spec = deep;

                spec.is_inline = is_inline;
                spec.has_no_file_system = true; /* nobody asks it */
                verity_image_make(&spec, &image);
                wipe_superblock(&image);
                geometry = verity_image_geometry(&image);
                req = verity_image_request(&image);
                req.geometry = &geometry;
                req.is_geometry_proved = true;
                req.has_superblock = false;
                fake_reset();
                root = accepted(&req);
                for (size_t i = 0; i < fake_log.n_calls; i++)
                        assert_string_equal(fake_log.calls[i].name, "crypto_digest");
                assert_true(verified_root_is_pinned(root));
                assert_int_equal(verified_root_superblock(root)->hash_type, 1);
                assert_int_equal(verified_root_superblock(root)->uuid[15], 15);
                assert_int_equal(verified_root_table(root)->length_sectors, 600);
                req.hash_offset_bytes = 1 << 30; /* means nothing here */
                (void) accepted(&req);
                req.has_superblock = true;
                req.hash_offset_bytes = image.hash_offset_bytes;
                refused_with(&req, FAIL_GEOMETRY_MISMATCH_CODE, "no magic");
                verity_image_done(&image);
        }
}

/* The table of a pinned volume is that of its superblock, byte for byte. */
static void test_pinned_beside_a_superblock(_unused_ void **state)
{
        struct verity_geometry geometry;
        struct verity_image image;
        struct verity_request req;
        struct verity_table table;

        for (int is_inline = 0; is_inline < 2; is_inline++) {
                struct verity_image_spec spec = deep;

                spec.is_inline = is_inline;
                verity_image_make(&spec, &image);
                geometry = verity_image_geometry(&image);
                req = verity_image_request(&image);
                table = *verified_root_table(accepted(&req));
                req.geometry = &geometry;
                req.is_geometry_proved = true;
                assert_string_equal(verified_root_table(accepted(&req))->params, table.params);
                req.hash_offset_bytes = 0; /* not said: before the tree */
                assert_string_equal(verified_root_table(accepted(&req))->params, table.params);
                verity_image_done(&image);
        }
}

static void test_any_difference_of_the_superblock(_unused_ void **state)
{
        struct verity_geometry geometry;
        struct verity_image image;
        struct verity_request req;
        struct verity_image_spec changed;

        verity_image_make(&deep, &image);
        geometry = verity_image_geometry(&image);
        req = verity_image_request(&image);
        req.geometry = &geometry;
        req.is_geometry_proved = true;

        changed = deep;
        changed.data_blocks = 299;
        write_superblock(&image, &changed);
        refused_with(&req, FAIL_GEOMETRY_MISMATCH_CODE,
                     "vda3 at byte 0: the superblock differs from the pinned geometry: its number of data blocks is 299, "
                     "pinned is 300");
        changed = deep;
        changed.data_block_bytes = 512;
        write_superblock(&image, &changed);
        refused_with(&req, FAIL_GEOMETRY_MISMATCH_CODE, "its data block size is 512, pinned is 1024");
        changed = deep;
        changed.hash_block_bytes = 4096;
        write_superblock(&image, &changed);
        refused_with(&req, FAIL_GEOMETRY_MISMATCH_CODE, "its hash block size is 4096, pinned is 512");
        changed = deep;
        changed.alg = DIGEST_SHA512;
        write_superblock(&image, &changed);
        refused_with(&req, FAIL_GEOMETRY_MISMATCH_CODE, "its algorithm is sha512, pinned is sha256");
        changed = deep;
        changed.salt_size = 31;
        write_superblock(&image, &changed);
        refused_with(&req, FAIL_GEOMETRY_MISMATCH_CODE, "its salt size is 31, pinned is 32");
        write_superblock(&image, &deep);
        verity_image_flip(image.hash_fd, 88);
        refused_with(&req, FAIL_GEOMETRY_MISMATCH_CODE, "its salt is another one");
        write_superblock(&image, &deep);
        verity_image_flip(image.hash_fd, 16); /* bound to nothing else */
        refused_with(&req, FAIL_GEOMETRY_MISMATCH_CODE, "its UUID is 10010203-");
        write_superblock(&image, &deep);
        verity_image_flip(image.hash_fd, 12);
        refused_with(&req, FAIL_GEOMETRY_MISMATCH_CODE, "hash type is 17, expected 1");
        write_superblock(&image, &deep);
        verity_image_flip(image.hash_fd, 511);
        refused_with(&req, FAIL_GEOMETRY_MISMATCH_CODE, "padding after the salt");
        write_superblock(&image, &deep);
        (void) accepted(&req);
        verity_image_done(&image);
}

static void test_any_difference_of_the_geometry(_unused_ void **state)
{
        static const struct {
                enum fail_code code;
                const char *named;
        } answers[] = {
                { FAIL_CMDLINE_CONTRADICTION_CODE, "sha512 (64 bytes), but the root hash has 32" },
                { FAIL_DATA_CORRUPT_CODE, "data block 0" },
                { FAIL_GEOMETRY_MISMATCH_CODE, "the tree ends at byte" },
                { FAIL_GEOMETRY_MISMATCH_CODE, "the pinned geometry says 299 data blocks" },
                { FAIL_GEOMETRY_MISMATCH_CODE, "do not fit a data device" },
                { FAIL_ROOT_HASH_MISMATCH_CODE, "hash block 0" },
                { FAIL_ROOT_HASH_MISMATCH_CODE, "hash block 1" },
                { FAIL_ROOT_HASH_MISMATCH_CODE, "hash block 1" },
        };
        struct verity_geometry geometry;
        struct verity_image image;
        struct verity_request req;

        verity_image_make(&deep, &image);
        req = verity_image_request(&image);
        req.geometry = &geometry;
        req.is_geometry_proved = true;
        req.has_superblock = false;
        for (size_t i = 0; i < ARRAY_SIZE(answers); i++) {
                geometry = verity_image_geometry(&image);
                geometry.alg = i == 0 ? DIGEST_SHA512 : geometry.alg;
                geometry.data_block_bytes = i == 1 ? 512 : geometry.data_block_bytes;
                geometry.hash_block_bytes = i == 2 ? 4096 : geometry.hash_block_bytes;
                geometry.data_blocks += i == 4;
                geometry.data_blocks -= i == 3;
                geometry.hash_start_block -= i == 5;
                geometry.salt_size -= i == 6;
                geometry.salt[0] ^= i == 7;
                refused_with(&req, answers[i].code, answers[i].named);
        }
        verity_image_done(&image);
}

static void test_place_of_the_superblock(_unused_ void **state)
{
        struct verity_image_spec spec = deep;
        struct verity_geometry geometry;
        struct verity_image image;
        struct verity_request req;

        spec.hash_block_bytes = 4096;
        spec.hash_offset_bytes = 8192 + 512; /* somewhere in the block before the tree */
        verity_image_make(&spec, &image);
        geometry = verity_image_geometry(&image);
        assert_int_equal(geometry.hash_start_block, 3);
        req = verity_image_request(&image);
        req.geometry = &geometry;
        req.is_geometry_proved = true;
        (void) accepted(&req);
        req.hash_offset_bytes = 0;
        refused_with(&req, FAIL_GEOMETRY_MISMATCH_CODE, "vda3 at byte 8192: verity superblock: no magic");
        req.hash_offset_bytes = 4096;
        refused_with(&req, FAIL_CMDLINE_CONTRADICTION_CODE, "hash-offset=");
        req.hash_offset_bytes = 8192 + 513;
        refused_with(&req, FAIL_CMDLINE_CONTRADICTION_CODE, "hash-offset=");
        req.hash_offset_bytes = UINT64_MAX - 511;
        refused_with(&req, FAIL_CMDLINE_CONTRADICTION_CODE, "hash-offset=");
        req.hash_offset_bytes = 0;
        geometry.hash_start_block = 0; /* no room for one */
        refused_with(&req, FAIL_CMDLINE_CONTRADICTION_CODE, "superblock=no");
        geometry.hash_start_block = INT64_MAX / 4096;
        refused_with(&req, FAIL_VERITY_READ_FAILED_CODE, "vda3");
        geometry.hash_start_block++;
        refused_with(&req, FAIL_CMDLINE_CONTRADICTION_CODE, "pinned geometry: a number of blocks is more");
        req.has_superblock = false;
        refused_with(&req, FAIL_CMDLINE_CONTRADICTION_CODE, "pinned geometry: a number of blocks is more");
        geometry.hash_start_block--;
        refused_with(&req, FAIL_GEOMETRY_MISMATCH_CODE, "the tree ends at byte");
        verity_image_done(&image);
}

/* The devices are smaller than what was signed: cut off. */
static void test_truncated_devices(_unused_ void **state)
{
        struct verity_geometry geometry;
        struct verity_image image;
        struct verity_request req;

        verity_image_make(&deep, &image);
        geometry = verity_image_geometry(&image);
        req = verity_image_request(&image);
        req.geometry = &geometry;
        req.is_geometry_proved = true;
        req.data_device_bytes--;
        refused_with(&req, FAIL_GEOMETRY_MISMATCH_CODE, "vda3 over vda2: pinned geometry: 300 data blocks of 1024 bytes");
        req.data_device_bytes++;
        req.hash_device_bytes--;
        refused_with(&req, FAIL_GEOMETRY_MISMATCH_CODE, "pinned geometry: the tree ends at byte");
        verity_image_done(&image);
}

static void test_data_and_tree_may_not_overlap(_unused_ void **state)
{
        struct verity_image_spec spec = deep;
        struct verity_geometry geometry;
        struct verity_image image;
        struct verity_request req;

        spec.is_inline = true;
        verity_image_make(&spec, &image);
        geometry = verity_image_geometry(&image);
        req = verity_image_request(&image);
        req.geometry = &geometry;
        req.is_geometry_proved = true;
        req.has_superblock = false;
        geometry.hash_start_block = 300 * 2 - 1;
        refused_with(&req, FAIL_CMDLINE_CONTRADICTION_CODE, "behind the hash offset");
        verity_image_done(&image);
}

static void test_number_of_blocks_that_is_said(_unused_ void **state)
{
        struct verity_image image;
        struct verity_request req;

        verity_image_make(&deep, &image);
        req = verity_image_request(&image);
        req.data_blocks = 300;
        (void) accepted(&req);
        req.data_blocks = 301;
        refused_with(&req, FAIL_GEOMETRY_MISMATCH_CODE, "the superblock says 300 data blocks, data-blocks= 301");
        verity_image_done(&image);
}

/* A number that nobody has shown to be signed counts for no more than the superblock's, if it stands on the command line too. */
static void test_pinned_by_a_text_that_nobody_proved(_unused_ void **state)
{
        struct verity_image_spec spec = deep;
        struct verity_geometry geometry;
        struct verity_image image;
        struct verity_request req;

        for (int has_superblock = 0; has_superblock < 2; has_superblock++)
                for (int i = 0; i < 3; i++) {
                        spec.file_system_bytes = i == 1 ? 200 * 1024 : 0;
                        spec.has_no_file_system = i == 2;
                        verity_image_make(&spec, &image);
                        geometry = verity_image_geometry(&image);
                        req = verity_image_request(&image);
                        req.geometry = &geometry;
                        req.has_superblock = has_superblock;
                        if (i == 0)
                                assert_true(verified_root_is_pinned(accepted(&req)));
                        else if (i == 1)
                                refused_with(&req, FAIL_SIZE_MISMATCH_CODE, "vda2: the unproved command line says 300 data blocks");
                        else
                                refused_with(&req, FAIL_SIZE_UNKNOWN_CODE, "vda2: nothing signed says");
                        req.is_geometry_proved = true;
                        (void) accepted(&req);
                        verity_image_done(&image);
                }
}

/* The signed volume holds more, or less, than its file system says of itself. */
static void test_size_of_the_file_system(_unused_ void **state)
{
        static const uint64_t sizes[] = { 299 * 1024 + 512, 300 * 1024, 300 * 1024 - 1, 297 * 1024 };
        static const uint64_t wrong[] = { 300 * 1024 + 1, 301 * 1024, 296 * 1024, 96, INT64_MAX };
        struct verity_image_spec spec = deep;
        struct verity_geometry geometry;
        struct verity_image image;
        struct verity_request req;

        for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
                spec.file_system_bytes = sizes[i];
                verity_image_make(&spec, &image);
                req = verity_image_request(&image);
                assert_false(verified_root_is_pinned(accepted(&req)));
                verity_image_done(&image);
        }
        for (size_t i = 0; i < ARRAY_SIZE(wrong); i++) {
                spec.file_system_bytes = wrong[i];
                verity_image_make(&spec, &image);
                req = verity_image_request(&image);
                refused_with(&req, FAIL_SIZE_MISMATCH_CODE, "vda2: the superblock says 300 data blocks");
                geometry = verity_image_geometry(&image);
                req.geometry = &geometry;
                req.is_geometry_proved = true;
                (void) accepted(&req);
                verity_image_done(&image);
        }
}

static void test_no_file_system_that_says_its_size(_unused_ void **state)
{
        struct verity_image_spec spec = deep;
        struct verity_image image;
        struct verity_request req;

        spec.has_no_file_system = true;
        verity_image_make(&spec, &image);
        req = verity_image_request(&image);
        refused_with(&req, FAIL_SIZE_UNKNOWN_CODE, "vda2: nothing signed says");
        verity_image_done(&image);
}

static void test_hash_area_behind_the_file_system(_unused_ void **state)
{
        struct verity_image_spec spec = deep;
        struct verity_image image;
        struct verity_request req;

        spec.is_inline = true;
        spec.data_blocks = 304; /* 76 times 4 KiB */
        verity_image_make(&spec, &image);
        req = verity_image_request(&image);
        req.hash_offset_bytes = 0;
        refused_with(&req, FAIL_SUPERBLOCK_INVALID_CODE, "no magic");
        req.hash_offset_is_file_system_end = true;
        (void) accepted(&req);

        /* The hint is not signed, but under the root hash: a changed one leads nowhere. */
        for (uint64_t at = 42; at < 47; at++) { /* up to 2^55 bytes more */
                verity_image_flip(image.data_fd, at);
                refused_with(&req, FAIL_SIZE_MISMATCH_CODE, "vda2: its squashfs says that it has ");
                verity_image_flip(image.data_fd, at);
        }
        req.hash_device_bytes = 304 * 1024 + VERITY_SUPERBLOCK_BYTES - 1;
        refused_with(&req, FAIL_SIZE_MISMATCH_CODE, "a device of 311807 bytes has no room");
        req.hash_device_bytes++;
        refused_with(&req, FAIL_SUPERBLOCK_INVALID_CODE, "the tree ends at byte");
        req.hash_device_bytes = image.hash_device_bytes;
        verity_image_flip(image.data_fd, 40);
        refused_with(&req, FAIL_SUPERBLOCK_INVALID_CODE, "vda2 at byte 315392: verity superblock: no magic");
        verity_image_flip(image.data_fd, 40);
        verity_image_flip(image.data_fd, 100); /* the size stays */
        refused_with(&req, FAIL_DATA_CORRUPT_CODE, "data block 0");
        verity_image_flip(image.data_fd, 100);
        verity_image_flip(image.data_fd, 40);
        verity_image_flip(image.data_fd, 40);
        verity_image_flip(image.data_fd, 0);
        refused_with(&req, FAIL_SIZE_UNKNOWN_CODE, "nothing says where its hash tree begins");
        verity_image_done(&image);
}

static void test_fec(_unused_ void **state)
{
        struct verity_image_spec spec = deep;
        struct verity_fec_request fec = { .name = "vda4", .dev = 99, .device_bytes = 1 << 20, .roots = 2 };
        struct verity_image image;
        struct verity_request req;

        spec.hash_block_bytes = 1024;
        verity_image_make(&spec, &image);
        req = verity_image_request(&image);
        req.fec = &fec;
        req.signature_key = "verinit:usr";
        assert_non_null(strstr(verified_root_table(accepted(&req))->params,
                               " 12 panic_on_corruption panic_on_error use_fec_from_device 0:99 fec_blocks 311 "
                               "fec_start 0 fec_roots 2 root_hash_sig_key_desc verinit:usr"));
        fec.device_bytes = 1024;
        refused_with(&req, FAIL_FEC_UNFIT_CODE, "vda4");
        verity_image_done(&image);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_pinned_and_no_superblock),
                cmocka_unit_test(test_pinned_beside_a_superblock),
                cmocka_unit_test(test_any_difference_of_the_superblock),
                cmocka_unit_test(test_any_difference_of_the_geometry),
                cmocka_unit_test(test_place_of_the_superblock),
                cmocka_unit_test(test_truncated_devices),
                cmocka_unit_test(test_data_and_tree_may_not_overlap),
                cmocka_unit_test(test_number_of_blocks_that_is_said),
                cmocka_unit_test(test_pinned_by_a_text_that_nobody_proved),
                cmocka_unit_test(test_size_of_the_file_system),
                cmocka_unit_test(test_no_file_system_that_says_its_size),
                cmocka_unit_test(test_hash_area_behind_the_file_system),
                cmocka_unit_test(test_fec),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
