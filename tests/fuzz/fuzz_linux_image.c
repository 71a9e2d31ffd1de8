/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "fuzz.h"
#include "verinit/linux_image.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        char text[LINUX_VERSION_MAX] = "";
        size_t n;

        if (linux_image_version(data, size, text) < 0) {
                FUZZ_ASSERT(text[0] == '\0');
                return 0;
        }
        n = strlen(text);
        FUZZ_ASSERT(n > 0 && n < sizeof(text) && linux_release_size(text) <= n);
        for (size_t i = 0; i < n; i++)
                FUZZ_ASSERT(text[i] >= ' ' && text[i] <= '~');
        return 0;
}
