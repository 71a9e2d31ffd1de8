/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "fuzz.h"
#include "verinit/bzimage.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        char release[BZIMAGE_RELEASE_MAX + 1], again[BZIMAGE_RELEASE_MAX + 1];

        memset(release, '?', sizeof(release));
        if (bzimage_release(data, size, release) < 0) {
                FUZZ_ASSERT(release[0] == '?');
                return 0;
        }
        FUZZ_ASSERT(release[0] != '\0' && strnlen(release, sizeof(release)) <= BZIMAGE_RELEASE_MAX);
        FUZZ_ASSERT(strspn(release, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._+~-") == strlen(release));
        /* What lies behind the boot sector and the most setup sectors there can be has no say. */
        FUZZ_ASSERT(bzimage_release(data, size < 256 * 512 ? size : 256 * 512, again) == 0 && str_equal(again, release));
        return 0;
}
