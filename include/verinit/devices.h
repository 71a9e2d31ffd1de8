/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Looking for block devices: one walk over /sys/class/block, each disk's GPT read once. What is found is where to
 * look, not what to believe.
 *
 * The disk that was booted from is the one with the partition whose PARTUUID systemd-stub left in a variable. What is
 * wanted is on it, once: a second match there, or a second disk that claims to be it, is a twin, and which of them is
 * meant cannot be known. Matches on other disks are counted and not used. Only what is there at the walk that completes
 * the search can count.
 */
#pragma once

#include "verinit/boot.h"

enum {
        DEVICES_MAX_WANTED = 6,
        DEVICES_MAX_FOUND = 4, /* of one wanted */
        DEVICES_SEEN_BYTES = 16384,
};

/* What one walk saw of one wanted thing: on the boot disk, or on all others. */
struct devices_matches {
        unsigned n;
        /* The first few. is_found is false for a partition that is in the table, but not yet the kernel's. */
        struct found_device first[DEVICES_MAX_FOUND];
        char damaged[GPT_WHY_MAX + BLOCKDEV_NAME_MAX + 4]; /* "vdb: …": one of them is of a damaged table. Empty: none */
};

struct devices_wanted {
        const char *what; /* "data of /usr": for messages */
        const struct device_spec *spec;
        struct found_device *found; /* room for max_found */
        /* 0 is 1: a second is a twin. More: that many may be there, as with the signatures of two images, found by type. */
        size_t max_found;
        size_t *ret_n_found; /* may be NULL */
        bool is_optional;    /* not waited for, unless the table lists it and the kernel does not have it yet */
        /* Only for LABEL and UUID: the file systems that may be probed for, NULL at the end. Else NULL. */
        const char *const *filesystems;

        struct devices_matches on_boot_disk, elsewhere; /* of the last walk */
};

struct devices_scan {
        size_t n_wanted;
        struct devices_wanted wanted[DEVICES_MAX_WANTED];

        /* Of the last walk: the partition that was booted from. */
        unsigned n_boot_partitions;
        char boot_partitions[2][BLOCKDEV_NAME_MAX]; /* the first two */
        char boot_disk[BLOCKDEV_NAME_MAX];
        uint64_t boot_diskseq;
        char boot_damaged[GPT_WHY_MAX]; /* empty: its table is good */
        enum gpt_backup boot_backup;

        /* Every disk and partition that was there, as text, "; " between them: said when time is up. */
        char seen[DEVICES_SEEN_BYTES];
        size_t n_unlisted;
};

/* One walk; fills what belongs to it. 0, or a fault. */
int devices_scan_once(struct boot *boot, struct devices_scan *scan, struct error *err);

/*
 * When a match that is not on the boot disk counts. With boot-disk-only=allow it may: behind the boot disk where that is known, so
 * that it does not hang on which disk answers first; now where it is not known, or did not come in time.
 */
enum devices_elsewhere { ELSEWHERE_NEVER = 0, ELSEWHERE_BEHIND_BOOT_DISK, ELSEWHERE_NOW };

/*
 * Pure. What the last walk means: 1 all is found, 0 not yet, or TWIN_DEVICE, PARTITION_TABLE_INVALID. Fills found of each
 * wanted, as far as it is there.
 */
int devices_choose(struct devices_scan *scan, enum devices_elsewhere elsewhere, struct error *err);

/*
 * Walks, and waits for the kernel's events between walks, until all are found or timeout_us has passed since the call:
 * then code, with what was wanted and what was seen; what the message cannot hold is logged before it. BOOT_DISK_UNKNOWN
 * instead, where that is what is missing. The boot disk and the twins go into facts and evidence.
 */
int devices_find(struct boot *boot, struct devices_scan *scan, uint64_t timeout_us, enum fail_code code,
                 struct error *err);

/* Opens /dev/<name> read-only and makes sure that it is still the device that was found: fd or -errno. DEVICE_CHANGED. */
int devices_open(struct boot *boot, const struct found_device *device, struct error *err);

/* Whether fd, and the name that it was found by, are still that device. DEVICE_CHANGED, DEVICE_UNREADABLE. */
int devices_check_unchanged(struct boot *boot, const struct found_device *device, int fd, struct error *err);
