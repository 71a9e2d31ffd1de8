/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * PCRs as the TPM itself says them. Between us and it are a bus, or a hypervisor's device; a session that is salted for a
 * key of the TPM gives each answer an HMAC that only this TPM can make.
 */
#include <errno.h>
#include <stdio.h>

#include "tpm_esys.h"
#include "verinit/log.h"

enum { KEYS_MAX = 64, KEYS_A_CALL = 16 };

static void esys_freep(void *p)
{
        void **q = p;

        Esys_Free(*q);
        *q = NULL;
}

#define _cleanup_esys_ _cleanup_(esys_freep)

struct key_search {
        const uint8_t *name;
        size_t name_size;
        unsigned n_keys, n_unread; /* seen, and of them passed over */
        bool has_more;             /* behind those, which nobody looked at */
};

/*
 * A key that cannot be read is not the one that was named: its public part is none that ESYS can read (layers MU and SYS;
 * of an algorithm that is newer, say), or the TPM has something against this handle. All other answers are about TPM and
 * wire, and end the search.
 */
static bool is_about_key(TSS2_RC rc)
{
        switch (rc & TSS2_RC_LAYER_MASK) {
        case TSS2_MU_RC_LAYER:
        case TSS2_SYS_RC_LAYER:
                return true;
        case TSS2_TPM_RC_LAYER:
                return (rc & TPM2_RC_FMT1) != 0;
        default:
                return false;
        }
}

static int pass_over(struct tpm *tpm, TPM2_HANDLE handle, TSS2_RC rc, struct key_search *search, struct error *err)
{
        search->n_unread++;
        log_info("TPM %s: key 0x%08x cannot be read, and is passed over: %s (0x%x)", tpm->path, handle, Tss2_RC_Decode(rc), rc);
        /* ESYS is in no state to go on after an answer that it could not read. */
        tpm_esys_drop_if_broken(tpm, rc);
        rc = tpm_esys_connect(tpm);
        return rc == TSS2_RC_SUCCESS ? 0 : tpm_esys_error(err, FAIL_TPM_FAILED_CODE, tpm, rc, "cannot be opened");
}

/*
 * 1: the key at this handle has that Name, and *ret is it. The Name is computed from the public part that ESYS holds and
 * will encrypt the salt for, not taken from the answer, which nothing vouches for: an interposer may well give the wanted
 * Name beside a key of its own.
 */
static int key_is_named(struct tpm *tpm, TPM2_HANDLE handle, struct key_search *search, ESYS_TR *ret, struct error *err)
{
        _cleanup_esys_ TPM2B_NAME *seen = NULL;
        ESYS_TR key = ESYS_TR_NONE;
        unsigned n_tried = 0;
        char what[48];
        TSS2_RC rc;

        do
                rc = Esys_TR_FromTPMPublic(tpm->esys, handle, ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE, &key);
        while (tpm_esys_retry(rc, &n_tried));
        if (is_about_key(rc) && rc != TSS2_RC_SUCCESS)
                return pass_over(tpm, handle, rc, search, err);
        if (rc != TSS2_RC_SUCCESS) {
                (void) snprintf(what, sizeof(what), "key 0x%08x cannot be read", handle);
                return tpm_esys_error(err, FAIL_TPM_FAILED_CODE, tpm, rc, what);
        }
        /* Of an algorithm that is unknown here: then it is not the one that was named. */
        rc = Esys_TR_GetName(tpm->esys, key, &seen);
        if (rc == TSS2_RC_SUCCESS && seen->size == search->name_size &&
            memcmp(seen->name, search->name, search->name_size) == 0) {
                *ret = key;
                return 1;
        }
        (void) Esys_TR_Close(tpm->esys, &key);
        return 0;
}

