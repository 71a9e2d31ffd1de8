/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "fuzz.h"
#include "verinit/pe.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        size_t offset = 0, n = 0;

        if (pe_section_find(data, size, ".cmdline", &offset, &n) < 0) {
                FUZZ_ASSERT(offset == 0 && n == 0);
                return 0;
        }
        FUZZ_ASSERT(offset <= size && n <= size - offset);
        return 0;
}
