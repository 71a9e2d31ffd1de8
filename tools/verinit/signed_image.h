/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A PE file, and by whom it is signed, as firmware sees it (EDK2: DxeImageVerificationLib).
 */
#pragma once

#include "verinit/digest.h"
#include "verinit/pe.h"

#include "tool.h"

/* The file stays the caller's. */
struct signed_image {
        struct pe pe;
        struct digest digests[_DIGEST_ALG_MAX]; /* of what Authenticode hashes */
};

/* name is for messages. FALSE: not a sound PE file. */
int signed_image_open(const char *name, const struct buffer *file, struct signed_image *ret, struct trouble *t);
/* Whether there is a signature at all; of a table that is malformed there is none. */
bool signed_image_has_any(const struct signed_image *image);
/* By this certificate, which is DER? Any of its signatures will do. */
bool signed_image_is_by(const struct signed_image *image, const struct iovec *certificate);
