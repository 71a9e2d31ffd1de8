/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The pure part: bytes of a disk to a list of partitions. All arithmetic stays below the number of sectors of the disk,
 * which is what each field is compared with before it is used.
 */
#include "verinit/gpt.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>

#include "verinit/le.h"
#include "verinit/uuid.h"
#include "verinit/verity.h"

/* CRC-32 as of Ethernet, a byte at a time. Against damage: whoever means harm computes it as well. */
struct crc32 {
        uint32_t of_byte[256];
};

/* Made for each header and each array: half a thousand steps, and nothing is shared. */
static void crc32_init(struct crc32 *ret)
{
        static const uint32_t of_nibble[16] = {
                0x00000000, 0x1db71064, 0x3b6e20c8, 0x26d930ac, 0x76dc4190, 0x6b6b51f4, 0x4db26158, 0x5005713c,
                0xedb88320, 0xf00f9344, 0xd6d6a3e8, 0xcb61b38c, 0x9b64c2b0, 0x86d3d2d4, 0xa00ae278, 0xbdbdf21c,
        };

        for (uint32_t i = 0; i < 256; i++) {
                uint32_t half = i >> 4 ^ of_nibble[i & 15];

                ret->of_byte[i] = half >> 4 ^ of_nibble[half & 15];
        }
}

static uint32_t crc32_add(const struct crc32 *c, uint32_t crc, const uint8_t *bytes, size_t size)
{
        for (size_t i = 0; i < size; i++)
                crc = crc >> 8 ^ c->of_byte[(crc ^ bytes[i]) & 255];
        return crc;
}

/*
 * What GPT_ENTRY_BYTES of zero make of a CRC: it is linear, so each of its bits has its own share. Of an array nearly all entries are
 * free, and there is one to sum up on every disk of the machine.
 */
static uint32_t crc32_add_free_entry(uint32_t crc)
{
        static const uint32_t of_bit[32] = {
                0x33fff533, 0x67ffea66, 0xcfffd4cc, 0x448eafd9, 0x891d5fb2, 0xc94bb925, 0x49e6740b, 0x93cce816,
                0xfce8d66d, 0x22a0aa9b, 0x45415536, 0x8a82aa6c, 0xce745299, 0x4799a373, 0x8f3346e6, 0xc5178b8d,
                0x515e115b, 0xa2bc22b6, 0x9e09432d, 0xe763801b, 0x15b60677, 0x2b6c0cee, 0x56d819dc, 0xadb033b8,
                0x80116131, 0xdb53c423, 0x6dd68e07, 0xdbad1c0e, 0x6c2b3e5d, 0xd8567cba, 0x6bddff35, 0xd7bbfe6a,
        };
        uint32_t sum = 0;

        _Static_assert(GPT_ENTRY_BYTES == 128, "the table is of so many");
        for (; crc != 0; crc &= crc - 1)
                sum ^= of_bit[__builtin_ctz(crc)];
        return sum;
}

/* The header's own CRC counts as zero. */
static uint32_t header_crc32(const uint8_t *header, size_t size)
{
        static const uint8_t zero[4];
        struct crc32 c;
        uint32_t crc;

        crc32_init(&c);
        crc = crc32_add(&c, ~0U, header, 16);
        crc = crc32_add(&c, crc, zero, sizeof(zero));
        return ~crc32_add(&c, crc, header + 20, size - 20);
}

static uint32_t entries_crc32(const uint8_t *bytes, size_t n_entries)
{
        static const uint8_t free_entry[GPT_ENTRY_BYTES];
        uint32_t crc = ~0U;
        struct crc32 c;

        crc32_init(&c);
        for (size_t i = 0; i < n_entries; i++, bytes += GPT_ENTRY_BYTES)
                crc = memcmp(bytes, free_entry, GPT_ENTRY_BYTES) == 0 ? crc32_add_free_entry(crc) :
                                                                         crc32_add(&c, crc, bytes, GPT_ENTRY_BYTES);
        return ~crc;
}

bool gpt_has_protective_mbr(const uint8_t sector[static GPT_SECTOR_MIN])
{
        if (sector[510] != 0x55 || sector[511] != 0xaa)
                return false;
        for (size_t i = 0; i < 4; i++) {
                const uint8_t *record = sector + 446 + 16 * i;

                if (record[4] == 0xee && le32_read(record + 8) == GPT_PRIMARY_LBA)
                        return true;
        }
        return false;
}

bool gpt_has_signature(const uint8_t sector[static GPT_SECTOR_MIN])
{
        return memcmp(sector, "EFI PART", 8) == 0;
}

static _printf_(2, 3) int refuse(struct error *err, const char *fmt, ...)
{
        char text[GPT_WHY_MAX];
        va_list ap;

        va_start(ap, fmt);
        (void) vsnprintf(text, sizeof(text), fmt, ap);
        va_end(ap);
        return error_set(err, FAIL_PARTITION_TABLE_INVALID_CODE, EBADMSG, "%s", text);
}

