/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * By itself, since the host command asks it too and reads no signature.
 */
#include "verinit/signature.h"

#include <errno.h>

int signature_check_certificate(const void *der, size_t size, struct error *err)
{
        const struct iovec certificate = { .iov_base = (void *) (uintptr_t) der, .iov_len = size };

        if (size > SIGNATURE_CERTIFICATE_MAX_BYTES)
                return error_set(err, FAIL_SIGNATURE_UNTRUSTED_CODE, EFBIG,
                                 "the certificate has %zu bytes; at most %d are read", size, SIGNATURE_CERTIFICATE_MAX_BYTES);
        return crypto_check_certificate(&certificate, err);
}
