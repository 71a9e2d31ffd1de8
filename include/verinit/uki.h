/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What is known of unified kernel images (UAPI.5).
 */
#pragma once

#include "verinit/base.h"

/* UAPI: systemd src/fundamental/uki.h, in the order in which systemd-stub measures into PCR 11; .pcrsig never is. */
enum { UKI_N_MEASURED = 14 };
extern const char *const uki_measured[UKI_N_MEASURED];

/* What the section .cmdline may have behind the text that was signed (docs/MEASUREMENTS.md): systemd-stub drops it. */
enum { UKI_N_CMDLINE_ENDINGS = 4, UKI_CMDLINE_ENDING_MAX = 2 };

struct uki_ending {
        const char *bytes;
        size_t size;
};

extern const struct uki_ending uki_cmdline_endings[UKI_N_CMDLINE_ENDINGS];

/* Is the content of .cmdline this text, in one of the forms? */
bool uki_cmdline_is(const char *content, size_t size, const char *text, size_t text_size);
