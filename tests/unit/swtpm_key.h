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

/* Numbers on the wire: big-endian. */
static inline uint32_t wire_get(const uint8_t *bytes, size_t size)
{
        uint32_t value = 0;

        for (size_t i = 0; i < size; i++)
                value = value << 8 | bytes[i];
        return value;
}

static inline void wire_set32(uint8_t *bytes, uint32_t value)
{
        for (size_t i = 0; i < 4; i++)
                bytes[i] = (uint8_t) (value >> (24 - 8 * i));
}

/* A primary key that is kept at handle. */
struct key_name swtpm_keep_key(uint32_t hierarchy, uint32_t handle, bool is_rsa);
