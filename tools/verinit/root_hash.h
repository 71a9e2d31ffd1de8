/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Which root hash an option means: given as it is, in a file, or as the root hash of a signed command line.
 */
#pragma once

#include "verinit/boot_config.h"

#include "tool.h"

/* hex, or else what stands in the file; the algorithm is that of its length. */
int root_hash_read(const char *verb, const char *hex, const char *file, struct digest *ret, struct trouble *t);

/* The option --cmdline, TEXT or @FILE. */
int root_hash_read_cmdline(const char *cmdline, struct buffer *ret, struct trouble *t);

/*
 * What stage config makes of a command line; floor, the file of that option, may be NULL. -1 with *err set where it is refused, and
 * trouble otherwise.
 */
int root_hash_parse_cmdline(const struct buffer *cmdline, const char *floor, struct boot_config *ret, struct error *err, struct trouble *t);

/* The algorithm is that of init.verity=, or else that of its length: PID 1 takes no other. */
void root_hash_of_config(const struct boot_config *config, struct digest *ret);
