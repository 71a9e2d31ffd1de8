/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "fuzz.h"
#include "verinit/smbios.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        static const char key[] = "io.systemd.stub.kernel-cmdline-extra=";
        char *table = malloc(size + 1);
        struct smbios_extras extras;

        if (!table)
                return 0;
        if (size > 0)
                memcpy(table, data, size);
        table[size] = '\0';
        smbios_find_extras(table, size, &extras);
        FUZZ_ASSERT((extras.n > 0) == (memmem(table, size, key, sizeof(key) - 1) != NULL));
        for (size_t i = 0; i < extras.n && i < SMBIOS_MAX_EXTRAS; i++) {
                FUZZ_ASSERT(extras.values[i] > table && extras.values[i] <= table + size);
                FUZZ_ASSERT(memcmp(extras.values[i] - (sizeof(key) - 1), key, sizeof(key) - 1) == 0);
                FUZZ_ASSERT(extras.values[i] + strlen(extras.values[i]) <= table + size);
        }
        free(table);
        return 0;
}
