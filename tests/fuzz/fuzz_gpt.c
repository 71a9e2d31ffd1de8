/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * One byte of flags, a sector with a header, then the array. A fuzzer finds no CRC, so the flags may ask for right ones.
 */
#include "fuzz.h"
#include "verinit/gpt.h"
#include "verinit/le.h"

enum { FLAG_SEAL_HEADER = 1, FLAG_SEAL_ENTRIES = 2, FLAG_LARGE_SECTORS = 4, FLAG_BACKUP = 8 };

static uint8_t sector[GPT_SECTOR_MAX], entries[GPT_MAX_ENTRY_BYTES];
static struct partition_table table;

static uint32_t crc32(const uint8_t *bytes, size_t size)
{
        uint32_t crc = ~0U;

        for (size_t i = 0; i < size; i++) {
                crc ^= bytes[i];
                for (int bit = 0; bit < 8; bit++)
                        crc = crc >> 1 ^ (0xedb88320U & (0U - (crc & 1)));
        }
        return ~crc;
}

static void put_crc(uint8_t *p, uint32_t crc)
{
        for (int i = 0; i < 4; i++)
                p[i] = (uint8_t) (crc >> 8 * i);
}

static void seal(uint8_t flags)
{
        uint32_t n = le32_read(sector + 80), size = le32_read(sector + 12);

        if ((flags & FLAG_SEAL_ENTRIES) != 0 && n <= GPT_MAX_ENTRIES)
                put_crc(sector + 88, crc32(entries, (size_t) n * GPT_ENTRY_BYTES));
        if ((flags & FLAG_SEAL_HEADER) == 0 || size < GPT_HEADER_BYTES || size > sizeof(sector))
                return;
        put_crc(sector + 16, 0);
        put_crc(sector + 16, crc32(sector, size));
}

static void check_header(const struct gpt_header *h, const struct gpt_disk *disk, uint64_t lba)
{
        uint64_t bytes = (uint64_t) h->n_entries * GPT_ENTRY_BYTES;

        FUZZ_ASSERT(h->lba == lba && h->n_entries > 0 && h->n_entries <= GPT_MAX_ENTRIES);
        FUZZ_ASSERT(h->first_usable_lba <= h->last_usable_lba && h->last_usable_lba < disk->n_sectors);
        FUZZ_ASSERT(h->alternate_lba < disk->n_sectors && h->alternate_lba != lba);
        FUZZ_ASSERT(h->entries_lba > 0 && h->entries_lba * disk->sector_bytes + bytes <= disk->n_sectors * disk->sector_bytes);
}

static void check_texts(const struct partition *p)
{
        FUZZ_ASSERT(strlen(p->uuid) == 36 && strlen(p->type) == 36 && strlen(p->label) < sizeof(p->label));
        for (const char *c = p->label; *c; c++)
                FUZZ_ASSERT((unsigned char) *c >= 0x20 && *c != 0x7f);
}

static void check_partitions(const struct gpt_header *h, const struct gpt_disk *disk, bool is_good)
{
        FUZZ_ASSERT(table.n_partitions <= BLOCKDEV_MAX_PARTITIONS);
        for (size_t i = 0; i < table.n_partitions; i++) {
                const struct partition *p = &table.partitions[i];

                check_texts(p);
                FUZZ_ASSERT(p->number >= 1 && p->number <= h->n_entries);
                FUZZ_ASSERT(p->start_bytes + p->size_bytes <= disk->n_sectors * disk->sector_bytes);
                if (!is_good)
                        continue;
                FUZZ_ASSERT(p->start_bytes >= h->first_usable_lba * disk->sector_bytes && p->size_bytes > 0);
                for (size_t j = 0; j < i; j++) {
                        const struct partition *q = &table.partitions[j];

                        FUZZ_ASSERT(p->start_bytes >= q->start_bytes + q->size_bytes ||
                                    q->start_bytes >= p->start_bytes + p->size_bytes);
                }
        }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        struct gpt_disk disk = { .sector_bytes = 512, .n_sectors = 4096 };
        uint8_t flags = size > 0 ? data[0] : 0;
        uint64_t lba = (flags & FLAG_BACKUP) != 0 ? disk.n_sectors - 1 : GPT_PRIMARY_LBA;
        struct gpt_header header = {};
        struct error err = {};
        size_t n;
        int r;

        if ((flags & FLAG_LARGE_SECTORS) != 0)
                disk.sector_bytes = 4096;
        memset(sector, 0, sizeof(sector));
        memset(entries, 0, sizeof(entries));
        if (size > 1) {
                n = size - 1 < disk.sector_bytes ? size - 1 : disk.sector_bytes;
                memcpy(sector, data + 1, n);
                size -= 1 + n;
                memcpy(entries, data + 1 + n, size < sizeof(entries) ? size : sizeof(entries));
        }
        seal(flags);
        (void) gpt_has_protective_mbr(sector);
        if (gpt_header_parse(sector, &disk, lba, &header, &err) < 0) {
                FUZZ_ASSERT(err.code == FAIL_PARTITION_TABLE_INVALID_CODE && err.msg[0] != '\0');
                return 0;
        }
        check_header(&header, &disk, lba);
        r = gpt_entries_parse(entries, &header, &disk, &table, &err);
        FUZZ_ASSERT(r == 0 || err.code == FAIL_PARTITION_TABLE_INVALID_CODE);
        check_partitions(&header, &disk, r == 0);
        return 0;
}
