/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "module_set.h"

/* Where the module lies in the initramfs: its own name, without ".xz" and the like if it is unpacked. */
char *table_file_name(const struct set_module *m, bool is_unpacked);

/*
 * The text of /etc/verinit/modules (modtable.h), read back with PID 1's own parser: a table that it would refuse
 * is not written.
 */
int table_format(const struct module_set *set, bool is_unpacked, struct buffer *ret, struct trouble *t);
