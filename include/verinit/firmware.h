/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What the firmware, the loader and the stub say of this boot. Nothing here decides: a forged variable and a Secure Boot that
 * is off are facts, and stage prove refuses them.
 */
#pragma once

#include "verinit/boot_plan.h"

/*
 * From efivarfs, where facts->has_efi_variables: is_secure_boot, insecure_because, is_uki_measured, boot_partuuid, and
 * forged_variable. What cannot be read counts as not there.
 */
void firmware_read_variables(int root_fd, struct facts *facts);

/* The variables of loader and stub that have to be volatile, NULL at the end: for the test that plants each. */
const char *const *firmware_volatile_variables(void);
