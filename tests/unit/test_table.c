/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <sys/sysmacros.h>

#include "unit.h"
#include "verinit/verity.h"

#define ROOT_HEX "e0e1e2e3e4e5e6e7e8e9eaebecedeeeff0f1f2f3f4f5f6f7f8f9fafbfcfdfeff"

static void fill_root_hash(uint8_t root_hash[static DIGEST_MAX_BYTES])
{
        for (size_t i = 0; i < DIGEST_MAX_BYTES; i++)
                root_hash[i] = (uint8_t) (0xe0 + i);
}

static const struct verity_superblock plain = {
        .hash_type = 1, .alg = DIGEST_SHA256, .data_block_bytes = 4096, .hash_block_bytes = 1024, .data_blocks = 23811,
        .salt_size = 3, .salt = { 0xaa, 0x0b, 0xcc },
};

static void test_as_the_kernel_prints_it(_unused_ void **state)
{
        const struct verity_tree tree = { .hash_start_block = 7 };
        uint8_t root_hash[DIGEST_MAX_BYTES];
        struct verity_table table;
        struct error err = {};

        fill_root_hash(root_hash);
        assert_int_equal(verity_table_format(&plain, &tree, root_hash, makedev(254, 16), makedev(259, 1048575),
                                             CORRUPTION_PANIC, &table, &err), 0);
        assert_int_equal(table.length_sectors, 23811 * 8);
        assert_string_equal(table.params, "1 254:16 259:1048575 4096 1024 23811 7 sha256 " ROOT_HEX
                                          " aa0bcc 2 panic_on_corruption panic_on_error");
}

static void test_no_salt_and_restart(_unused_ void **state)
{
        const struct verity_tree tree = { .hash_start_block = 1 };
        struct verity_superblock sb = plain;
        uint8_t root_hash[DIGEST_MAX_BYTES];
        struct verity_table table;
        struct error err = {};

        fill_root_hash(root_hash);
        sb.salt_size = 0;
        sb.data_block_bytes = 512;
        assert_int_equal(verity_table_format(&sb, &tree, root_hash, makedev(254, 2), makedev(254, 3),
                                             CORRUPTION_RESTART, &table, &err), 0);
        assert_int_equal(table.length_sectors, 23811);
        assert_string_equal(table.params, "1 254:2 254:3 512 1024 23811 1 sha256 " ROOT_HEX
                                          " - 2 restart_on_corruption restart_on_error");
}

static void test_the_longest_table_fits(_unused_ void **state)
{
        const struct verity_tree tree = { .hash_start_block = UINT64_MAX };
        struct verity_superblock sb = plain;
        uint8_t root_hash[DIGEST_MAX_BYTES];
        struct verity_table table;
        struct error err = {};

        fill_root_hash(root_hash);
        sb.alg = DIGEST_SHA512;
        sb.salt_size = VERITY_SALT_MAX;
        sb.data_blocks = UINT64_MAX;
        sb.data_block_bytes = sb.hash_block_bytes = VERITY_BLOCK_MAX;
        assert_int_equal(verity_table_format(&sb, &tree, root_hash, makedev(4095, 1048575), makedev(4095, 1048575),
                                             CORRUPTION_RESTART, &table, &err), 0);
        assert_non_null(strstr(table.params, " 2 restart_on_corruption restart_on_error"));
        assert_true(strlen(table.params) < sizeof(table.params) / 2 + 128);
}

static void test_unknown_mode_is_a_bug(_unused_ void **state)
{
        const struct verity_tree tree = { .hash_start_block = 1 };
        uint8_t root_hash[DIGEST_MAX_BYTES];
        struct verity_table table = { .length_sectors = 99 };
        struct error err = {};

        fill_root_hash(root_hash);
        assert_true(verity_table_format(&plain, &tree, root_hash, makedev(254, 2), makedev(254, 3),
                                        (enum corruption_mode) 2, &table, &err) < 0);
        assert_int_equal(err.code, FAIL_BUG_CODE);
        assert_int_equal(table.length_sectors, 99);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_as_the_kernel_prints_it),
                cmocka_unit_test(test_no_salt_and_restart),
                cmocka_unit_test(test_the_longest_table_fits),
                cmocka_unit_test(test_unknown_mode_is_a_bug),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
