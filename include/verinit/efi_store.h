/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What firmware keeps between boots, as a file: EDK2's store of authenticated variables in its firmware volume (MdeModulePkg,
 * Guid/VariableFormat.h; UEFI PI, volume 3), and the lists of signatures in db and dbx (UEFI 32.4.1). For the host command. Pure
 * and bounded; what is found points into the caller's bytes.
 */
#pragma once

#include <sys/uio.h>

#include "verinit/base.h"

enum { EFI_GUID_BYTES = 16 };

/* The live variable of this name, which is ASCII, and this vendor. 0, -ENOENT, -EBADMSG: no such store, or out of bounds. */
int efi_store_find(const uint8_t *file, size_t size, const uint8_t vendor[static EFI_GUID_BYTES], const char *name,
                   struct iovec *ret);

struct efi_signature {
        uint8_t type[EFI_GUID_BYTES]; /* of the list that it stands in */
        struct iovec whole;           /* the owner's GUID, then the data: what the firmware measures */
        struct iovec data;            /* a certificate in DER, or a digest */
};

/* lists: the variable's data, of which what was read is taken off. zeros at first. */
struct efi_signatures {
        struct iovec lists, list;
        uint8_t type[EFI_GUID_BYTES];
        size_t signature_size;
};

/* 1: *ret is the next one; 0: there is none; -EBADMSG. */
int efi_signature_next(struct efi_signatures *it, struct efi_signature *ret);
