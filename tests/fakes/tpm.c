/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "fake_tpm.h"

#include <errno.h>

#include "fake_os.h"
#include "fakes.h"
#include "verinit/crypto.h"

struct tpm {
        char unused;
};

static struct tpm the_tpm;

struct fake_tpm fake_tpm = { .banks = { .n = 2, .algs = { DIGEST_SHA1, DIGEST_SHA256 } } };

void fake_tpm_reset(void)
{
        fake_tpm = (struct fake_tpm) { .banks = { .n = 2, .algs = { DIGEST_SHA1, DIGEST_SHA256 } } };
}

size_t fake_tpm_count(unsigned pcr)
{
        size_t n = 0;

        for (size_t i = 0; i < fake_tpm.n_extends; i++)
                n += fake_tpm.extends[i].pcr == pcr ? 1 : 0;
        return n;
}

int tpm_open(const char *path, struct tpm **ret, struct error *err)
{
        if (fake_callf("tpm_open", "%s", path))
                return error_set(err, FAIL_TPM_FAILED_CODE, EIO, "fake tpm_open");
        if (fake_tpm.is_open)
                return error_set(err, FAIL_BUG_CODE, EBUSY, "fake TPM opened twice");
        fake_tpm.is_open = true;
        *ret = &the_tpm;
        return 0;
}

void tpm_close(struct tpm *tpm)
{
        if (!tpm)
                return;
        (void) fake_call("tpm_close");
        fake_tpm.is_open = false;
}

void tpm_on_wait(_unused_ struct tpm *tpm, void (*call)(void *userdata), void *userdata)
{
        fake_tpm.on_wait = call;
        fake_tpm.waiting = userdata;
}

static void wait_for_answer(void)
{
        for (uint64_t us = 0; us < fake_tpm.answer_us; us += 3000000) {
                if (fake_tpm.on_wait)
                        fake_tpm.on_wait(fake_tpm.waiting);
                fake_os.now_us += 3000000;
        }
}

int tpm_read_banks(_unused_ struct tpm *tpm, struct tpm_banks *ret, struct error *err)
{
        wait_for_answer();
        if (fake_call("tpm_read_banks"))
                return error_set(err, FAIL_TPM_FAILED_CODE, EIO, "fake tpm_read_banks");
        *ret = fake_tpm.banks;
        return 0;
}

int tpm_extend(_unused_ struct tpm *tpm, unsigned pcr, const struct digest *digests, size_t n_digests,
               struct error *err)
{
        struct fake_tpm_extend *e = &fake_tpm.extends[fake_tpm.n_extends];

        if (fake_tpm.on_extend)
                fake_tpm.on_extend(pcr);
        wait_for_answer();
        if (fake_callf("tpm_extend", "%u", pcr))
                return error_set(err, FAIL_EXTEND_FAILED_CODE, EIO, "fake tpm_extend");
        if (fake_tpm.n_extends == FAKE_TPM_MAX_EXTENDS || pcr >= TPM_PCRS || n_digests > TPM_MAX_BANKS)
                return error_set(err, FAIL_BUG_CODE, ENOBUFS, "fake tpm_extend: PCR %u", pcr);
        e->pcr = pcr;
        e->n_digests = n_digests;
        memcpy(e->digests, digests, n_digests * sizeof(digests[0]));
        fake_tpm.n_extends++;
        return 0;
}

int tpm_session_begin(_unused_ struct tpm *tpm, const uint8_t *key_name, size_t size, struct error *err)
{
        if (fake_callf("tpm_session_begin", "%zu", size))
                return error_set(err, FAIL_TPM_KEY_MISMATCH_CODE, ENOKEY, "fake tpm_session_begin");
        if (fake_tpm.is_session_on)
                return error_set(err, FAIL_BUG_CODE, EBUSY, "fake TPM: a second session");
        if (size != fake_tpm.key_name_size || memcmp(key_name, fake_tpm.key_name, size) != 0)
                return error_set(err, FAIL_TPM_KEY_MISMATCH_CODE, ENOKEY, "fake TPM: another key");
        fake_tpm.is_session_on = true;
        return 0;
}

void tpm_session_end(_unused_ struct tpm *tpm)
{
        (void) fake_call("tpm_session_end");
        fake_tpm.is_session_on = false;
}

static int read_pcr(unsigned pcr, enum digest_alg alg, struct digest *ret, struct error *err)
{
        struct digest value = { .alg = alg };

        for (size_t i = 0; i < fake_tpm.banks.n && pcr < TPM_PCRS; i++)
                if (fake_tpm.banks.algs[i] == alg)
                        memcpy(value.bytes, fake_tpm.measured[pcr][i].bytes, sizeof(value.bytes));
        for (size_t i = 0; i < fake_tpm.n_extends; i++) {
                struct fake_tpm_extend *e = &fake_tpm.extends[i];

                for (size_t j = 0; e->pcr == pcr && j < e->n_digests; j++) {
                        const struct iovec parts[] = { { value.bytes, digest_size(alg) },
                                                       { e->digests[j].bytes, digest_size(alg) } };

                        if (e->digests[j].alg == alg && crypto_digest(alg, parts, 2, &value, err) < 0)
                                return -EIO;
                }
        }
        *ret = value;
        return 0;
}

int tpm_read_pcrs(_unused_ struct tpm *tpm, const unsigned *pcrs, size_t n_pcrs, const struct tpm_banks *banks,
                  struct digest ret[][TPM_MAX_BANKS], struct error *err)
{
        if (fake_callf("tpm_read_pcrs", "%zu in %zu banks%s", n_pcrs, banks->n, fake_tpm.is_session_on ? " in a session" : ""))
                return error_set(err, FAIL_TPM_FAILED_CODE, EIO, "fake tpm_read_pcrs");
        for (size_t i = 0; i < n_pcrs; i++)
                for (size_t j = 0; j < banks->n; j++) {
                        int r = read_pcr(pcrs[i], banks->algs[j], &ret[i][j], err);

                        if (r < 0)
                                return r;
                }
        return 0;
}
