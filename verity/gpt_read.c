/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The GPT of a disk, as the kernel finds it (6.12 block/partitions/efi.c, without "gpt" on the command line): a protective
 * MBR and a good primary header, or no partition at all. The backup at the last sector repairs what people lost; nothing
 * boots from it. Firmware may write the primary anew from it before we come.
 */
#include "verinit/gpt.h"

#include <errno.h>
#include <stdio.h>

#include "verinit/fsat.h"

/* Static: too large for a stack. One disk at a time. */
static uint8_t the_entries[GPT_MAX_ENTRY_BYTES];
static struct partition_table the_backup;

static int read_bytes(int fd, const struct gpt_disk *disk, uint64_t lba, uint8_t *ret, size_t size, struct error *err)
{
        int why;

        if (fsat_read_at(fd, lba * disk->sector_bytes, ret, size, &why) < size)
                return error_set(err, FAIL_DEVICE_UNREADABLE_CODE, why != 0 ? why : EIO, "sector %llu cannot be read: %s",
                                 (unsigned long long) lba, why != 0 ? errno_name(why) : "the disk ends before");
        return 0;
}

static int read_copy(int fd, const struct gpt_disk *disk, uint64_t lba, struct gpt_header *ret_header,
                     struct partition_table *ret, struct error *err)
{
        uint8_t sector[GPT_SECTOR_MAX];
        int r;

        r = read_bytes(fd, disk, lba, sector, disk->sector_bytes, err);
        if (r < 0)
                return r;
        r = gpt_header_parse(sector, disk, lba, ret_header, err);
        if (r < 0)
                return r;
        r = read_bytes(fd, disk, ret_header->entries_lba, the_entries,
                       (size_t) ret_header->n_entries * GPT_ENTRY_BYTES, err);
        if (r < 0)
                return r;
        return gpt_entries_parse(the_entries, ret_header, disk, ret, err);
}

static bool is_same(const struct gpt_header *a, const struct gpt_header *b, const struct partition_table *t,
                    const struct partition_table *u)
{
        return memcmp(a->disk_guid, b->disk_guid, sizeof(a->disk_guid)) == 0 && a->n_entries == b->n_entries &&
               a->first_usable_lba == b->first_usable_lba && a->last_usable_lba == b->last_usable_lba &&
               a->entries_crc == b->entries_crc && t->n_partitions == u->n_partitions &&
               memcmp(t->partitions, u->partitions, t->n_partitions * sizeof(t->partitions[0])) == 0;
}

static bool is_possible(const struct gpt_disk *disk)
{
        uint32_t n = disk->sector_bytes;

        /* MBR, header and array at either end, and something between. */
        return n >= GPT_SECTOR_MIN && n <= GPT_SECTOR_MAX && (n & (n - 1)) == 0 && disk->n_sectors >= 8 &&
               disk->n_sectors <= INT64_MAX / n;
}

/* Where the primary says: on a disk that is larger than the image that was written to it, that is not the last sector. */
void gpt_read_backup(int fd, const struct gpt_disk *disk, struct partition_table *table)
{
        uint8_t sector[GPT_SECTOR_MAX];
        struct gpt_header primary = {}, header = {};
        struct error why = {};

        if (table->state != GPT_VALID)
                return;
        table->backup = GPT_BACKUP_DAMAGED;
        /* Asked for a second time: a disk may have become another one since its primary was read. */
        if (!is_possible(disk) || read_bytes(fd, disk, GPT_PRIMARY_LBA, sector, disk->sector_bytes, &why) < 0 ||
            gpt_header_parse(sector, disk, GPT_PRIMARY_LBA, &primary, &why) < 0 ||
            read_copy(fd, disk, primary.alternate_lba, &header, &the_backup, &why) < 0)
                return;
        table->backup = is_same(&primary, &header, table, &the_backup) ? GPT_BACKUP_SAME : GPT_BACKUP_DIFFERS;
}

/* What the disk was: a damaged table whose disk is not known would be taken for a disk that is not there. */
static void name_from_backup(int fd, const struct gpt_disk *disk, struct partition_table *table)
{
        struct gpt_header header = {};
        struct error ignored = {};

        if (table->n_partitions > 0 || read_copy(fd, disk, disk->n_sectors - 1, &header, &the_backup, &ignored) < 0)
                return;
        table->n_partitions = the_backup.n_partitions;
        memcpy(table->partitions, the_backup.partitions, sizeof(table->partitions));
}

int gpt_read(int fd, const struct gpt_disk *disk, struct partition_table *ret, struct error *err)
{
        uint8_t first[GPT_SECTOR_MAX], second[GPT_SECTOR_MAX];
        struct gpt_header header = {};
        struct error why = {};
        int r;

        memset(ret, 0, sizeof(*ret));
        if (!is_possible(disk))
                return 0;
        r = read_bytes(fd, disk, 0, first, disk->sector_bytes, err);
        if (r == 0)
                r = read_bytes(fd, disk, GPT_PRIMARY_LBA, second, disk->sector_bytes, err);
        if (r < 0)
                return r;
        if (!gpt_has_protective_mbr(first) && !gpt_has_signature(second))
                return 0;

        r = read_copy(fd, disk, GPT_PRIMARY_LBA, &header, ret, &why);
        if (r < 0 && why.code != FAIL_PARTITION_TABLE_INVALID_CODE) {
                *err = why;
                return r;
        }
        if (r == 0 && gpt_has_protective_mbr(first)) {
                ret->state = GPT_VALID;
                return 0;
        }
        ret->state = GPT_DAMAGED;
        (void) snprintf(ret->why, sizeof(ret->why), "%.*s", (int) sizeof(ret->why) - 1,
                        r < 0 ? why.msg : "no protective MBR before it");
        name_from_backup(fd, disk, ret);
        return 0;
}

const char *gpt_backup_name(enum gpt_backup backup)
{
        static const char *const names[] = {
                [GPT_BACKUP_UNKNOWN] = "", [GPT_BACKUP_SAME] = "same", [GPT_BACKUP_DAMAGED] = "damaged",
                [GPT_BACKUP_DIFFERS] = "differs",
        };

        return (unsigned) backup < ARRAY_SIZE(names) ? names[backup] : "";
}
