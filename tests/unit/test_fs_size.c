/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <endian.h>

#include "unit.h"
#include "verinit/verity.h"

static uint8_t head[FS_SIZE_HEAD_BYTES];

static void put(size_t at, uint64_t value, size_t size)
{
        const uint64_t le = htole64(value);

        memcpy(head + at, &le, size);
}

static void clear(void)
{
        memset(head, 0, sizeof(head));
}

static void put_erofs(unsigned block_bits, uint32_t blocks)
{
        put(1024, 0xe0f5e1e2, 4);
        put(1024 + 12, block_bits, 1);
        put(1024 + 14, 36, 2); /* the root's number: not the high bits of anything */
        put(1024 + 36, blocks, 4);
}

static void put_ext4(unsigned log_block, uint32_t blocks, uint32_t incompat)
{
        put(1024 + 0x4, blocks, 4);
        put(1024 + 0x18, log_block, 4);
        put(1024 + 0x38, 0xef53, 2);
        put(1024 + 0x4c, 1, 4);
        put(1024 + 0x60, incompat, 4);
}

static void put_squashfs(uint64_t bytes)
{
        put(0, 0x73717368, 4);
        put(28, 4, 2);
        put(40, bytes, 8);
}

static void expect(const char *type, uint64_t bytes)
{
        struct fs_size fs = {};

        assert_true(fs_size_parse(head, sizeof(head), &fs));
        assert_string_equal(fs.type, type);
        assert_int_equal(fs.bytes, bytes);
}

static void expect_unknown(size_t size)
{
        struct fs_size fs = { .bytes = 99 };

        assert_false(fs_size_parse(head, size, &fs));
        assert_int_equal(fs.bytes, 99);
}

static void test_erofs(_unused_ void **state)
{
        clear();
        put_erofs(12, 51138);
        expect("erofs", UINT64_C(51138) * 4096);
        put_erofs(9, 3);
        expect("erofs", 3 * 512);
        put_erofs(16, UINT32_MAX);
        expect("erofs", (uint64_t) UINT32_MAX << 16);
}

/* With 48-bit addresses the root's number moves elsewhere, and makes room for the high bits. */
static void test_erofs_48bit(_unused_ void **state)
{
        clear();
        put_erofs(12, 5);
        put(1024 + 14, 1, 2);
        put(1024 + 80, 0x80, 4);
        expect("erofs", 5 * 4096);
        put(1024 + 112, 36, 8);
        expect("erofs", ((UINT64_C(1) << 32) + 5) * 4096);
        put(1024 + 80, 0x7f, 4);
        expect("erofs", 5 * 4096);
}

static void test_ext4(_unused_ void **state)
{
        clear();
        put_ext4(2, 1000, 0x2c2);
        expect("ext4", 1000 * 4096);
        put(1024 + 0x150, 1, 4);
        expect("ext4", ((UINT64_C(1) << 32) + 1000) * 4096);
        put(1024 + 0x60, 0x2c2 & ~0x80U, 4); /* without 64bit the upper half is something else */
        expect("ext4", 1000 * 4096);
        put(1024 + 0x60, 0x80, 4);
        put(1024 + 0x4c, 0, 4); /* the first revision has no features */
        expect("ext4", 1000 * 4096);
        put_ext4(0, 1001, 0);
        expect("ext4", 1001 * 1024);
}

static void test_squashfs(_unused_ void **state)
{
        clear();
        put_squashfs(123457);
        expect("squashfs", 123457);
        put(28, 3, 2);
        expect_unknown(sizeof(head));
}

static void test_not_recognised(_unused_ void **state)
{
        clear();
        expect_unknown(sizeof(head));
        expect_unknown(0);
        memset(head, 0xff, sizeof(head));
        expect_unknown(sizeof(head));
        clear();
        put_erofs(8, 10);
        expect_unknown(sizeof(head));
        put_erofs(17, 10);
        expect_unknown(sizeof(head));
        put_erofs(12, 0);
        expect_unknown(sizeof(head));
        clear();
        put_ext4(7, 10, 0);
        expect_unknown(sizeof(head));
        put_ext4(2, 0, 0);
        expect_unknown(sizeof(head));
        put_ext4(2, 10, 0x8); /* an external journal has the same magic and no files */
        expect_unknown(sizeof(head));
        put_ext4(2, 10, 0x80);
        put(1024 + 0x150, UINT32_MAX, 4); /* 2^76 bytes */
        expect_unknown(sizeof(head));
        clear();
        put_squashfs(95);
        expect_unknown(sizeof(head));
        put_squashfs(UINT64_MAX);
        expect_unknown(sizeof(head));
}

