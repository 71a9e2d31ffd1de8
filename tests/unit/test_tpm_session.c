/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * measure/tpm_read.c over a software TPM, with somebody on the wire between them.
 */
#include <stdio.h>

#include "swtpm.h"
#include "verinit/crypto.h"

enum { OWNER = 0x40000001, ENDORSEMENT = 0x4000000b, EK_HANDLE = 0x81010001 };
enum { CC_READ_PUBLIC = 0x173, CC_START_AUTH_SESSION = 0x176, CC_PCR_READ = 0x17e };

static struct swtpm machine;

struct name {
        size_t size;
        uint8_t bytes[66];
};

/* What tests send past the adapter: big-endian fields, the size filled in at the end. */
struct wire {
        uint8_t bytes[1024];
        size_t n;
};

static void put(struct wire *w, uint64_t value, size_t size)
{
        for (size_t i = size; i-- > 0;)
                w->bytes[w->n++] = (uint8_t) (value >> (8 * i));
}

static uint32_t get(const uint8_t *bytes, size_t size)
{
        uint32_t value = 0;

        for (size_t i = 0; i < size; i++)
                value = value << 8 | bytes[i];
        return value;
}

static void set32(uint8_t *bytes, uint32_t value)
{
        for (size_t i = 0; i < 4; i++)
                bytes[i] = (uint8_t) (value >> (24 - 8 * i));
}

static void put_header(struct wire *w, uint32_t command)
{
        w->n = 0;
        put(w, 0x8002, 2);
        put(w, 0, 4);
        put(w, command, 4);
}

static void put_empty_auth(struct wire *w)
{
        put(w, 9, 4);
        put(w, 0x40000009, 4); /* TPM_RS_PW */
        put(w, 0, 5);
}

static void talk(struct wire *w)
{
        ssize_t n;

        set32(w->bytes + 2, (uint32_t) w->n);
        assert_int_equal(write(tcti_swtpm.fd, w->bytes, w->n), w->n);
        n = read(tcti_swtpm.fd, w->bytes, sizeof(w->bytes));
        assert_true(n >= 10);
        if (get(w->bytes + 6, 4) != 0)
                fail_msg("the TPM says 0x%x", get(w->bytes + 6, 4));
}

static void put_ecc_p256(struct wire *w)
{
        put(w, 26, 2);
        put(w, 0x0023000b, 4);
        put(w, 0x00030072, 4);                      /* restricted, decrypts: as an EK */
        put(w, 0, 2);                               /* no policy */
        put(w, 0x000600800043, 6);                  /* AES-128 CFB */
        put(w, 0x001000030010, 6);                  /* no scheme, P-256, no KDF */
        put(w, 0, 4);
}

static void put_rsa_2048(struct wire *w)
{
        put(w, 26, 2);
        put(w, 0x0001000b, 4);
        put(w, 0x00030072, 4);
        put(w, 0, 2);
        put(w, 0x000600800043, 6);
        put(w, 0x00100800, 4); /* no scheme, 2048 bits */
        put(w, 0, 6);
}

/* A primary key that is kept at handle; its Name is computed here, from the public part. */
static struct name make_key(uint32_t hierarchy, uint32_t handle, void (*put_template)(struct wire *))
{
        struct name name = { .size = 34, .bytes = { 0x00, 0x0b } };
        struct digest digest;
        struct error err = {};
        struct wire w;
        struct iovec public;
        uint32_t transient;

        put_header(&w, 0x131);
        put(&w, hierarchy, 4);
        put_empty_auth(&w);
        put(&w, 0x000400000000, 6);
        put_template(&w);
        put(&w, 0, 6); /* no outside info, no PCRs */
        talk(&w);
        transient = get(w.bytes + 10, 4);
        public = (struct iovec) { w.bytes + 20, get(w.bytes + 18, 2) };
        assert_int_equal(crypto_digest(DIGEST_SHA256, &public, 1, &digest, &err), 0);
        memcpy(name.bytes + 2, digest.bytes, 32);

