/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * measure/tpm_read.c over a software TPM, with somebody on the wire between them.
 */
#include <stdio.h>

#include "swtpm.h"
#include "swtpm_key.h"
#include "verinit/crypto.h"

enum { EK_HANDLE = 0x81010001 };
enum { CC_READ_PUBLIC = 0x173, CC_START_AUTH_SESSION = 0x176, CC_GET_CAPABILITY = 0x17a, CC_PCR_READ = 0x17e };

static struct swtpm machine;

static int setup(_unused_ void **state)
{
        return swtpm_start(&machine);
}

static int teardown(_unused_ void **state)
{
        return swtpm_stop(&machine);
}

static void extend(unsigned pcr)
{
        const struct iovec part = { (char[]) { "word" }, 4 };
        struct digest digest;
        struct error err = {};

        assert_int_equal(crypto_digest(DIGEST_SHA256, &part, 1, &digest, &err), 0);
        assert_int_equal(tpm_extend(machine.tpm, pcr, &digest, 1, &err), 0);
}

static void begin(const struct key_name *name)
{
        struct error err = {};

        if (tpm_session_begin(machine.tpm, name->bytes, name->size, &err) < 0)
                fail_msg("%s", err.msg);
}

static void refused(int r, const struct error *err, enum fail_code code, const char *in_message)
{
        assert_true(r < 0);
        if (err->code != code)
                fail_msg("%s instead of %s: %s", fail_code_name(err->code), fail_code_name(code), err->msg);
        if (!strstr(err->msg, in_message) || !strstr(err->msg, "/dev/test"))
                fail_msg("'%s' is not in '%s'", in_message, err->msg);
}

/* All that is proved is read: in each bank, the same as without a session. */
static void assert_reads_agree(const struct key_name *name)
{
        static const enum digest_alg algs[] = { DIGEST_SHA1, DIGEST_SHA256, DIGEST_SHA384, DIGEST_SHA512 };
        static const unsigned pcrs[] = { 9, 11, 12 };
        struct digest plain[3][4] = {}, seen = {};
        struct error err = {};

        for (size_t i = 0; i < ARRAY_SIZE(pcrs); i++)
                for (size_t j = 0; j < ARRAY_SIZE(algs); j++)
                        assert_int_equal(swtpm_read_pcr(machine.tpm, pcrs[i], algs[j], &plain[i][j], &err), 0);
        begin(name);
        for (size_t i = 0; i < ARRAY_SIZE(pcrs); i++)
                for (size_t j = 0; j < ARRAY_SIZE(algs); j++) {
                        if (swtpm_read_pcr(machine.tpm, pcrs[i], algs[j], &seen, &err) < 0)
                                fail_msg("%s", err.msg);
                        assert_int_equal(wire_get(tcti_swtpm.last_command, 2), 0x8002); /* with a session */
                        assert_true(digest_equal(&seen, &plain[i][j]));
                }
        tpm_session_end(machine.tpm);
        assert_int_equal(swtpm_read_pcr(machine.tpm, 11, DIGEST_SHA256, &seen, &err), 0);
        assert_int_equal(wire_get(tcti_swtpm.last_command, 2), 0x8001);
}

static void test_an_ecc_key(_unused_ void **state)
{
        struct key_name name = swtpm_keep_key(SWTPM_ENDORSEMENT, EK_HANDLE, /* is_rsa= */ false);

        extend(11);
        assert_reads_agree(&name);
}

static void test_an_rsa_key(_unused_ void **state)
{
        struct key_name name = swtpm_keep_key(SWTPM_ENDORSEMENT, EK_HANDLE, /* is_rsa= */ true);

        extend(9);
        assert_reads_agree(&name);
}

/* Sessions are few in a TPM: one that is not given back is missed. */
static void test_a_session_is_given_back(_unused_ void **state)
{
        struct key_name name = swtpm_keep_key(SWTPM_ENDORSEMENT, EK_HANDLE, /* is_rsa= */ false);

        for (unsigned i = 0; i < 10; i++) {
                begin(&name);
                tpm_session_end(machine.tpm);
        }
}

/* Among more than one call lists, and wherever it is kept. */
static void test_the_key_is_looked_for(_unused_ void **state)
{
        struct key_name last = {};

        for (uint32_t i = 0; i < 6; i++)
                last = swtpm_keep_key(i < 5 ? SWTPM_OWNER : SWTPM_ENDORSEMENT, 0x81000001 + i, /* is_rsa= */ false);
        begin(&last);
        tpm_session_end(machine.tpm);
}

