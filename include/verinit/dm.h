/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Port: device-mapper. Adapters: verity/dm_devmapper.c (libdevmapper), verity/superblock_cryptsetup.c (libcryptsetup).
 *
 * libcryptsetup 2.7.5 has no word for panic_on_error (2.8 has), so the adapter gives the table to libdevmapper
 * as text; libcryptsetup reads the superblock a second time, and the two readers must agree.
 */
#pragma once

#include <sys/types.h>

#include "verinit/error.h"

struct verity_superblock;

/* "Y": the kernel's dm-verity opens no volume without a signature (6.12 drivers/md/dm-verity-verify-sig.c). Below the root directory. */
#define DM_REQUIRE_SIGNATURES_DIR "sys/module/dm_verity/parameters"
#define DM_REQUIRE_SIGNATURES DM_REQUIRE_SIGNATURES_DIR "/require_signatures"

struct dm_device {
        dev_t devno;
        char name[128];
        char uuid[130];
        bool is_read_only;
        uint64_t length_sectors;
        char target[32];
        char table[2048];  /* params of the live table */
        char status[256];  /* "V" or "C …" */
};

/*
 * Reads the superblock at offset with libcryptsetup and compares each field with sb: SUPERBLOCK_INVALID on a
 * difference. Two readers of the same bytes that do not agree are a trap, not a detail. It opens the device
 * anew by way of /proc/self/fd: the very one that hash_fd holds, whatever its name means by now.
 */
int dm_check_superblock(int hash_fd, uint64_t offset_bytes, const struct verity_superblock *sb, struct error *err);

/*
 * Creates name/uuid read-only with one target of length sectors; no udev, no cookie. /dev/mapper/<name> is made as
 * the link to ../dm-N that the host's udev would make. On failure nothing is left behind. DM_FAILED; for the signature in
 * the params KERNEL_KEY_MISSING, KERNEL_KEY_REJECTED.
 */
int dm_create(const char *name, const char *uuid, const char *target, uint64_t length_sectors, const char *params,
              struct error *err);

/* Table and status of the live device. */
int dm_query(const char *name, struct dm_device *ret, struct error *err);

/* The live device, for reading, and no other: devno is compared. DM_FAILED. */
int dm_open(const char *name, dev_t devno, int *ret_fd, struct error *err);

int dm_remove(const char *name, struct error *err);