        put_header(&w, 0x120); /* EvictControl */
        put(&w, OWNER, 4);
        put(&w, transient, 4);
        put_empty_auth(&w);
        put(&w, handle, 4);
        talk(&w);
        put_header(&w, 0x165); /* FlushContext */
        w.bytes[1] = 0x01;
        put(&w, transient, 4);
        talk(&w);
        return name;
}

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

static void begin(const struct name *name)
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
static void assert_reads_agree(const struct name *name)
{
        static const enum digest_alg algs[] = { DIGEST_SHA1, DIGEST_SHA256, DIGEST_SHA384, DIGEST_SHA512 };
        static const unsigned pcrs[] = { 9, 11, 12 };
        struct digest plain[3][4], seen;
        struct error err = {};

        for (size_t i = 0; i < ARRAY_SIZE(pcrs); i++)
                for (size_t j = 0; j < ARRAY_SIZE(algs); j++)
                        assert_int_equal(tpm_read_pcr(machine.tpm, pcrs[i], algs[j], &plain[i][j], &err), 0);
        begin(name);
        for (size_t i = 0; i < ARRAY_SIZE(pcrs); i++)
                for (size_t j = 0; j < ARRAY_SIZE(algs); j++) {
                        if (tpm_read_pcr(machine.tpm, pcrs[i], algs[j], &seen, &err) < 0)
                                fail_msg("%s", err.msg);
                        assert_int_equal(get(tcti_swtpm.last_command, 2), 0x8002); /* with a session */
                        assert_true(digest_equal(&seen, &plain[i][j]));
                }
        tpm_session_end(machine.tpm);
        assert_int_equal(tpm_read_pcr(machine.tpm, 11, DIGEST_SHA256, &seen, &err), 0);
        assert_int_equal(get(tcti_swtpm.last_command, 2), 0x8001);
}

static void test_an_ecc_key(_unused_ void **state)
{
        struct name name = make_key(ENDORSEMENT, EK_HANDLE, put_ecc_p256);

        extend(11);
        assert_reads_agree(&name);
}

static void test_an_rsa_key(_unused_ void **state)
{
        struct name name = make_key(ENDORSEMENT, EK_HANDLE, put_rsa_2048);

        extend(9);
        assert_reads_agree(&name);
}

/* Sessions are few in a TPM: one that is not given back is missed. */
static void test_a_session_is_given_back(_unused_ void **state)
{
        struct name name = make_key(ENDORSEMENT, EK_HANDLE, put_ecc_p256);

        for (unsigned i = 0; i < 10; i++) {
                begin(&name);
                tpm_session_end(machine.tpm);
        }
}

/* Among more than one call lists, and wherever it is kept. */
static void test_the_key_is_looked_for(_unused_ void **state)
{
        struct name last = {};

        for (uint32_t i = 0; i < 6; i++)
                last = make_key(i < 5 ? OWNER : ENDORSEMENT, 0x81000001 + i, put_ecc_p256);
        begin(&last);
        tpm_session_end(machine.tpm);
}

static void test_another_tpm(_unused_ void **state)
{
        struct name name = make_key(ENDORSEMENT, EK_HANDLE, put_ecc_p256), bad;
        struct error err = {};

        for (size_t i = 0; i < name.size; i += 11) {
                bad = name;
                bad.bytes[i] ^= 1;
                refused(tpm_session_begin(machine.tpm, bad.bytes, bad.size, &err), &err, FAIL_TPM_KEY_MISMATCH_CODE, "tpm-ek=");
        }
        refused(tpm_session_begin(machine.tpm, name.bytes, name.size - 1, &err), &err, FAIL_TPM_KEY_MISMATCH_CODE, "tpm-ek=");
        refused(tpm_session_begin(machine.tpm, name.bytes, 0, &err), &err, FAIL_BUG_CODE, "0 bytes");
        begin(&name);
        refused(tpm_session_begin(machine.tpm, name.bytes, name.size, &err), &err, FAIL_BUG_CODE, "session");
}

static void test_a_tpm_without_keys(_unused_ void **state)
{
        const struct name name = { .size = 34, .bytes = { 0, 0x0b } };
        struct error err = {};

        refused(tpm_session_begin(machine.tpm, name.bytes, name.size, &err), &err, FAIL_TPM_KEY_MISMATCH_CODE, "tpm-ek=");
}

