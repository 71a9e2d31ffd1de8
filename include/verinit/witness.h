/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The second witness of the command line, asked: what provenance.h judges is read here, from TPM, securityfs and SMBIOS.
 */
#pragma once

#include "verinit/boot.h"
#include "verinit/provenance.h"

/*
 * baked: the packed text, or NULL. The answers are those of provenance_prove(), and the reasons where no TPM can be asked:
 * "crash-kernel", "no-tpm", "unmeasured-uki". Fills boot->evidence.provenance. Also SMBIOS_UNREADABLE, and of the TPM and its
 * log TPM_FAILED, TPM_KEY_MISMATCH, TPM_ANSWER_FORGED.
 */
int witness_prove(struct boot *boot, const char *baked, struct provenance *ret, struct error *err);
