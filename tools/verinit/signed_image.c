/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "verinit/crypto.h"

#include "authenticode.h"
#include "signed_image.h"

int signed_image_open(const char *name, const struct buffer *file, struct signed_image *ret, struct trouble *t)
{
        struct iovec parts[PE_MAX_HASHED];
        struct error err = {};
        size_t n;

        if (pe_open(file->data, file->size, &ret->pe) < 0 || pe_hashed_parts(&ret->pe, parts, &n) < 0)
                return trouble_set(t, OUTCOME_FALSE, "%s is not a sound PE file", name);
        for (enum digest_alg alg = DIGEST_SHA1; alg < _DIGEST_ALG_MAX; alg++)
                if (crypto_digest(alg, parts, n, &ret->digests[alg], &err) < 0)
                        return trouble_set(t, OUTCOME_TROUBLE, "cannot hash: %s", err.msg);
        return 0;
}

bool signed_image_has_any(const struct signed_image *image)
{
        struct iovec table, pkcs7;

        return pe_certificates(&image->pe, &table) == 0 && pe_certificate_next(&table, &pkcs7) > 0;
}

bool signed_image_is_by(const struct signed_image *image, const struct iovec *certificate)
{
        struct iovec table, pkcs7;

        if (pe_certificates(&image->pe, &table) < 0)
                return false;
        while (pe_certificate_next(&table, &pkcs7) > 0)
                if (authenticode_is_by(&pkcs7, image->digests, certificate))
                        return true;
        return false;
}
