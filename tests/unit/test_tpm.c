/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * measure/tpm_esys.c as it is shipped, over a software TPM (swtpm), and over one that answers what a test wants.
 */
#include "swtpm.h"
#include "verinit/crypto.h"
#include "verinit/fsat.h"
#include "verinit/measure.h"

static struct swtpm machine;

static int setup(_unused_ void **state)
{
        return swtpm_start(&machine);
}

static int teardown(_unused_ void **state)
{
        return swtpm_stop(&machine);
}

static const enum digest_alg all[] = { DIGEST_SHA1, DIGEST_SHA256, DIGEST_SHA384, DIGEST_SHA512 };

static struct digest digest_of(enum digest_alg alg, const void *a, size_t a_size, const void *b, size_t b_size)
{
        const struct iovec parts[] = { { (void *) (uintptr_t) a, a_size }, { (void *) (uintptr_t) b, b_size } };
        struct digest digest;
        struct error err = {};

        assert_int_equal(crypto_digest(alg, parts, 2, &digest, &err), 0);
        return digest;
}

static void assert_pcr(unsigned pcr, enum digest_alg alg, const struct digest *want)
{
        struct digest got = {};
        struct error err = {};

        if (swtpm_read_pcr(machine.tpm, pcr, alg, &got, &err) < 0)
                fail_msg("%s", err.msg);
        assert_int_equal(got.alg, alg);
        assert_memory_equal(got.bytes, want->bytes, digest_size(alg));
}

static void test_all_banks_are_listed(_unused_ void **state)
{
        struct tpm_banks banks = {};
        struct error err = {};
        unsigned seen = 0;

        assert_int_equal(tpm_read_banks(machine.tpm, &banks, &err), 0);
        for (size_t i = 0; i < banks.n; i++)
                seen |= 1U << banks.algs[i];
        assert_int_equal(banks.n, ARRAY_SIZE(all)); /* those of a swtpm that nobody set up */
        assert_int_equal(seen, 1U << DIGEST_SHA1 | 1U << DIGEST_SHA256 | 1U << DIGEST_SHA384 | 1U << DIGEST_SHA512);
}

static void test_extend_reaches_all_banks(_unused_ void **state)
{
        static const unsigned pcrs[] = { 0, 1, 2, 3, 4, 5, 7, 9, 11, 12, 13, 14, 15 };
        struct digest digests[ARRAY_SIZE(all)], zero = {}, want;
        struct error err = {};

        for (size_t i = 0; i < ARRAY_SIZE(all); i++)
                digests[i] = digest_of(all[i], "word", 4, NULL, 0);
        for (size_t i = 0; i < ARRAY_SIZE(pcrs); i++) {
                if (tpm_extend(machine.tpm, pcrs[i], digests, ARRAY_SIZE(digests), &err) < 0)
                        fail_msg("%s", err.msg);
                for (size_t j = 0; j < ARRAY_SIZE(all); j++) {
                        size_t n = digest_size(all[j]);

                        want = digest_of(all[j], zero.bytes, n, digests[j].bytes, n);
                        assert_pcr(pcrs[i], all[j], &want);
                }
        }
        assert_pcr(8, DIGEST_SHA256, &zero);
}

/* measure_extend() down to the TPM: PCR 11 is what systemd-measure says for the phase enter-initrd:leave-initrd. */
static void test_a_word_reaches_the_tpm(_unused_ void **state)
{
        struct measure m = { .tpm = machine.tpm, .root_fd = machine.dir.fd, .boot_id = "00000000000000000000000000000000" };
        static const uint8_t zero[DIGEST_MAX_BYTES];
        struct digest word, pcr;
        struct error err = {};
        char text[8192];

        assert_int_equal(tpm_read_banks(machine.tpm, &m.banks, &err), 0);
        assert_int_equal(measure_extend(&m, 11, "enter-initrd", &err), 0);
        assert_int_equal(measure_extend(&m, 11, "leave-initrd", &err), 0);
        for (size_t i = 0; i < ARRAY_SIZE(all); i++) {
                size_t n = digest_size(all[i]);

                word = digest_of(all[i], "enter-initrd", 12, NULL, 0);
                pcr = digest_of(all[i], zero, n, word.bytes, n);
                word = digest_of(all[i], "leave-initrd", 12, NULL, 0);
                pcr = digest_of(all[i], pcr.bytes, n, word.bytes, n);
                assert_pcr(11, all[i], &pcr);
        }
        assert_true(fsat_read(machine.dir.fd, "run/log/systemd/tpm2-measure.log", text, sizeof(text)) > 0);
        assert_non_null(strstr(text, "\"string\":\"leave-initrd\""));
}

