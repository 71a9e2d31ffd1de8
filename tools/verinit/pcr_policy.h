/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Signed PCR policies as systemd has them (systemd-measure(1), the section .pcrsig, /run/systemd/tpm2-pcr-signature.json).
 */
#pragma once

#include "json_value.h"
#include "predict.h"
#include "public_key.h"

enum { PCR_POLICY_DIGEST_BYTES = 32, PCR_POLICY_MAX_FILE_BYTES = 1024 * 1024, PCR_POLICY_MAX = 1024 };

struct pcr_policy {
        enum digest_alg bank;
        uint32_t pcrs; /* bit n: PCR n */
        uint8_t digest[PCR_POLICY_DIGEST_BYTES]; /* what is signed: of TPM2_PolicyPCR, in a session of SHA-256 */
        struct digest fingerprint; /* of the key that is to sign it, or has; of none: it does not say */
        struct buffer signature;   /* empty: there is none yet */
        const char *phase;         /* that it is for; NULL: is not known. Borrowed */
};

struct pcr_policies {
        size_t n;
        struct pcr_policy *list;
};

void pcr_policies_done(struct pcr_policies *p);
#define _cleanup_pcr_policies_ _cleanup_(pcr_policies_done)

/* One for each bank and phase that were predicted; all of pcrs are given in p. */
int pcr_policies_predict(const struct prediction *p, uint32_t pcrs, struct pcr_policies *ret, struct trouble *t);

/* what names it in messages. TROUBLE: not of this form. */
int pcr_policies_parse(const struct buffer *json, const char *what, struct pcr_policies *ret, struct trouble *t);
/* {"sha256":[{"pcrs":[11],"pkfp":"…","pol":"…","sig":"…"}]}, less what is not known. To be owned. */
struct json_object *pcr_policies_format(const struct pcr_policies *p);

/* Of the same bank and PCRs, with the same digest; NULL: there is none. */
const struct pcr_policy *pcr_policies_find(const struct pcr_policies *list, const struct pcr_policy *wanted);

/*
 * The digest that the signature is made with: SHA-256, which is what systemd verifies with, or else the bank's, which systemd-measure
 * takes. DIGEST_NONE: the key has not signed this.
 */
enum digest_alg pcr_policy_signed_with(const struct pcr_policy *p, const struct public_key *key);

void pcr_policy_hex(const struct pcr_policy *p, char ret[static 2 * PCR_POLICY_DIGEST_BYTES + 1]);