static bool is_answer_to(const uint8_t *command, uint32_t code)
{
        return get(command + 6, 4) == code;
}

/* The last byte of the PCR's value: header, size of the parameters, then these. */
static void flip_pcr(const uint8_t *command, uint8_t *response, _unused_ size_t *size)
{
        if (is_answer_to(command, CC_PCR_READ))
                response[14 + get(response + 10, 4) - 1] ^= 1;
}

/* As a TPM would answer that was asked without a session. */
static void strip_session(const uint8_t *command, uint8_t *response, size_t *size)
{
        uint32_t n;

        if (!is_answer_to(command, CC_PCR_READ))
                return;
        n = get(response + 10, 4);
        memmove(response + 10, response + 14, n);
        response[10 + n - 1] ^= 1;
        response[1] = 0x01;
        *size = 10 + n;
        set32(response + 2, (uint32_t) *size);
}

/* The HMAC is cut off, its length said to be 0. */
static void drop_hmac(const uint8_t *command, uint8_t *response, size_t *size)
{
        if (!is_answer_to(command, CC_PCR_READ))
                return;
        *size -= 32;
        set32(response + 2, (uint32_t) *size);
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
                response[12 + get(response + 10, 2) - 1] ^= 1;
}

struct interposer {
        void (*alter)(const uint8_t *command, uint8_t *response, size_t *size);
        unsigned n_good; /* answers before it lies */
};

static void assert_noticed(const struct interposer *who)
{
        struct name name = make_key(ENDORSEMENT, EK_HANDLE, put_ecc_p256);
        struct digest seen = {};
        struct error err = {};

        recorded_size = 0;
        tcti_swtpm.alter = who->alter;
        begin(&name);
        for (unsigned i = 0; i < who->n_good; i++)
                assert_int_equal(tpm_read_pcr(machine.tpm, 11, DIGEST_SHA256, &seen, &err), 0);
        seen = (struct digest) {};
        refused(tpm_read_pcr(machine.tpm, 11, DIGEST_SHA256, &seen, &err), &err, FAIL_TPM_ANSWER_FORGED_CODE,
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
        struct name name = make_key(ENDORSEMENT, EK_HANDLE, put_rsa_2048);
        struct error err = {};

        tcti_swtpm.alter = swap_key;
        refused(tpm_session_begin(machine.tpm, name.bytes, name.size, &err), &err, FAIL_TPM_KEY_MISMATCH_CODE, "tpm-ek=");
        tcti_swtpm.alter = NULL;
        begin(&name);
}

/* Who cannot lie can break off. What follows is not read without a session then. */
static void test_no_way_back_to_plain_reads(_unused_ void **state)
{
        struct name name = make_key(ENDORSEMENT, EK_HANDLE, put_ecc_p256);
        struct digest seen = {};
        struct error err = {};
        unsigned n;

        begin(&name);
        tcti_answer_failure();
        refused(tpm_read_pcr(machine.tpm, 11, DIGEST_SHA256, &seen, &err), &err, FAIL_TPM_FAILED_CODE, "PCR 11 cannot be read");
        n = tcti_swtpm.n_commands;
        refused(tpm_read_pcr(machine.tpm, 11, DIGEST_SHA256, &seen, &err), &err, FAIL_TPM_FAILED_CODE, "broke off");
        assert_int_equal(tcti_swtpm.n_commands, n);
        extend(11); /* the poison has to get through */
        refused(tpm_read_pcr(machine.tpm, 11, DIGEST_SHA256, &seen, &err), &err, FAIL_TPM_FAILED_CODE, "broke off");
        tpm_session_end(machine.tpm);
        assert_int_equal(tpm_read_pcr(machine.tpm, 11, DIGEST_SHA256, &seen, &err), 0);
}

/* The TPM's own refusals are not the key's fault. */
static void test_a_refusal_is_told(_unused_ void **state)
{
        struct name name = make_key(ENDORSEMENT, EK_HANDLE, put_ecc_p256);
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
                cmocka_unit_test_setup_teardown(test_a_refusal_is_told, setup, teardown),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
