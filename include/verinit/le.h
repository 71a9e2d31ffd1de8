/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Little-endian numbers in bytes of others, at any address: GPT, superblocks, the TCG2 log, PE. The caller has checked the bound.
 */
#pragma once

#include <stdint.h>

static inline uint16_t le16_read(const uint8_t *p)
{
        return (uint16_t) (p[0] | p[1] << 8);
}

static inline uint32_t le32_read(const uint8_t *p)
{
        return (uint32_t) le16_read(p) | (uint32_t) le16_read(p + 2) << 16;
}

static inline uint64_t le64_read(const uint8_t *p)
{
        return le32_read(p) | (uint64_t) le32_read(p + 4) << 32;
}
