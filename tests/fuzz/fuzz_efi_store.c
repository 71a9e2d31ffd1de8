/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "fuzz.h"
#include "verinit/efi_store.h"

static const uint8_t vendor[EFI_GUID_BYTES] = {
        0xcb, 0xb2, 0x19, 0xd7, 0x3a, 0x3d, 0x96, 0x45, 0xa3, 0xbc, 0xda, 0xd0, 0x0e, 0x67, 0x65, 0x6f,
};

static void check_inside(const struct iovec *part, const uint8_t *data, size_t size)
{
        const uint8_t *p = part->iov_base;

        FUZZ_ASSERT(p >= data && p <= data + size && part->iov_len <= (size_t) (data + size - p));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        struct efi_signature signature = {};
        struct efi_signatures it = {};
        struct iovec db = {};
        size_t sum = 0;

        if (efi_store_find(data, size, vendor, "db", &db) < 0) {
                FUZZ_ASSERT(!db.iov_base);
                return 0;
        }
        check_inside(&db, data, size);
        it.lists = db;
        while (efi_signature_next(&it, &signature) > 0) {
                check_inside(&signature.whole, db.iov_base, db.iov_len);
                FUZZ_ASSERT(signature.data.iov_len > 0 && signature.data.iov_len + EFI_GUID_BYTES == signature.whole.iov_len);
                sum += signature.whole.iov_len;
        }
        FUZZ_ASSERT(sum <= db.iov_len);
        return 0;
}
