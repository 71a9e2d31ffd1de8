/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <fcntl.h>

#include "unit.h"
#include "verity_image.h"
#include "whole_tree.h"

struct volume {
        struct verity_image image;
        struct verity_superblock sb;
        struct verity_tree tree;
        struct whole_tree_request req;
        uint64_t reported_bytes;
};

static void note_progress(uint64_t done, uint64_t total, void *userdata)
{
        struct volume *v = userdata;

        assert_int_equal(total, v->sb.data_blocks * v->sb.data_block_bytes);
        assert_true(done <= total && done >= v->reported_bytes);
        v->reported_bytes = done;
}

static void make(const struct verity_image_spec *spec, struct volume *v)
{
        uint8_t bytes[VERITY_SUPERBLOCK_BYTES];
        struct error err = {};

        *v = (struct volume) {};
        verity_image_make(spec, &v->image);
        verity_image_superblock(spec, bytes);
        assert_int_equal(verity_superblock_parse(bytes, &v->sb, &err), 0);
        assert_int_equal(verity_tree_layout(&v->sb, v->image.hash_offset_bytes, v->image.data_device_bytes, v->image.hash_device_bytes,
                                            spec->is_inline, &v->tree, &err), 0);
        v->req = (struct whole_tree_request) {
                .superblock = &v->sb, .tree = &v->tree, .root_hash = v->image.root_hash,
                .data_fd = v->image.data_fd, .hash_fd = v->image.hash_fd, .data_name = "vda2", .hash_name = "vda3",
        };
}

static void expect_right(struct volume *v, unsigned n_threads)
{
        struct whole_tree_result result;
        char text[WHOLE_TREE_GAPS_TEXT];
        struct error err = {};

        v->req.n_threads = n_threads;
        v->req.progress = note_progress;
        v->req.userdata = v;
        v->reported_bytes = 0;
        if (whole_tree_verify(&v->req, &result, &err) != 0)
                fail_msg("%s: %s", fail_code_name(err.code), err.msg);
        assert_false(result.has_place);
        assert_int_equal(result.n_filled_gaps, 0);
        whole_tree_gaps_format(&result, text);
        assert_string_equal(text, "");
        assert_in_range(result.n_threads, 1, n_threads ? n_threads : 4096);
        assert_int_equal(v->reported_bytes, v->sb.data_blocks * v->sb.data_block_bytes);
}

static struct whole_tree_result expect_wrong(struct volume *v, unsigned n_threads, enum fail_code code, const char *named)
{
        struct whole_tree_result result;
        struct error err = {};

        v->req.n_threads = n_threads;
        v->req.progress = NULL;
        assert_true(whole_tree_verify(&v->req, &result, &err) < 0);
        if (err.code != code || !strstr(err.msg, named))
                fail_msg("%s instead of %s (%s): %s", fail_code_name(err.code), fail_code_name(code), named, err.msg);
        assert_true(result.has_place);
        return result;
}

static const uint64_t sizes[] = { 1, 2, 128, 129, 128 * 128 + 1 };

static void test_right_volumes(_unused_ void **state)
{
        for (size_t i = 0; i < ARRAY_SIZE(sizes); i++)
                for (enum digest_alg alg = DIGEST_SHA256; alg <= DIGEST_SHA512; alg++)
                        for (int is_inline = 0; is_inline < 2; is_inline++) {
                                const struct verity_image_spec spec = {
                                        .alg = alg, .data_block_bytes = sizes[i] > 1000 ? 512 : 4096, .hash_block_bytes = 4096,
                                        .data_blocks = sizes[i], .salt_size = i * 32, .is_inline = is_inline,
                                };
                                struct volume v;

                                make(&spec, &v);
                                for (unsigned n = 0; n < 4; n++)
                                        expect_right(&v, n);
                                verity_image_done(&v.image);
                        }
}