static void test_poison_changes_every_pcr_it_names(_unused_ void **state)
{
        static const unsigned poisoned[] = { 11, 13, 15, 7, 0, 1, 2, 3, 4, 5, 9, 12, 14 };
        struct measure m = { .tpm = machine.tpm, .root_fd = -1 }; /* the banks were never listed */
        static const uint8_t zero[DIGEST_MAX_BYTES];
        struct digest pcr;
        struct error err = {};

        measure_poison(&m, "bug");
        for (size_t i = 0; i < ARRAY_SIZE(poisoned); i++)
                for (size_t j = 0; j < ARRAY_SIZE(all); j++) {
                        assert_int_equal(swtpm_read_pcr(machine.tpm, poisoned[i], all[j], &pcr, &err), 0);
                        assert_memory_not_equal(pcr.bytes, zero, digest_size(all[j]));
                }
}

static void refused(int r, const struct error *err, enum fail_code code, const char *in_message)
{
        assert_true(r < 0);
        if (err->code != code)
                fail_msg("%s instead of %s: %s", fail_code_name(err->code), fail_code_name(code), err->msg);
        if (!strstr(err->msg, in_message) || !strstr(err->msg, "/dev/test"))
                fail_msg("'%s' is not in '%s'", in_message, err->msg);
}

static void test_a_refusal_is_told(_unused_ void **state)
{
        struct digest d = digest_of(DIGEST_SHA256, "x", 1, NULL, 0);
        struct error err = {};

        /* PCR 17 wants a locality that a kernel does not give. */
        refused(tpm_extend(machine.tpm, 17, &d, 1, &err), &err, FAIL_EXTEND_FAILED_CODE, "PCR 17");
        refused(tpm_extend(machine.tpm, 17, &d, 1, &err), &err, FAIL_EXTEND_FAILED_CODE, "0x907");
        assert_int_equal(tpm_extend(machine.tpm, 11, &d, 1, &err), 0); /* and the connection lives */
        assert_int_equal(tcti_swtpm.n_inits, 1);
        refused(tpm_extend(machine.tpm, 24, &d, 1, &err), &err, FAIL_BUG_CODE, "PCR 24");
        refused(tpm_extend(machine.tpm, 11, &d, 0, &err), &err, FAIL_BUG_CODE, "0 digests");
}

static struct digest one_digest(void)
{
        return digest_of(DIGEST_SHA256, "x", 1, NULL, 0);
}

/* ESYS repeats five times at once; what is left is ours, with pauses. */
static void test_a_busy_tpm_is_asked_again(_unused_ void **state)
{
        static const uint32_t busy[] = { 0x922, 0x90a, 0x908 }; /* RETRY, TESTING, YIELDED */
        struct digest d = one_digest(), zero = {}, want = digest_of(DIGEST_SHA256, zero.bytes, 32, d.bytes, 32);
        struct error err = {};

        for (size_t i = 0; i < 12; i++)
                tcti_answer_code(busy[i % ARRAY_SIZE(busy)]);
        if (tpm_extend(machine.tpm, 11, &d, 1, &err) < 0)
                fail_msg("%s", err.msg);
        assert_int_equal(tcti_swtpm.n_commands, 13);
        assert_pcr(11, DIGEST_SHA256, &want); /* once */
}

static void test_it_is_not_asked_for_ever(_unused_ void **state)
{
        struct digest d = one_digest();
        struct error err = {};

        for (size_t i = 0; i < TCTI_MAX_ANSWERS; i++)
                tcti_answer_code(0x922);
        refused(tpm_extend(machine.tpm, 11, &d, 1, &err), &err, FAIL_EXTEND_FAILED_CODE, "0x922");
        assert_in_range(tcti_swtpm.n_commands, 9, 60);
}

