/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A policy signed by a signer's command, and looked at before it becomes a result.
 */
#pragma once

#include "tool.h"

enum { IPE_MAX_SIGNER_ARGUMENTS = 32 };

struct ipe_signer {
        const char *key, *certificate;
        const char *program; /* NULL: openssl */
        size_t n_arguments;
        const char *arguments[IPE_MAX_SIGNER_ARGUMENTS];
};

/* DER of PKCS#7 with this text in it. FALSE: what the signer has made is not right. */
int ipe_sign(const struct ipe_signer *s, const struct buffer *text, struct buffer *ret, struct trouble *t);

/* Of the form that the kernel takes, and by the key of the certificate (PEM or DER). FALSE. */
int ipe_check_signature(const struct buffer *signed_policy, const char *certificate, struct trouble *t);
