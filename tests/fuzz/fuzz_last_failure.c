/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "fuzz.h"
#include "verinit/last_failure.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        uint8_t again[EFIVAR_ATTRIBUTES_BYTES + LAST_FAILURE_MAX_BYTES];
        struct last_failure last = {};

        if (last_failure_parse(data, size, &last) < 0) {
                FUZZ_ASSERT(last.state == LAST_FAILURE_UNKNOWN);
                return 0;
        }
        /* One form for each failure: what is read is what would have been written. */
        FUZZ_ASSERT(last.state == LAST_FAILURE_KNOWN);
        FUZZ_ASSERT(last_failure_format(last.stage, last.code, again, sizeof(again)) == (ssize_t) size);
        FUZZ_ASSERT(memcmp(again, data, size) == 0);
        return 0;
}
