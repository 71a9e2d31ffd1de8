/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What was asked, from the command line and the floor, validated. Untrusted text ends here: no string in it
 * is interpreted again, but handed to the kernel as what it was validated to be.
 */
#pragma once

#include "verinit/cmdline.h"
#include "verinit/digest.h"
#include "verinit/floor.h"

enum device_spec_kind {
        DEVICE_NONE = 0, /* not given */
        DEVICE_PATH,     /* value: "/dev/…", normalised, at most two components below /dev */
        DEVICE_PARTUUID, /* value: lower-case textual UUID */
        DEVICE_PARTLABEL,
        DEVICE_LABEL, /* file-system label: resolved in stage root, after mac */
        DEVICE_UUID,  /* file-system UUID, lower case: likewise */
};

struct device_spec {
        enum device_spec_kind kind;
        char value[128];
};

/* "PARTUUID=…" as it was written, for messages. */
void device_spec_format(const struct device_spec *spec, char *ret_text, size_t size);

enum root_kind { ROOT_TMPFS = 0, ROOT_UNVERIFIED };
const char *root_kind_name(enum root_kind kind); /* "tmpfs", "unverified": the word in PCR 13 */

enum corruption_mode { CORRUPTION_PANIC = 0, CORRUPTION_RESTART };

enum { CONFIG_OPTIONS_MAX = 256, CONFIG_PATH_MAX = 256 };

struct boot_config {
        char cmdline_text[CMDLINE_MAX_BYTES + 1]; /* as read, less the final newline: for prove, and modules */

        uint8_t root_hash[DIGEST_MAX_BYTES];
        size_t root_hash_size;
        struct device_spec usr_data; /* derived from the root hash if it was not given */
        struct device_spec usr_hash;
        bool usr_devices_given;
        uint64_t hash_offset_bytes;
        enum corruption_mode corruption;
        char usr_fstype[16];                    /* empty: looked up in the verified volume */
        char usr_options[CONFIG_OPTIONS_MAX];   /* mount(2) data: "ro", "nodev" and the like taken out */

        enum root_kind root_kind;
        struct device_spec root;
        char root_fstype[16];
        char root_options[CONFIG_OPTIONS_MAX]; /* of rootflags=, what is for the file system: mount(2) data */
        unsigned long root_mount_flags;        /* of rootflags=, what is for mount(2): MS_NODEV and the like */
        bool root_rw;                          /* false: MS_RDONLY, which is not in root_mount_flags */

        char init_path[CONFIG_PATH_MAX]; /* absolute; default /usr/lib/systemd/systemd */
        bool debug;
        uint64_t device_timeout_us;
        bool enforcing_asked; /* libselinux finds enforcing=1 on the command line */

        struct floor floor;
};

/*
 * Pure: text as read from /proc/cmdline (with or without final newline), limit as in cmdline_parse().
 * Every known key is validated, duplicates of ours and of systemd's verity keys are refused, words that are
 * not ours are left alone. Derives data and hash device from the root hash: PARTUUID = first and last 16
 * bytes (UAPI.2 Discoverable Partitions Specification).
 */
int boot_config_parse(const char *text, size_t size, size_t limit, const struct floor *floor,
                      struct boot_config *ret, struct error *err);

/* The keys the parser knows, for the test that compares them with verinit-cmdline(7). NULL at the end. */
const char *const *boot_config_keys(void);
