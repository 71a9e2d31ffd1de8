/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The public half of a key that signs PCR policies. Adapter: certificate_openssl.c.
 */
#pragma once

#include <sys/uio.h>

#include "verinit/digest.h"

#include "tool.h"

struct public_key;

/*
 * One RSA key in PEM (SubjectPublicKeyInfo), as systemd-stub hands it on: others systemd does not take for a policy. what names it in
 * messages. FALSE: it is another.
 */
int public_key_parse(const struct buffer *pem, const char *what, struct public_key **ret, struct trouble *t);
void public_key_done(struct public_key **key);
#define _cleanup_public_key_ _cleanup_(public_key_done)

/* SHA-256 of its PKCS#1 DER: `pkfp` of a signed PCR policy. */
const struct digest *public_key_fingerprint(const struct public_key *key);

/* RSA PKCS#1 v1.5 over alg of the data. */
bool public_key_verify(const struct public_key *key, enum digest_alg alg, const struct iovec *data, const struct iovec *signature);
