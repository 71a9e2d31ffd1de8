/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What the firmware, the loader and the stub say of this boot. Nothing here decides: a forged variable and a Secure Boot that
 * is off are facts, and stage prove refuses them.
 */
#pragma once

#include "verinit/boot_plan.h"

/*
 * From efivarfs, where facts->has_efi_variables: is_secure_boot, insecure_because, is_uki_measured, boot_partuuid,
 * has_systemd_options, and forged_variable, forged_attributes, forged_errno. One that is there and cannot be read is
 * named there too, or counts as a Secure Boot that does not hold.
 */
void firmware_read_variables(int root_fd, struct facts *facts);

/*
 * Pure. systemd up to 257 takes SystemdOptions as words before those of the command line (src/basic/efivars.c,
 * cache_efi_options_variable()), unless Secure Boot is on: whoever was root once would be at each boot, and no witness of the
 * command line sees it. SYSTEMD_OPTIONS_VARIABLE.
 */
int firmware_check_systemd_options(const struct facts *facts, struct error *err);

/* The variables of loader and stub that have to be volatile, NULL at the end: for the test that plants each. */
const char *const *firmware_volatile_variables(void);