/* Of all persistent objects, as far as there are no more than a TPM may well have. 1: found. */
static int find_key(struct tpm *tpm, struct key_search *search, ESYS_TR *ret, struct error *err)
{
        TPM2_HANDLE next = TPM2_PERSISTENT_FIRST;
        TPMI_YES_NO more = TPM2_YES;

        while (more == TPM2_YES && search->n_keys < KEYS_MAX) {
                _cleanup_esys_ TPMS_CAPABILITY_DATA *data = NULL;
                const TPML_HANDLE *list;
                unsigned n_tried = 0;
                TSS2_RC rc;

                do
                        rc = Esys_GetCapability(tpm->esys, ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE, TPM2_CAP_HANDLES, next,
                                                KEYS_A_CALL, &more, &data);
                while (tpm_esys_retry(rc, &n_tried));
                if (rc != TSS2_RC_SUCCESS)
                        return tpm_esys_error(err, FAIL_TPM_FAILED_CODE, tpm, rc, "persistent keys cannot be listed");
                list = &data->data.handles;
                if (list->count == 0)
                        return 0;
                for (uint32_t i = 0; i < list->count; i++) {
                        int r;

                        search->n_keys++;
                        r = key_is_named(tpm, list->handle[i], search, ret, err);

                        if (r != 0)
                                return r;
                }
                next = list->handle[list->count - 1] + 1;
        }
        search->has_more = more == TPM2_YES;
        return 0;
}

static int start_session(struct tpm *tpm, ESYS_TR key, struct error *err)
{
        const TPMT_SYM_DEF no_encryption = { .algorithm = TPM2_ALG_NULL };
        unsigned n_tried = 0;
        TSS2_RC rc;

        do
                rc = Esys_StartAuthSession(tpm->esys, key, ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE, NULL,
                                           TPM2_SE_HMAC, &no_encryption, TPM2_ALG_SHA256, &tpm->session);
        while (tpm_esys_retry(rc, &n_tried));
        if (rc == TSS2_RC_SUCCESS)
                rc = Esys_TRSess_SetAttributes(tpm->esys, tpm->session, TPMA_SESSION_AUDIT | TPMA_SESSION_CONTINUESESSION,
                                               0xff);
        if (rc != TSS2_RC_SUCCESS)
                return tpm_esys_error(err, FAIL_TPM_FAILED_CODE, tpm, rc, "no salted session can be started");
        return 0;
}

int tpm_session_begin(struct tpm *tpm, const uint8_t *key_name, size_t size, struct error *err)
{
        struct key_search search = { .name = key_name, .name_size = size };
        ESYS_TR key = ESYS_TR_NONE;
        TSS2_RC rc;
        int r;

        if (tpm->is_session_on || size == 0)
                return error_set(err, FAIL_BUG_CODE, EINVAL, "TPM %s: a session for a key name of %zu bytes", tpm->path, size);
        rc = tpm_esys_connect(tpm);
        if (rc != TSS2_RC_SUCCESS)
                return tpm_esys_error(err, FAIL_TPM_FAILED_CODE, tpm, rc, "cannot be opened");
        r = find_key(tpm, &search, &key, err);
        if (r < 0)
                return r;
        /* One of those that nobody saw, or could read, may have been it: that is no proof of another TPM. */
        if (r == 0 && search.has_more)
                return error_set(err, FAIL_TPM_FAILED_CODE, E2BIG, "TPM %s: it has more than %u persistent keys, and none of the "
                                 "first %u has the Name that the floor gives (tpm-ek=)", tpm->path, search.n_keys, search.n_keys);
        if (r == 0 && search.n_unread > 0)
                return error_set(err, FAIL_TPM_FAILED_CODE, EBADMSG, "TPM %s: %u of its persistent keys cannot be read, and "
                                 "none of the others has the Name that the floor gives (tpm-ek=)", tpm->path, search.n_unread);
        if (r == 0)
                return error_set(err, FAIL_TPM_KEY_MISMATCH_CODE, ENOKEY,
                                 search.n_keys == 0 ? "TPM %s: it keeps no persistent key, and the floor names one (tpm-ek=)" :
                                 "TPM %s: none of its persistent keys has the Name that the floor gives (tpm-ek=)", tpm->path);
        r = start_session(tpm, key, err);
        if (r < 0)
                return r;
        (void) Esys_TR_Close(tpm->esys, &key);
        tpm->is_session_on = true;
        return 0;
}

void tpm_session_end(struct tpm *tpm)
{
        TSS2_RC rc = tpm->session != ESYS_TR_NONE ? Esys_FlushContext(tpm->esys, tpm->session) : TSS2_RC_SUCCESS;

        /* Not answered, or not truly: the TPM drops it with the next reset. What comes next shall find a connection that works. */
        if (rc != TSS2_RC_SUCCESS) {
                struct error ignored = {};

                (void) Esys_TR_Close(tpm->esys, &tpm->session);
                (void) tpm_esys_error(&ignored, FAIL_TPM_FAILED_CODE, tpm, rc, "the session cannot be given back");
                log_debug("%s", ignored.msg);
        }
        tpm->session = ESYS_TR_NONE;
        tpm->is_session_on = false;
}

