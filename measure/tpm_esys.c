/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The adapter to tpm2-tss. TSS2_RC values end here: what leaves is an error value with the code decoded.
 */
#include <errno.h>
#include <stdio.h>
#include <time.h>

#include "tpm_esys.h"
#include "verinit/tcti.h"

/* A TPM in its self-test answers TESTING or RETRY for up to two seconds: 10 ms, doubled, 8 times is 2.5 s. */
enum { RETRY_MAX = 8, RETRY_FIRST_MS = 10, OPEN_TRIES = 3 };

/* Slow hardware takes 2 s for our slowest command (a salted session by RSA). One that has hung gets a last chance only. */
enum { ANSWER_MS = 20 * 1000, ANSWER_AFTER_HANG_MS = 2 * 1000 };

static struct tpm the_tpm;

static void disconnect(struct tpm *tpm)
{
        if (tpm->esys)
                Esys_Finalize(&tpm->esys);
        if (tpm->tcti)
                Tss2_Tcti_Finalize(tpm->tcti);
        tpm->tcti = NULL;
        tpm->session = ESYS_TR_NONE; /* is_session_on stays: what follows must not be read without it unnoticed */
}

TSS2_RC tpm_esys_connect(struct tpm *tpm)
{
        TSS2_ABI_VERSION abi = TSS2_ABI_VERSION_CURRENT;
        size_t size = 0;
        TSS2_RC rc;

        if (tpm->esys)
                return TSS2_RC_SUCCESS;
        rc = tcti_init(NULL, &size, tpm->path);
        if (rc == TSS2_RC_SUCCESS && size > sizeof(tpm->tcti_storage))
                rc = TSS2_ESYS_RC_INSUFFICIENT_BUFFER;
        if (rc == TSS2_RC_SUCCESS)
                rc = tcti_init(tpm->tcti_storage, &size, tpm->path);
        if (rc != TSS2_RC_SUCCESS)
                return rc;
        tpm->tcti = tcti_bounded_init(&tpm->bounded, (TSS2_TCTI_CONTEXT *) (void *) tpm->tcti_storage,
                                      tpm->has_hung ? ANSWER_AFTER_HANG_MS : ANSWER_MS, &tpm->waiting);
        rc = Esys_Initialize(&tpm->esys, tpm->tcti, &abi);
        if (rc != TSS2_RC_SUCCESS)
                disconnect(tpm);
        return rc;
}

/*
 * After a failed transport ESYS refuses every further command (ESYS_STATE_INTERNALERROR), and the poison would reach
 * no PCR: the next call shall begin afresh. What the TPM itself answers (layer 0) leaves the connection sound.
 */
void tpm_esys_drop_if_broken(struct tpm *tpm, TSS2_RC rc)
{
        if ((rc & TSS2_RC_LAYER_MASK) != TSS2_TPM_RC_LAYER)
                disconnect(tpm);
}

/* The TPM's own "not now, nothing was done". ESYS has sent it five times without a pause when we see it. */
static bool is_busy(TSS2_RC rc)
{
        return rc == TPM2_RC_RETRY || rc == TPM2_RC_TESTING || rc == TPM2_RC_YIELDED;
}

bool tpm_esys_retry(TSS2_RC rc, unsigned *n_tried)
{
        long ms = RETRY_FIRST_MS;
        struct timespec ts;

        if (!is_busy(rc) || *n_tried == RETRY_MAX)
                return false;
        ms <<= (*n_tried)++;
        ts.tv_sec = ms / 1000;
        ts.tv_nsec = ms % 1000 * 1000000;
        (void) nanosleep(&ts, NULL);
        return true;
}

int tpm_esys_error(struct error *err, enum fail_code code, struct tpm *tpm, TSS2_RC rc, const char *what)
{
        bool is_hung = tpm->tcti && tpm->bounded.has_hung;

        tpm->has_hung = tpm->has_hung || is_hung;
        tpm_esys_drop_if_broken(tpm, rc);
        if (is_hung)
                return error_set(err, code, ETIMEDOUT, "TPM %s: %s: no answer for %d s", tpm->path, what,
                                 tpm->bounded.waited_ms / 1000);
        return error_set(err, code, EIO, "TPM %s: %s: %s (0x%x)", tpm->path, what, Tss2_RC_Decode(rc), rc);
}

/*
 * The device TCTI sends a first command when it connects, to see how the kernel hands out answers, and gives it one second.
 * A TPM that is still in its self-test may take longer; when its descriptor is closed, the kernel has waited for it.
 */
static TSS2_RC connect_patiently(struct tpm *tpm)
{
        TSS2_RC rc;
        unsigned n = 0;

        do
                rc = tpm_esys_connect(tpm);
        while (rc == TSS2_TCTI_RC_IO_ERROR && ++n < OPEN_TRIES);
        return rc;
}

int tpm_open(const char *path, struct tpm **ret, struct error *err)
{
        struct tpm *tpm = &the_tpm;
        TSS2_RC rc;

        if (tpm->is_open)
                return error_set(err, FAIL_BUG_CODE, EBUSY, "TPM %s: opened twice", tpm->path);
        memset(tpm, 0, sizeof(*tpm));
        tpm->session = ESYS_TR_NONE;
        if (!str_copy(tpm->path, sizeof(tpm->path), path))
                return error_set(err, FAIL_BUG_CODE, ENAMETOOLONG, "TPM %s: path too long", path);
        rc = connect_patiently(tpm);
        if (rc != TSS2_RC_SUCCESS)
                return tpm_esys_error(err, FAIL_TPM_FAILED_CODE, tpm, rc, "cannot be opened");
        tpm->is_open = true;
        *ret = tpm;
        return 0;
}

