/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A key in the software TPM of swtpm.h, made past the adapter.
 */
#pragma once

#include "verinit/base.h"

enum { SWTPM_OWNER = 0x40000001, SWTPM_ENDORSEMENT = 0x4000000b };

/* Its TPM Name: algorithm, digest of the public part. */
struct key_name {
        size_t size;
        uint8_t bytes[66];
};

/* A primary key that is kept at handle. */
struct key_name swtpm_keep_key(uint32_t hierarchy, uint32_t handle, bool is_rsa);
