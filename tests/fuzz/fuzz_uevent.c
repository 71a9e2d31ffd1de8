/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "fuzz.h"
#include "verinit/uevent.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        if (uevent_is_relevant((const char *) data, size))
                FUZZ_ASSERT(memmem(data, size, "SUBSYSTEM=block", 16) || memmem(data, size, "MODALIAS=", 9));
        return 0;
}