static void test_another_tpm(_unused_ void **state)
{
        struct key_name name = swtpm_keep_key(SWTPM_ENDORSEMENT, EK_HANDLE, /* is_rsa= */ false), bad;
        struct error err = {};

        for (size_t i = 0; i < name.size; i += 11) {
                bad = name;
                bad.bytes[i] ^= 1;
                refused(tpm_session_begin(machine.tpm, bad.bytes, bad.size, &err), &err, FAIL_TPM_KEY_MISMATCH_CODE,
                        "none of its persistent keys");
        }
        refused(tpm_session_begin(machine.tpm, name.bytes, name.size - 1, &err), &err, FAIL_TPM_KEY_MISMATCH_CODE, "tpm-ek=");
        refused(tpm_session_begin(machine.tpm, name.bytes, 0, &err), &err, FAIL_BUG_CODE, "0 bytes");
        begin(&name);
        refused(tpm_session_begin(machine.tpm, name.bytes, name.size, &err), &err, FAIL_BUG_CODE, "session");
}

static void test_a_tpm_without_keys(_unused_ void **state)
{
        const struct key_name name = { .size = 34, .bytes = { 0, 0x0b } };
        struct error err = {};

        refused(tpm_session_begin(machine.tpm, name.bytes, name.size, &err), &err, FAIL_TPM_KEY_MISMATCH_CODE,
                "it keeps no persistent key");
}

static bool is_answer_to(const uint8_t *command, uint32_t code)
{
        return wire_get(command + 6, 4) == code;
}

/* The last byte of the PCR's value: header, size of the parameters, then these. */
static void flip_pcr(const uint8_t *command, uint8_t *response, _unused_ size_t *size)
{
        if (is_answer_to(command, CC_PCR_READ))
                response[14 + wire_get(response + 10, 4) - 1] ^= 1;
}

/* As a TPM would answer that was asked without a session. */
static void strip_session(const uint8_t *command, uint8_t *response, size_t *size)
{
        uint32_t n;

        if (!is_answer_to(command, CC_PCR_READ))
                return;
        n = wire_get(response + 10, 4);
        memmove(response + 10, response + 14, n);
        response[10 + n - 1] ^= 1;
        response[1] = 0x01;
        *size = 10 + n;
        wire_set32(response + 2, (uint32_t) *size);
}

/* The HMAC is cut off, its length said to be 0. */
static void drop_hmac(const uint8_t *command, uint8_t *response, size_t *size)
{
        if (!is_answer_to(command, CC_PCR_READ))
                return;
        *size -= 32;
        wire_set32(response + 2, (uint32_t) *size);
        response[*size - 1] = response[*size - 2] = 0;
}

static uint8_t recorded[512];
static size_t recorded_size;

static void replay_first(const uint8_t *command, uint8_t *response, size_t *size)
{
        if (!is_answer_to(command, CC_PCR_READ))
                return;
        if (recorded_size == 0) {
                assert_true(*size <= sizeof(recorded));
                memcpy(recorded, response, recorded_size = *size);
        } else {
                memcpy(response, recorded, *size = recorded_size);
        }
}

static void flip_nonce(const uint8_t *command, uint8_t *response, _unused_ size_t *size)
{
        if (is_answer_to(command, CC_START_AUTH_SESSION))
                response[20] ^= 1;
}

/* Of the key's public part, its last byte: the Name behind it stays what is looked for. */
static void swap_key(const uint8_t *command, uint8_t *response, _unused_ size_t *size)
{
        if (is_answer_to(command, CC_READ_PUBLIC))
                response[12 + wire_get(response + 10, 2) - 1] ^= 1;
}

struct interposer {
        void (*alter)(const uint8_t *command, uint8_t *response, size_t *size);
        unsigned n_good; /* answers before it lies */
};

