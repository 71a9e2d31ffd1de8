/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <stdio.h>

#include "fake_dm.h"
#include "fakes.h"
#include "unit.h"
#include "verity_image.h"

static const struct verity_image_spec spec = {
        .alg = DIGEST_SHA384, .data_block_bytes = 4096, .hash_block_bytes = 4096, .data_blocks = 70, .salt_size = 16,
};

static struct verity_image image;
static const struct verified_root *root;
static const struct active_volume *const untouched = (const struct active_volume *) &spec;

static int setup(_unused_ void **state)
{
        struct verity_request req;
        struct error err = {};

        verity_image_make(&spec, &image);
        req = verity_image_request(&image);
        assert_int_equal(verity_verify(&req, &root, &err), 0);
        fake_reset();
        fake_dm_reset();
        fake_dm.node_fd = image.data_fd;
        return 0;
}

static int teardown(_unused_ void **state)
{
        verity_image_done(&image);
        return 0;
}

/* Refused, and nothing left behind. */
static void refused_with(enum fail_code code, const char *named)
{
        const struct active_volume *volume = untouched;
        struct error err = {};

        assert_true(verity_activate(root, "usr", &volume, &err) < 0);
        if (err.code != code)
                fail_msg("%s instead of %s: %s", fail_code_name(err.code), fail_code_name(code), err.msg);
        if (!strstr(err.msg, named))
                fail_msg("\"%s\" does not name \"%s\"", err.msg, named);
        assert_ptr_equal(volume, untouched);
        assert_false(fake_dm.exists);
}

static void test_the_live_mapping_is_described(_unused_ void **state)
{
        const struct active_volume *volume;
        struct error err = {};
        char table[2100];

        assert_int_equal(verity_activate(root, "usr", &volume, &err), 0);
        assert_string_equal(active_volume_name(volume), "usr");
        assert_int_equal(active_volume_dev(volume), fake_dm.device.devno);
        assert_int_equal(active_volume_root_hash(volume)->alg, DIGEST_SHA384);
        assert_memory_equal(active_volume_root_hash(volume)->bytes, image.root_hash, 48);
        (void) snprintf(table, sizeof(table), "0 560 verity %s", verified_root_table(root)->params);
        assert_string_equal(active_volume_table(volume), table);
        assert_string_equal(fake_find("dm_create", 0)->detail, "usr CRYPT-VERITY-000102030405060708090a0b0c0d0e0f-usr");
        assert_int_equal(fake_count("dm_remove"), 0);

        /* Created, asked, opened and read, asked again. */
        assert_int_equal(fake_log.n_calls, 4);
        assert_true(fake_position("dm_query", 0) < fake_position("dm_open", 0));
        assert_true(fake_position("dm_open", 0) < fake_position("dm_query", 1));
}

enum difference {
        DIFFERENT_NAME,
        DIFFERENT_UUID,
        DIFFERENT_UUID_CASE,
        WRITABLE,
        DIFFERENT_TARGET,
        SHORTER,
        LONGER,
        TABLE_CUT,
        TABLE_EMPTY,
        TABLE_LONGER,
        TABLE_OTHER_HASH,
        TABLE_OTHER_DEVICE,
        STATUS_C,
        STATUS_EMPTY,
        STATUS_OTHER,
        _DIFFERENCE_MAX,
};

static enum difference difference;
static unsigned different_query; /* the first or the second look */

static void edit(struct dm_device *device, unsigned query)
{
        char *table = device->table;

        if (query != different_query)
                return;
        switch (difference) {
        case DIFFERENT_NAME:
                (void) str_copy(device->name, sizeof(device->name), "usr2");
                break;
        case DIFFERENT_UUID:
                (void) str_copy(device->uuid, sizeof(device->uuid), "");
                break;
        case DIFFERENT_UUID_CASE:
                device->uuid[0] = 'c';
                break;
        case WRITABLE:
                device->is_read_only = false;
                break;
        case DIFFERENT_TARGET:
                (void) str_copy(device->target, sizeof(device->target), "linear");
                break;
        case SHORTER:
                device->length_sectors--;
                break;
        case LONGER:
                device->length_sectors++;
                break;
        case TABLE_CUT: /* the last word gone */
                *strrchr(table, ' ') = '\0';
                break;
        case TABLE_EMPTY:
                table[0] = '\0';
                break;
        case TABLE_LONGER:
                (void) str_copy(table + strlen(table), sizeof(device->table) - strlen(table), " ignore_zero_blocks");
                break;
        case TABLE_OTHER_HASH: {
                char *hash = strstr(table, " sha384 ") + 8;

                *hash = *hash == '0' ? '1' : '0';
                break;
        }
        case TABLE_OTHER_DEVICE:
                memcpy(strstr(table, "254:17"), "254:18", 6);
                break;
        case STATUS_C:
                (void) str_copy(device->status, sizeof(device->status), "C");
                break;
        case STATUS_EMPTY:
                device->status[0] = '\0';
                break;
        case STATUS_OTHER:
                (void) str_copy(device->status, sizeof(device->status), "Vx");
                break;
        case _DIFFERENCE_MAX:
                break;
        }
}

