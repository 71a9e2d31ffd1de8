/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <limits.h>
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

static const struct verity_table_options panics = { .corruption = CORRUPTION_PANIC };
static const struct verity_table_options restarts = { .corruption = CORRUPTION_RESTART };

static void test_as_the_kernel_prints_it(_unused_ void **state)
{
        const struct verity_tree tree = { .hash_start_block = 7 };
        uint8_t root_hash[DIGEST_MAX_BYTES];
        struct verity_table table;
        struct error err = {};

        fill_root_hash(root_hash);
        assert_int_equal(verity_table_format(&plain, &tree, root_hash, makedev(254, 16), makedev(259, 1048575),
                                             &panics, &table, &err), 0);
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
                                             &restarts, &table, &err), 0);
        assert_int_equal(table.length_sectors, 23811);
        assert_string_equal(table.params, "1 254:2 254:3 512 1024 23811 1 sha256 " ROOT_HEX
                                          " - 2 restart_on_corruption restart_on_error");
}

static void test_the_longest_table_fits(_unused_ void **state)
{
        const struct verity_tree tree = { .hash_start_block = UINT64_MAX };
        struct verity_superblock sb = plain;
        uint8_t root_hash[DIGEST_MAX_BYTES];
        char key[VERITY_KEY_NAME_MAX + 1] = "";
        const struct verity_fec fec = { makedev(4095, 1048575), UINT64_MAX, UINT64_MAX, UINT_MAX };
        const struct verity_table_options options = { CORRUPTION_RESTART, &fec, key };
        struct verity_table table;
        struct error err = {};

        memset(key, 'k', VERITY_KEY_NAME_MAX);
        fill_root_hash(root_hash);
        sb.alg = DIGEST_SHA512;
        sb.salt_size = VERITY_SALT_MAX;
        sb.data_blocks = UINT64_MAX;
        sb.data_block_bytes = sb.hash_block_bytes = VERITY_BLOCK_MAX;
        assert_int_equal(verity_table_format(&sb, &tree, root_hash, makedev(4095, 1048575), makedev(4095, 1048575),
                                             &options, &table, &err), 0);
        assert_non_null(strstr(table.params, " 12 restart_on_corruption restart_on_error use_fec_from_device "));
        assert_string_equal(table.params + strlen(table.params) - VERITY_KEY_NAME_MAX, key);
        assert_true(strlen(table.params) < sizeof(table.params) - 256);
}

static const char *format_words(const struct verity_table_options *options, struct verity_table *table)
{
        static const char before[] = "1 254:16 254:17 4096 1024 23811 7 sha256 " ROOT_HEX " aa0bcc ";
        const struct verity_tree tree = { .hash_start_block = 7 };
        uint8_t root_hash[DIGEST_MAX_BYTES];
        struct error err = {};

        fill_root_hash(root_hash);
        assert_int_equal(verity_table_format(&plain, &tree, root_hash, makedev(254, 16), makedev(254, 17), options,
                                             table, &err), 0);
        assert_memory_equal(table->params, before, sizeof(before) - 1);
        return table->params + sizeof(before) - 1;
}

/* The order of verity_status(), whatever the order they were given in. */
static void test_fec_and_signature(_unused_ void **state)
{
        const struct verity_fec fec = { .dev = makedev(254, 18), .blocks = 24001, .start_block = 3, .roots = 2 };
        const struct verity_table_options with_fec = { CORRUPTION_PANIC, &fec, NULL };
        const struct verity_table_options with_key = { CORRUPTION_PANIC, NULL, "verinit:usr" };
        const struct verity_table_options with_both = { CORRUPTION_RESTART, &fec, "verinit:usr" };
        struct verity_table table;

        assert_string_equal(format_words(&with_fec, &table),
                            "10 panic_on_corruption panic_on_error use_fec_from_device 254:18 fec_blocks 24001 "
                            "fec_start 3 fec_roots 2");
        assert_string_equal(format_words(&with_key, &table),
                            "4 panic_on_corruption panic_on_error root_hash_sig_key_desc verinit:usr");
        assert_string_equal(format_words(&with_both, &table),
                            "12 restart_on_corruption restart_on_error use_fec_from_device 254:18 fec_blocks 24001 "
                            "fec_start 3 fec_roots 2 root_hash_sig_key_desc verinit:usr");
}

/* A second word in it would be an option of its own. */
static void test_key_that_is_no_word_is_a_bug(_unused_ void **state)
{
        static const char *const names[] = { "", "a ignore_corruption", "a\tb", "a\\b", "a\x7f", "\xc3\xa4" };
        const struct verity_tree tree = { .hash_start_block = 1 };
        const uint8_t root_hash[DIGEST_MAX_BYTES] = {};

        for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
                const struct verity_table_options options = { CORRUPTION_PANIC, NULL, names[i] };
                struct verity_table table = { .length_sectors = 99 };
                struct error err = {};

                assert_true(verity_table_format(&plain, &tree, root_hash, 1, 2, &options, &table, &err) < 0);
                assert_int_equal(err.code, FAIL_BUG_CODE);
                assert_int_equal(table.length_sectors, 99);
        }
}

static void test_unknown_mode_is_a_bug(_unused_ void **state)
{
        const struct verity_tree tree = { .hash_start_block = 1 };
        uint8_t root_hash[DIGEST_MAX_BYTES];
        const struct verity_table_options options = { .corruption = (enum corruption_mode) 2 };
        struct verity_table table = { .length_sectors = 99 };
        struct error err = {};

        fill_root_hash(root_hash);
        assert_true(verity_table_format(&plain, &tree, root_hash, makedev(254, 2), makedev(254, 3),
                                        &options, &table, &err) < 0);
        assert_int_equal(err.code, FAIL_BUG_CODE);
        assert_int_equal(table.length_sectors, 99);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_as_the_kernel_prints_it),
                cmocka_unit_test(test_no_salt_and_restart),
                cmocka_unit_test(test_the_longest_table_fits),
                cmocka_unit_test(test_fec_and_signature),
                cmocka_unit_test(test_key_that_is_no_word_is_a_bug),
                cmocka_unit_test(test_unknown_mode_is_a_bug),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