static void assert_noticed(const struct interposer *who)
{
        struct key_name name = swtpm_keep_key(SWTPM_ENDORSEMENT, EK_HANDLE, /* is_rsa= */ false);
        struct digest seen = {};
        struct error err = {};

        recorded_size = 0;
        tcti_swtpm.alter = who->alter;
        begin(&name);
        for (unsigned i = 0; i < who->n_good; i++)
                assert_int_equal(swtpm_read_pcr(machine.tpm, 11, DIGEST_SHA256, &seen, &err), 0);
        seen = (struct digest) {};
        refused(swtpm_read_pcr(machine.tpm, 11, DIGEST_SHA256, &seen, &err), &err, FAIL_TPM_ANSWER_FORGED_CODE,
                "PCR 11 was changed on its way");
        assert_int_equal(seen.alg, DIGEST_NONE);
}

static void test_a_changed_answer_is_noticed(_unused_ void **state)
{
        static const struct interposer list[] = {
                { flip_pcr, 0 }, { strip_session, 0 }, { drop_hmac, 0 }, { flip_nonce, 0 }, { replay_first, 1 },
        };

        for (size_t i = 0; i < ARRAY_SIZE(list); i++) {
                assert_noticed(&list[i]);
                /* A fresh one: the session stays in the TPM, which is not reset here. */
                assert_int_equal(swtpm_stop(&machine), 0);
                assert_int_equal(swtpm_start(&machine), 0);
        }
}

static void test_a_swapped_key_is_noticed(_unused_ void **state)
{
        struct key_name name = swtpm_keep_key(SWTPM_ENDORSEMENT, EK_HANDLE, /* is_rsa= */ true);
        struct error err = {};

        tcti_swtpm.alter = swap_key;
        refused(tpm_session_begin(machine.tpm, name.bytes, name.size, &err), &err, FAIL_TPM_KEY_MISMATCH_CODE, "tpm-ek=");
        tcti_swtpm.alter = NULL;
        begin(&name);
}

/* Who cannot lie can break off. What follows is not read without a session then. */
static void test_no_way_back_to_plain_reads(_unused_ void **state)
{
        struct key_name name = swtpm_keep_key(SWTPM_ENDORSEMENT, EK_HANDLE, /* is_rsa= */ false);
        struct digest seen = {};
        struct error err = {};
        unsigned n;

        begin(&name);
        tcti_answer_failure();
        refused(swtpm_read_pcr(machine.tpm, 11, DIGEST_SHA256, &seen, &err), &err, FAIL_TPM_FAILED_CODE, "PCR 11 cannot be read");
        n = tcti_swtpm.n_commands;
        refused(swtpm_read_pcr(machine.tpm, 11, DIGEST_SHA256, &seen, &err), &err, FAIL_TPM_FAILED_CODE, "broke off");
        assert_int_equal(tcti_swtpm.n_commands, n);
        extend(11); /* the poison has to get through */
        refused(swtpm_read_pcr(machine.tpm, 11, DIGEST_SHA256, &seen, &err), &err, FAIL_TPM_FAILED_CODE, "broke off");
        tpm_session_end(machine.tpm);
        assert_int_equal(swtpm_read_pcr(machine.tpm, 11, DIGEST_SHA256, &seen, &err), 0);
}

static void (*alter_later)(const uint8_t *command, uint8_t *response, size_t *size);
static unsigned n_reads;

/* The second command with PCRs in it; the first is answered truly. */
static void alter_second(const uint8_t *command, uint8_t *response, size_t *size)
{
        if (is_answer_to(command, CC_PCR_READ) && ++n_reads == 2)
                alter_later(command, response, size);
}

static void fail_second(const uint8_t *command, uint8_t *response, _unused_ size_t *size)
{
        if (is_answer_to(command, CC_PCR_READ) && ++n_reads == 1)
                tcti_answer_failure();
        (void) response;
}

static int read_all(struct digest ret[3][TPM_MAX_BANKS], struct error *err)
{
        static const unsigned pcrs[] = { 9, 11, 12 };
        const struct tpm_banks banks = { .n = 4, .algs = { DIGEST_SHA1, DIGEST_SHA256, DIGEST_SHA384, DIGEST_SHA512 } };

        n_reads = 0;
        memset(ret, 0, 3 * sizeof(ret[0]));
        return tpm_read_pcrs(machine.tpm, pcrs, ARRAY_SIZE(pcrs), &banks, ret, err);
}

static void assert_untouched(struct digest values[3][TPM_MAX_BANKS])
{
        for (size_t i = 0; i < 3; i++)
                for (size_t j = 0; j < 4; j++)
                        assert_int_equal(values[i][j].alg, DIGEST_NONE);
}