static void test_a_broken_transport_is_replaced(_unused_ void **state)
{
        struct digest d = one_digest();
        struct error err = {};

        tcti_answer_failure();
        refused(tpm_extend(machine.tpm, 11, &d, 1, &err), &err, FAIL_EXTEND_FAILED_CODE, "IO");
        assert_int_equal(tcti_swtpm.n_commands, 1); /* not tried again: it may have been taken */
        tcti_swtpm.is_refusing = true;
        refused(tpm_extend(machine.tpm, 11, &d, 1, &err), &err, FAIL_EXTEND_FAILED_CODE, "PCR 11");
        tcti_swtpm.is_refusing = false;
        if (tpm_extend(machine.tpm, 11, &d, 1, &err) < 0)
                fail_msg("%s", err.msg);
        assert_int_equal(tcti_swtpm.n_inits, 2);
}

/* An answer that is no TPM answer at all. */
static void test_garbage_is_refused(_unused_ void **state)
{
        static const uint8_t garbage[] = { 0x80, 0x01, 0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0, 1, 2, 3 };
        static const uint8_t cut_off[] = { 0x80, 0x01, 0, 0, 0, 14, 0, 0, 0, 0, 0, 0, 0, 5 };
        struct tpm_banks banks;
        struct digest d = one_digest();
        struct error err = {};

        tcti_answer_bytes(garbage, sizeof(garbage));
        refused(tpm_extend(machine.tpm, 11, &d, 1, &err), &err, FAIL_EXTEND_FAILED_CODE, "PCR 11");
        tcti_answer_bytes(cut_off, sizeof(cut_off));
        refused(tpm_read_banks(machine.tpm, &banks, &err), &err, FAIL_TPM_FAILED_CODE, "banks");
}

/* TPM2_GetCapability's answer: TPM2_CAP_PCRS with these banks of three bytes each. */
static void answer_banks(const uint8_t (*banks)[5], size_t n)
{
        uint8_t bytes[64] = { 0x80, 0x01, 0, 0, 0, 0, 0, 0, 0, 0, /* moreData */ 0, 0, 0, 0, 5, 0, 0, 0, (uint8_t) n };
        size_t size = 19;

        for (size_t i = 0; i < n; i++) {
                memcpy(bytes + size, banks[i], 2);
                bytes[size + 2] = 3;
                memcpy(bytes + size + 3, banks[i] + 2, 3);
                size += 6;
        }
        bytes[5] = (uint8_t) size;
        tcti_answer_bytes(bytes, size);
}

static void test_which_banks_are_ours(_unused_ void **state)
{
        static const uint8_t two[][5] = { { 0, 0x04, 0, 0, 0 }, { 0, 0x0d, 0xff, 0xff, 0xff }, { 0, 0x0b, 0xff, 0xff, 0xff } };
        static const uint8_t sm3[][5] = { { 0, 0x0b, 0xff, 0xff, 0xff }, { 0, 0x12, 0xff, 0xff, 0xff } };
        static const uint8_t sm3_off[][5] = { { 0, 0x12, 0, 0, 0 }, { 0, 0x0b, 0xff, 0xff, 0xff } };
        static const uint8_t partial[][5] = { { 0, 0x0b, 0xff, 0xff, 0xff }, { 0, 0x04, 0xff, 0xff, 0x01 } };
        static const uint8_t none[][5] = { { 0, 0x0b, 0, 0, 0 } };
        struct tpm_banks banks = {};
        struct error err = {};

        answer_banks(two, ARRAY_SIZE(two));
        assert_int_equal(tpm_read_banks(machine.tpm, &banks, &err), 0);
        assert_int_equal(banks.n, 2);
        assert_int_equal(banks.algs[0], DIGEST_SHA512);
        assert_int_equal(banks.algs[1], DIGEST_SHA256);

        answer_banks(sm3_off, ARRAY_SIZE(sm3_off));
        assert_int_equal(tpm_read_banks(machine.tpm, &banks, &err), 0);
        assert_int_equal(banks.n, 1);

        banks.n = 77;
        answer_banks(sm3, ARRAY_SIZE(sm3));
        refused(tpm_read_banks(machine.tpm, &banks, &err), &err, FAIL_TPM_FAILED_CODE, "0x0012");
        answer_banks(partial, ARRAY_SIZE(partial));
        refused(tpm_read_banks(machine.tpm, &banks, &err), &err, FAIL_TPM_FAILED_CODE, "sha1 has only the PCRs of mask 0x01ffff");
        answer_banks(none, ARRAY_SIZE(none));
        refused(tpm_read_banks(machine.tpm, &banks, &err), &err, FAIL_TPM_FAILED_CODE, "no active PCR bank");
        assert_int_equal(banks.n, 77);
}