/* Of all shapes, one block of either kind may be many of the other, and a unit of work one data block or a part of a hash block's. */
static void test_other_block_sizes(_unused_ void **state)
{
        static const uint32_t blocks[] = { 512, 4096, 65536, VERITY_BLOCK_MAX };

        for (size_t i = 0; i < ARRAY_SIZE(blocks); i++)
                for (size_t j = 0; j < ARRAY_SIZE(blocks); j++) {
                        const struct verity_image_spec spec = {
                                .alg = DIGEST_SHA512, .data_block_bytes = blocks[i], .hash_block_bytes = blocks[j],
                                .data_blocks = 2 * 1024 * 1024 / blocks[i] + 3, .salt_size = 32, .hash_offset_bytes = 1536,
                        };
                        struct volume v;

                        make(&spec, &v);
                        expect_right(&v, 1);
                        expect_right(&v, 3);
                        verity_image_flip(v.image.data_fd, (spec.data_blocks - 1) * blocks[i]);
                        (void) expect_wrong(&v, 3, FAIL_DATA_CORRUPT_CODE, "vda2: data block ");
                        verity_image_done(&v.image);
                }
}

static void expect_flip_found(struct volume *v, bool is_data, unsigned level, uint64_t index)
{
        uint64_t offset = is_data ? index * v->sb.data_block_bytes :
                                    v->image.level_offset_bytes[level] + index * v->sb.hash_block_bytes;
        int fd = is_data ? v->image.data_fd : v->image.hash_fd;
        bool is_root = is_data ? v->tree.n_levels == 0 : level == v->tree.n_levels - 1;
        enum fail_code code = is_root ? FAIL_ROOT_HASH_MISMATCH_CODE : is_data ? FAIL_DATA_CORRUPT_CODE : FAIL_HASH_TREE_CORRUPT_CODE;
        uint32_t size = is_data ? v->sb.data_block_bytes : v->sb.hash_block_bytes;
        const uint64_t within[] = { 0, size / 2 + 7, size - 1 };

        for (size_t i = 0; i < ARRAY_SIZE(within); i++) {
                struct whole_tree_result result;

                verity_image_flip(fd, offset + within[i]);
                result = expect_wrong(v, 1 + (unsigned) i, code, is_data ? "vda2: data block " : "vda3: hash block ");
                assert_int_equal(result.place.is_data, is_data);
                assert_int_equal(result.place.level, level);
                assert_int_equal(result.place.offset_bytes, offset);
                assert_int_equal(result.place.block, offset / size);
                assert_int_equal(result.place.found.alg, v->sb.alg);
                assert_false(digest_equal(&result.place.found, &result.place.expected));
                verity_image_flip(fd, offset + within[i]);
        }
}

static void test_each_flip_is_named(_unused_ void **state)
{
        for (size_t i = 0; i < ARRAY_SIZE(sizes); i++)
                for (enum digest_alg alg = DIGEST_SHA256; alg <= DIGEST_SHA512; alg += 2) {
                        const struct verity_image_spec spec = {
                                .alg = alg, .data_block_bytes = 512, .hash_block_bytes = 4096, .data_blocks = sizes[i], .salt_size = 32,
                        };
                        struct volume v;

                        make(&spec, &v);
                        expect_flip_found(&v, true, 0, 0);
                        expect_flip_found(&v, true, 0, sizes[i] / 2);
                        expect_flip_found(&v, true, 0, sizes[i] - 1);
                        for (unsigned level = 0; level < v.tree.n_levels; level++) {
                                expect_flip_found(&v, false, level, 0);
                                expect_flip_found(&v, false, level, v.tree.level_blocks[level] / 2);
                                expect_flip_found(&v, false, level, v.tree.level_blocks[level] - 1);
                        }
                        expect_right(&v, 2);
                        verity_image_done(&v.image);
                }
}

