/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The volumes that both verbs are told of: --root-hash, --root-hash-file, --cmdline with --floor, --uki.
 */
#pragma once

#include "ipe_policy_text.h"
#include "options.h"

struct ipe_volumes {
        size_t n_hex, n_files;
        const char *hex[IPE_WANTED_ROOT_HASHES], *files[IPE_WANTED_ROOT_HASHES];
        const char *cmdline, *floor, *uki;
};

#define IPE_OPTIONS_VOLUMES                                                                                    \
        { "root-hash", required_argument, NULL, 'r' }, { "root-hash-file", required_argument, NULL, 'R' },     \
        { "cmdline", required_argument, NULL, 'l' }, { "floor", required_argument, NULL, 'f' },                \
        { "uki", required_argument, NULL, 'u' }

/* One of these options; 1: it is none of them. */
int ipe_volumes_take(struct ipe_volumes *v, const char *verb, int id, struct trouble *t);

/* In the order in which they are named above. How many; -1. */
int ipe_volumes_read(const struct ipe_volumes *v, const char *verb, struct digest ret[static IPE_WANTED_ROOT_HASHES], struct trouble *t);
