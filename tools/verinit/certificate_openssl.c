/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Adapter: OpenSSL's X.509, and public keys for the signature of a quote.
 */
#include <openssl/ec.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>

#include "verinit/crypto.h"

#include "certificate.h"
#include "public_key.h"
#include "quote.h"

enum { CERTIFICATE_MAX_BYTES = 64 * 1024 };

/* Without it OpenSSL asks at the terminal for the phrase of a file that says it is encrypted. */
static int no_phrase(_unused_ char *buffer, _unused_ int size, _unused_ int is_writing, _unused_ void *userdata)
{
        return -1;
}

static X509 *parse_der(const struct buffer *file)
{
        const uint8_t *p = file->data;
        X509 *x = d2i_X509(NULL, &p, (long) file->size);

        /* What follows would be part of the digest, and of nothing else. */
        if (x && p != file->data + file->size) {
                X509_free(x);
                return NULL;
        }
        return x;
}

/* The one certificate of a PEM file: of a second one nobody would know which is trusted. */
static X509 *parse_pem(const struct buffer *file)
{
        BIO *bio = BIO_new_mem_buf(file->data, (int) file->size);
        X509 *first = bio ? PEM_read_bio_X509(bio, NULL, no_phrase, NULL) : NULL;
        X509 *second = first ? PEM_read_bio_X509(bio, NULL, no_phrase, NULL) : NULL;

        BIO_free(bio);
        if (!second)
                return first;
        X509_free(first);
        X509_free(second);
        return NULL;
}

int certificate_read(const char *path, struct buffer *ret_der, struct trouble *t)
{
        _cleanup_buffer_ struct buffer file = {}, der = {};
        uint8_t *bytes = NULL;
        int n, r;
        X509 *x;

        if (tool_read_file(path, CERTIFICATE_MAX_BYTES, &file, t) < 0)
                return -1;
        x = file.size > 0 && file.data[0] == 0x30 ? parse_der(&file) : file.size > 0 ? parse_pem(&file) : NULL;
        if (!x)
                return trouble_set(t, OUTCOME_TROUBLE, "%s is not one X.509 certificate, in PEM or DER", path);
        n = i2d_X509(x, &bytes);
        r = n > 0 ? buffer_append(&der, bytes, (size_t) n) : -1;
        OPENSSL_free(bytes);
        X509_free(x);
        if (r < 0)
                return trouble_set(t, OUTCOME_TROUBLE, "%s: cannot be written as DER", path);
        *ret_der = der;
        der = (struct buffer) {};
        return 0;
}

enum { RSA_MIN_BITS = 2048 };

static int read_key(const char *path, EVP_PKEY **ret, struct trouble *t)
{
        _cleanup_buffer_ struct buffer file = {};
        EVP_PKEY *key;
        BIO *bio;

        if (tool_read_file(path, CERTIFICATE_MAX_BYTES, &file, t) < 0)
                return -1;
        bio = BIO_new_mem_buf(file.data, (int) file.size);
        key = bio ? PEM_read_bio_PUBKEY(bio, NULL, no_phrase, NULL) : NULL;
        BIO_free(bio);
        if (!key)
                return trouble_set(t, OUTCOME_TROUBLE, "%s is no public key in PEM", path);
        *ret = key;
        return 0;
}

/* A TPM gives the two numbers, OpenSSL wants them in DER. */
static int make_der(const struct quote_signature *s, uint8_t **ret, size_t *ret_size)
{
        ECDSA_SIG *signature = ECDSA_SIG_new();
        BIGNUM *r = BN_bin2bn(s->bytes, (int) s->size, NULL), *second = BN_bin2bn(s->s, (int) s->s_size, NULL);
        int n = -1;

        if (signature && r && second && ECDSA_SIG_set0(signature, r, second) == 1) {
                n = i2d_ECDSA_SIG(signature, ret);
        } else {
                BN_free(r);
                BN_free(second);
        }
        ECDSA_SIG_free(signature);
        if (n <= 0)
                return -1;
        *ret_size = (size_t) n;
        return 0;
}

static bool is_right(EVP_PKEY *key, const struct buffer *quote, const struct quote_signature *s, const uint8_t *bytes, size_t size)
{
        EVP_MD_CTX *context = EVP_MD_CTX_new();
        EVP_PKEY_CTX *parameters = NULL;
        int r;

        r = context ? EVP_DigestVerifyInit_ex(context, &parameters, digest_name(s->alg), NULL, NULL, key, NULL) : 0;
        if (r == 1 && s->scheme == SIGNATURE_RSAPSS)
                r = EVP_PKEY_CTX_set_rsa_padding(parameters, RSA_PKCS1_PSS_PADDING) == 1 &&
                    EVP_PKEY_CTX_set_rsa_pss_saltlen(parameters, RSA_PSS_SALTLEN_AUTO) == 1;
        if (r == 1)
                r = EVP_DigestVerify(context, bytes, size, quote->data, quote->size);
        EVP_MD_CTX_free(context);
        return r == 1;
}

