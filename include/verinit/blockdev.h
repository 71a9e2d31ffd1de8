/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Port: partition tables and file systems. Adapter: verity/blockdev_blkid.c (libblkid).
 * Everything it returns is untrusted until it hangs from the root hash; it serves to find, not to believe.
 */
#pragma once

#include <sys/types.h>

#include "verinit/error.h"

enum { PARTITION_LABEL_MAX = 128, BLOCKDEV_NAME_MAX = 32, BLOCKDEV_MAX_PARTITIONS = 256 };

struct partition {
        unsigned number;      /* 1… as in /sys/class/block/X/Y/partition */
        uint64_t start_bytes; /* on the disk */
        uint64_t size_bytes;
        char uuid[37]; /* PARTUUID, lower case */
        char type[37]; /* GPT type, lower case */
        char label[PARTITION_LABEL_MAX]; /* UTF-8; control bytes replaced by '?'; may be cut off */
};

struct partition_table {
        bool is_gpt; /* false: no GPT, n_partitions 0 */
        size_t n_partitions;
        bool is_cut_off; /* more than BLOCKDEV_MAX_PARTITIONS */
        struct partition partitions[BLOCKDEV_MAX_PARTITIONS];
};

/*
 * Reads the GPT of a whole disk. A disk without one, or whose sectors cannot be read, is an empty table.
 * DEVICE_UNREADABLE: it cannot be looked at at all, such as a drive without a medium.
 */
int blockdev_read_gpt(int disk_fd, struct partition_table *ret, struct error *err);

struct filesystem {
        char type[16]; /* "erofs", "ext4", …; empty: none recognised */
        char label[PARTITION_LABEL_MAX];
        char uuid[64]; /* lower case */
};

/*
 * Probes for these file systems only (NULL at the end). Two callers: stage usr on the verified mapping, and
 * stage root, after mac, on unverified devices.
 */
int blockdev_read_filesystem(int fd, const char *const *types, struct filesystem *ret, struct error *err);
