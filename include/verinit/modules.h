/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Loading what the module table names: for a feature that the boot needs, and for each device that is there.
 */
#pragma once

#include "verinit/boot.h"

int modules_read_table(struct boot *boot, struct error *err);

/* Dependencies first. MODULE_MISSING if the initramfs was built without the feature. */
int modules_load_feature(struct boot *boot, const char *feature, struct error *err);
bool modules_has_feature(const struct boot *boot, const char *feature);

/*
 * With more than one processor: loads what the two others are about to, side by side, and keeps the kernel's answers for them. What
 * failed is for them to say. With one it does nothing. Features that were not packed are passed over.
 */
void modules_load_ahead(struct boot *boot, const char *const features[], size_t n_features);

/*
 * Loads the driver of each device below /sys/bus whose modalias matches, again and again until none is new:
 * a driver makes devices (a SCSI host makes disks). *ret_loaded is how many modules were loaded.
 */
int modules_coldplug(struct boot *boot, unsigned *ret_loaded, struct error *err);

/*
 * After all that: whether each module that was begun ahead was heard of, also one whose device has gone since and which nobody asked
 * for again. It may still be at work in the kernel. MODULE_LOAD_FAILED.
 */
int modules_check_ahead(const struct boot *boot, struct error *err);