static uint64_t entry_sectors(const struct gpt_header *h, const struct gpt_disk *disk)
{
        uint64_t bytes = (uint64_t) h->n_entries * GPT_ENTRY_BYTES;

        return (bytes + disk->sector_bytes - 1) / disk->sector_bytes;
}

/* Header, array, usable sectors, array, header: in this order, and inside of the disk. */
static int check_places(const struct gpt_header *h, const struct gpt_disk *disk, struct error *err)
{
        uint64_t n = entry_sectors(h, disk);

        if (h->first_usable_lba > h->last_usable_lba || h->last_usable_lba >= disk->n_sectors)
                return refuse(err, "usable sectors %llu to %llu of a disk of %llu",
                              (unsigned long long) h->first_usable_lba, (unsigned long long) h->last_usable_lba,
                              (unsigned long long) disk->n_sectors);
        if (h->lba == GPT_PRIMARY_LBA) {
                if (h->alternate_lba <= h->last_usable_lba || h->alternate_lba >= disk->n_sectors)
                        return refuse(err, "the backup header is at sector %llu of a disk of %llu",
                                      (unsigned long long) h->alternate_lba, (unsigned long long) disk->n_sectors);
                if (h->entries_lba <= h->lba || h->entries_lba > h->first_usable_lba ||
                    n > h->first_usable_lba - h->entries_lba)
                        return refuse(err, "%u entries at sector %llu do not fit before the first usable one, %llu",
                                      h->n_entries, (unsigned long long) h->entries_lba,
                                      (unsigned long long) h->first_usable_lba);
                return 0;
        }
        if (h->lba <= h->last_usable_lba || h->alternate_lba != GPT_PRIMARY_LBA)
                return refuse(err, "a backup header at sector %llu, of a primary at %llu", (unsigned long long) h->lba,
                              (unsigned long long) h->alternate_lba);
        if (h->entries_lba <= h->last_usable_lba || h->entries_lba > h->lba || n > h->lba - h->entries_lba)
                return refuse(err, "%u entries at sector %llu do not fit before the backup header", h->n_entries,
                              (unsigned long long) h->entries_lba);
        return 0;
}

int gpt_header_parse(const uint8_t *sector, const struct gpt_disk *disk, uint64_t lba, struct gpt_header *ret,
                     struct error *err)
{
        struct gpt_header h = { .lba = lba };
        uint32_t size, crc;
        int r;

        if (!gpt_has_signature(sector))
                return refuse(err, "no header at sector %llu", (unsigned long long) lba);
        size = le32_read(sector + 12);
        if (size < GPT_HEADER_BYTES || size > disk->sector_bytes)
                return refuse(err, "a header of %u bytes", size);
        crc = header_crc32(sector, size);
        if (crc != le32_read(sector + 16))
                return refuse(err, "CRC of the header at sector %llu is %08x, not %08x", (unsigned long long) lba, crc,
                              le32_read(sector + 16));
        if (le32_read(sector + 8) != 0x00010000)
                return refuse(err, "revision %08x", le32_read(sector + 8));
        if (le64_read(sector + 24) != lba)
                return refuse(err, "a header at sector %llu that says it is at %llu", (unsigned long long) lba,
                              (unsigned long long) le64_read(sector + 24));
        if (le32_read(sector + 84) != GPT_ENTRY_BYTES)
                return refuse(err, "entries of %u bytes", le32_read(sector + 84));
        h.n_entries = le32_read(sector + 80);
        if (h.n_entries == 0 || h.n_entries > GPT_MAX_ENTRIES)
                return refuse(err, "%u entries: there may be %d", h.n_entries, GPT_MAX_ENTRIES);
        h.alternate_lba = le64_read(sector + 32);
        h.first_usable_lba = le64_read(sector + 40);
        h.last_usable_lba = le64_read(sector + 48);
        memcpy(h.disk_guid, sector + 56, sizeof(h.disk_guid));
        h.entries_lba = le64_read(sector + 72);
        h.entries_crc = le32_read(sector + 88);
        r = check_places(&h, disk, err);
        if (r < 0)
                return r;
        *ret = h;
        return 0;
}

static size_t put_utf8(uint32_t c, char *ret)
{
        if (c < 0x80) {
                ret[0] = (char) c;
                return 1;
        }
        if (c < 0x800) {
                ret[0] = (char) (0xc0 | c >> 6);
                ret[1] = (char) (0x80 | (c & 0x3f));
                return 2;
        }
        if (c < 0x10000) {
                ret[0] = (char) (0xe0 | c >> 12);
                ret[1] = (char) (0x80 | (c >> 6 & 0x3f));
                ret[2] = (char) (0x80 | (c & 0x3f));
                return 3;
        }
        ret[0] = (char) (0xf0 | c >> 18);
        ret[1] = (char) (0x80 | (c >> 12 & 0x3f));
        ret[2] = (char) (0x80 | (c >> 6 & 0x3f));
        ret[3] = (char) (0x80 | (c & 0x3f));
        return 4;
}

