/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A word on its way into a software TPM and into the log, with a TPM that is slow, busy, out of order, cut short or silent: what
 * the TPM has is in the log, or the log is marked and the boot has failed; and nothing is waited for without end.
 */
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <time.h>

#include "swtpm.h"
#include "verinit/crypto.h"
#include "verinit/fsat.h"
#include "verinit/measure.h"

#define LOG_FILE "run/log/systemd/tpm2-measure.log"

enum { RC_INITIALIZE = 0x100, RC_FAILURE = 0x101, RC_MEMORY = 0x904, RC_TESTING = 0x90a, RC_LOCKOUT = 0x921, RC_RETRY = 0x922 };
enum { CC_PCR_EXTEND = 0x182 };

static struct swtpm machine;
static struct measure measure;

static int setup(_unused_ void **state)
{
        struct error err = {};

        if (swtpm_start(&machine) < 0)
                return -1;
        measure = (struct measure) { .tpm = machine.tpm, .root_fd = machine.dir.fd, .boot_id = "00000000000000000000000000000000" };
        return tpm_read_banks(machine.tpm, &measure.banks, &err);
}

static int teardown(_unused_ void **state)
{
        return swtpm_stop(&machine);
}

static struct digest value(unsigned pcr)
{
        struct digest d = {};
        struct error err = {};

        if (swtpm_read_pcr(machine.tpm, pcr, DIGEST_SHA256, &d, &err) < 0)
                fail_msg("%s", err.msg);
        return d;
}

static void step(struct digest *pcr, const void *bytes, size_t size)
{
        struct digest word;
        struct error err = {};

        assert_int_equal(crypto_digest(DIGEST_SHA256, &(struct iovec) { (void *) (uintptr_t) bytes, size }, 1, &word, &err), 0);
        assert_int_equal(crypto_digest(DIGEST_SHA256, (struct iovec[]) { { pcr->bytes, 32 }, { word.bytes, 32 } }, 2, pcr, &err), 0);
}

static bool is_marked(void)
{
        struct stat st;

        return fstatat(machine.dir.fd, LOG_FILE, &st, 0) == 0 && (st.st_mode & S_ISVTX) != 0;
}

/* PCR 11 of the log: each of its words, in order. */
static struct digest replayed(void)
{
        static const char key[] = "\"string\":\"";
        struct digest pcr = { .alg = DIGEST_SHA256 };
        char text[16384];

        if (fsat_read(machine.dir.fd, LOG_FILE, text, sizeof(text)) < 0)
                return pcr;
        for (char *p = text; (p = strstr(p, key)) != NULL;) {
                p += sizeof(key) - 1;
                step(&pcr, p, strcspn(p, "\""));
        }
        return pcr;
}

static void assert_in_step(void)
{
        struct digest tpm = value(11), log = replayed();

        assert_true(digest_equal(&tpm, &log));
        assert_false(is_marked());
}

static void extend_ok(const char *word)
{
        struct error err = {};

        if (measure_extend(&measure, 11, word, &err) < 0)
                fail_msg("%s", err.msg);
        assert_in_step();
}

/* It fails with this in its message, and leaves the mark. */
static void extend_fails(const char *in_message)
{
        struct digest before = replayed(), after;
        struct error err = {};

        assert_true(measure_extend(&measure, 11, "leave-initrd", &err) < 0);
        if (err.code != FAIL_EXTEND_FAILED_CODE || !strstr(err.msg, in_message))
                fail_msg("%s, and '%s' is wanted in '%s'", fail_code_name(err.code), in_message, err.msg);
        assert_true(is_marked());
        after = replayed();
        assert_true(digest_equal(&before, &after)); /* no record */
}

/* The next boot begins with neither log nor mark. */
static void forget_log(void)
{
        assert_int_equal(unlinkat(machine.dir.fd, LOG_FILE, 0), 0);
}

static void assert_poisoned(void)
{
        struct digest before = value(11), after;

        measure_poison(&measure, "extend-failed");
        after = value(11);
        step(&before, "verinit.poison=extend-failed", 28);
        assert_true(digest_equal(&before, &after));
}

static uint64_t now_ms(void)
{
        struct timespec ts;

        (void) clock_gettime(CLOCK_MONOTONIC, &ts);
        return (uint64_t) ts.tv_sec * 1000 + (uint64_t) ts.tv_nsec / 1000000;
}

static void test_a_slow_one(_unused_ void **state)
{
        tcti_swtpm.delay_ms = 300;
        extend_ok("enter-initrd");
        extend_ok("leave-initrd");
}

static void test_a_busy_one(_unused_ void **state)
{
        for (size_t i = 0; i < 14; i++)
                tcti_answer_code(i % 2 == 0 ? RC_RETRY : RC_TESTING);
        extend_ok("enter-initrd");
        extend_ok("leave-initrd");
}

static void test_one_that_is_busy_for_ever(_unused_ void **state)
{
        uint64_t start = now_ms();
        unsigned n = tcti_swtpm.n_commands;

        extend_ok("enter-initrd");
        for (size_t i = 0; i < TCTI_MAX_ANSWERS; i++)
                tcti_answer_code(RC_TESTING);
        extend_fails("0x90a");
        assert_in_range(tcti_swtpm.n_commands - n, 9, 63);
        assert_in_range(now_ms() - start, 2000, 30 * 1000);
        tcti_swtpm.next_answer = tcti_swtpm.n_answers;
        assert_poisoned();
}

