/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The TPM's device node. Called directly, since tctildr as it is commonly built looks for its back ends with dlopen().
 */
#include <tss2/tss2_tcti_device.h>

#include "verinit/tcti.h"

uint32_t tcti_init(void *storage, size_t *size, const char *path)
{
        return Tss2_Tcti_Device_Init(storage, size, path);
}
