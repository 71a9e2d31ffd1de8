/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Add-ons of systemd-stub (UAPI.5): PE files whose .cmdline section lengthens the command line.
 */
#pragma once

#include "verinit/digest.h"

#include "tool.h"

struct addon {
        struct buffer text;   /* ASCII, as it stands on the command line */
        struct digest digest; /* of the one event in PCR 12 for all of them: UTF-16LE with its NUL */
};

/*
 * files: "A.addon.efi" or, for those that are on the ESP together, "A.addon.efi,B.addon.efi" in the order in which the stub
 * takes them: /loader/addons before those beside the UKI, each by name.
 */
int addon_read(const char *files, struct addon *ret, struct trouble *t);
