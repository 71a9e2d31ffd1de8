/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Add-ons of systemd-stub (UAPI.5): PE files whose .cmdline section lengthens the command line.
 */
#pragma once

#include "verinit/digest.h"

#include "tool.h"

/*
 * Text of a .cmdline section as it stands on the command line, behind what *ret has and a blank. path names the file. FALSE: not
 * ASCII, or too long.
 */
int stub_text_append(const uint8_t *text, size_t size, const char *path, struct buffer *ret, struct trouble *t);
/* As the firmware and the kernel get it: UTF-16LE with its NUL. */
int stub_text_wide(const struct buffer *text, struct buffer *ret, struct trouble *t);

/* The words of one add-on, likewise. */
int addon_append(const char *path, const struct buffer *file, struct buffer *ret, struct trouble *t);

enum { ADDON_MAX_BYTES = 16 * 1024 * 1024 };

struct addon {
        struct buffer text;   /* ASCII, as it stands on the command line */
        struct digest digest; /* of the one event in PCR 12 for all of them: UTF-16LE with its NUL */
};

/*
 * files: "A.addon.efi" or, for those that are on the ESP together, "A.addon.efi,B.addon.efi" in the order in which the stub
 * takes them: /loader/addons before those beside the UKI, each by name.
 */
int addon_read(const char *files, struct addon *ret, struct trouble *t);