/* The TPM's own no. It is not asked twice, and what it has not done is not in the log. */
static void test_refusals(_unused_ void **state)
{
        static const struct {
                uint32_t code;
                const char *in_message;
        } list[] = {
                { RC_LOCKOUT, "0x921" }, { RC_FAILURE, "0x101" }, { RC_INITIALIZE, "0x100" }, { RC_MEMORY, "0x904" },
        };

        for (size_t i = 0; i < ARRAY_SIZE(list); i++) {
                struct digest before = value(11), after;
                unsigned n = tcti_swtpm.n_commands;

                tcti_answer_code(list[i].code);
                extend_fails(list[i].in_message);
                assert_int_equal(tcti_swtpm.n_commands, n + 1);
                after = value(11);
                assert_true(digest_equal(&before, &after));
                assert_int_equal(tcti_swtpm.n_inits, 1);
                assert_poisoned();
                forget_log();
        }
}

static size_t cut_at, cut_of;

static void cut(const uint8_t *command, _unused_ uint8_t *response, size_t *size)
{
        if (command[8] != CC_PCR_EXTEND >> 8 || command[9] != (CC_PCR_EXTEND & 0xff) || cut_at >= *size)
                return;
        cut_of = *size;
        *size = cut_at;
}

/* The TPM took the word, and its answer ends somewhere. */
static void test_short_answers(_unused_ void **state)
{
        cut_of = 1;
        for (cut_at = 0; cut_at < cut_of; cut_at++) {
                struct digest before = value(11), after;

                tcti_swtpm.alter = cut;
                extend_fails("PCR 11 was not extended");
                tcti_swtpm.alter = NULL;
                after = value(11);
                assert_false(digest_equal(&before, &after)); /* which nobody could know: hence the mark */
                forget_log();
        }
        assert_in_range(cut_of, 12, 64);
        assert_poisoned();
}

static void lie_about_size(_unused_ const uint8_t *command, uint8_t *response, _unused_ size_t *size)
{
        response[5]++;
}

static void test_an_answer_that_is_longer_than_it_says(_unused_ void **state)
{
        tcti_swtpm.alter = lie_about_size;
        extend_fails("PCR 11 was not extended");
        tcti_swtpm.alter = NULL;
        assert_poisoned();
}

static void test_one_that_hangs(_unused_ void **state)
{
        for (unsigned is_taking = 0; is_taking < 2; is_taking++) {
                unsigned n = tcti_swtpm.n_commands, n_ends = tcti_swtpm.n_ends;

                tcti_swtpm.is_silent = true;
                tcti_swtpm.is_taking = is_taking == 1;
                extend_fails(is_taking ? "no answer for 2 s" : "no answer for 20 s");
                assert_int_equal(tcti_swtpm.n_commands, n + 1);
                assert_int_equal(tcti_swtpm.n_ends, n_ends); /* its close() would hang too */

                /* It may have come to itself, on another connection; it is not waited for as long again. */
                tcti_swtpm.is_silent = false;
                assert_poisoned();
                assert_int_equal(tcti_swtpm.n_inits, 2 + is_taking);
                forget_log();
        }
}

/* Then not even the poison can be had; what matters is that it ends. */
static void test_one_that_hangs_for_ever(_unused_ void **state)
{
        unsigned n;

        tcti_swtpm.is_silent = true;
        extend_fails("no answer for 20 s");
        n = tcti_swtpm.n_commands;
        measure_poison(&measure, "extend-failed");
        assert_in_range(tcti_swtpm.n_commands - n, 1, 13);
        assert_int_equal(tcti_swtpm.waited_ms, 2000); /* not as long again */
        tcti_swtpm.is_silent = false;
}

static void test_reading_has_an_end_too(_unused_ void **state)
{
        struct tpm_banks banks;
        struct digest d = {};
        struct error err = {};

        tcti_swtpm.is_silent = true;
        assert_int_equal(swtpm_read_pcr(machine.tpm, 11, DIGEST_SHA256, &d, &err), -ETIMEDOUT);
        assert_int_equal(err.code, FAIL_TPM_FAILED_CODE);
        assert_int_equal(tpm_read_banks(machine.tpm, &banks, &err), -ETIMEDOUT);
        assert_int_equal(err.code, FAIL_TPM_FAILED_CODE);
        assert_int_equal(d.alg, DIGEST_NONE);
        tcti_swtpm.is_silent = false;
        extend_ok("enter-initrd");
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test_setup_teardown(test_a_slow_one, setup, teardown),
                cmocka_unit_test_setup_teardown(test_a_busy_one, setup, teardown),
                cmocka_unit_test_setup_teardown(test_one_that_is_busy_for_ever, setup, teardown),
                cmocka_unit_test_setup_teardown(test_refusals, setup, teardown),
                cmocka_unit_test_setup_teardown(test_short_answers, setup, teardown),
                cmocka_unit_test_setup_teardown(test_an_answer_that_is_longer_than_it_says, setup, teardown),
                cmocka_unit_test_setup_teardown(test_one_that_hangs, setup, teardown),
                cmocka_unit_test_setup_teardown(test_one_that_hangs_for_ever, setup, teardown),
                cmocka_unit_test_setup_teardown(test_reading_has_an_end_too, setup, teardown),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
