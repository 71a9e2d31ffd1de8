/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Adapter: OpenSSL's X.509.
 */
#include <openssl/pem.h>
#include <openssl/x509.h>

#include "certificate.h"

enum { CERTIFICATE_MAX_BYTES = 64 * 1024 };

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
        X509 *first = bio ? PEM_read_bio_X509(bio, NULL, NULL, NULL) : NULL;
        X509 *second = first ? PEM_read_bio_X509(bio, NULL, NULL, NULL) : NULL;

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
