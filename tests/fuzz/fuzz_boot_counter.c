/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "fuzz.h"
#include "verinit/boot_counter.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        static const uint8_t volatile_attributes[] = { 6, 0, 0, 0 };
        bool has_plus = false, has_try = false;

        if (!boot_counter_has_tries(data, size))
                return 0;
        FUZZ_ASSERT(size >= 4 + 2 && size <= 4 + BOOT_COUNTER_MAX_BYTES && size % 2 == 0);
        FUZZ_ASSERT(memcmp(data, volatile_attributes, 4) == 0);
        FUZZ_ASSERT(data[size - 2] == 0 && data[size - 1] == 0);
        for (size_t i = 4; i < size; i += 2) {
                has_plus = has_plus || data[i] == '+';
                has_try = has_try || (has_plus && data[i] >= '1' && data[i] <= '9');
        }
        FUZZ_ASSERT(has_try);
        return 0;
}
