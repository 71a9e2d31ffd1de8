/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>

#include "verinit/efi_store.h"
#include "verinit/le.h"

enum {
        VOLUME_SIGNATURE = 40, /* "_FVH" */
        VOLUME_HEADER_SIZE = 48, /* u16 */
        VOLUME_BYTES = 56,
        STORE_SIZE = 16, /* u32, with the header */
        STORE_FORMAT = 20,
        STORE_STATE = 21,
        STORE_BYTES = 28,
        STORE_FORMATTED = 0x5a,
        STORE_HEALTHY = 0xfe,
        VARIABLE_START = 0x55aa,
        VARIABLE_STATE = 2,
        VARIABLE_NAME_SIZE = 36, /* u32, in bytes, with the NUL */
        VARIABLE_DATA_SIZE = 40,
        VARIABLE_VENDOR = 44,
        VARIABLE_BYTES = 60,
        VARIABLE_ALIGN = 4,
        /* A new value has been begun; until it is there, this one counts. */
        STATE_LIVE = 0x3f,
        STATE_BEING_REPLACED = 0x3e,
        LIST_SIZE = 16, /* u32, with the header */
        LIST_HEADER_SIZE = 20,
        LIST_SIGNATURE_SIZE = 24,
        LIST_BYTES = 28,
};

/* gEfiAuthenticatedVariableGuid */
static const uint8_t store_type[EFI_GUID_BYTES] = {
        0x78, 0x2c, 0xf3, 0xaa, 0x7b, 0x94, 0x9a, 0x43, 0xa1, 0x80, 0x2e, 0x14, 0x4e, 0xc3, 0x77, 0x92,
};

static int find_store(const uint8_t *file, size_t size, struct iovec *ret)
{
        size_t header, n;
        const uint8_t *store;

        if (size < VOLUME_BYTES || memcmp(file + VOLUME_SIGNATURE, "_FVH", 4) != 0)
                return -EBADMSG;
        header = le16_read(file + VOLUME_HEADER_SIZE);
        if (header < VOLUME_BYTES || header > size || size - header < STORE_BYTES)
                return -EBADMSG;
        store = file + header;
        n = le32_read(store + STORE_SIZE);
        if (memcmp(store, store_type, EFI_GUID_BYTES) != 0 || store[STORE_FORMAT] != STORE_FORMATTED ||
            store[STORE_STATE] != STORE_HEALTHY || n < STORE_BYTES || n > size - header)
                return -EBADMSG;
        *ret = (struct iovec) { (void *) (uintptr_t) store, n };
        return 0;
}

static bool is_named(const uint8_t *wide, size_t size, const char *name)
{
        size_t n = strlen(name) + 1;

        if (size != 2 * n)
                return false;
        for (size_t i = 0; i < n; i++)
                if (le16_read(wide + 2 * i) != (uint8_t) name[i])
                        return false;
        return true;
}

int efi_store_find(const uint8_t *file, size_t size, const uint8_t vendor[static EFI_GUID_BYTES], const char *name,
                   struct iovec *ret)
{
        struct iovec store, found = {};
        const uint8_t *p;
        size_t at;
        int r;

        r = find_store(file, size, &store);
        if (r < 0)
                return r;
        p = store.iov_base;
        for (at = STORE_BYTES; store.iov_len - at >= VARIABLE_BYTES && le16_read(p + at) == VARIABLE_START;) {
                size_t left = store.iov_len - at - VARIABLE_BYTES, name_size = le32_read(p + at + VARIABLE_NAME_SIZE);
                size_t data_size = le32_read(p + at + VARIABLE_DATA_SIZE), next;
                uint8_t state = p[at + VARIABLE_STATE];

                if (name_size > left || data_size > left - name_size)
                        return -EBADMSG;
                if ((state == STATE_LIVE || (state == STATE_BEING_REPLACED && !found.iov_base)) &&
                    memcmp(p + at + VARIABLE_VENDOR, vendor, EFI_GUID_BYTES) == 0 &&
                    is_named(p + at + VARIABLE_BYTES, name_size, name))
                        found = (struct iovec) { (void *) (uintptr_t) (p + at + VARIABLE_BYTES + name_size), data_size };
                next = at + VARIABLE_BYTES + name_size + data_size;
                next += -next % VARIABLE_ALIGN;
                if (next > store.iov_len)
                        break;
                at = next;
        }
        if (!found.iov_base)
                return -ENOENT;
        *ret = found;
        return 0;
}

static int next_list(struct efi_signatures *it)
{
        const uint8_t *p = it->lists.iov_base;
        size_t n, header, signature;

        if (it->lists.iov_len < LIST_BYTES)
                return -EBADMSG;
        n = le32_read(p + LIST_SIZE);
        header = le32_read(p + LIST_HEADER_SIZE);
        signature = le32_read(p + LIST_SIGNATURE_SIZE);
        if (n < LIST_BYTES || n > it->lists.iov_len || header > n - LIST_BYTES || signature <= EFI_GUID_BYTES ||
            (n - LIST_BYTES - header) % signature != 0)
                return -EBADMSG;
        memcpy(it->type, p, EFI_GUID_BYTES);
        it->signature_size = signature;
        it->list = (struct iovec) { (void *) (uintptr_t) (p + LIST_BYTES + header), n - LIST_BYTES - header };
        it->lists = (struct iovec) { (void *) (uintptr_t) (p + n), it->lists.iov_len - n };
        return 0;
}

int efi_signature_next(struct efi_signatures *it, struct efi_signature *ret)
{
        uint8_t *p;

        while (it->list.iov_len == 0) {
                int r;

                if (it->lists.iov_len == 0)
                        return 0;
                r = next_list(it);
                if (r < 0)
                        return r;
        }
        p = it->list.iov_base;
        memcpy(ret->type, it->type, EFI_GUID_BYTES);
        ret->whole = (struct iovec) { p, it->signature_size };
        ret->data = (struct iovec) { p + EFI_GUID_BYTES, it->signature_size - EFI_GUID_BYTES };
        it->list = (struct iovec) { p + it->signature_size, it->list.iov_len - it->signature_size };
        return 1;
}
