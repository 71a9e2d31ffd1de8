/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Port: the TPM. Adapter: measure/tpm_esys.c (tpm2-tss ESYS over the device TCTI; no tctildr, which dlopens).
 */
#pragma once

#include "verinit/digest.h"
#include "verinit/error.h"

enum { TPM_MAX_BANKS = 8, TPM_PCRS = 24 };

/* One digest for each active bank, in the TPM's order. */
struct tpm_banks {
        size_t n;
        enum digest_alg algs[TPM_MAX_BANKS];
};

struct tpm;

/* path: the device node. The handle lives in static storage, one a boot. TPM_FAILED. */
int tpm_open(const char *path, struct tpm **ret, struct error *err);
void tpm_close(struct tpm *tpm);

/*
 * call() is called before each wait for an answer, and every few seconds of it. How long a TPM is waited for has an end, for
 * each command and for all together.
 */
void tpm_on_wait(struct tpm *tpm, void (*call)(void *userdata), void *userdata);

/*
 * The banks that are allocated for all 24 PCRs. A bank of an algorithm that we cannot compute is a fault: left
 * out, it could be filled by anybody later (CVE-2021-42299).
 */
int tpm_read_banks(struct tpm *tpm, struct tpm_banks *ret, struct error *err);

/* One TPM2_PCR_Extend with all digests, in the order of banks. EXTEND_FAILED. */
int tpm_extend(struct tpm *tpm, unsigned pcr, const struct digest *digests, size_t n_digests, struct error *err);

/*
 * From here on each tpm_read_pcrs() is answered with an HMAC that only the owner of this key can make: an HMAC session, salted
 * for it. key_name: the TPM Name (algorithm, digest of the public part) of a key that the TPM keeps. TPM_KEY_MISMATCH: it
 * keeps none of that Name. TPM_FAILED.
 */
int tpm_session_begin(struct tpm *tpm, const uint8_t *key_name, size_t size, struct error *err);
void tpm_session_end(struct tpm *tpm);

/*
 * These PCRs in each of these banks: ret[i][j] is pcrs[i] in banks->algs[j]. In as few commands as the TPM lets, since each takes a
 * discrete one some milliseconds; an answer has room for eight values. *ret is untouched on failure: TPM_FAILED; in a session also TPM_ANSWER_FORGED.
 */
int tpm_read_pcrs(struct tpm *tpm, const unsigned *pcrs, size_t n_pcrs, const struct tpm_banks *banks,
                  struct digest ret[][TPM_MAX_BANKS], struct error *err);
