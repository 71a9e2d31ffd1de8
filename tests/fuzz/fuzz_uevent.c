/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "fuzz.h"
#include "verinit/uevent.h"

static bool holds(const uint8_t *data, size_t size, const char *text)
{
        return memmem(data, size, text, strlen(text)) != NULL;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        if (!uevent_is_relevant((const char *) data, size))
                return 0;
        FUZZ_ASSERT(data[size - 1] == '\0');
        FUZZ_ASSERT(holds(data, size, "ACTION=add") || holds(data, size, "ACTION=change"));
        FUZZ_ASSERT(holds(data, size, "SUBSYSTEM=block") || holds(data, size, "SUBSYSTEM=tpmrm") ||
                    holds(data, size, "MODALIAS="));
        return 0;
}
