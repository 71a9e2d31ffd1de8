/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What the machine's SMBIOS asks systemd-stub to add to the command line. Pure.
 */
#pragma once

#include "verinit/base.h"

enum { SMBIOS_MAX_BYTES = 512 * 1024, SMBIOS_MAX_EXTRAS = 8 };

struct smbios_extras {
        size_t n; /* all; values holds the first of them */
        const char *values[SMBIOS_MAX_EXTRAS]; /* what follows the '=', in the table */
};

/*
 * The table as the kernel shows it (/sys/firmware/dmi/tables/DMI), with a NUL behind its end: table[size]. Every place with
 * "io.systemd.stub.kernel-cmdline-extra=" counts, whatever it is part of.
 */
void smbios_find_extras(const char *table, size_t size, struct smbios_extras *ret);