static void test_cut_off(_unused_ void **state)
{
        struct fs_size fs;

        clear();
        put_erofs(12, 10);
        expect_unknown(1024 + 127);
        assert_true(fs_size_parse(head, 1024 + 128, &fs));
        clear();
        put_ext4(2, 10, 0);
        expect_unknown(1024 + 0x153);
        assert_true(fs_size_parse(head, 1024 + 0x154, &fs));
        clear();
        put_squashfs(4096);
        expect_unknown(95);
        assert_true(fs_size_parse(head, 96, &fs));
}

/* Two bytes of an erofs's UUID are where ext4 has its magic. */
static void test_erofs_with_the_magic_of_ext4(_unused_ void **state)
{
        clear();
        put_erofs(12, 100);
        put(1024 + 0x38, 0xef53, 2);
        expect("erofs", 100 * 4096);
}

/* A block that is two file systems has two sizes. */
static void test_two_at_once(_unused_ void **state)
{
        clear();
        put_squashfs(4096);
        put_erofs(12, 100);
        expect_unknown(sizeof(head));
        clear();
        put_squashfs(4096);
        put_ext4(2, 100, 0);
        expect_unknown(sizeof(head));
}

static void test_equal(_unused_ void **state)
{
        const struct fs_size erofs = { "erofs", 100 * 4096, 4096 };
        const struct fs_size ext = { "ext4", 1001 * 1024, 1024 };
        const struct fs_size squashfs = { "squashfs", 100 * 4096 + 1, 4096 };

        assert_true(fs_size_is(&erofs, 100, 4096));
        assert_false(fs_size_is(&erofs, 99, 4096));
        assert_false(fs_size_is(&erofs, 101, 4096));
        assert_true(fs_size_is(&erofs, 800, 512));
        assert_false(fs_size_is(&erofs, 801, 512));
        assert_false(fs_size_is(&erofs, 799, 512));

        /* The last data block is as full as it gets. */
        assert_true(fs_size_is(&ext, 251, 4096));
        assert_false(fs_size_is(&ext, 250, 4096));
        assert_false(fs_size_is(&ext, 252, 4096));
        assert_true(fs_size_is(&ext, 1001, 1024));
        assert_false(fs_size_is(&ext, 1002, 1024));

        /* mksquashfs may have padded, or not. */
        assert_true(fs_size_is(&squashfs, 101, 4096));
        assert_false(fs_size_is(&squashfs, 102, 4096));
        assert_false(fs_size_is(&squashfs, 100, 4096));
        assert_true(fs_size_is(&squashfs, 801, 512));
        assert_true(fs_size_is(&squashfs, 808, 512));
        assert_false(fs_size_is(&squashfs, 800, 512));
        assert_false(fs_size_is(&squashfs, 809, 512));

        assert_false(fs_size_is(&erofs, 0, 4096));
        assert_false(fs_size_is(&erofs, UINT64_MAX, 4096));
        assert_false(fs_size_is(&erofs, (UINT64_C(1) << 52) + 100, 4096)); /* 100 blocks modulo 2^64 bytes */
}

static void test_where_it_ends(_unused_ void **state)
{
        const struct fs_size erofs = { "erofs", 100 * 4096, 4096 };
        const struct fs_size ext = { "ext4", 1001 * 1024, 1024 };
        const struct fs_size largest = { "squashfs", INT64_MAX, 4096 };

        assert_int_equal(fs_size_end(&erofs), 100 * 4096);
        assert_int_equal(fs_size_end(&ext), 251 * 4096);
        assert_int_equal(fs_size_end(&largest), UINT64_C(1) << 63);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_erofs),
                cmocka_unit_test(test_erofs_48bit),
                cmocka_unit_test(test_ext4),
                cmocka_unit_test(test_squashfs),
                cmocka_unit_test(test_not_recognised),
                cmocka_unit_test(test_cut_off),
                cmocka_unit_test(test_erofs_with_the_magic_of_ext4),
                cmocka_unit_test(test_two_at_once),
                cmocka_unit_test(test_equal),
                cmocka_unit_test(test_where_it_ends),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