static void test_every_difference_is_refused_at_every_look(_unused_ void **state)
{
        for (different_query = 1; different_query <= 2; different_query++)
                for (difference = 0; difference < _DIFFERENCE_MAX; difference++) {
                        fake_dm_reset();
                        fake_dm.node_fd = image.data_fd;
                        fake_dm.edit = edit;
                        refused_with(difference >= STATUS_C ? FAIL_DM_CORRUPTED_CODE : FAIL_DM_TABLE_DIFFERS_CODE,
                                     "mapping usr: ");
                        assert_int_equal(fake_dm.n_queries, different_query);
                }
}

static void status_of_newer_kernels(struct dm_device *device, _unused_ unsigned query)
{
        (void) str_copy(device->status, sizeof(device->status), "V -");
}

static void test_a_status_with_more_words(_unused_ void **state)
{
        const struct active_volume *volume;
        struct error err = {};

        fake_dm.edit = status_of_newer_kernels;
        assert_int_equal(verity_activate(root, "usr", &volume, &err), 0);
}

static void test_a_block_that_cannot_be_read(_unused_ void **state)
{
        assert_int_equal(ftruncate(image.data_fd, 70 * 4096 - 1), 0);
        refused_with(FAIL_VERITY_READ_FAILED_CODE, "block 69 of 4096 bytes");

        fake_dm_reset();
        fake_dm.node_fd = image.data_fd;
        assert_int_equal(ftruncate(image.data_fd, 0), 0);
        refused_with(FAIL_VERITY_READ_FAILED_CODE, "block 0 of 4096 bytes");

        /* Unless the kernel knows why. */
        fake_dm_reset();
        fake_dm.node_fd = image.data_fd;
        fake_dm.edit = edit;
        difference = STATUS_C;
        different_query = 2;
        refused_with(FAIL_DM_CORRUPTED_CODE, "status is \"C\"");
}

static void test_every_failing_call_is_a_refusal(_unused_ void **state)
{
        for (size_t i = 1; i <= 4; i++) {
                fake_reset();
                fake_dm_reset();
                fake_dm.node_fd = image.data_fd;
                fake_fail_at(i);
                refused_with(FAIL_DM_FAILED_CODE, "fake dm_");
                assert_int_equal(fake_count("dm_remove"), i == 1 ? 0 : 1);
        }
}

static void test_a_failing_removal_hides_nothing(_unused_ void **state)
{
        const struct active_volume *volume = untouched;
        struct error err = {};

        fake_fail_name("dm_remove");
        fake_dm.edit = edit;
        difference = WRITABLE;
        different_query = 1;
        assert_true(verity_activate(root, "usr", &volume, &err) < 0);
        assert_int_equal(err.code, FAIL_DM_TABLE_DIFFERS_CODE);
        assert_ptr_equal(volume, untouched);
}

static void test_a_name_too_long_is_a_bug(_unused_ void **state)
{
        const struct active_volume *volume = untouched;
        struct error err = {};

        assert_true(verity_activate(root, "seventeen-letters", &volume, &err) < 0);
        assert_int_equal(err.code, FAIL_BUG_CODE);
        assert_int_equal(fake_log.n_calls, 0);
        assert_int_equal(verity_activate(root, "sixteen-letters-", &volume, &err), 0);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
        const struct CMUnitTest tests[] = {
                TEST(test_the_live_mapping_is_described),
                TEST(test_every_difference_is_refused_at_every_look),
                TEST(test_a_status_with_more_words),
                TEST(test_a_block_that_cannot_be_read),
                TEST(test_every_failing_call_is_a_refusal),
                TEST(test_a_failing_removal_hides_nothing),
                TEST(test_a_name_too_long_is_a_bug),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
