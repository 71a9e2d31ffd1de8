/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <stdio.h>

#include "pcr_policy.h"

enum {
        TPM_CC_POLICY_PCR = 0x17f,
        TPM_PCR_SELECT_BYTES = 3, /* what TPMs of PCs have: 24 PCRs */
};

/*
 * TPM 2.0 Library part 3, TPM2_PolicyPCR: H(old || command code || selection || H(values)), old being zeros, all numbers big-endian. The
 * session's digest is SHA-256 with systemd, whatever the bank.
 */
static int policy_digest(struct pcr_policy *p, const struct digest *values, size_t n_values, struct trouble *t)
{
        const uint16_t alg = digest_tpm_id(p->bank);
        const uint8_t head[] = {
                0, 0, TPM_CC_POLICY_PCR >> 8, TPM_CC_POLICY_PCR & 0xff, 0, 0, 0, 1, (uint8_t) (alg >> 8), (uint8_t) alg,
                TPM_PCR_SELECT_BYTES, (uint8_t) p->pcrs, (uint8_t) (p->pcrs >> 8), (uint8_t) (p->pcrs >> 16),
        };
        static const uint8_t old[PCR_POLICY_DIGEST_BYTES];
        struct iovec parts[PREDICT_PCRS];
        struct digest of_values, policy;

        for (size_t i = 0; i < n_values; i++)
                parts[i] = (struct iovec) { (void *) (uintptr_t) values[i].bytes, digest_size(values[i].alg) };
        if (predict_hash(DIGEST_SHA256, parts, n_values, &of_values, t) < 0)
                return -1;
        parts[0] = (struct iovec) { (void *) (uintptr_t) old, sizeof(old) };
        parts[1] = (struct iovec) { (void *) (uintptr_t) head, sizeof(head) };
        parts[2] = (struct iovec) { of_values.bytes, PCR_POLICY_DIGEST_BYTES };
        if (predict_hash(DIGEST_SHA256, parts, 3, &policy, t) < 0)
                return -1;
        memcpy(p->digest, policy.bytes, sizeof(p->digest));
        return 0;
}

static struct pcr_policy *append(struct pcr_policies *list)
{
        list->list = tool_grow(list->list, list->n, sizeof(*list->list));
        list->list[list->n] = (struct pcr_policy) {};
        return &list->list[list->n++];
}

static int predict_one(const struct prediction *p, enum digest_alg bank, uint32_t pcrs, const char *phase,
                       struct pcr_policies *list, struct trouble *t)
{
        struct digest values[PREDICT_PCRS];
        struct pcr_policy *policy = append(list);
        size_t n = 0;

        policy->bank = bank;
        policy->pcrs = pcrs;
        policy->phase = phase;
        for (unsigned pcr = 0; pcr < PREDICT_PCRS; pcr++)
                if ((pcrs & 1u << pcr) &&
                    predict_value(p, bank, pcr, true, pcr == 11 ? phase : NULL, &values[n++], t) < 0)
                        return -1;
        return policy_digest(policy, values, n, t);
}

int pcr_policies_predict(const struct prediction *p, uint32_t pcrs, struct pcr_policies *ret, struct trouble *t)
{
        /* No phase is in any PCR but 11. */
        bool has_phases = (pcrs & 1u << 11) != 0;
        size_t n = has_phases ? p->in->n_phases : 1;
        struct pcr_policies list = {};
        int r = 0;

        for (enum digest_alg alg = DIGEST_SHA1; alg < _DIGEST_ALG_MAX; alg++)
                for (size_t i = 0; r == 0 && p->in->banks[alg] && i < n; i++)
                        r = predict_one(p, alg, pcrs, has_phases ? p->in->phases[i] : NULL, &list, t);
        if (r < 0) {
                pcr_policies_done(&list);
                return -1;
        }
        *ret = list;
        return 0;
}

void pcr_policies_done(struct pcr_policies *p)
{
        for (size_t i = 0; i < p->n; i++)
                buffer_done(&p->list[i].signature);
        free(p->list);
        *p = (struct pcr_policies) {};
}

const struct pcr_policy *pcr_policies_find(const struct pcr_policies *list, const struct pcr_policy *wanted)
{
        for (size_t i = 0; i < list->n; i++) {
                const struct pcr_policy *p = &list->list[i];

                if (p->bank == wanted->bank && p->pcrs == wanted->pcrs && memcmp(p->digest, wanted->digest, sizeof(p->digest)) == 0)
                        return p;
        }
        return NULL;
}

enum digest_alg pcr_policy_signed_with(const struct pcr_policy *p, const struct public_key *key)
{
        const struct iovec data = { (void *) (uintptr_t) p->digest, sizeof(p->digest) };
        const struct iovec signature = { p->signature.data, p->signature.size };

        if (public_key_verify(key, DIGEST_SHA256, &data, &signature))
                return DIGEST_SHA256;
        return public_key_verify(key, p->bank, &data, &signature) ? p->bank : DIGEST_NONE;
}

void pcr_policy_hex(const struct pcr_policy *p, char ret[static 2 * PCR_POLICY_DIGEST_BYTES + 1])
{
        hex_encode(p->digest, sizeof(p->digest), ret);
}