/* A TPM without this bank answers with no value and no error. */
static void test_a_pcr_that_is_not_there(_unused_ void **state)
{
        static const uint8_t empty[] = { 0x80, 0x01, 0, 0, 0, 22, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0 };
        struct digest d = { .alg = DIGEST_NONE };
        struct error err = {};

        tcti_answer_bytes(empty, sizeof(empty));
        refused(swtpm_read_pcr(machine.tpm, 11, DIGEST_SHA384, &d, &err), &err, FAIL_TPM_FAILED_CODE, "no PCR 11 in bank sha384");
        refused(swtpm_read_pcr(machine.tpm, 24, DIGEST_SHA384, &d, &err), &err, FAIL_BUG_CODE, "PCR 24");
        assert_int_equal(d.alg, DIGEST_NONE);
}

static void extend_all(unsigned pcr)
{
        struct digest digests[ARRAY_SIZE(all)];
        struct error err = {};

        for (size_t i = 0; i < ARRAY_SIZE(all); i++)
                digests[i] = digest_of(all[i], "word", 4, NULL, 0);
        assert_int_equal(tpm_extend(machine.tpm, pcr, digests, ARRAY_SIZE(all), &err), 0);
}

/* Twelve values, of which an answer holds eight. */
static void test_pcrs_at_once(_unused_ void **state)
{
        static const unsigned pcrs[] = { 12, 9, 11 }; /* in the asker's order */
        const struct tpm_banks banks = { .n = 4, .algs = { DIGEST_SHA512, DIGEST_SHA1, DIGEST_SHA384, DIGEST_SHA256 } };
        struct digest values[ARRAY_SIZE(pcrs)][TPM_MAX_BANKS] = {}, one = {};
        struct error err = {};
        unsigned n;

        for (unsigned i = 0; i < ARRAY_SIZE(pcrs); i++)
                for (unsigned times = 0; times <= i; times++)
                        extend_all(pcrs[i]);
        n = tcti_swtpm.n_commands;
        if (tpm_read_pcrs(machine.tpm, pcrs, ARRAY_SIZE(pcrs), &banks, values, &err) < 0)
                fail_msg("%s", err.msg);
        assert_int_equal(tcti_swtpm.n_commands, n + 2);
        for (size_t i = 0; i < ARRAY_SIZE(pcrs); i++)
                for (size_t j = 0; j < banks.n; j++) {
                        assert_int_equal(swtpm_read_pcr(machine.tpm, pcrs[i], banks.algs[j], &one, &err), 0);
                        assert_true(digest_equal(&values[i][j], &one));
                        assert_int_equal(values[i][j].alg, banks.algs[j]);
                }
        assert_false(digest_equal(&values[0][3], &values[1][3]));
        assert_false(digest_equal(&values[1][3], &values[2][3]));
}

