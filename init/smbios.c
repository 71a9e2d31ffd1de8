/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The structures are not walked: the table is the machine room's, and could be such that systemd-stub's walk and ours end at
 * different strings. What the kernel shows is what its own walk covers (drivers/firmware/dmi_scan.c), so a table made for that
 * can hide a string from us that the stub has found: only PCR 12 tells then.
 */
#include "verinit/smbios.h"

void smbios_find_extras(const char *table, size_t size, struct smbios_extras *ret)
{
        static const char key[] = "io.systemd.stub.kernel-cmdline-extra=";
        const char *p = table, *end = table + size;

        *ret = (struct smbios_extras) {};
        while ((p = memmem(p, (size_t) (end - p), key, sizeof(key) - 1))) {
                p += sizeof(key) - 1;
                if (ret->n < SMBIOS_MAX_EXTRAS)
                        ret->values[ret->n] = p;
                ret->n++;
        }
}