/*
 * An answer that does not come from who knows the salt: its HMAC is wrong, or it was sent without one; or the TPM finds
 * that our question was changed, or that the session was begun with somebody else.
 */
static bool is_forged(const struct tpm *tpm, TSS2_RC rc)
{
        static const TSS2_RC signs[] = {
                TSS2_ESYS_RC_RSP_AUTH_FAILED, TSS2_SYS_RC_BAD_SEQUENCE, TPM2_RC_BAD_AUTH, TPM2_RC_AUTH_FAIL,
        };

        if ((rc & TSS2_RC_LAYER_MASK) == TSS2_TPM_RC_LAYER && (rc & TPM2_RC_FMT1) != 0)
                rc &= ~(TSS2_RC) TPM2_RC_N_MASK; /* of which session */
        for (size_t i = 0; tpm->is_session_on && i < ARRAY_SIZE(signs); i++)
                if (rc == signs[i])
                        return true;
        return false;
}

struct reading {
        const unsigned *pcrs;
        size_t n_pcrs;
        const struct tpm_banks *banks;
        struct digest values[TPM_PCRS][TPM_MAX_BANKS];
        uint32_t left[TPM_MAX_BANKS]; /* of each bank, a bit for each PCR that the TPM has not said yet */
};

/* Of the first PCR with one, or NULL. */
static const enum digest_alg *first_left(const struct reading *reading, unsigned *ret_pcr)
{
        for (size_t i = 0; i < reading->n_pcrs; i++)
                for (size_t j = 0; j < reading->banks->n; j++)
                        if ((reading->left[j] >> reading->pcrs[i] & 1) != 0) {
                                *ret_pcr = reading->pcrs[i];
                                return &reading->banks->algs[j];
                        }
        return NULL;
}

static void select_left(const struct reading *reading, TPML_PCR_SELECTION *ret)
{
        ret->count = 0;
        for (size_t j = 0; j < reading->banks->n; j++)
                if (reading->left[j] != 0) {
                        TPMS_PCR_SELECTION *s = &ret->pcrSelections[ret->count++];

                        *s = (TPMS_PCR_SELECTION) { .hash = digest_tpm_id(reading->banks->algs[j]), .sizeofSelect = TPM_PCRS / 8 };
                        _Static_assert(TPM_MAX_BANKS <= ARRAY_SIZE(ret->pcrSelections), "each bank has a selection");
                        for (size_t i = 0; i < TPM_PCRS / 8; i++)
                                s->pcrSelect[i] = (uint8_t) (reading->left[j] >> 8 * i);
                }
}

static bool take_value(struct reading *reading, TPMI_ALG_HASH hash, unsigned pcr, const TPM2B_DIGEST *value)
{
        for (size_t j = 0; j < reading->banks->n; j++) {
                enum digest_alg alg = reading->banks->algs[j];

                if (digest_tpm_id(alg) != hash || pcr >= TPM_PCRS || (reading->left[j] >> pcr & 1) == 0 ||
                    value->size != digest_size(alg))
                        continue;
                for (size_t i = 0; i < reading->n_pcrs; i++)
                        if (reading->pcrs[i] == pcr) {
                                reading->values[i][j].alg = alg;
                                memcpy(reading->values[i][j].bytes, value->buffer, digest_size(alg));
                        }
                reading->left[j] &= ~(UINT32_C(1) << pcr);
                return true;
        }
        return false;
}

/* How many there were; -EBADMSG for one that was not asked for, and where names and values are not as many. */
static int take_values(struct reading *reading, const TPML_PCR_SELECTION *named, const TPML_DIGEST *values)
{
        uint32_t n = 0;

        for (uint32_t i = 0; i < named->count; i++) {
                const TPMS_PCR_SELECTION *s = &named->pcrSelections[i];

                for (unsigned pcr = 0; pcr < 8U * s->sizeofSelect; pcr++) {
                        if ((s->pcrSelect[pcr / 8] >> pcr % 8 & 1) == 0)
                                continue;
                        if (n == values->count || !take_value(reading, s->hash, pcr, &values->digests[n]))
                                return -EBADMSG;
                        n++;
                }
        }
        return n == values->count ? (int) n : -EBADMSG;
}

