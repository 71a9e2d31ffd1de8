/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * EFI variables, as efivarfs gives them: four bytes of attributes, little-endian, then the data. Pure, over bytes that
 * whoever was root before may have written.
 */
#pragma once

#include "verinit/base.h"

/* Where the kernel shows them: <name>-<vendor GUID>. */
#define EFIVARS_DIR "sys/firmware/efi/efivars"

enum { EFI_VARIABLE_MAX = 4096, EFI_PARTUUID_SIZE = 37 };

/* Boot services and runtime, not kept: what firmware, loader and stub set in this boot, and the system cannot. */
enum { EFI_ATTRIBUTES_VOLATILE = 0x6 };

struct efi_variable {
        uint32_t attributes;
        const uint8_t *data; /* borrowed */
        size_t size;
};

/* False: not even attributes. */
bool efi_variable_parse(const uint8_t *bytes, size_t size, struct efi_variable *ret);

/*
 * The two that the stub and the loader write, with or without the NUL at the end; nothing else may follow.
 * A partition's UUID: UTF-16 text of 36 characters, either case; ret_uuid is lower case. A PCR: decimal, no leading zero.
 */
bool efi_variable_partuuid(const struct efi_variable *v, char ret_uuid[static EFI_PARTUUID_SIZE]);
bool efi_variable_pcr(const struct efi_variable *v, unsigned *ret_pcr);

/* One byte, 0 or 1. */
bool efi_variable_flag(const struct efi_variable *v, bool *ret);