/* 36 units of UTF-16. It goes to consoles and logs: what could steer them, or is no character, becomes '?'. */
static void copy_name(const uint8_t *units, char ret_text[static PARTITION_LABEL_MAX])
{
        enum { N_UNITS = 36 };
        size_t n = 0;

        _Static_assert(3 * N_UNITS < PARTITION_LABEL_MAX, "a name must fit");
        for (size_t i = 0; i < N_UNITS; i++) {
                uint32_t c = (uint32_t) units[2 * i] | (uint32_t) units[2 * i + 1] << 8;

                if (c == 0)
                        break;
                if (c >= 0xd800 && c < 0xe000) {
                        uint32_t low = i + 1 < N_UNITS ? (uint32_t) units[2 * i + 2] | (uint32_t) units[2 * i + 3] << 8 : 0;

                        if (c < 0xdc00 && low >= 0xdc00 && low < 0xe000) {
                                c = 0x10000 + ((c - 0xd800) << 10) + (low - 0xdc00);
                                i++;
                        } else
                                c = '?';
                } else if (c < 0x20 || (c >= 0x7f && c < 0xa0))
                        c = '?';
                n += put_utf8(c, ret_text + n);
        }
        ret_text[n] = '\0';
}

static bool is_used(const uint8_t *entry)
{
        static const uint8_t none[16];

        return memcmp(entry, none, sizeof(none)) != 0;
}

static int check_extent(const uint8_t *entry, unsigned number, const struct gpt_header *h, struct error *err)
{
        uint64_t first = le64_read(entry + 32), last = le64_read(entry + 40);

        if (first <= last && first >= h->first_usable_lba && last <= h->last_usable_lba)
                return 0;
        return refuse(err, "partition %u is sectors %llu to %llu, usable are %llu to %llu", number,
                      (unsigned long long) first, (unsigned long long) last,
                      (unsigned long long) h->first_usable_lba, (unsigned long long) h->last_usable_lba);
}

static int check_overlaps(const struct partition_table *table, struct error *err)
{
        for (size_t i = 0; i < table->n_partitions; i++)
                for (size_t j = 0; j < i; j++) {
                        const struct partition *a = &table->partitions[i], *b = &table->partitions[j];

                        if (a->start_bytes < b->start_bytes + b->size_bytes &&
                            b->start_bytes < a->start_bytes + a->size_bytes)
                                return refuse(err, "partitions %u and %u overlap", b->number, a->number);
                }
        return 0;
}

/* Wrong extents give numbers that match no partition of the kernel: nothing is added to them. */
static void copy_entry(const uint8_t *entry, unsigned number, const struct gpt_disk *disk, struct partition *ret)
{
        uint64_t first = le64_read(entry + 32), last = le64_read(entry + 40);
        bool is_inside = first <= last && last < disk->n_sectors;

        /* With what lies between its fields: two tables are compared as bytes. */
        memset(ret, 0, sizeof(*ret));
        ret->number = number;
        ret->start_bytes = is_inside ? first * disk->sector_bytes : 0;
        ret->size_bytes = is_inside ? (last - first + 1) * disk->sector_bytes : 0;
        uuid_format_guid(entry, ret->type);
        uuid_format_guid(entry + 16, ret->uuid);
        copy_name(entry + 56, ret->label);
}

int gpt_entries_parse(const uint8_t *bytes, const struct gpt_header *h, const struct gpt_disk *disk,
                      struct partition_table *ret, struct error *err)
{
        uint32_t crc = entries_crc32(bytes, h->n_entries);
        int r = 0;

        ret->n_partitions = 0;
        if (crc != h->entries_crc)
                r = refuse(err, "CRC of the %u entries at sector %llu is %08x, not %08x", h->n_entries,
                           (unsigned long long) h->entries_lba, crc, h->entries_crc);
        for (unsigned i = 0; i < h->n_entries; i++) {
                const uint8_t *entry = bytes + (size_t) i * GPT_ENTRY_BYTES;

                if (!is_used(entry))
                        continue;
                if (ret->n_partitions == BLOCKDEV_MAX_PARTITIONS)
                        return r < 0 ? r : refuse(err, "more than %d partitions", BLOCKDEV_MAX_PARTITIONS);
                copy_entry(entry, i + 1, disk, &ret->partitions[ret->n_partitions++]);
                if (r == 0)
                        r = check_extent(entry, i + 1, h, err);
        }
        return r < 0 ? r : check_overlaps(ret, err);
}
