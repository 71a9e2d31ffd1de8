/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A uevent as the kernel sends it: "add@/devices/…", then KEY=value strings, each ended by NUL
 * (lib/kobject_uevent.c). Pure. Its values are partly chosen by devices: disk and partition names.
 */
#pragma once

#include "verinit/base.h"

enum { UEVENT_MAX_BYTES = 8192 }; /* the kernel's own bound is 2048 for the variables, and the device path */

/*
 * Is this a reason to look at /sys again? A block device, a TPM's resource manager, or a device that asks for a driver
 * (MODALIAS), that was added or changed. Whatever is cut off or not of this form is not.
 */
bool uevent_is_relevant(const char *message, size_t size);
