/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Adapter: tpm2-tss takes the structures apart; what is accepted of them is decided here.
 */
#include <tss2/tss2_mu.h>

#include "quote.h"

/* Bits of PCRs that no TPM has would be left out of the digest, or not: nobody knows. */
static int take_bank(const TPMS_PCR_SELECTION *s, struct quote_bank *ret, struct trouble *t)
{
        *ret = (struct quote_bank) { .alg = digest_from_tpm_id(s->hash), .id = s->hash };
        if (s->sizeofSelect > sizeof(s->pcrSelect))
                return trouble_set(t, OUTCOME_FALSE, "the quote selects PCRs that there are not");
        for (unsigned pcr = 0; pcr < 8U * s->sizeofSelect; pcr++) {
                if (!(s->pcrSelect[pcr / 8] & (1U << (pcr % 8))))
                        continue;
                if (pcr >= TPM_PCRS)
                        return trouble_set(t, OUTCOME_FALSE, "the quote selects PCR %u, which there is not", pcr);
                ret->pcrs[pcr] = true;
        }
        return 0;
}

/* TPM 2.0 Library, part 3, 18.4: a quote is TPM_GENERATED_VALUE, and then its type; only a TPM signs what begins so. */
static int take(const TPMS_ATTEST *a, struct quote *ret, struct trouble *t)
{
        const TPMS_QUOTE_INFO *info = &a->attested.quote;
        struct quote q = { .n_banks = info->pcrSelect.count, .nonce_size = a->extraData.size,
                           .digest_size = info->pcrDigest.size };

        if (a->magic != TPM2_GENERATED_VALUE)
                return trouble_set(t, OUTCOME_FALSE, "it does not begin as what a TPM makes");
        if (a->type != TPM2_ST_ATTEST_QUOTE)
                return trouble_set(t, OUTCOME_FALSE, "it attests something else than PCRs (type 0x%04x)", a->type);
        if (q.n_banks > ARRAY_SIZE(q.banks) || q.nonce_size > sizeof(q.nonce) || q.digest_size > sizeof(q.digest))
                return trouble_set(t, OUTCOME_FALSE, "a part of it is longer than a TPM makes it");
        memcpy(q.nonce, a->extraData.buffer, q.nonce_size);
        memcpy(q.digest, info->pcrDigest.buffer, q.digest_size);
        for (size_t i = 0; i < q.n_banks; i++)
                if (take_bank(&info->pcrSelect.pcrSelections[i], &q.banks[i], t) < 0)
                        return -1;
        *ret = q;
        return 0;
}

int quote_parse(const struct buffer *file, struct quote *ret, struct trouble *t)
{
        TPMS_ATTEST attest = {};
        size_t offset = 0;

        if (file->size == 0 || Tss2_MU_TPMS_ATTEST_Unmarshal(file->data, file->size, &offset, &attest) != TSS2_RC_SUCCESS ||
            offset != file->size)
                return trouble_set(t, OUTCOME_FALSE, "it is no TPMS_ATTEST");
        return take(&attest, ret, t);
}

static int take_part(const uint8_t *bytes, size_t size, uint8_t *ret, size_t *ret_size, struct trouble *t)
{
        if (size == 0 || size > SIGNATURE_MAX_BYTES)
                return trouble_set(t, OUTCOME_FALSE, "it has a length of no signature");
        memcpy(ret, bytes, size);
        *ret_size = size;
        return 0;
}

int quote_signature_parse(const struct buffer *file, struct quote_signature *ret, struct trouble *t)
{
        TPMT_SIGNATURE s = {};
        const TPMS_SIGNATURE_RSA *rsa = &s.signature.rsassa; /* that of RSAPSS is the same */
        const TPMS_SIGNATURE_ECC *ecc = &s.signature.ecdsa;
        size_t offset = 0;
        bool is_ecc;

        if (file->size == 0 || Tss2_MU_TPMT_SIGNATURE_Unmarshal(file->data, file->size, &offset, &s) != TSS2_RC_SUCCESS ||
            offset != file->size)
                return trouble_set(t, OUTCOME_FALSE, "it is no TPMT_SIGNATURE");
        is_ecc = s.sigAlg == TPM2_ALG_ECDSA;
        *ret = (struct quote_signature) { .scheme = is_ecc ? SIGNATURE_ECDSA : s.sigAlg == TPM2_ALG_RSASSA ? SIGNATURE_RSASSA :
                                                    s.sigAlg == TPM2_ALG_RSAPSS ? SIGNATURE_RSAPSS : SIGNATURE_NONE };
        if (ret->scheme == SIGNATURE_NONE)
                return trouble_set(t, OUTCOME_FALSE, "it is of a scheme that is no RSASSA, RSAPSS or ECDSA (0x%04x)", s.sigAlg);
        ret->alg = digest_from_tpm_id(is_ecc ? ecc->hash : rsa->hash);
        /* SHA-1: two quotes with one digest can be made. */
        if (ret->alg == DIGEST_NONE || ret->alg == DIGEST_SHA1)
                return trouble_set(t, OUTCOME_FALSE, "it is of a digest that is no SHA-256, SHA-384 or SHA-512");
        if (!is_ecc)
                return take_part(rsa->sig.buffer, rsa->sig.size, ret->bytes, &ret->size, t);
        if (take_part(ecc->signatureR.buffer, ecc->signatureR.size, ret->bytes, &ret->size, t) < 0)
                return -1;
        return take_part(ecc->signatureS.buffer, ecc->signatureS.size, ret->s, &ret->s_size, t);
}

bool quote_has(const struct quote *q, unsigned pcr, enum digest_alg alg)
{
        for (size_t i = 0; i < q->n_banks; i++)
                if (q->banks[i].alg == alg && q->banks[i].pcrs[pcr])
                        return true;
        return false;
}