int quote_verify(const char *key_path, const struct buffer *quote, const struct quote_signature *s, struct trouble *t)
{
        bool is_ecc = s->scheme == SIGNATURE_ECDSA, right;
        EVP_PKEY *key = NULL;
        uint8_t *der = NULL;
        size_t size = s->size;

        if (read_key(key_path, &key, t) < 0)
                return -1;
        if (EVP_PKEY_is_a(key, is_ecc ? "EC" : "RSA") != 1 || (!is_ecc && EVP_PKEY_get_bits(key) < RSA_MIN_BITS)) {
                EVP_PKEY_free(key);
                return trouble_set(t, OUTCOME_FALSE, "%s is no key that could have made this signature", key_path);
        }
        right = (!is_ecc || make_der(s, &der, &size) == 0) && is_right(key, quote, s, is_ecc ? der : s->bytes, size);
        OPENSSL_free(der);
        EVP_PKEY_free(key);
        return right ? 0 : trouble_set(t, OUTCOME_FALSE, "the signature is not one of %s over this quote", key_path);
}

static char *format_name(const X509_NAME *name)
{
        BIO *bio = BIO_new(BIO_s_mem());
        char *text = NULL, *bytes;
        long n;

        if (bio && X509_NAME_print_ex(bio, name, 0, XN_FLAG_RFC2253) >= 0) {
                n = BIO_get_mem_data(bio, &bytes);
                text = tool_format("%.*s", (int) n, bytes);
        }
        BIO_free(bio);
        return text ? tool_printable(text) : tool_strdup("a name that cannot be shown");
}

int certificate_signers(const struct iovec *pkcs7, certificate_found *found, void *userdata)
{
        const uint8_t *p = pkcs7->iov_base;
        PKCS7 *value = d2i_PKCS7(NULL, &p, (long) pkcs7->iov_len);
        STACK_OF(PKCS7_SIGNER_INFO) *signers = value && PKCS7_type_is_signed(value) ? PKCS7_get_signer_info(value) : NULL;

        for (int i = 0; i < sk_PKCS7_SIGNER_INFO_num(signers); i++) {
                const PKCS7_ISSUER_AND_SERIAL *is = sk_PKCS7_SIGNER_INFO_value(signers, i)->issuer_and_serial;
                X509 *x = X509_find_by_issuer_and_serial(value->d.sign->cert, is->issuer, is->serial);
                _cleanup_free_ char *name = format_name(x ? X509_get_subject_name(x) : is->issuer);
                _cleanup_free_ char *text = x ? NULL : tool_format("somebody certified by %s", name);

                found(text ? text : name, userdata);
        }
        PKCS7_free(value);
        return signers ? 0 : -1;
}

/* What the kernel refuses, and what nobody needs: NULL, or which. */
static const char *refuse_form(const PKCS7 *value)
{
        const PKCS7_SIGNER_INFO *signer;

        if (sk_PKCS7_SIGNER_INFO_num(value->d.sign->signer_info) != 1)
                return "it has not exactly one signer";
        signer = sk_PKCS7_SIGNER_INFO_value(value->d.sign->signer_info, 0);
        return signer->auth_attr || signer->unauth_attr ? "it has attributes, some of which the kernel refuses: sign without (-noattr)" : NULL;
}

int certificate_check_signed(const struct iovec *pkcs7, const struct iovec *certificate, struct trouble *t)
{
        const uint8_t *p = pkcs7->iov_base, *c = certificate->iov_base;
        PKCS7 *value = d2i_PKCS7(NULL, &p, (long) pkcs7->iov_len);
        X509 *x = d2i_X509(NULL, &c, (long) certificate->iov_len);
        STACK_OF(X509) *list = sk_X509_new_null();
        const char *why = "it is no message that holds what is signed";

        if (value && PKCS7_type_is_signed(value) && x && list && sk_X509_push(list, x) > 0)
                why = refuse_form(value);
        /* NOINTERN: by this certificate, and by none that the message brings; NOVERIFY: no chain. */
        if (!why && PKCS7_verify(value, list, NULL, NULL, NULL, PKCS7_NOINTERN | PKCS7_NOVERIFY | PKCS7_BINARY) != 1)
                why = "the signature is not one of the certificate's key over it";
        sk_X509_free(list);
        X509_free(x);
        PKCS7_free(value);
        return why ? trouble_set(t, OUTCOME_FALSE, "%s", why) : 0;
}

enum { RSA_BITS_MIN = 2048 };

struct public_key {
        EVP_PKEY *pkey;
        struct digest fingerprint;
};

static EVP_PKEY *decode(const struct buffer *pem)
{
        BIO *bio = BIO_new_mem_buf(pem->data, (int) pem->size);
        EVP_PKEY *pkey = bio ? PEM_read_bio_PUBKEY(bio, NULL, no_phrase, NULL) : NULL;

        BIO_free(bio);
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
