/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What systemd-stub said about itself in StubPcrKernelImage. Honest variables of the stub are volatile; one that the
 * last boot's root planted in the variable store is not, and is not replaced by the stub's own (seen with 257).
 */
#include "verinit/measure.h"

bool measure_stub_pcr_is_11(const uint8_t *variable, size_t size)
{
        /* UAPI: UEFI 2.10 section 8.2, EFI_VARIABLE_BOOTSERVICE_ACCESS | EFI_VARIABLE_RUNTIME_ACCESS, little-endian. */
        static const uint8_t want[] = { 0x06, 0, 0, 0, '1', 0, '1', 0, 0, 0 };

        if (size != sizeof(want) && size != sizeof(want) - 2)
                return false;
        return memcmp(variable, want, size) == 0;
}
