/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Does the boot loader count this boot? systemd-boot says so in LoaderBootCountPath, the path of what it started:
 * "\EFI\Linux\name+LEFT-DONE.efi", UTF-16 (systemd v257 src/boot/boot.c config_entry_bump_counters()).
 */
#pragma once

#include "verinit/base.h"

enum { BOOT_COUNTER_MAX_BYTES = 1024 };

/*
 * Pure: the variable as efivarfs shows it. True if after this boot tries are left, so that the counter, and not the pause,
 * ends a row of failures. Only the loader's own counts, which is volatile: attributes exactly 0x6.
 */
bool boot_counter_has_tries(const uint8_t *variable, size_t size);

/* The same of this machine; false where there are no EFI variables. */
bool boot_counter_is_running(int root_fd);