/* TPM2_PCR_Read: the update counter, the selection, the values. PCR 11 of SHA-1 is what was asked for. */
static void test_values_of_other_pcrs(_unused_ void **state)
{
#define BEHIND(size, ...) { 0x80, 0x01, 0, 0, 0, size, 0, 0, 0, 0, 0, 0, 0, 1, __VA_ARGS__ }
#define SELECTED(alg, low, high) 0, alg, 3, low, high, 0
#define SHA1_VALUE 0, 20, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20
        static const struct { const char *what; uint8_t bytes[96]; } answers[] = {
                { "another PCR", BEHIND(50, 0, 0, 0, 1, SELECTED(4, 0, 4), 0, 0, 0, 1, SHA1_VALUE) },
                { "another bank", BEHIND(50, 0, 0, 0, 1, SELECTED(0xb, 0, 8), 0, 0, 0, 1, SHA1_VALUE) },
                { "one more", BEHIND(72, 0, 0, 0, 1, SELECTED(4, 0, 12), 0, 0, 0, 2, SHA1_VALUE, SHA1_VALUE) },
                { "a name too many", BEHIND(56, 0, 0, 0, 2, SELECTED(4, 0, 8), SELECTED(4, 0, 8), 0, 0, 0, 1, SHA1_VALUE) },
                { "twice", BEHIND(78, 0, 0, 0, 2, SELECTED(4, 0, 8), SELECTED(4, 0, 8), 0, 0, 0, 2, SHA1_VALUE, SHA1_VALUE) },
                { "a value too many", BEHIND(72, 0, 0, 0, 1, SELECTED(4, 0, 8), 0, 0, 0, 2, SHA1_VALUE, SHA1_VALUE) },
                { "a value without a name", BEHIND(44, 0, 0, 0, 0, 0, 0, 0, 1, SHA1_VALUE) },
                { "a short value", BEHIND(32, 0, 0, 0, 1, SELECTED(4, 0, 8), 0, 0, 0, 1, 0, 2, 1, 2) },
        };
        static const uint8_t good[] = BEHIND(50, 0, 0, 0, 1, SELECTED(4, 0, 8), 0, 0, 0, 1, SHA1_VALUE);
        struct error err = {};
        struct digest d = { .alg = DIGEST_NONE };

        for (size_t i = 0; i < ARRAY_SIZE(answers); i++) {
                print_message("%s\n", answers[i].what);
                tcti_answer_bytes(answers[i].bytes, answers[i].bytes[5]);
                refused(swtpm_read_pcr(machine.tpm, 11, DIGEST_SHA1, &d, &err), &err, FAIL_TPM_FAILED_CODE,
                        "its answer about PCR 11 and others does not fit");
                assert_int_equal(d.alg, DIGEST_NONE);
        }
        tcti_answer_bytes(good, sizeof(good));
        assert_int_equal(swtpm_read_pcr(machine.tpm, 11, DIGEST_SHA1, &d, &err), 0);
        assert_int_equal(d.bytes[19], 20);
}

static void test_open_once(_unused_ void **state)
{
        struct tpm *other = NULL;
        struct error err = {};

        refused(tpm_open("/dev/test", &other, &err), &err, FAIL_BUG_CODE, "opened twice");
        assert_null(other);
        tpm_close(machine.tpm);
        tcti_swtpm.is_refusing = true;
        refused(tpm_open("/dev/test", &other, &err), &err, FAIL_TPM_FAILED_CODE, "cannot be opened");
        assert_null(other);
        tcti_swtpm.is_refusing = false;
        swtpm_open(&machine);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test_setup_teardown(test_all_banks_are_listed, setup, teardown),
                cmocka_unit_test_setup_teardown(test_extend_reaches_all_banks, setup, teardown),
                cmocka_unit_test_setup_teardown(test_a_word_reaches_the_tpm, setup, teardown),
                cmocka_unit_test_setup_teardown(test_poison_changes_every_pcr_it_names, setup, teardown),
                cmocka_unit_test_setup_teardown(test_a_refusal_is_told, setup, teardown),
                cmocka_unit_test_setup_teardown(test_a_busy_tpm_is_asked_again, setup, teardown),
                cmocka_unit_test_setup_teardown(test_it_is_not_asked_for_ever, setup, teardown),
                cmocka_unit_test_setup_teardown(test_a_broken_transport_is_replaced, setup, teardown),
                cmocka_unit_test_setup_teardown(test_garbage_is_refused, setup, teardown),
                cmocka_unit_test_setup_teardown(test_which_banks_are_ours, setup, teardown),
                cmocka_unit_test_setup_teardown(test_a_pcr_that_is_not_there, setup, teardown),
                cmocka_unit_test_setup_teardown(test_pcrs_at_once, setup, teardown),
                cmocka_unit_test_setup_teardown(test_values_of_other_pcrs, setup, teardown),
                cmocka_unit_test_setup_teardown(test_open_once, setup, teardown),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
