/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Port: digests and signatures. Adapter: common/crypto_openssl.c, the only file that includes OpenSSL.
 */
#pragma once

#include <sys/uio.h>

#include "verinit/digest.h"
#include "verinit/error.h"

/* H(part 0 ‖ part 1 ‖ …). */
int crypto_digest(enum digest_alg alg, const struct iovec *parts, size_t n_parts, struct digest *ret,
                  struct error *err);

/*
 * A detached PKCS#7 signature (DER, RFC 2315) of content by the key of one of these X.509 certificates (DER), which the
 * caller trusts as they are: no chain is built, no name, purpose or date is looked at. *ret_signer is the index of the one.
 *
 * Exactly one signer, no attributes, no CRL, no content in it, nothing behind it, only certificates of the list in it: what
 * is not signed and not needed is refused, since the kernel parses the same bytes. SHA-256, 384 or 512; RSA of 2048 bits or
 * more (PKCS#1 v1.5), or ECDSA over P-256 or P-384.
 *
 * SIGNATURE_MALFORMED: not of this form. SIGNATURE_OTHER_HASH: it holds a content, and another one. SIGNATURE_UNTRUSTED: by
 * another signer or with weaker algorithms. SIGNATURE_INVALID: by the signer, and wrong.
 */
int crypto_check_signature(const struct iovec *signature, const struct iovec *content, const struct iovec *certificates,
                           size_t n_certificates, size_t *ret_signer, struct error *err);

/*
 * One X.509 certificate in DER, with nothing behind it, whose key is one of those. SIGNATURE_UNTRUSTED. crypto_check_signature()
 * holds the signer's to the same.
 */
int crypto_check_certificate(const struct iovec *certificate, struct error *err);

/*
 * The content that a PKCS#7 message of type signedData (DER) carries, in new memory (caller frees), never empty. Nothing of the signature is
 * looked at: this is for what the kernel will check, or what is known by its digest. IPE_POLICY_MALFORMED.
 */
int crypto_signed_content(const struct iovec *message, void **ret_data, size_t *ret_size, struct error *err);

/*
 * Base64 (RFC 4648, section 4) in its one canonical form: no blanks, no line ends, padded. ret has room for three bytes for
 * each four characters. False: it is not, or is empty.
 */
bool crypto_decode_base64(const char *text, uint8_t *ret, size_t *ret_size);
