/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <sys/uio.h>

#include "tool.h"

/* An X.509 certificate, PEM or DER: its DER, which is what PID 1 reads. Adapter: certificate_openssl.c. */
int certificate_read(const char *path, struct buffer *ret_der, struct trouble *t);

/*
 * Who a PKCS#7 signature says that it is by: the subject (RFC 2253) of the certificate in it for each signer, or what is known instead.
 * Nothing is verified. -1: it is none.
 */
typedef void certificate_found(const char *subject, void *userdata);
int certificate_signers(const struct iovec *pkcs7, certificate_found *found, void *userdata);

/*
 * A PKCS#7 message that holds its content, as the kernel takes one (6.12 crypto/asymmetric_keys/pkcs7_parser.c), by the key of this certificate
 * (DER). No chain is built: in which keyring the kernel has it, and until when it is valid, is not looked at. FALSE.
 */
int certificate_check_signed(const struct iovec *pkcs7, const struct iovec *certificate, struct trouble *t);
