/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <stdio.h>

#include "fake_os.h"
#include "fake_tpm.h"
#include "fakes.h"
#include "unit.h"
#include "verinit/crypto.h"
#include "verinit/measure.h"

static const unsigned order[] = { 11, 13, 15, 7, 0, 1, 2, 3, 4, 5, 9, 12, 14 };

static struct measure measure;

static int setup(_unused_ void **state)
{
        struct error err = {};

        fake_reset();
        fake_os_reset();
        fake_tpm_reset();
        measure = (struct measure) { .banks = fake_tpm.banks, .root_fd = -1 };
        return tpm_open("fake", &measure.tpm, &err);
}

static void assert_is_digest_of(const struct digest *d, enum digest_alg alg, const char *word)
{
        const struct iovec part = { .iov_base = (void *) (uintptr_t) word, .iov_len = strlen(word) };
        struct digest want;
        struct error err = {};

        assert_int_equal(crypto_digest(alg, &part, 1, &want, &err), 0);
        assert_true(digest_equal(d, &want));
}

static void test_all_pcrs_in_order(_unused_ void **state)
{
        measure_poison(&measure, "root-hash-mismatch");
        assert_int_equal(fake_tpm.n_extends, ARRAY_SIZE(order));
        for (size_t i = 0; i < ARRAY_SIZE(order); i++) {
                const struct fake_tpm_extend *e = &fake_tpm.extends[i];

                assert_int_equal(e->pcr, order[i]);
                assert_int_equal(e->n_digests, 2);
                assert_is_digest_of(&e->digests[0], DIGEST_SHA1, "verinit.poison=root-hash-mismatch");
                assert_is_digest_of(&e->digests[1], DIGEST_SHA256, "verinit.poison=root-hash-mismatch");
        }
}

static void test_any_reason_becomes_a_word(_unused_ void **state)
{
        char reason[300], want[MEASURE_WORD_MAX + 1] = "verinit.poison=";

        measure_poison(&measure, "A b:c\"\n\xc3.=_-");
        assert_is_digest_of(&fake_tpm.extends[0].digests[1], DIGEST_SHA256, "verinit.poison=a-b-c---.=_-");

        fake_tpm.n_extends = 0;
        memset(reason, 'r', sizeof(reason));
        reason[sizeof(reason) - 1] = 0;
        memset(want + strlen(want), 'r', MEASURE_WORD_MAX - strlen(want));
        want[MEASURE_WORD_MAX] = 0;
        measure_poison(&measure, reason);
        assert_true(measure_word_is_valid(want));
        assert_is_digest_of(&fake_tpm.extends[0].digests[1], DIGEST_SHA256, want);

        fake_tpm.n_extends = 0;
        measure_poison(&measure, "");
        assert_is_digest_of(&fake_tpm.extends[0].digests[1], DIGEST_SHA256, "verinit.poison=");
}

static void test_a_failure_stops_nothing(_unused_ void **state)
{
        fake_fail_at(fake_log.n_calls + 3); /* two digests, then the extend of PCR 11 */
        measure_poison(&measure, "bug");
        assert_int_equal(fake_log.n_failed, 1);
        assert_int_equal(fake_tpm_count(11), 0);
        assert_int_equal(fake_tpm.n_extends, ARRAY_SIZE(order) - 1);
}

static void test_banks_that_could_not_be_listed(_unused_ void **state)
{
        measure.banks.n = 0;
        measure_poison(&measure, "tpm-failed");
        assert_int_equal(fake_tpm_count(11), 4);
        for (size_t i = 0; i < 4; i++) {
                assert_int_equal(fake_tpm.extends[i].n_digests, 1);
                assert_is_digest_of(&fake_tpm.extends[i].digests[0], DIGEST_SHA1 + (enum digest_alg) i,
                                    "verinit.poison=tpm-failed");
        }
        assert_int_equal(fake_tpm.n_extends, 4 * ARRAY_SIZE(order));
}

static void take_six_seconds(_unused_ unsigned pcr)
{
        fake_os.now_us += 6 * 1000 * 1000;
}

static void test_a_slow_tpm_does_not_hold_the_reset(_unused_ void **state)
{
        fake_tpm.on_extend = take_six_seconds;
        measure_poison(&measure, "bug");
        assert_int_equal(fake_tpm.n_extends, 2);
}

static void test_without_a_tpm_nothing_happens(_unused_ void **state)
{
        measure.tpm = NULL;
        measure_poison(&measure, "bug");
        assert_int_equal(fake_tpm.n_extends, 0);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test_setup(test_all_pcrs_in_order, setup),
                cmocka_unit_test_setup(test_any_reason_becomes_a_word, setup),
                cmocka_unit_test_setup(test_a_failure_stops_nothing, setup),
                cmocka_unit_test_setup(test_banks_that_could_not_be_listed, setup),
                cmocka_unit_test_setup(test_a_slow_tpm_does_not_hold_the_reset, setup),
                cmocka_unit_test_setup(test_without_a_tpm_nothing_happens, setup),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
