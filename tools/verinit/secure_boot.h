/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The variables of Secure Boot, from a firmware's variable store or from a directory of efivarfs.
 */
#pragma once

#include "verinit/digest.h"
#include "verinit/efi_store.h"

#include "tool.h"

enum secure_boot_variable {
        SECURE_BOOT_STATE = 0, SECURE_BOOT_PK, SECURE_BOOT_KEK, SECURE_BOOT_DB, SECURE_BOOT_DBX, _SECURE_BOOT_MAX,
};

struct secure_boot {
        bool is_read, is_on;
        struct buffer values[_SECURE_BOOT_MAX]; /* empty: there is none */
        struct digest sha256[_SECURE_BOOT_MAX];
};

struct secure_boot_name {
        const char *name;
        uint8_t vendor[EFI_GUID_BYTES];
        const char *vendor_text;
};

/* In the order in which the firmware measures them. */
extern const struct secure_boot_name secure_boot_names[_SECURE_BOOT_MAX];

int secure_boot_read(const char *path, struct secure_boot *ret, struct trouble *t);
void secure_boot_done(struct secure_boot *sb);
