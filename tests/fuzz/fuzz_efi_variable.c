/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "fuzz.h"
#include "verinit/efi_variable.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        char uuid[EFI_PARTUUID_SIZE];
        struct efi_variable v;
        unsigned pcr;
        bool flag;

        if (!efi_variable_parse(data, size, &v)) {
                FUZZ_ASSERT(size < 4);
                return 0;
        }
        FUZZ_ASSERT(v.size == size - 4);
        if (efi_variable_partuuid(&v, uuid)) {
                FUZZ_ASSERT(strlen(uuid) == EFI_PARTUUID_SIZE - 1);
                FUZZ_ASSERT(strspn(uuid, "0123456789abcdef-") == EFI_PARTUUID_SIZE - 1);
                FUZZ_ASSERT(v.size == 72 || v.size == 74);
        }
        if (efi_variable_pcr(&v, &pcr))
                FUZZ_ASSERT(pcr < 100 && v.size <= 6);
        if (efi_variable_flag(&v, &flag))
                FUZZ_ASSERT(v.size == 1 && v.data[0] == (flag ? 1 : 0));
        return 0;
}
