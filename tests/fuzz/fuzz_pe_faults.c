/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "fuzz.h"
#include "verinit/pe.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        static struct pe_fault faults[PE_MAX_FAULTS];
        struct pe pe;
        int n;

        if (pe_open(data, size, &pe) < 0)
                return 0;
        n = pe_find_faults(&pe, faults);
        FUZZ_ASSERT(n <= PE_MAX_FAULTS);
        for (int i = 0; i < n; i++)
                FUZZ_ASSERT(faults[i].section < pe.n_sections || pe.n_sections == 0);
        return 0;
}