/* Whoever is quicker: of many failures the same one is told. */
static void test_the_first_is_told(_unused_ void **state)
{
        const struct verity_image_spec spec = {
                .alg = DIGEST_SHA256, .data_block_bytes = 4096, .hash_block_bytes = 4096, .data_blocks = 8192, .salt_size = 32,
        };
        struct volume v;

        make(&spec, &v);
        for (uint64_t unit = 3072; unit < 8192; unit += 256)
                verity_image_flip(v.image.data_fd, (unit + 3) * 4096);
        verity_image_flip(v.image.data_fd, 2999 * 4096);
        for (unsigned i = 0; i < 16; i++)
                assert_int_equal(expect_wrong(&v, 1 + i % 8, FAIL_DATA_CORRUPT_CODE, "data block 2999 (byte 12283904)").place.block, 2999);
        /* The block above says nothing that could be believed of those below. */
        verity_image_flip(v.image.hash_fd, v.image.level_offset_bytes[0] + 4096 * (uint64_t) (2816 / 128) + 5);
        for (unsigned i = 0; i < 8; i++)
                assert_int_equal(expect_wrong(&v, 1 + i, FAIL_HASH_TREE_CORRUPT_CODE, "hash block 24 ").place.level, 0);
        verity_image_done(&v.image);
}

/* It is met at the begin of a unit of 256 blocks, and the others, which other threads took meanwhile, at the ends of theirs. */
static void test_the_first_stays_told(_unused_ void **state)
{
        const struct verity_image_spec spec = {
                .alg = DIGEST_SHA256, .data_block_bytes = 4096, .hash_block_bytes = 4096, .data_blocks = 2048, .salt_size = 32,
        };
        struct volume v;

        make(&spec, &v);
        verity_image_flip(v.image.data_fd, 0);
        for (uint64_t unit = 256; unit < 2048; unit += 256)
                verity_image_flip(v.image.data_fd, (unit + 255) * 4096);
        for (unsigned i = 0; i < 100; i++)
                assert_int_equal(expect_wrong(&v, 2 + i % 7, FAIL_DATA_CORRUPT_CODE, "data block 0 ").place.block, 0);
        verity_image_done(&v.image);
}

static void test_wrong_root_hash(_unused_ void **state)
{
        const struct verity_image_spec spec = {
                .alg = DIGEST_SHA256, .data_block_bytes = 4096, .hash_block_bytes = 4096, .data_blocks = 129, .salt_size = 32,
        };
        struct volume v;

        make(&spec, &v);
        v.image.root_hash[31] ^= 1;
        (void) expect_wrong(&v, 2, FAIL_ROOT_HASH_MISMATCH_CODE, "vda3: hash block 1 (byte 4096)");
        v.image.root_hash[31] ^= 1;
        v.sb.salt[0] ^= 1;
        (void) expect_wrong(&v, 2, FAIL_ROOT_HASH_MISMATCH_CODE, "vda3: hash block 1 (byte 4096)");
        verity_image_done(&v.image);
}

static void test_what_cannot_be_read(_unused_ void **state)
{
        const struct verity_image_spec spec = {
                .alg = DIGEST_SHA256, .data_block_bytes = 4096, .hash_block_bytes = 4096, .data_blocks = 600, .salt_size = 32,
        };
        struct whole_tree_result result;
        struct volume v;
        int write_only = open("/proc/self/exe", O_PATH | O_CLOEXEC);

        make(&spec, &v);
        v.req.data_fd = write_only;
        result = expect_wrong(&v, 2, FAIL_VERITY_READ_FAILED_CODE, "vda2: reading the block at byte 0 failed: EBADF");
        assert_true(result.place.is_data);
        assert_int_equal(result.place.found.alg, DIGEST_NONE);
        v.req.data_fd = v.image.data_fd;
        v.req.hash_fd = write_only;
        result = expect_wrong(&v, 2, FAIL_VERITY_READ_FAILED_CODE, "vda3: reading the block at byte 4096 failed: EBADF");
        assert_false(result.place.is_data);
        v.req.hash_fd = v.image.hash_fd;

        /* What lies before the end is still looked at. */
        assert_int_equal(ftruncate(v.image.data_fd, 555 * 4096 + 100), 0);
        result = expect_wrong(&v, 2, FAIL_VERITY_READ_FAILED_CODE, "vda2: it ends inside the block at byte 2273280");
        assert_int_equal(result.place.block, 555);
        verity_image_flip(v.image.data_fd, 554 * 4096);
        (void) expect_wrong(&v, 2, FAIL_DATA_CORRUPT_CODE, "data block 554 ");
        (void) fd_close(write_only);
        verity_image_done(&v.image);
}

