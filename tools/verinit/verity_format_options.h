/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "verinit/verity.h"

#include "options.h"

#define FORMAT_VERB "verity format"

struct format_options {
        struct options common;
        const char *data_device, *hash_device, *root_hash_file, *fec_device;
        uint64_t hash_offset;
        unsigned fec_roots;
        bool is_forced;
        bool has_salt, has_uuid;
        struct verity_superblock superblock; /* as far as was said, or is the default: data_blocks 0 and no UUID where not */
};

/* 1: help was wanted, and is printed. */
int format_options_parse(int argc, char *argv[], struct format_options *ret, struct trouble *t);

/*
 * Salt and UUID that were not given: random. With SOURCE_DATE_EPOCH they follow from it and from what the superblock says, so that
 * the same build has the same tree; a salt is no secret.
 */
int format_options_derive(const struct format_options *o, struct verity_superblock *sb, struct trouble *t);
