/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Looking for block devices: one walk over /sys/class/block, each disk's GPT read once. What is found is where to
 * look, not what to believe.
 */
#pragma once

#include "verinit/boot.h"

enum { DEVICES_MAX_WANTED = 3, DEVICES_SEEN_BYTES = 16384 };

struct devices_wanted {
        const char *what; /* "data of /usr": for messages */
        const struct device_spec *spec;
        struct found_device *found;
        /* Only for LABEL and UUID: the file systems that may be probed for, NULL at the end. Else NULL. */
        const char *const *filesystems;
};

struct devices_scan {
        size_t n_wanted;
        struct devices_wanted wanted[DEVICES_MAX_WANTED];
        /* Every disk and partition that was there, as text, "; " between them: said when time is up. */
        char seen[DEVICES_SEEN_BYTES];
        size_t n_unlisted;
};

/* One walk; fills what it finds. 0, or a fault. */
int devices_scan_once(struct boot *boot, struct devices_scan *scan, struct error *err);

/*
 * Walks, and waits for the kernel's events between walks, until all are found or timeout_us has passed since the call:
 * then code, with what was wanted and what was seen; what the message cannot hold is logged before it.
 */
int devices_find(struct boot *boot, struct devices_scan *scan, uint64_t timeout_us, enum fail_code code,
                 struct error *err);

/* Opens /dev/<name> read-only and makes sure that it is still the device that was found: fd or -errno. */
int devices_open(struct boot *boot, const struct found_device *device, struct error *err);
