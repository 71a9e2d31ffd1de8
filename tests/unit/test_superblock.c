/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "verinit/uuid.h"

#include "unit.h"
#include "verity_image.h"

static const struct verity_image_spec good = {
        .alg = DIGEST_SHA256, .data_block_bytes = 4096, .hash_block_bytes = 1024, .data_blocks = 23811, .salt_size = 32,
};

static void test_all_fields_are_read(_unused_ void **state)
{
        uint8_t bytes[VERITY_SUPERBLOCK_BYTES];
        struct verity_superblock sb = {};
        struct error err = {};

        verity_image_superblock(&good, bytes);
        assert_int_equal(verity_superblock_parse(bytes, &sb, &err), 0);
        assert_int_equal(sb.hash_type, 1);
        assert_int_equal(sb.alg, DIGEST_SHA256);
        assert_int_equal(sb.data_block_bytes, 4096);
        assert_int_equal(sb.hash_block_bytes, 1024);
        assert_int_equal(sb.data_blocks, 23811);
        assert_int_equal(sb.salt_size, 32);
        for (uint8_t i = 0; i < 16; i++)
                assert_int_equal(sb.uuid[i], i);
        for (uint8_t i = 0; i < 32; i++)
                assert_int_equal(sb.salt[i], 0xa0 + i);
}

static void test_every_algorithm_and_salt_size(_unused_ void **state)
{
        for (enum digest_alg alg = DIGEST_SHA256; alg <= DIGEST_SHA512; alg++) {
                for (size_t salt_size = 0; salt_size <= 256; salt_size++) {
                        struct verity_image_spec spec = good;
                        uint8_t bytes[VERITY_SUPERBLOCK_BYTES];
                        struct verity_superblock sb;
                        struct error err = {};

                        spec.alg = alg;
                        spec.salt_size = salt_size;
                        verity_image_superblock(&spec, bytes);
                        assert_int_equal(verity_superblock_parse(bytes, &sb, &err), 0);
                        assert_int_equal(sb.alg, alg);
                        assert_int_equal(sb.salt_size, salt_size);
                }
        }
}

static void test_block_sizes(_unused_ void **state)
{
        for (unsigned shift = 0; shift < 32; shift++) {
                bool is_good = shift >= 9 && shift <= 19;

                for (unsigned which = 0; which < 3; which++) {
                        struct verity_image_spec spec = good;
                        uint8_t bytes[VERITY_SUPERBLOCK_BYTES];
                        struct verity_superblock sb;
                        struct error err = {};
                        int r;

                        if (which == 0)
                                spec.data_block_bytes = UINT32_C(1) << shift;
                        else if (which == 1)
                                spec.hash_block_bytes = UINT32_C(1) << shift;
                        else
                                spec.data_block_bytes = (UINT32_C(1) << shift) + 1;
                        verity_image_superblock(&spec, bytes);
                        r = verity_superblock_parse(bytes, &sb, &err);
                        if (which < 2 && is_good)
                                assert_int_equal(r, 0);
                        else
                                assert_int_equal(err.code, FAIL_SUPERBLOCK_INVALID_CODE);
                }
        }
}

struct defect {
        size_t offset;
        const char *bytes;
        size_t n;
        const char *named; /* must stand in the message */
};

static const struct defect defects[] = {
        { 0, "V", 1, "no magic" },
        { 6, "x", 1, "no magic" },
        { 7, "x", 1, "no magic" },
        { 8, "\0", 1, "version is 0" },
        { 8, "\2", 1, "version is 2" },
        { 11, "\1", 1, "version is 16777217" },
        { 12, "\0", 1, "hash type is 0" },
        { 12, "\2", 1, "hash type is 2" },
        { 32, "sha1\0\0", 6, "algorithm" },
        { 32, "SHA256", 6, "algorithm" },
        { 32, "sha224", 6, "algorithm" },
        { 32, "\0\0\0\0\0\0", 6, "algorithm" },
        { 38, "x", 1, "algorithm" },
        { 39, "x", 1, "algorithm" },  /* behind the name's end */
        { 63, "x", 1, "algorithm" },
        { 32, "sha256sha256sha256sha256sha256sh", 32, "algorithm" }, /* no NUL */
        { 64, "\0\0\0\0", 4, "data block size is 0" },
        { 64, "\0\1\0\0", 4, "data block size is 256" },
        { 64, "\0\x30\0\0", 4, "data block size is 12288" },
        { 64, "\0\0\x10\0", 4, "data block size is 1048576" },
        { 68, "\0\0\0\0", 4, "hash block size is 0" },
        { 68, "\1\4\0\0", 4, "hash block size is 1025" },
        { 68, "\0\0\0\x80", 4, "hash block size is 2147483648" },
        { 72, "\0\0\0\0\0\0\0\0", 8, "data blocks is 0" },
        { 80, "\1\1", 2, "salt size is 257" },
        { 80, "\xff\xff", 2, "salt size is 65535" },
        { 80, "\x1f", 1, "padding after the salt" }, /* shorter than what was written */
        { 82, "\1", 1, "padding before the salt" },
        { 87, "\1", 1, "padding before the salt" },
        { 88 + 32, "\1", 1, "padding after the salt" },
        { 343, "\1", 1, "padding after the salt" },
        { 344, "\1", 1, "padding after the salt" },
        { 511, "\1", 1, "padding after the salt" },
};