void tpm_on_wait(struct tpm *tpm, void (*call)(void *userdata), void *userdata)
{
        tpm->waiting.call = call;
        tpm->waiting.userdata = userdata;
}

void tpm_close(struct tpm *tpm)
{
        if (!tpm)
                return;
        disconnect(tpm);
        tpm->is_open = tpm->is_session_on = false;
}

static uint32_t selected_pcrs(const TPMS_PCR_SELECTION *s)
{
        uint32_t mask = 0;

        for (unsigned i = 0; i < s->sizeofSelect && i < sizeof(s->pcrSelect); i++)
                mask |= (uint32_t) s->pcrSelect[i] << (8 * i);
        return mask;
}

/* 1 the bank is ours to fill, 0 it is not allocated. */
static int judge_bank(const struct tpm *tpm, const TPMS_PCR_SELECTION *s, struct error *err)
{
        const uint32_t all = (1U << TPM_PCRS) - 1;
        uint32_t mask = selected_pcrs(s);

        if (mask == 0)
                return 0;
        if (digest_from_tpm_id(s->hash) == DIGEST_NONE)
                return error_set(err, FAIL_TPM_FAILED_CODE, EOPNOTSUPP,
                                 "TPM %s: the PCR bank of algorithm 0x%04x is active and cannot be computed here: "
                                 "turn it off in the firmware", tpm->path, s->hash);
        if ((mask & all) != all)
                return error_set(err, FAIL_TPM_FAILED_CODE, EOPNOTSUPP,
                                 "TPM %s: the PCR bank %s has only the PCRs of mask 0x%06x: allocate all or none",
                                 tpm->path, digest_name(digest_from_tpm_id(s->hash)), mask);
        return 1;
}

int tpm_read_banks(struct tpm *tpm, struct tpm_banks *ret, struct error *err)
{
        _cleanup_(freep) TPMS_CAPABILITY_DATA *data = NULL;
        struct tpm_banks banks = { 0 };
        unsigned n_tried = 0;
        TPMI_YES_NO more;
        TSS2_RC rc;

        rc = tpm_esys_connect(tpm);
        if (rc == TSS2_RC_SUCCESS)
                do
                        rc = Esys_GetCapability(tpm->esys, ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE, TPM2_CAP_PCRS, 0,
                                                1, &more, &data);
                while (tpm_esys_retry(rc, &n_tried));
        if (rc != TSS2_RC_SUCCESS)
                return tpm_esys_error(err, FAIL_TPM_FAILED_CODE, tpm, rc, "PCR banks cannot be listed");

        for (uint32_t i = 0; i < data->data.assignedPCR.count; i++) {
                const TPMS_PCR_SELECTION *s = &data->data.assignedPCR.pcrSelections[i];
                int r = judge_bank(tpm, s, err);

                if (r < 0)
                        return r;
                if (r == 0)
                        continue;
                if (banks.n == TPM_MAX_BANKS)
                        return error_set(err, FAIL_TPM_FAILED_CODE, E2BIG, "TPM %s: more than %d active PCR banks",
                                         tpm->path, TPM_MAX_BANKS);
                banks.algs[banks.n++] = digest_from_tpm_id(s->hash);
        }
        if (banks.n == 0)
                return error_set(err, FAIL_TPM_FAILED_CODE, ENODEV, "TPM %s: no active PCR bank", tpm->path);
        *ret = banks;
        return 0;
}

int tpm_extend(struct tpm *tpm, unsigned pcr, const struct digest *digests, size_t n_digests, struct error *err)
{
        TPML_DIGEST_VALUES values = { 0 };
        unsigned n_tried = 0;
        char what[48];
        TSS2_RC rc;

        if (pcr >= TPM_PCRS || n_digests == 0 || n_digests > TPM_MAX_BANKS)
                return error_set(err, FAIL_BUG_CODE, EINVAL, "TPM %s: extending PCR %u with %zu digests", tpm->path, pcr,
                                 n_digests);

        values.count = (uint32_t) n_digests;
        for (size_t i = 0; i < n_digests; i++) {
                values.digests[i].hashAlg = digest_tpm_id(digests[i].alg);
                memcpy(&values.digests[i].digest, digests[i].bytes, digest_size(digests[i].alg));
        }

        rc = tpm_esys_connect(tpm);
        if (rc == TSS2_RC_SUCCESS)
                do
                        rc = Esys_PCR_Extend(tpm->esys, ESYS_TR_PCR0 + pcr, ESYS_TR_PASSWORD, ESYS_TR_NONE,
                                             ESYS_TR_NONE, &values);
                while (tpm_esys_retry(rc, &n_tried));
        if (rc != TSS2_RC_SUCCESS) {
                (void) snprintf(what, sizeof(what), "PCR %u was not extended", pcr);
                return tpm_esys_error(err, FAIL_EXTEND_FAILED_CODE, tpm, rc, what);
        }
        return 0;
}
