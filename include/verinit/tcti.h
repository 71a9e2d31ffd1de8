/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The one call by which measure/tpm_esys.c reaches a TPM: measure/tcti_device.c opens a device node; a test links
 * one that talks to a software TPM, or to none.
 */
#pragma once

#include "verinit/base.h"

/*
 * As the TSS2 TCTI initialisers do: storage NULL asks for the bytes it takes (*size); otherwise storage is a
 * TSS2_TCTI_CONTEXT afterwards, to be ended with its own finalize. Answers a TSS2_RC.
 */
uint32_t tcti_init(void *storage, size_t *size, const char *path);