static void test_each_defect_is_named(_unused_ void **state)
{
        for (size_t i = 0; i < ARRAY_SIZE(defects); i++) {
                const struct defect *d = &defects[i];
                uint8_t bytes[VERITY_SUPERBLOCK_BYTES];
                struct verity_superblock sb, untouched;
                struct error err = {};

                memset(&sb, 0x5a, sizeof(sb));
                untouched = sb;
                verity_image_superblock(&good, bytes);
                memcpy(bytes + d->offset, d->bytes, d->n);
                assert_true(verity_superblock_parse(bytes, &sb, &err) < 0);
                assert_int_equal(err.code, FAIL_SUPERBLOCK_INVALID_CODE);
                if (!strstr(err.msg, d->named))
                        fail_msg("defect %zu: \"%s\" does not name \"%s\"", i, err.msg, d->named);
                assert_memory_equal(&sb, &untouched, sizeof(sb));
        }
}

/* Of one flipped bit, nothing goes unnoticed but in the fields that are free to vary. */
static void test_a_flipped_bit_is_refused_or_changes_a_field(_unused_ void **state)
{
        struct verity_superblock before, after;
        uint8_t bytes[VERITY_SUPERBLOCK_BYTES];
        struct error err = {};

        verity_image_superblock(&good, bytes);
        memset(&before, 0, sizeof(before));
        memset(&after, 0, sizeof(after));
        assert_int_equal(verity_superblock_parse(bytes, &before, &err), 0);
        for (size_t bit = 0; bit < 8 * sizeof(bytes); bit++) {
                bytes[bit / 8] ^= (uint8_t) (1u << bit % 8);
                if (verity_superblock_parse(bytes, &after, &err) == 0)
                        assert_memory_not_equal(&before, &after, sizeof(before));
                bytes[bit / 8] ^= (uint8_t) (1u << bit % 8);
        }
}

static void test_uuids(_unused_ void **state)
{
        uint8_t hash[32];
        char data[37], tree[37], dm[64], uuid[37];

        for (uint8_t i = 0; i < 32; i++)
                hash[i] = (uint8_t) (0xe0 + i);
        verity_partuuids(hash, sizeof(hash), data, tree);
        assert_string_equal(data, "e0e1e2e3-e4e5-e6e7-e8e9-eaebecedeeef");
        assert_string_equal(tree, "f0f1f2f3-f4f5-f6f7-f8f9-fafbfcfdfeff");
        verity_partuuids(hash, 16, data, tree);
        assert_string_equal(data, tree);
        uuid_format(hash, uuid);
        assert_string_equal(uuid, data);
        verity_dm_uuid(hash, "usr", dm);
        assert_string_equal(dm, "CRYPT-VERITY-e0e1e2e3e4e5e6e7e8e9eaebecedeeef-usr");
        verity_dm_uuid(hash, "sixteen-letters-", dm);
        assert_string_equal(dm, "CRYPT-VERITY-e0e1e2e3e4e5e6e7e8e9eaebecedeeef-sixteen-letters-");
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_all_fields_are_read),
                cmocka_unit_test(test_every_algorithm_and_salt_size),
                cmocka_unit_test(test_block_sizes),
                cmocka_unit_test(test_each_defect_is_named),
                cmocka_unit_test(test_a_flipped_bit_is_refused_or_changes_a_field),
                cmocka_unit_test(test_uuids),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
