/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Hash values and hex. The algorithms are those a TPM bank or dm-verity may use here.
 */
#pragma once

#include "verinit/base.h"

enum digest_alg {
        DIGEST_NONE = 0,
        DIGEST_SHA1, /* TPM banks only: never for verity */
        DIGEST_SHA256,
        DIGEST_SHA384,
        DIGEST_SHA512,
        _DIGEST_ALG_MAX,
};

enum { DIGEST_MAX_BYTES = 64, DIGEST_MAX_HEX = 2 * DIGEST_MAX_BYTES + 1 };

struct digest {
        enum digest_alg alg;
        uint8_t bytes[DIGEST_MAX_BYTES];
};

size_t digest_size(enum digest_alg alg);      /* bytes; 0 for DIGEST_NONE */
const char *digest_name(enum digest_alg alg); /* "sha256": lower case, as dm-verity and systemd write it */
enum digest_alg digest_from_name(const char *name); /* DIGEST_NONE if unknown */
uint16_t digest_tpm_id(enum digest_alg alg);        /* TPM_ALG_ID; TPM_ALG_NULL for DIGEST_NONE */
enum digest_alg digest_from_tpm_id(uint16_t id);    /* DIGEST_NONE if unknown */

bool bytes_equal(const uint8_t *a, const uint8_t *b, size_t n); /* constant time */
bool digest_equal(const struct digest *a, const struct digest *b);

/* ret_text holds 2 * n + 1 bytes; lower case. */
void hex_encode(const uint8_t *bytes, size_t n, char *ret_text);
/* Either case; the number of bytes, or -1 for an odd length, another character, or more than max bytes. */
ssize_t hex_decode(const char *text, uint8_t *ret_bytes, size_t max);

void digest_hex(const struct digest *d, char ret_text[static DIGEST_MAX_HEX]);