/* Nobody but the block above vouches for what lies between digests, and the kernel does not look: told, not refused. */
static void test_gaps_are_told(_unused_ void **state)
{
        const struct verity_image_spec spec = {
                .alg = DIGEST_SHA384, .data_block_bytes = 4096, .hash_block_bytes = 4096, .data_blocks = 5, .salt_size = 0,
        };
        static const uint64_t gaps[] = { 48, 4 * 64 + 63, 5 * 64, 4095 };

        for (size_t i = 0; i < ARRAY_SIZE(gaps); i++) {
                struct whole_tree_result result;
                char text[WHOLE_TREE_GAPS_TEXT];
                uint8_t block[4096];
                struct digest root;
                struct error err = {};
                struct volume v;

                make(&spec, &v);
                verity_image_flip(v.image.hash_fd, v.image.level_offset_bytes[0] + gaps[i]);
                (void) expect_wrong(&v, 1, FAIL_ROOT_HASH_MISMATCH_CODE, "hash block 1 ");
                assert_int_equal(pread(v.image.hash_fd, block, sizeof(block), (off_t) v.image.level_offset_bytes[0]), sizeof(block));
                assert_int_equal(crypto_digest(spec.alg, &(struct iovec) { block, sizeof(block) }, 1, &root, &err), 0);
                v.req.root_hash = root.bytes;
                assert_int_equal(whole_tree_verify(&v.req, &result, &err), 0);
                assert_int_equal(result.n_filled_gaps, 1);
                assert_int_equal(result.first_gap_offset_bytes, v.image.level_offset_bytes[0]);
                whole_tree_gaps_format(&result, text);
                assert_string_equal(text, "1 hash blocks have bytes where no digest is, the first at byte 4096: nothing reads them");
                verity_image_done(&v.image);
        }
}

/* The root block is read by each thread, and its gap is one. */
static void test_gaps_are_counted_once(_unused_ void **state)
{
        const struct verity_image_spec spec = {
                .alg = DIGEST_SHA384, .data_block_bytes = 4096, .hash_block_bytes = 4096, .data_blocks = 4000, .salt_size = 0,
        };
        struct whole_tree_result result;
        uint8_t block[4096];
        struct digest root;
        struct error err = {};
        struct volume v;

        make(&spec, &v);
        assert_int_equal(v.tree.n_levels, 2);
        verity_image_flip(v.image.hash_fd, v.image.level_offset_bytes[1] + 50);
        assert_int_equal(pread(v.image.hash_fd, block, sizeof(block), (off_t) v.image.level_offset_bytes[1]), sizeof(block));
        assert_int_equal(crypto_digest(spec.alg, &(struct iovec) { block, sizeof(block) }, 1, &root, &err), 0);
        v.req.root_hash = root.bytes;
        v.req.n_threads = 8;
        for (int i = 0; i < 8; i++) {
                assert_int_equal(whole_tree_verify(&v.req, &result, &err), 0);
                assert_int_equal(result.n_threads, 8);
                assert_int_equal(result.n_filled_gaps, 1);
                assert_int_equal(result.first_gap_offset_bytes, v.image.level_offset_bytes[1]);
        }
        verity_image_done(&v.image);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_right_volumes),
                cmocka_unit_test(test_other_block_sizes),
                cmocka_unit_test(test_each_flip_is_named),
                cmocka_unit_test(test_the_first_is_told),
                cmocka_unit_test(test_the_first_stays_told),
                cmocka_unit_test(test_wrong_root_hash),
                cmocka_unit_test(test_what_cannot_be_read),
                cmocka_unit_test(test_gaps_are_told),
                cmocka_unit_test(test_gaps_are_counted_once),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
