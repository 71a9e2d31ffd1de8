/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What is known of unified kernel images (UAPI.5).
 */
#pragma once

#include "verinit/base.h"

/* UAPI: systemd src/fundamental/uki.h, in the order in which systemd-stub measures into PCR 11; .pcrsig never is. */
enum { UKI_N_MEASURED = 14 };
extern const char *const uki_measured[UKI_N_MEASURED];
