/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * crypto.h without a library: FNV-1a, stretched. Every byte and the algorithm count, which is all that a test of the
 * core needs; tests that compare with values from elsewhere take the real adapter. A signature is "certificate/content", with
 * the certificate as the floor has it.
 */
#include "verinit/crypto.h"

#include <errno.h>

#include "fake_os.h"
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

int crypto_check_signature(const struct iovec *signature, const struct iovec *content, const struct iovec *certificates,
                           size_t n_certificates, size_t *ret_signer, struct error *err)
{
        const char *slash = memchr(signature->iov_base, '/', signature->iov_len);
        size_t n = slash ? (size_t) (slash - (const char *) signature->iov_base) : 0;

        if (fake_call("crypto_check_signature"))
                return error_set(err, FAIL_CRYPTO_FAILED_CODE, EIO, "fake crypto_check_signature");
        if (!slash)
                return error_set(err, FAIL_SIGNATURE_MALFORMED_CODE, EBADMSG, "fake signature: no slash");
        for (size_t i = 0; i < n_certificates; i++) {
                if (certificates[i].iov_len != n || memcmp(certificates[i].iov_base, signature->iov_base, n) != 0)
                        continue;
                if (signature->iov_len - n - 1 != content->iov_len ||
                    memcmp(slash + 1, content->iov_base, content->iov_len) != 0)
                        return error_set(err, FAIL_SIGNATURE_INVALID_CODE, EKEYREJECTED, "fake signature: not of this");
                *ret_signer = i;
                return 0;
        }
        return error_set(err, FAIL_SIGNATURE_UNTRUSTED_CODE, ENOKEY, "fake signature: by another");
}

/* Its bytes say whether it is good enough. */
int crypto_check_certificate(const struct iovec *certificate, struct error *err)
{
        if (fake_call("crypto_check_certificate"))
                return error_set(err, FAIL_SIGNATURE_UNTRUSTED_CODE, EIO, "fake crypto_check_certificate");
        if (certificate->iov_len >= 4 && memcmp(certificate->iov_base, "weak", 4) == 0)
                return error_set(err, FAIL_SIGNATURE_UNTRUSTED_CODE, EKEYREJECTED, "fake certificate: weak");
        return 0;
}

/* "signed:", then the content. */
int crypto_signed_content(const struct iovec *message, void **ret_data, size_t *ret_size, struct error *err)
{
        static const char prefix[] = FAKE_SIGNED;
        const size_t n = sizeof(prefix) - 1;

        if (fake_call("crypto_signed_content"))
                return error_set(err, FAIL_CRYPTO_FAILED_CODE, EIO, "fake crypto_signed_content");
        if (message->iov_len <= n || memcmp(message->iov_base, prefix, n) != 0)
                return error_set(err, FAIL_IPE_POLICY_MALFORMED_CODE, EBADMSG, "fake message: not signed");
        *ret_size = message->iov_len - n;
        *ret_data = malloc(*ret_size);
        if (!*ret_data)
                abort();
        memcpy(*ret_data, (const char *) message->iov_base + n, *ret_size);
        return 0;
}

/* Hex stands for Base64: the core does not look into it. */
bool crypto_decode_base64(const char *text, uint8_t *ret, size_t *ret_size)
{
        ssize_t n = hex_decode(text, ret, strlen(text) / 4 * 3);

        if (n <= 0)
                return false;
        *ret_size = (size_t) n;
        return true;
}
