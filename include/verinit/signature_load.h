/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The signature of the root hash from where the command line says, or from where stage find saw it.
 */
#pragma once

#include "verinit/boot.h"

/*
 * Sets boot->signature. FLOOR_FILE_MISMATCH (a certificate), SIGNATURE_MISSING (the file that was named), and what
 * signature_partition_parse() and signature_prove() refuse.
 */
int signature_load(struct boot *boot, struct error *err);
