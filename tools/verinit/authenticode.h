/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <sys/uio.h>

#include "verinit/digest.h"

#include "tool.h"

/*
 * Would firmware take this signature of an image for one by this certificate, which is DER? As EDK2 has it (DxeImageVerificationLib,
 * AuthenticodeVerify()): the digest that was signed is the image's, and the chain ends at the certificate, whatever the date and
 * whatever else it is for. digests: of the image, by algorithm. Adapter: authenticode_openssl.c.
 */
bool authenticode_is_by(const struct iovec *pkcs7, const struct digest digests[static _DIGEST_ALG_MAX],
                        const struct iovec *certificate);
