/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Digests by OpenSSL's libcrypto, the one SHA-2 of the program: libcryptsetup is built on the same archive.
 */
#include "verinit/crypto.h"

#include <errno.h>

#include <openssl/crypto.h>
#include <openssl/evp.h>

/* Indexed by enum digest_alg; fetched at first use and kept, since a fetch walks the provider's tables. */
static EVP_MD *fetched[_DIGEST_ALG_MAX];

static const char *openssl_name(enum digest_alg alg)
{
        switch (alg) {
        case DIGEST_SHA1:
                return "SHA1";
        case DIGEST_SHA256:
                return "SHA2-256";
        case DIGEST_SHA384:
                return "SHA2-384";
        case DIGEST_SHA512:
                return "SHA2-512";
        case DIGEST_NONE:
        case _DIGEST_ALG_MAX:
                break;
        }
        return NULL;
}

static const EVP_MD *fetch(enum digest_alg alg)
{
        const char *name = openssl_name(alg);

        if (!name)
                return NULL;
        if (!fetched[alg]) {
                /*
                 * Before anything else of OpenSSL: openssl.cnf may name modules to load, and nobody has vouched for
                 * a file of that name. The handlers at exit are of no use to PID 1.
                 */
                if (OPENSSL_init_crypto(OPENSSL_INIT_NO_LOAD_CONFIG | OPENSSL_INIT_NO_ATEXIT, NULL) != 1)
                        return NULL;
                fetched[alg] = EVP_MD_fetch(NULL, name, NULL);
        }
        return fetched[alg];
}

static bool digest_parts(EVP_MD_CTX *context, const EVP_MD *md, const struct iovec *parts, size_t n_parts,
                         struct digest *digest)
{
        unsigned size = 0;

        if (EVP_DigestInit_ex2(context, md, NULL) != 1)
                return false;
        for (size_t i = 0; i < n_parts; i++)
                if (EVP_DigestUpdate(context, parts[i].iov_base, parts[i].iov_len) != 1)
                        return false;
        return EVP_MD_get_size(md) == (int) digest_size(digest->alg) &&
               EVP_DigestFinal_ex(context, digest->bytes, &size) == 1 && size == digest_size(digest->alg);
}

int crypto_digest(enum digest_alg alg, const struct iovec *parts, size_t n_parts, struct digest *ret,
                  struct error *err)
{
        struct digest digest = { .alg = alg };
        const EVP_MD *md = fetch(alg);
        EVP_MD_CTX *context;
        bool is_done;

        if (!md)
                return error_set(err, FAIL_CRYPTO_FAILED_CODE, EOPNOTSUPP, "libcrypto has no digest %s",
                                 openssl_name(alg) ?: "of that number");
        context = EVP_MD_CTX_new();
        if (!context)
                return error_set(err, FAIL_CRYPTO_FAILED_CODE, ENOMEM, "no memory to compute %s", digest_name(alg));
        is_done = digest_parts(context, md, parts, n_parts, &digest);
        EVP_MD_CTX_free(context);
        if (!is_done)
                return error_set(err, FAIL_CRYPTO_FAILED_CODE, EIO, "libcrypto failed to compute %s",
                                 digest_name(alg));
        *ret = digest;
        return 0;
}
