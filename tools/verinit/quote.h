/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A TPM's quote: TPMS_ATTEST and TPMT_SIGNATURE (TPM 2.0 Library, part 2), as tpm2_quote writes them. Bytes of whoever attests.
 */
#pragma once

#include "verinit/tpm.h"

#include "tool.h"

enum { QUOTE_MAX_BYTES = 4096, QUOTE_NONCE_MAX = 64, QUOTE_MAX_BANKS = 16, SIGNATURE_MAX_BYTES = 1024 };

struct quote_bank {
        enum digest_alg alg; /* DIGEST_NONE: one that we cannot compute */
        uint16_t id;         /* TPM_ALG_ID */
        bool pcrs[TPM_PCRS];
};

struct quote {
        size_t n_banks;
        struct quote_bank banks[QUOTE_MAX_BANKS]; /* in the order in which they are digested */
        size_t nonce_size, digest_size;
        uint8_t nonce[QUOTE_NONCE_MAX], digest[DIGEST_MAX_BYTES];
};

enum signature_scheme { SIGNATURE_NONE = 0, SIGNATURE_RSASSA, SIGNATURE_RSAPSS, SIGNATURE_ECDSA };

struct quote_signature {
        enum signature_scheme scheme;
        enum digest_alg alg;
        size_t size, s_size;
        uint8_t bytes[SIGNATURE_MAX_BYTES], s[SIGNATURE_MAX_BYTES]; /* RSA: the whole in bytes; ECDSA: r, and s */
};

/* quote_tss2.c. FALSE: these bytes are no quote, or no signature of a kind that a TPM makes of one. */
int quote_parse(const struct buffer *file, struct quote *ret, struct trouble *t);
int quote_signature_parse(const struct buffer *file, struct quote_signature *ret, struct trouble *t);
bool quote_has(const struct quote *q, unsigned pcr, enum digest_alg alg);

/* certificate_openssl.c. FALSE: it is another key's, or of other bytes. The key is a public one in PEM. */
int quote_verify(const char *key_path, const struct buffer *quote, const struct quote_signature *s, struct trouble *t);
