/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Hash values, their names, the TPM's numbers for them and their hex form.
 */
#include "verinit/digest.h"

static const struct {
        const char *name;
        size_t size;
        uint16_t tpm_id; /* TCG Algorithm Registry 1.32, TPM_ALG_ID */
} digest_algs[_DIGEST_ALG_MAX] = {
        [DIGEST_NONE] = { "none", 0, 0x0010 },      [DIGEST_SHA1] = { "sha1", 20, 0x0004 },
        [DIGEST_SHA256] = { "sha256", 32, 0x000b }, [DIGEST_SHA384] = { "sha384", 48, 0x000c },
        [DIGEST_SHA512] = { "sha512", 64, 0x000d },
};

size_t digest_size(enum digest_alg alg)
{
        return (unsigned) alg < _DIGEST_ALG_MAX ? digest_algs[alg].size : 0;
}

const char *digest_name(enum digest_alg alg)
{
        return digest_algs[(unsigned) alg < _DIGEST_ALG_MAX ? alg : DIGEST_NONE].name;
}

enum digest_alg digest_from_name(const char *name)
{
        for (unsigned i = DIGEST_NONE + 1; i < _DIGEST_ALG_MAX; i++)
                if (str_equal(name, digest_algs[i].name))
                        return (enum digest_alg) i;
        return DIGEST_NONE;
}

uint16_t digest_tpm_id(enum digest_alg alg)
{
        return digest_algs[(unsigned) alg < _DIGEST_ALG_MAX ? alg : DIGEST_NONE].tpm_id;
}

enum digest_alg digest_from_tpm_id(uint16_t id)
{
        for (unsigned i = DIGEST_NONE + 1; i < _DIGEST_ALG_MAX; i++)
                if (id == digest_algs[i].tpm_id)
                        return (enum digest_alg) i;
        return DIGEST_NONE;
}

bool bytes_equal(const uint8_t *a, const uint8_t *b, size_t n)
{
        volatile uint8_t difference = 0;

        for (size_t i = 0; i < n; i++)
                difference = (uint8_t) (difference | (a[i] ^ b[i]));
        return difference == 0;
}

/* Two values without an algorithm are not equal: nothing was computed. */
bool digest_equal(const struct digest *a, const struct digest *b)
{
        size_t n = digest_size(a->alg);

        return n > 0 && a->alg == b->alg && bytes_equal(a->bytes, b->bytes, n);
}

void hex_encode(const uint8_t *bytes, size_t n, char *ret_text)
{
        static const char digits[] = "0123456789abcdef";

        for (size_t i = 0; i < n; i++) {
                ret_text[2 * i] = digits[bytes[i] >> 4];
                ret_text[2 * i + 1] = digits[bytes[i] & 15];
        }
        ret_text[2 * n] = '\0';
}

static int hex_digit(char c)
{
        if (c >= '0' && c <= '9')
                return c - '0';
        if (c >= 'a' && c <= 'f')
                return c - 'a' + 10;
        if (c >= 'A' && c <= 'F')
                return c - 'A' + 10;
        return -1;
}

ssize_t hex_decode(const char *text, uint8_t *ret_bytes, size_t max)
{
        size_t length = strlen(text);

        if (length % 2 != 0 || length / 2 > max)
                return -1;
        for (size_t i = 0; i < length; i++)
                if (hex_digit(text[i]) < 0)
                        return -1;
        for (size_t i = 0; i < length / 2; i++)
                ret_bytes[i] = (uint8_t) (hex_digit(text[2 * i]) * 16 + hex_digit(text[2 * i + 1]));
        return (ssize_t) (length / 2);
}

void digest_hex(const struct digest *d, char ret_text[static DIGEST_MAX_HEX])
{
        hex_encode(d->bytes, digest_size(d->alg), ret_text);
}
