/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Digests and signatures by OpenSSL's libcrypto, the one SHA-2 of the program: libcryptsetup is built on the same archive.
 */
#include "verinit/crypto.h"

#include <errno.h>

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/objects.h>
#include <openssl/pkcs7.h>
#include <openssl/x509.h>

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

/*
 * Before anything else of OpenSSL: openssl.cnf may name modules to load, and nobody has vouched for a file of that name.
 * The handlers at exit are of no use to PID 1.
 */
static bool start(void)
{
        return OPENSSL_init_crypto(OPENSSL_INIT_NO_LOAD_CONFIG | OPENSSL_INIT_NO_ATEXIT, NULL) == 1;
}

static const EVP_MD *fetch(enum digest_alg alg)
{
        const char *name = openssl_name(alg);

        if (!name)
                return NULL;
        if (!fetched[alg] && start())
                fetched[alg] = EVP_MD_fetch(NULL, name, NULL);
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

static void pkcs7_freep(PKCS7 **pkcs7)
{
        PKCS7_free(*pkcs7);
}

static void x509_freep(X509 **certificate)
{
        X509_free(*certificate);
}

static void md_ctx_freep(EVP_MD_CTX **context)
{
        EVP_MD_CTX_free(*context);
}

static void openssl_freep(unsigned char **memory)
{
        OPENSSL_free(*memory);
}

static int refuse_form(struct error *err, const char *why)
{
        return error_set(err, FAIL_SIGNATURE_MALFORMED_CODE, EBADMSG, "not a detached PKCS#7 signature as expected: %s",
                         why);
}

/* d2i reads BER too, and stops where the value ends: so what it made of the bytes must make the same bytes. */
static int parse_pkcs7(const struct iovec *der, PKCS7 **ret, struct error *err)
{
        const unsigned char *p = der->iov_base;
        _cleanup_(pkcs7_freep) PKCS7 *pkcs7 = d2i_PKCS7(NULL, &p, (long) der->iov_len);
        _cleanup_(openssl_freep) unsigned char *again = NULL;
        int n;

        if (!pkcs7)
                return refuse_form(err, "it is no DER of PKCS#7");
        n = i2d_PKCS7(pkcs7, &again);
        if (n < 0 || (size_t) n != der->iov_len || memcmp(again, der->iov_base, der->iov_len) != 0)
                return refuse_form(err, "it is not the one DER encoding, or there are bytes behind it");
        *ret = pkcs7;
        pkcs7 = NULL;
        return 0;
}

/* The kernel takes no content beside the one that it is given: what stands here is refused, and named if it is another. */
static int check_detached(PKCS7 *contents, const struct iovec *content, struct error *err)
{
        const ASN1_OCTET_STRING *held;

        if (!PKCS7_type_is_data(contents))
                return refuse_form(err, "its content is not of type data");
        held = contents->d.data;
        if (!held)
                return 0;
        if ((size_t) ASN1_STRING_length(held) == content->iov_len &&
            memcmp(ASN1_STRING_get0_data(held), content->iov_base, content->iov_len) == 0)
                return refuse_form(err, "it holds the content: make a detached one");
        return error_set(err, FAIL_SIGNATURE_OTHER_HASH_CODE, EBADMSG, "the PKCS#7 message holds another content");
}

static int check_form(PKCS7 *pkcs7, const struct iovec *content, PKCS7_SIGNER_INFO **ret_signer, struct error *err)
{
        PKCS7_SIGNER_INFO *signer;
        PKCS7_SIGNED *sign;
        int r;

        if (!PKCS7_type_is_signed(pkcs7) || !pkcs7->d.sign)
                return refuse_form(err, "it is not of type signedData");
        sign = pkcs7->d.sign;
        if (ASN1_INTEGER_get(sign->version) != 1)
                return refuse_form(err, "its version is not 1");
        r = check_detached(sign->contents, content, err);
        if (r < 0)
                return r;
        if (sign->crl)
                return refuse_form(err, "it brings a revocation list");
        if (sk_PKCS7_SIGNER_INFO_num(sign->signer_info) != 1)
                return refuse_form(err, "it has not exactly one signer");
        signer = sk_PKCS7_SIGNER_INFO_value(sign->signer_info, 0);
        if (ASN1_INTEGER_get(signer->version) != 1)
                return refuse_form(err, "its signer is not named by issuer and serial number");
        if (sk_X509_ALGOR_num(sign->md_algs) != 1 ||
            X509_ALGOR_cmp(sk_X509_ALGOR_value(sign->md_algs, 0), signer->digest_alg) != 0)
                return refuse_form(err, "it names another digest than its signer");
        if (signer->auth_attr || signer->unauth_attr)
                return refuse_form(err, "it has attributes: sign without (-noattr)");
        *ret_signer = signer;
        return 0;
}

static bool is_listed(const X509 *certificate, const struct iovec *certificates, size_t n)
{
        _cleanup_(openssl_freep) unsigned char *der = NULL;
        int size = i2d_X509(certificate, &der);

        for (size_t i = 0; size > 0 && i < n; i++)
                if (certificates[i].iov_len == (size_t) size && memcmp(certificates[i].iov_base, der, (size_t) size) == 0)
                        return true;
        return false;
}

/* The number of an algorithm that has no parameters: none, or NULL. */
static int plain_nid(const X509_ALGOR *algorithm)
{
        const ASN1_OBJECT *object;
        int parameters;

        X509_ALGOR_get0(&object, &parameters, NULL, algorithm);
        return parameters == V_ASN1_UNDEF || parameters == V_ASN1_NULL ? OBJ_obj2nid(object) : NID_undef;
}

static enum digest_alg digest_of(const X509_ALGOR *algorithm)
{
        switch (plain_nid(algorithm)) {
        case NID_sha256:
                return DIGEST_SHA256;
        case NID_sha384:
                return DIGEST_SHA384;
        case NID_sha512:
                return DIGEST_SHA512;
        default:
                return DIGEST_NONE;
        }
}

/* Why this key is not good enough; NULL if it is. The kernel's parser knows a curve by its name alone (6.12, ecdsa and x509_public_key.c). */
static const char *weakness_of(const EVP_PKEY *key)
{
        char group[32] = "";
        int is_spelled_out = 0;

        switch (EVP_PKEY_get_base_id(key)) {
        case EVP_PKEY_RSA:
                return EVP_PKEY_get_bits(key) >= 2048 ? NULL : "an RSA key of less than 2048 bits";
        case EVP_PKEY_EC:
                if (EVP_PKEY_get_int_param(key, OSSL_PKEY_PARAM_EC_DECODED_FROM_EXPLICIT_PARAMS, &is_spelled_out) != 1 || is_spelled_out)
                        return "an EC key whose curve has no name";
                if (EVP_PKEY_get_group_name(key, group, sizeof(group), NULL) == 1 &&
                    (str_equal(group, SN_X9_62_prime256v1) || str_equal(group, SN_secp384r1)))
                        return NULL;
                return "an EC key that is neither on P-256 nor on P-384";
        default:
                return "a key that is neither RSA nor EC";
        }
}

/* NULL: the bytes are no certificate, or more than one. */
static X509 *parse_certificate(const struct iovec *der)
{
        const unsigned char *p = der->iov_base;
        X509 *certificate = d2i_X509(NULL, &p, (long) der->iov_len);

        if (!certificate || p == (const unsigned char *) der->iov_base + der->iov_len)
                return certificate;
        X509_free(certificate);
        return NULL;
}

static int check_key(const EVP_PKEY *key, const char *whose, struct error *err)
{
        const char *weakness = key ? weakness_of(key) : "no RSA or EC key that can be read";

        return weakness ? error_set(err, FAIL_SIGNATURE_UNTRUSTED_CODE, EKEYREJECTED, "%s has %s", whose, weakness) : 0;
}

int crypto_check_certificate(const struct iovec *certificate, struct error *err)
{
        _cleanup_(x509_freep) X509 *x = NULL;

        if (!start())
                return error_set(err, FAIL_CRYPTO_FAILED_CODE, EIO, "libcrypto does not start");
        x = parse_certificate(certificate);
        if (!x)
                return error_set(err, FAIL_SIGNATURE_UNTRUSTED_CODE, EBADMSG, "it is no X.509 certificate in DER");
        return check_key(X509_get0_pubkey(x), "the certificate", err);
}

/* PKCS#7 writes plain rsaEncryption; others name key and digest in one, and then both must be meant. */
static bool is_algorithm_of(const X509_ALGOR *algorithm, const EVP_PKEY *key, const X509_ALGOR *digest)
{
        int nid = plain_nid(algorithm), digest_nid, key_nid;

        if (nid == NID_rsaEncryption)
                return EVP_PKEY_get_base_id(key) == EVP_PKEY_RSA;
        return OBJ_find_sigid_algs(nid, &digest_nid, &key_nid) == 1 && digest_nid == plain_nid(digest) &&
               key_nid == EVP_PKEY_get_base_id(key);
}

/* 0; SIGNATURE_UNTRUSTED for what is too weak, SIGNATURE_INVALID for what is wrong. */
static int check_signer(const PKCS7_SIGNER_INFO *signer, EVP_PKEY *key, const struct iovec *content, struct error *err)
{
        _cleanup_(md_ctx_freep) EVP_MD_CTX *context = EVP_MD_CTX_new();
        enum digest_alg alg = digest_of(signer->digest_alg);
        int r = check_key(key, "the signer's certificate", err);

        if (r < 0)
                return r;
        if (alg == DIGEST_NONE)
                return error_set(err, FAIL_SIGNATURE_UNTRUSTED_CODE, EKEYREJECTED,
                                 "the signature is over a digest other than SHA-256, SHA-384 or SHA-512");
        if (!is_algorithm_of(signer->digest_enc_alg, key, signer->digest_alg))
                return refuse_form(err, "its algorithm is not that of the signer's key");
        if (!context || EVP_DigestVerifyInit_ex(context, NULL, openssl_name(alg), NULL, NULL, key, NULL) != 1)
                return error_set(err, FAIL_CRYPTO_FAILED_CODE, EIO, "libcrypto failed to check a signature with %s",
                                 digest_name(alg));
        if (EVP_DigestVerify(context, ASN1_STRING_get0_data(signer->enc_digest),
                             (size_t) ASN1_STRING_length(signer->enc_digest), content->iov_base, content->iov_len) != 1)
                return error_set(err, FAIL_SIGNATURE_INVALID_CODE, EKEYREJECTED,
                                 "the signature does not verify: it, or what it is over, was changed");
        return 0;
}

/* By its bytes: X509_NAME_cmp() takes upper and lower case for the same, and the kernel does not. */
static bool is_same_name(const X509_NAME *a, const X509_NAME *b)
{
        const unsigned char *a_der, *b_der;
        size_t a_size, b_size;

        return X509_NAME_get0_der(a, &a_der, &a_size) == 1 && X509_NAME_get0_der(b, &b_der, &b_size) == 1 &&
               a_size == b_size && memcmp(a_der, b_der, a_size) == 0;
}

/* Two certificates may have one name and number; then any of them will do. */
static int find_signer(const PKCS7_SIGNER_INFO *signer, const struct iovec *content, const struct iovec *certificates,
                       size_t n, size_t *ret, struct error *err)
{
        const PKCS7_ISSUER_AND_SERIAL *wanted = signer->issuer_and_serial;
        struct error refused = {};

        for (size_t i = 0; i < n; i++) {
                _cleanup_(x509_freep) X509 *certificate = parse_certificate(&certificates[i]);

                if (!certificate)
                        return error_set(err, FAIL_SIGNATURE_UNTRUSTED_CODE, EBADMSG,
                                         "certificate %zu of the floor is no X.509 certificate in DER", i + 1);
                if (!is_same_name(X509_get_issuer_name(certificate), wanted->issuer) ||
                    ASN1_INTEGER_cmp(X509_get0_serialNumber(certificate), wanted->serial) != 0)
                        continue;
                if (check_signer(signer, X509_get0_pubkey(certificate), content, &refused) == 0) {
                        *ret = i;
                        return 0;
                }
        }
        if (refused.err == 0)
                return error_set(err, FAIL_SIGNATURE_UNTRUSTED_CODE, ENOKEY,
                                 "the signature is by none of the %zu certificates that the floor names", n);
        *err = refused;
        return -err->err;
}

int crypto_check_signature(const struct iovec *signature, const struct iovec *content, const struct iovec *certificates,
                           size_t n_certificates, size_t *ret_signer, struct error *err)
{
        _cleanup_(pkcs7_freep) PKCS7 *pkcs7 = NULL;
        PKCS7_SIGNER_INFO *signer = NULL;
        int r;

        if (!start())
                return error_set(err, FAIL_CRYPTO_FAILED_CODE, EIO, "libcrypto does not start");
        r = parse_pkcs7(signature, &pkcs7, err);
        if (r == 0)
                r = check_form(pkcs7, content, &signer, err);
        if (r < 0)
                return r;
        for (int i = 0; i < sk_X509_num(pkcs7->d.sign->cert); i++)
                if (!is_listed(sk_X509_value(pkcs7->d.sign->cert, i), certificates, n_certificates))
                        return error_set(err, FAIL_SIGNATURE_UNTRUSTED_CODE, ENOKEY,
                                         "the signature brings a certificate that the floor does not name");
        return find_signer(signer, content, certificates, n_certificates, ret_signer, err);
}

static int refuse_content(struct error *err, const char *why)
{
        return error_set(err, FAIL_IPE_POLICY_MALFORMED_CODE, EBADMSG, "not a signed policy as expected: %s", why);
}

/* What stands behind the message would be handed to the kernel, too; that it is in the one encoding is the kernel's to say. */
int crypto_signed_content(const struct iovec *message, void **ret_data, size_t *ret_size, struct error *err)
{
        const unsigned char *p = message->iov_base;
        _cleanup_(pkcs7_freep) PKCS7 *pkcs7 = NULL;
        const ASN1_OCTET_STRING *content = NULL;
        size_t size;
        void *data;

        if (!start())
                return error_set(err, FAIL_CRYPTO_FAILED_CODE, EIO, "libcrypto does not start");
        pkcs7 = d2i_PKCS7(NULL, &p, (long) message->iov_len);
        if (!pkcs7 || p != (const unsigned char *) message->iov_base + message->iov_len)
                return refuse_content(err, "it is no DER of PKCS#7, or there are bytes behind it");
        if (!PKCS7_type_is_signed(pkcs7) || !pkcs7->d.sign || !PKCS7_type_is_data(pkcs7->d.sign->contents))
                return refuse_content(err, "it is not of type signedData, with a content of type data");
        content = pkcs7->d.sign->contents->d.data;
        if (!content || ASN1_STRING_length(content) <= 0)
                return refuse_content(err, "it holds no content: sign it with -nodetach");
        size = (size_t) ASN1_STRING_length(content);
        data = malloc(size);
        if (!data)
                return error_set(err, FAIL_CRYPTO_FAILED_CODE, ENOMEM, "no memory for a content of %zu bytes", size);
        memcpy(data, ASN1_STRING_get0_data(content), size);
        *ret_data = data;
        *ret_size = size;
        return 0;
}

bool crypto_decode_base64(const char *text, uint8_t *ret, size_t *ret_size)
{
        static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
        size_t n = strlen(text), n_letters = strspn(text, alphabet), n_pad = n - n_letters;
        unsigned char last[5];
        size_t size;

        if (n == 0 || n % 4 != 0 || n > INT32_MAX || n_pad > 2 || strspn(text + n_letters, "=") != n_pad ||
            EVP_DecodeBlock(ret, (const unsigned char *) text, (int) n) < 0)
                return false;
        size = n / 4 * 3 - n_pad;
        /* The bits that padding leaves over must be zero, or two texts would mean the same bytes. */
        (void) EVP_EncodeBlock(last, ret + (n / 4 - 1) * 3, (int) (3 - n_pad));
        if (memcmp(last, text + n - 4, 4) != 0)
                return false;
        *ret_size = size;
        return true;
}
