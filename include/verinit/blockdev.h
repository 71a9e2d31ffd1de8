/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Port: partition tables and file systems. Adapters: verity/blockdev_gpt.c (ours, on libc) and verity/blockdev_blkid.c
 * (libblkid, for file systems alone).
 * Everything it returns is untrusted until it hangs from the root hash; it serves to find, not to believe.
 */
#pragma once

#include <sys/types.h>

#include "verinit/error.h"

enum { PARTITION_LABEL_MAX = 128, BLOCKDEV_NAME_MAX = 32, BLOCKDEV_MAX_PARTITIONS = 256, GPT_WHY_MAX = 160 };

struct partition {
        unsigned number;      /* 1… as in /sys/class/block/X/Y/partition */
        uint64_t start_bytes; /* on the disk */
        uint64_t size_bytes;
        char uuid[37]; /* PARTUUID, lower case */
        char type[37]; /* GPT type, lower case */
        char label[PARTITION_LABEL_MAX]; /* UTF-8; what is no character, or a control byte, replaced by '?' */
};

enum gpt_state {
        GPT_NONE = 0, /* no GPT */
        GPT_DAMAGED,  /* there is, or was, one: why says what is wrong. What its entries name is listed, as far as known */
        GPT_VALID,
};

/* Of the second header, where the primary says that it is. Neither is a fault: the primary is what everybody uses. */
enum gpt_backup {
        GPT_BACKUP_UNKNOWN = 0, /* not looked at */
        GPT_BACKUP_SAME,
        GPT_BACKUP_DAMAGED, /* none there, or a CRC is wrong */
        GPT_BACKUP_DIFFERS, /* a good one of other partitions */
};
const char *gpt_backup_name(enum gpt_backup backup); /* "", "same", "damaged", "differs" */

/* The disk that a table is on. */
struct gpt_disk {
        uint32_t sector_bytes; /* 512 to 4096, a power of two */
        uint64_t n_sectors;
};

struct gpt_header {
        uint64_t lba, alternate_lba; /* of this header and of the other */
        uint64_t first_usable_lba, last_usable_lba;
        uint64_t entries_lba;
        uint32_t n_entries;
        uint32_t entries_crc;
        uint8_t disk_guid[16];
};

struct partition_table {
        enum gpt_state state;
        enum gpt_backup backup;
        struct gpt_disk disk;
        struct gpt_header header; /* the primary, of VALID */
        char why[GPT_WHY_MAX];    /* of DAMAGED */
        size_t n_partitions;   /* used entries */
        struct partition partitions[BLOCKDEV_MAX_PARTITIONS];
};

/* No table, of no disk. What is behind n_partitions nobody reads, and to clear all of it would cost more than to parse one. */
static inline void partition_table_clear(struct partition_table *table)
{
        table->state = GPT_NONE;
        table->backup = GPT_BACKUP_UNKNOWN;
        table->disk = (struct gpt_disk) {};
        table->header = (struct gpt_header) {};
        table->why[0] = '\0';
        table->n_partitions = 0;
}

/*
 * Reads the GPT of a whole disk, and nothing else of it. DEVICE_UNREADABLE: it cannot be read, such as a drive without a
 * medium; then *ret is clear.
 */
int blockdev_read_gpt(int disk_fd, struct partition_table *ret, struct error *err);

/*
 * What the backup of this table is, which decides nothing: table->backup. By what the primary said when it was read: a disk that has
 * become another since has no good backup of it. Reads as much again, so it is for the disk that is booted from.
 */
void blockdev_read_gpt_backup(int disk_fd, struct partition_table *table);

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
