/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "fuzz.h"
#include "verinit/credential.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        if (credential_is_sealed((const char *) data, size))
                FUZZ_ASSERT(size >= 22);
        return 0;
}