static void begin_anew(void (*alter)(const uint8_t *command, uint8_t *response, size_t *size))
{
        struct key_name name;

        assert_int_equal(swtpm_stop(&machine), 0);
        assert_int_equal(swtpm_start(&machine), 0);
        name = swtpm_keep_key(SWTPM_ENDORSEMENT, EK_HANDLE, /* is_rsa= */ false);
        begin(&name);
        recorded_size = 0;
        tcti_swtpm.alter = alter;
}

/* Twelve values take two commands, both in the session: what is wrong with the second is noticed as with the first. */
static void test_all_pcrs_in_a_session(_unused_ void **state)
{
        static const struct { void (*alter)(const uint8_t *, uint8_t *, size_t *), (*later)(const uint8_t *, uint8_t *, size_t *); } lies[] = {
                { replay_first, NULL }, { alter_second, flip_pcr }, { alter_second, strip_session }, { alter_second, drop_hmac },
        };
        struct digest values[3][TPM_MAX_BANKS];
        struct error err = {};
        unsigned n;

        for (size_t i = 0; i < ARRAY_SIZE(lies); i++) {
                begin_anew(lies[i].alter);
                alter_later = lies[i].later;
                refused(read_all(values, &err), &err, FAIL_TPM_ANSWER_FORGED_CODE, "changed on its way");
                assert_untouched(values);
        }
        begin_anew(NULL);
        n = tcti_swtpm.n_commands;
        assert_int_equal(read_all(values, &err), 0);
        assert_int_equal(tcti_swtpm.n_commands, n + 2);
        assert_int_equal(wire_get(tcti_swtpm.last_command, 2), 0x8002);
        assert_int_equal(values[2][3].alg, DIGEST_SHA512);
        /* Broken off between the two: what is left is not read without the session. */
        tcti_swtpm.alter = fail_second;
        refused(read_all(values, &err), &err, FAIL_TPM_FAILED_CODE, "cannot be read");
        assert_untouched(values);
        n = tcti_swtpm.n_commands;
        refused(read_all(values, &err), &err, FAIL_TPM_FAILED_CODE, "broke off");
        assert_int_equal(tcti_swtpm.n_commands, n);
}

static unsigned n_strange;
static uint16_t strange_type;

/* Keys of a kind that nobody here knows, for the first answers; not damaged, so that only their kind speaks against them. */
static void estrange(const uint8_t *command, uint8_t *response, _unused_ size_t *size)
{
        if (!is_answer_to(command, CC_READ_PUBLIC) || n_strange == 0)
                return;
        n_strange--;
        response[12] = (uint8_t) (strange_type >> 8);
        response[13] = (uint8_t) strange_type;
}

static void test_a_key_of_an_unknown_kind_is_passed_over(_unused_ void **state)
{
        struct key_name name;
        struct error err = {};

        (void) swtpm_keep_key(SWTPM_OWNER, 0x81000001, /* is_rsa= */ false);
        (void) swtpm_keep_key(SWTPM_OWNER, 0x81000002, /* is_rsa= */ true);
        name = swtpm_keep_key(SWTPM_ENDORSEMENT, EK_HANDLE, /* is_rsa= */ false);
        tcti_swtpm.alter = estrange;
        strange_type = 0x7777;
        n_strange = 2;
        begin(&name);
        assert_int_equal(n_strange, 0);
        tpm_session_end(machine.tpm);

        /* It may be the one itself: another TPM it is not for that. */
        n_strange = 3;
        refused(tpm_session_begin(machine.tpm, name.bytes, name.size, &err), &err, FAIL_TPM_FAILED_CODE,
                "3 of its persistent keys cannot be read");
        assert_int_equal(n_strange, 0);
}

/* It went away between the list and the question; what is wrong with the TPM as a whole is told. */
static void test_a_key_that_the_tpm_refuses_is_passed_over(_unused_ void **state)
{
        struct key_name name;
        struct error err = {};
        uint8_t list[] = { 0x80, 0x01, 0, 0, 0, 0x1b, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 2, 0x81, 0, 0, 1, 0x81, 1, 0, 1 };

        (void) swtpm_keep_key(SWTPM_OWNER, 0x81000001, /* is_rsa= */ false);
        name = swtpm_keep_key(SWTPM_ENDORSEMENT, EK_HANDLE, /* is_rsa= */ false);
        tcti_answer_bytes(list, sizeof(list));
        tcti_answer_code(0x18b); /* TPM_RC_HANDLE, handle 1 */
        begin(&name);
        tpm_session_end(machine.tpm);

        tcti_answer_bytes(list, sizeof(list));
        tcti_answer_code(0x101); /* TPM_RC_FAILURE */
        refused(tpm_session_begin(machine.tpm, name.bytes, name.size, &err), &err, FAIL_TPM_FAILED_CODE,
                "key 0x81000001 cannot be read");
}