static TSS2_RC read_values(struct tpm *tpm, const TPML_PCR_SELECTION *wanted, TPML_PCR_SELECTION **ret_named, TPML_DIGEST **ret)
{
        ESYS_TR session = tpm->is_session_on ? tpm->session : ESYS_TR_NONE;
        unsigned n_tried = 0;
        TSS2_RC rc;

        rc = tpm_esys_connect(tpm);
        if (rc != TSS2_RC_SUCCESS)
                return rc;
        do
                rc = Esys_PCR_Read(tpm->esys, session, ESYS_TR_NONE, ESYS_TR_NONE, wanted, NULL, ret_named, ret);
        while (tpm_esys_retry(rc, &n_tried));
        return rc;
}

/* One command: whatever the TPM says of what is left. */
static int read_some(struct tpm *tpm, struct reading *reading, unsigned pcr, enum digest_alg alg, struct error *err)
{
        _cleanup_esys_ TPML_PCR_SELECTION *named = NULL;
        _cleanup_esys_ TPML_DIGEST *values = NULL;
        TPML_PCR_SELECTION wanted;
        char what[64];
        TSS2_RC rc;
        int n;

        if (tpm->is_session_on && tpm->session == ESYS_TR_NONE)
                return error_set(err, FAIL_TPM_FAILED_CODE, EPIPE, "TPM %s: PCR %u: the session broke off before", tpm->path, pcr);
        select_left(reading, &wanted);
        rc = read_values(tpm, &wanted, &named, &values);
        if (is_forged(tpm, rc)) {
                (void) snprintf(what, sizeof(what), "the answer with PCR %u was changed on its way", pcr);
                return tpm_esys_error(err, FAIL_TPM_ANSWER_FORGED_CODE, tpm, rc, what);
        }
        if (rc != TSS2_RC_SUCCESS) {
                (void) snprintf(what, sizeof(what), "PCR %u cannot be read", pcr);
                return tpm_esys_error(err, FAIL_TPM_FAILED_CODE, tpm, rc, what);
        }
        n = take_values(reading, named, values);
        if (n < 0)
                return error_set(err, FAIL_TPM_FAILED_CODE, -n, "TPM %s: its answer about PCR %u and others does not fit what was asked",
                                 tpm->path, pcr);
        /* A bank that is not active is no failure to the TPM: it answers with an empty list. */
        if (n == 0)
                return error_set(err, FAIL_TPM_FAILED_CODE, ENOENT, "TPM %s: no PCR %u in bank %s", tpm->path, pcr, digest_name(alg));
        return 0;
}

int tpm_read_pcrs(struct tpm *tpm, const unsigned *pcrs, size_t n_pcrs, const struct tpm_banks *banks,
                  struct digest ret[][TPM_MAX_BANKS], struct error *err)
{
        static struct reading reading; /* too large for a stack */
        const enum digest_alg *alg;
        unsigned pcr;

        if (n_pcrs > TPM_PCRS || banks->n > TPM_MAX_BANKS)
                return error_set(err, FAIL_BUG_CODE, EINVAL, "TPM %s: reading %zu PCRs in %zu banks", tpm->path, n_pcrs, banks->n);
        reading = (struct reading) { .pcrs = pcrs, .n_pcrs = n_pcrs, .banks = banks };
        for (size_t j = 0; j < banks->n; j++)
                for (size_t i = 0; i < n_pcrs; i++) {
                        if (pcrs[i] >= TPM_PCRS || digest_size(banks->algs[j]) == 0)
                                return error_set(err, FAIL_BUG_CODE, EINVAL, "TPM %s: reading PCR %u", tpm->path, pcrs[i]);
                        reading.left[j] |= UINT32_C(1) << pcrs[i];
                }
        while ((alg = first_left(&reading, &pcr))) {
                int r = read_some(tpm, &reading, pcr, *alg, err);

                if (r < 0)
                        return r;
        }
        for (size_t i = 0; i < n_pcrs; i++)
                memcpy(ret[i], reading.values[i], banks->n * sizeof(ret[i][0]));
        return 0;
}
