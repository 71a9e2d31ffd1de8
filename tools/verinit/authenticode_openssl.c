/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Adapter: OpenSSL's PKCS#7 and chains of certificates.
 */
#include <openssl/pkcs7.h>
#include <openssl/x509_vfy.h>
#include <openssl/x509v3.h>

#include "authenticode.h"

/* SPC_INDIRECT_DATA_OBJID: 1.3.6.1.4.1.311.2.1.4 */
static const char content_type[] = "1.3.6.1.4.1.311.2.1.4";

/* The head of a DER value that goes to the end of what there is, or not; its content is left in *der. */
static bool enter(struct iovec *der, int wanted, struct iovec *ret_rest)
{
        const unsigned char *p = der->iov_base, *end = p + der->iov_len;
        int tag, class;
        long n;

        if (der->iov_len == 0 || (ASN1_get_object(&p, &n, &tag, &class, (long) der->iov_len) & ~V_ASN1_CONSTRUCTED) != 0 ||
            tag != wanted || class != V_ASN1_UNIVERSAL || n > end - p)
                return false;
        *der = (struct iovec) { (void *) (uintptr_t) p, (size_t) n };
        if (ret_rest)
                *ret_rest = (struct iovec) { (void *) (uintptr_t) (p + n), (size_t) (end - p - n) };
        return true;
}

/* What was signed is the content of SpcIndirectDataContent: { data, DigestInfo { algorithm, digest } }. */
static bool find_content(const PKCS7 *p7, struct iovec *ret_signed, struct iovec *ret_digest)
{
        const PKCS7 *contents = p7->d.sign->contents;
        struct iovec whole, data, info, algorithm, digest;
        char name[64];

        if (OBJ_obj2txt(name, sizeof(name), contents->type, 1) < 0 || !str_equal(name, content_type) || !contents->d.other ||
            contents->d.other->type != V_ASN1_SEQUENCE)
                return false;
        whole = (struct iovec) {
                contents->d.other->value.sequence->data, (size_t) contents->d.other->value.sequence->length,
        };
        if (!enter(&whole, V_ASN1_SEQUENCE, NULL))
                return false;
        data = whole;
        if (!enter(&data, V_ASN1_SEQUENCE, &info) || !enter(&info, V_ASN1_SEQUENCE, NULL))
                return false;
        algorithm = info;
        if (!enter(&algorithm, V_ASN1_SEQUENCE, &digest) || !enter(&digest, V_ASN1_OCTET_STRING, NULL))
                return false;
        *ret_signed = whole;
        *ret_digest = digest;
        return true;
}

/* Each length is that of one algorithm of ours. */
static bool is_of_image(const struct iovec *digest, const struct digest digests[static _DIGEST_ALG_MAX])
{
        for (enum digest_alg alg = DIGEST_SHA1; alg < _DIGEST_ALG_MAX; alg++)
                if (digest_size(alg) == digest->iov_len)
                        return digests[alg].alg == alg && memcmp(digests[alg].bytes, digest->iov_base, digest->iov_len) == 0;
        return false;
}

static bool is_verified(PKCS7 *p7, const struct iovec *signed_bytes, X509 *anchor)
{
        X509_STORE *store = X509_STORE_new();
        BIO *bio = BIO_new_mem_buf(signed_bytes->iov_base, (int) signed_bytes->iov_len);
        bool is_good = store && bio && X509_STORE_add_cert(store, anchor) == 1 &&
                       X509_STORE_set_flags(store, X509_V_FLAG_PARTIAL_CHAIN | X509_V_FLAG_NO_CHECK_TIME) == 1 &&
                       X509_STORE_set_purpose(store, X509_PURPOSE_ANY) == 1 &&
                       PKCS7_verify(p7, NULL, store, bio, NULL, PKCS7_BINARY) == 1;

        BIO_free(bio);
        X509_STORE_free(store);
        return is_good;
}

bool authenticode_is_by(const struct iovec *pkcs7, const struct digest digests[static _DIGEST_ALG_MAX],
                        const struct iovec *certificate)
{
        const unsigned char *p = pkcs7->iov_base, *c = certificate->iov_base;
        PKCS7 *p7 = d2i_PKCS7(NULL, &p, (long) pkcs7->iov_len);
        X509 *anchor = d2i_X509(NULL, &c, (long) certificate->iov_len);
        struct iovec signed_bytes, digest;
        bool is_by = p7 && anchor && PKCS7_type_is_signed(p7) && p7->d.sign && find_content(p7, &signed_bytes, &digest) &&
                     is_of_image(&digest, digests) && is_verified(p7, &signed_bytes, anchor);

        X509_free(anchor);
        PKCS7_free(p7);
        return is_by;
}
