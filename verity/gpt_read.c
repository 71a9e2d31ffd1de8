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

/* MBR, header and array of the usual size: one read, instead of three of each disk of the machine. */
enum { HEAD_BYTES = 2 * GPT_SECTOR_MAX + GPT_USUAL_ENTRIES * GPT_ENTRY_BYTES };

/* Static: too large for a stack. One disk at a time. */
static uint8_t the_head[HEAD_BYTES], the_entries[GPT_MAX_ENTRY_BYTES];
static struct partition_table the_backup;

struct reader {
        int fd;
        const struct gpt_disk *disk;
        size_t n_head; /* bytes of the_head that are of this disk */
};

static int refuse_unread(uint64_t lba, int why, struct error *err)
{
        return error_set(err, FAIL_DEVICE_UNREADABLE_CODE, why != 0 ? why : EIO, "sector %llu cannot be read: %s",
                         (unsigned long long) lba, why != 0 ? errno_name(why) : "the disk ends before");
}

/* What the disk holds from lba on: in the head that was read, else read now into room. */
static int get_bytes(const struct reader *reader, uint64_t lba, size_t size, uint8_t *room, const uint8_t **ret, struct error *err)
{
        uint64_t offset = lba * reader->disk->sector_bytes;
        int why;

        if (offset <= reader->n_head && size <= reader->n_head - offset) {
                *ret = the_head + offset;
                return 0;
        }
        if (fsat_read_at(reader->fd, offset, room, size, &why) < size)
                return refuse_unread(lba, why, err);
        *ret = room;
        return 0;
}

/* A sector of the array that cannot be read is the array's fault: a disk without a GPT has no array. */
static int read_head(struct reader *reader, struct error *err)
{
        size_t sector = reader->disk->sector_bytes, size = 2 * sector + GPT_USUAL_ENTRIES * GPT_ENTRY_BYTES;
        int why;

        reader->n_head = fsat_read_at(reader->fd, 0, the_head, size, &why);
        return reader->n_head < 2 * sector ? refuse_unread(reader->n_head / sector, why, err) : 0;
}

static int read_copy(const struct reader *reader, uint64_t lba, struct gpt_header *ret_header, struct partition_table *ret,
                     struct error *err)
{
        uint8_t room[GPT_SECTOR_MAX];
        const uint8_t *bytes;
        int r;

        r = get_bytes(reader, lba, reader->disk->sector_bytes, room, &bytes, err);
        if (r < 0)
                return r;
        r = gpt_header_parse(bytes, reader->disk, lba, ret_header, err);
        if (r < 0)
                return r;
        r = get_bytes(reader, ret_header->entries_lba, (size_t) ret_header->n_entries * GPT_ENTRY_BYTES, the_entries, &bytes, err);
        if (r < 0)
                return r;
        return gpt_entries_parse(bytes, ret_header, reader->disk, ret, err);
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
void gpt_read_backup(int fd, struct partition_table *table)
{
        const struct reader reader = { .fd = fd, .disk = &table->disk };
        struct gpt_header header = {};
        struct error why = {};

        if (table->state != GPT_VALID)
                return;
        if (read_copy(&reader, table->header.alternate_lba, &header, &the_backup, &why) < 0)
                table->backup = GPT_BACKUP_DAMAGED;
        else
                table->backup = is_same(&table->header, &header, table, &the_backup) ? GPT_BACKUP_SAME : GPT_BACKUP_DIFFERS;
}

/* What the disk was: a damaged table whose disk is not known would be taken for a disk that is not there. */
static void name_from_backup(const struct reader *reader, struct partition_table *table)
{
        struct gpt_header header = {};
        struct error ignored = {};

        if (table->n_partitions > 0 || read_copy(reader, reader->disk->n_sectors - 1, &header, &the_backup, &ignored) < 0)
                return;
        table->n_partitions = the_backup.n_partitions;
        memcpy(table->partitions, the_backup.partitions, sizeof(table->partitions));
}

int gpt_read(int fd, const struct gpt_disk *disk, struct partition_table *ret, struct error *err)
{
        struct reader reader = { .fd = fd, .disk = disk };
        struct error why = {};
        int r;

        partition_table_clear(ret);
        if (!is_possible(disk))
                return 0;
        r = read_head(&reader, err);
        if (r < 0)
                return r;
        if (!gpt_has_protective_mbr(the_head) && !gpt_has_signature(the_head + disk->sector_bytes))
                return 0;

        ret->disk = *disk;
        r = read_copy(&reader, GPT_PRIMARY_LBA, &ret->header, ret, &why);
        if (r < 0 && why.code != FAIL_PARTITION_TABLE_INVALID_CODE) {
                partition_table_clear(ret);
                *err = why;
                return r;
        }
        if (r == 0 && gpt_has_protective_mbr(the_head)) {
                ret->state = GPT_VALID;
                return 0;
        }
        ret->state = GPT_DAMAGED;
        (void) snprintf(ret->why, sizeof(ret->why), "%.*s", (int) sizeof(ret->why) - 1,
                        r < 0 ? why.msg : "no protective MBR before it");
        name_from_backup(&reader, ret);
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