static unsigned n_lists; /* that are followed by another */

/* More keys than a TPM has room for: it lists the first again and again. */
static void list_without_end(const uint8_t *command, uint8_t *response, size_t *size)
{
        enum { N = 16 };

        if (!is_answer_to(command, CC_GET_CAPABILITY))
                return;
        memcpy(response, (const uint8_t[]) { 0x80, 0x01, 0, 0, 0, 19 + 4 * N, 0, 0, 0, 0 }, 10);
        memcpy(response + 10, (const uint8_t[]) { n_lists > 0, 0, 0, 0, 1, 0, 0, 0, N }, 9);
        for (size_t i = 0; i < N; i++)
                wire_set32(response + 19 + 4 * i, 0x81000001);
        *size = 19 + 4 * N;
        n_lists -= n_lists > 0;
}

/* Of keys that nobody looked at, one may be it. */
static void test_more_keys_than_are_looked_at(_unused_ void **state)
{
        struct key_name name;
        struct error err = {};

        (void) swtpm_keep_key(SWTPM_OWNER, 0x81000001, /* is_rsa= */ false);
        name = swtpm_keep_key(SWTPM_ENDORSEMENT, EK_HANDLE, /* is_rsa= */ false);
        tcti_swtpm.alter = list_without_end;
        n_lists = 4;
        refused(tpm_session_begin(machine.tpm, name.bytes, name.size, &err), &err, FAIL_TPM_FAILED_CODE,
                "it has more than 64 persistent keys, and none of the first 64 has the Name");
        assert_int_equal(n_lists, 0);
        /* All of 64. */
        n_lists = 3;
        refused(tpm_session_begin(machine.tpm, name.bytes, name.size, &err), &err, FAIL_TPM_KEY_MISMATCH_CODE,
                "none of its persistent keys");
}

/* The TPM's own refusals are not the key's fault. */
static void test_a_refusal_is_told(_unused_ void **state)
{
        struct key_name name = swtpm_keep_key(SWTPM_ENDORSEMENT, EK_HANDLE, /* is_rsa= */ false);
        struct error err = {};

        tcti_answer_code(0x101); /* TPM_RC_FAILURE */
        refused(tpm_session_begin(machine.tpm, name.bytes, name.size, &err), &err, FAIL_TPM_FAILED_CODE, "cannot be listed");
        for (size_t i = 0; i < 12; i++)
                tcti_answer_code(0x922);
        begin(&name);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test_setup_teardown(test_an_ecc_key, setup, teardown),
                cmocka_unit_test_setup_teardown(test_an_rsa_key, setup, teardown),
                cmocka_unit_test_setup_teardown(test_a_session_is_given_back, setup, teardown),
                cmocka_unit_test_setup_teardown(test_the_key_is_looked_for, setup, teardown),
                cmocka_unit_test_setup_teardown(test_another_tpm, setup, teardown),
                cmocka_unit_test_setup_teardown(test_a_tpm_without_keys, setup, teardown),
                cmocka_unit_test_setup_teardown(test_a_changed_answer_is_noticed, setup, teardown),
                cmocka_unit_test_setup_teardown(test_a_swapped_key_is_noticed, setup, teardown),
                cmocka_unit_test_setup_teardown(test_no_way_back_to_plain_reads, setup, teardown),
                cmocka_unit_test_setup_teardown(test_all_pcrs_in_a_session, setup, teardown),
                cmocka_unit_test_setup_teardown(test_a_key_of_an_unknown_kind_is_passed_over, setup, teardown),
                cmocka_unit_test_setup_teardown(test_a_key_that_the_tpm_refuses_is_passed_over, setup, teardown),
                cmocka_unit_test_setup_teardown(test_more_keys_than_are_looked_at, setup, teardown),
                cmocka_unit_test_setup_teardown(test_a_refusal_is_told, setup, teardown),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
