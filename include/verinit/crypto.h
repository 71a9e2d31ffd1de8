/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Port: digests. Adapter: common/crypto_openssl.c, the only file that includes OpenSSL.
 */
#pragma once

#include <sys/uio.h>

#include "verinit/digest.h"
#include "verinit/error.h"

/* H(part 0 ‖ part 1 ‖ …). */
int crypto_digest(enum digest_alg alg, const struct iovec *parts, size_t n_parts, struct digest *ret,
                  struct error *err);
