/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * GUID partition tables (UEFI 2.10, 5.3). What a table says serves to find, not to believe; but the kernel must mean the
 * same by it as we do, and damage must not look like absence. So this is as strict as the kernel where the kernel is
 * (6.12 block/partitions/efi.c), and stricter where that one looks away: overlaps, bounds.
 */
#pragma once

#include "verinit/blockdev.h"

enum {
        GPT_SECTOR_MIN = 512,
        GPT_SECTOR_MAX = 4096,
        GPT_HEADER_BYTES = 92,
        GPT_ENTRY_BYTES = 128, /* the kernel takes no other */
        GPT_MAX_ENTRIES = 1024,
        GPT_MAX_ENTRY_BYTES = GPT_MAX_ENTRIES * GPT_ENTRY_BYTES,
        GPT_PRIMARY_LBA = 1,
        GPT_USUAL_ENTRIES = 128, /* so many makes everybody, and right behind the header */
};

/* A record of type 0xee that begins at LBA 1: without it the kernel sees no GPT. Other records beside it are as well. */
bool gpt_has_protective_mbr(const uint8_t sector[static GPT_SECTOR_MIN]);

/* "EFI PART" is at the start of this sector. */
bool gpt_has_signature(const uint8_t sector[static GPT_SECTOR_MIN]);

/*
 * Pure. One sector, read at lba: the primary header if that is 1, else a backup. CRC, place, bounds, entry size and
 * count. PARTITION_TABLE_INVALID.
 */
int gpt_header_parse(const uint8_t *sector, const struct gpt_disk *disk, uint64_t lba, struct gpt_header *ret,
                     struct error *err);

/*
 * Pure. The n_entries * GPT_ENTRY_BYTES bytes of the array. ret->partitions is filled as far as the bytes go even where
 * it fails, so that a damaged table still names what it was of. CRC, bounds, overlaps. PARTITION_TABLE_INVALID.
 */
int gpt_entries_parse(const uint8_t *bytes, const struct gpt_header *header, const struct gpt_disk *disk,
                      struct partition_table *ret, struct error *err);

/* Reads the primary, which alone decides. 0 with ret->state, DEVICE_UNREADABLE. */
int gpt_read(int fd, const struct gpt_disk *disk, struct partition_table *ret, struct error *err);

/* Looks at the backup of a valid table, where its primary says that it is: table->backup says what it was. */
void gpt_read_backup(int fd, struct partition_table *table);
