/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Adapter: OpenSSL's public keys.
 */
#include <openssl/decoder.h>
#include <openssl/evp.h>

#include "verinit/crypto.h"

#include "public_key.h"

enum { RSA_BITS_MIN = 2048 };

struct public_key {
        EVP_PKEY *pkey;
        struct digest fingerprint;
};

static EVP_PKEY *decode(const struct buffer *pem)
{
        const unsigned char *p = pem->data;
        EVP_PKEY *pkey = NULL;
        size_t n = pem->size;
        OSSL_DECODER_CTX *context = OSSL_DECODER_CTX_new_for_pkey(&pkey, "PEM", "SubjectPublicKeyInfo", NULL, EVP_PKEY_PUBLIC_KEY,
                                                                  NULL, NULL);

        if (context && n > 0 && OSSL_DECODER_from_data(context, &p, &n) != 1) {
                EVP_PKEY_free(pkey);
                pkey = NULL;
        }
        OSSL_DECODER_CTX_free(context);
        return pkey;
}

static int hash_key(EVP_PKEY *pkey, struct digest *ret, struct trouble *t)
{
        unsigned char *der = NULL;
        int n = i2d_PublicKey(pkey, &der), r;
        struct iovec part = { der, n > 0 ? (size_t) n : 0 };
        struct error err = {};

        r = n > 0 ? crypto_digest(DIGEST_SHA256, &part, 1, ret, &err) : -1;
        OPENSSL_free(der);
        return r < 0 ? trouble_set(t, OUTCOME_TROUBLE, "cannot hash a public key") : 0;
}

int public_key_parse(const struct buffer *pem, const char *what, struct public_key **ret, struct trouble *t)
{
        struct public_key key = { .pkey = decode(pem) };

        if (!key.pkey)
                return trouble_set(t, OUTCOME_TROUBLE, "%s is no public key in PEM", what);
        if (EVP_PKEY_is_a(key.pkey, "RSA") != 1 || EVP_PKEY_get_bits(key.pkey) < RSA_BITS_MIN) {
                EVP_PKEY_free(key.pkey);
                return trouble_set(t, OUTCOME_FALSE, "%s is no RSA key of %d bits or more: systemd takes no other for a PCR policy",
                                   what, RSA_BITS_MIN);
        }
        if (hash_key(key.pkey, &key.fingerprint, t) < 0) {
                EVP_PKEY_free(key.pkey);
                return -1;
        }
        *ret = tool_alloc(1, sizeof(**ret));
        **ret = key;
        return 0;
}

void public_key_done(struct public_key **key)
{
        if (*key)
                EVP_PKEY_free((*key)->pkey);
        free(*key);
        *key = NULL;
}

const struct digest *public_key_fingerprint(const struct public_key *key)
{
        return &key->fingerprint;
}

bool public_key_verify(const struct public_key *key, enum digest_alg alg, const struct iovec *data, const struct iovec *signature)
{
        EVP_MD_CTX *context = EVP_MD_CTX_new();
        bool is_right;

        is_right = context && EVP_DigestVerifyInit_ex(context, NULL, digest_name(alg), NULL, NULL, key->pkey, NULL) == 1 &&
                   EVP_DigestVerify(context, signature->iov_base, signature->iov_len, data->iov_base, data->iov_len) == 1;
        EVP_MD_CTX_free(context);
        return is_right;
}
