/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The witness exists only after the extend, and what is extended is the live mapping's hash.
 */
#include <stdio.h>

#include "fake_dm.h"
#include "fake_os.h"
#include "fake_tpm.h"
#include "fakes.h"
#include "temp_dir.h"
#include "verinit/fsat.h"
#include "verinit/measure.h"
#include "verity_image.h"

static const struct verity_image_spec spec = {
        .alg = DIGEST_SHA256, .data_block_bytes = 4096, .hash_block_bytes = 4096, .data_blocks = 3, .salt_size = 4,
};

static struct verity_image image;
static const struct active_volume *volume;
static struct temp_dir dir;
static struct measure measure;

static int setup(_unused_ void **state)
{
        const struct verified_root *root;
        struct verity_request req;
        struct error err = {};

        fake_reset();
        fake_dm_reset();
        fake_os_reset();
        fake_tpm_reset();
        verity_image_make(&spec, &image);
        fake_dm.node_fd = image.data_fd;
        req = verity_image_request(&image);
        if (verity_verify(&req, &root, &err) < 0 || verity_activate(root, "usr", &volume, &err) < 0 ||
            temp_dir_make(&dir) < 0)
                return -1;
        measure = (struct measure) { .banks = fake_tpm.banks, .root_fd = dir.fd };
        return tpm_open("fake", &measure.tpm, &err);
}

static int teardown(_unused_ void **state)
{
        verity_image_done(&image);
        return temp_dir_remove(&dir);
}

static void test_the_word_is_the_live_hash(_unused_ void **state)
{
        const struct measured_volume *measured = NULL;
        char word[MEASURE_WORD_MAX + 1] = "", want[MEASURE_WORD_MAX + 1], hex[DIGEST_MAX_HEX], text[2048];
        struct error err = {};

        assert_int_equal(measure_volume(&measure, volume, &measured, word, &err), 0);
        assert_ptr_equal(measured_volume_active(measured), volume);
        assert_int_equal(fake_tpm.n_extends, 1);
        assert_int_equal(fake_tpm.extends[0].pcr, 13);
        hex_encode(image.root_hash, image.root_hash_size, hex);
        (void) snprintf(want, sizeof(want), "verinit.usr-verity=sha256-%s", hex);
        assert_string_equal(word, want);
        (void) snprintf(want, sizeof(want), "\"string\":\"verinit.usr-verity=sha256-%s\"", hex);
        assert_true(fsat_read(dir.fd, "run/log/systemd/tpm2-measure.log", text, sizeof(text)) > 0);
        assert_non_null(strstr(text, want));
}

static void test_no_extend_no_witness(_unused_ void **state)
{
        const struct measured_volume *untouched = (const struct measured_volume *) &spec, *measured = untouched;
        char word[MEASURE_WORD_MAX + 1];
        struct error err = {};

        fake_fail_name("tpm_extend");
        assert_true(measure_volume(&measure, volume, &measured, word, &err) < 0);
        assert_int_equal(err.code, FAIL_EXTEND_FAILED_CODE);
        assert_non_null(strstr(err.msg, "usr"));
        assert_ptr_equal(measured, untouched);
}

static void test_skipped_by_the_plan(_unused_ void **state)
{
        assert_ptr_equal(measured_volume_active(measure_volume_skipped(volume)), volume);
        assert_int_equal(fake_count("tpm_extend"), 0);
        assert_false(fsat_exists(dir.fd, "run"));
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test_setup_teardown(test_the_word_is_the_live_hash, setup, teardown),
                cmocka_unit_test_setup_teardown(test_no_extend_no_witness, setup, teardown),
                cmocka_unit_test_setup_teardown(test_skipped_by_the_plan, setup, teardown),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
