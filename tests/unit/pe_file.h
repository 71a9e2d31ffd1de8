/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * How every PE file begins. Each test has a struct of its own: what follows, and where, is what it tests.
 */
#pragma once

#include "unit.h"

/* Up to the optional header. */
struct pe_head {
        char dos[60];
        uint32_t new_header;
        char signature[4];
        uint16_t machine, n_sections;
        uint32_t skipped[3];
        uint16_t optional_size, flags;
};

struct section {
        char name[8];
        uint32_t virtual_size, virtual_address, raw_size, raw_offset;
        uint8_t rest[16];
};
