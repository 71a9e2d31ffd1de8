/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * crypto.h without a library: FNV-1a, stretched. Every byte and the algorithm count, which is all that a test of the
 * core needs; tests that compare with values from elsewhere take the real adapter.
 */
#include "verinit/crypto.h"

#include <errno.h>

#include "fakes.h"

static uint64_t mix(uint64_t state, const uint8_t *bytes, size_t n)
{
        for (size_t i = 0; i < n; i++)
                state = (state ^ bytes[i]) * UINT64_C(0x100000001b3);
        return state;
}

int crypto_digest(enum digest_alg alg, const struct iovec *parts, size_t n_parts, struct digest *ret,
                  struct error *err)
{
        struct digest digest = { .alg = alg };
        uint64_t state = UINT64_C(0xcbf29ce484222325) + (uint64_t) alg;

        if (fake_callf("crypto_digest", "%s", digest_name(alg)))
                return error_set(err, FAIL_CRYPTO_FAILED_CODE, EIO, "fake crypto_digest");
        for (size_t i = 0; i < n_parts; i++)
                if (parts[i].iov_len > 0)
                        state = mix(state, parts[i].iov_base, parts[i].iov_len);
        for (size_t i = 0; i < digest_size(alg); i++) {
                state = mix(state, (const uint8_t[]) { (uint8_t) i }, 1);
                digest.bytes[i] = (uint8_t) (state >> 56);
        }
        *ret = digest;
        return 0;
}
