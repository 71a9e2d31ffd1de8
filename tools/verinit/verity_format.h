/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Writing a hash tree. Adapter: verity_format_cryptsetup.c (libcryptsetup, Debian's shared one; PID 1 has no code that writes).
 */
#pragma once

#include "verinit/verity.h"

#include "tool.h"

struct verity_format {
        struct verity_superblock superblock; /* what it will say */
        const char *data_path, *hash_path;   /* to be opened by name; may be the same file */
        uint64_t hash_offset_bytes;          /* of the superblock */
        const char *fec_path;                /* NULL: no parity */
        unsigned fec_roots;
};

/* Superblock, tree and parity; what is there is overwritten, and nothing is synced. The digest is the root hash. */
int verity_format_write(const struct verity_format *f, struct digest *ret_root_hash, struct trouble *t);
