/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Tables made here, with right CRCs unless a test wants wrong ones. What sfdisk makes is test_blockdev's. */
#include <errno.h>
#include <stdio.h>
#include <sys/mman.h>

#include "unit.h"
#include "verinit/gpt.h"

enum { N_SECTORS = 4096, N_ENTRIES = 8, FIRST_USABLE = 64, LAST_USABLE = N_SECTORS - 65 };

static uint8_t sector[GPT_SECTOR_MAX];
static uint8_t entries[GPT_MAX_ENTRY_BYTES];
static struct gpt_disk disk;
static struct partition_table table;

static void put(uint8_t *p, uint64_t value, size_t size)
{
        for (size_t i = 0; i < size; i++)
                p[i] = (uint8_t) (value >> 8 * i);
}

/* One bit at a time: not the code that is tested. */
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

static void seal_header(void)
{
        uint32_t size = (uint32_t) sector[12] | (uint32_t) sector[13] << 8;

        put(sector + 16, 0, 4);
        put(sector + 16, crc32(sector, size), 4);
}

static void seal(uint32_t n_entries)
{
        put(sector + 80, n_entries, 4);
        put(sector + 88, crc32(entries, (size_t) n_entries * GPT_ENTRY_BYTES), 4);
        seal_header();
}

static void put_entry(unsigned slot, uint64_t first, uint64_t last, const char *name)
{
        uint8_t *e = entries + (size_t) slot * GPT_ENTRY_BYTES;

        memset(e, 0, GPT_ENTRY_BYTES);
        for (uint8_t i = 0; i < 16; i++) {
                e[i] = (uint8_t) (0x10 + i);
                e[16 + i] = (uint8_t) (0xa0 + i);
        }
        e[31] = (uint8_t) slot;
        put(e + 32, first, 8);
        put(e + 40, last, 8);
        for (size_t i = 0; name[i] != '\0'; i++)
                put(e + 56 + 2 * i, (uint8_t) name[i], 2);
}

/* A good header: of the primary, or of the backup in the last sector. */
static void put_header(bool is_primary)
{
        memset(sector, 0, sizeof(sector));
        memcpy(sector, "EFI PART", 8);
        put(sector + 8, 0x00010000, 4);
        put(sector + 12, GPT_HEADER_BYTES, 4);
        put(sector + 24, is_primary ? 1 : N_SECTORS - 1, 8);
        put(sector + 32, is_primary ? N_SECTORS - 1 : 1, 8);
        put(sector + 40, FIRST_USABLE, 8);
        put(sector + 48, LAST_USABLE, 8);
        memset(sector + 56, 0x5a, 16);
        put(sector + 72, is_primary ? 2 : N_SECTORS - 33, 8);
        put(sector + 84, GPT_ENTRY_BYTES, 4);
        seal(N_ENTRIES);
}

static int setup(_unused_ void **state)
{
        disk = (struct gpt_disk) { .sector_bytes = 512, .n_sectors = N_SECTORS };
        memset(entries, 0, sizeof(entries));
        memset(&table, 0, sizeof(table));
        put_entry(0, 64, 127, "esp");
        put_entry(3, 200, LAST_USABLE, "usr");
        put_header(true);
        return 0;
}

static int parse(uint64_t lba, struct error *err)
{
        struct gpt_header header = {};
        int r = gpt_header_parse(sector, &disk, lba, &header, err);

        return r < 0 ? r : gpt_entries_parse(entries, &header, &disk, &table, err);
}

static void assert_good(uint64_t lba)
{
        struct error err = {};

        if (parse(lba, &err) < 0)
                fail_msg("%s", err.msg);
        assert_int_equal(table.n_partitions, 2);
}

static void assert_refused(uint64_t lba, const char *why)
{
        struct error err = {};

        assert_true(parse(lba, &err) < 0);
        assert_int_equal(err.code, FAIL_PARTITION_TABLE_INVALID_CODE);
        if (!strstr(err.msg, why))
                fail_msg("'%s' is not in '%s'", why, err.msg);
}

static void test_good(_unused_ void **state)
{
        const struct partition *p = table.partitions;

        assert_good(1);
        assert_int_equal(p[0].number, 1);
        assert_int_equal(p[1].number, 4);
        assert_int_equal(p[1].start_bytes, 200 * 512);
        assert_int_equal(p[1].size_bytes, (LAST_USABLE - 199) * 512);
        assert_string_equal(p[1].label, "usr");
        /* The first three fields are turned round. */
        assert_string_equal(p[1].type, "13121110-1514-1716-1819-1a1b1c1d1e1f");
        assert_string_equal(p[1].uuid, "a3a2a1a0-a5a4-a7a6-a8a9-aaabacadae03");

        put_header(false);
        assert_good(N_SECTORS - 1);
        disk.sector_bytes = 4096;
        put_header(true);
        assert_good(1);
        assert_int_equal(p[1].start_bytes, 200 * 4096);
}

/* Each field, with a CRC that goes with it. */
static void test_headers(_unused_ void **state)
{
        static const struct { size_t at, size; uint64_t value; const char *why; bool is_backup; } cases[] = {
                { 0, 1, 'e', "no header at sector 1", false },
                { 8, 4, 0x00020000, "revision 00020000", false },
                { 12, 4, GPT_HEADER_BYTES - 1, "a header of 91 bytes", false },
                { 12, 4, 513, "a header of 513 bytes", false },
                { 24, 8, 2, "at sector 1 that says it is at 2", false },
                { 32, 8, 1, "the backup header is at sector 1 of", false },
                { 32, 8, LAST_USABLE, "the backup header is at sector 4031 of", false },
                { 32, 8, N_SECTORS, "the backup header is at sector 4096 of", false },
                { 32, 8, UINT64_MAX, "the backup header is at", false },
                { 40, 8, LAST_USABLE + 1, "usable sectors 4032 to 4031", false },
                { 48, 8, N_SECTORS, "usable sectors 64 to 4096 of a disk of 4096", false },
                { 48, 8, UINT64_MAX, "usable sectors", false },
                { 72, 8, 1, "8 entries at sector 1 do not fit", false },
                { 72, 8, 0, "8 entries at sector 0 do not fit", false },
                { 72, 8, 63, "8 entries at sector 63 do not fit", false },
                { 72, 8, UINT64_MAX, "do not fit before the first usable one", false },
                { 80, 4, 0, "0 entries: there may be 1024", false },
                { 80, 4, GPT_MAX_ENTRIES + 1, "1025 entries: there may be", false },
                { 80, 4, UINT32_MAX, "4294967295 entries: there may be", false },
                { 84, 4, 256, "entries of 256 bytes", false },
                { 32, 8, 2, "a backup header at sector 4095, of a primary at 2", true },
                { 48, 8, N_SECTORS - 1, "a backup header at sector 4095", true },
                { 72, 8, LAST_USABLE, "8 entries at sector 4031 do not fit before the backup", true },
                { 72, 8, N_SECTORS - 2, "do not fit before the backup", true },
                { 72, 8, UINT64_MAX, "do not fit before the backup", true },
        };

        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                put_header(!cases[i].is_backup);
                put(sector + cases[i].at, cases[i].value, cases[i].size);
                seal_header();
                assert_refused(cases[i].is_backup ? N_SECTORS - 1 : 1, cases[i].why);
        }
        put_header(true);
        sector[60] ^= 1;
        assert_refused(1, "CRC of the header at sector 1 is ");
}

/* The array ends where the usable sectors begin; a larger header is as good. */
static void test_the_edges_are_inside(_unused_ void **state)
{
        put(sector + 72, FIRST_USABLE - 2, 8);
        put(sector + 12, 512, 4);
        put(sector + 32, LAST_USABLE + 1, 8); /* as on a disk that is larger than the image */
        seal_header();
        assert_good(1);
        put(sector + 72, FIRST_USABLE - 1, 8);
        seal_header();
        assert_refused(1, "do not fit");
}

static void test_entries(_unused_ void **state)
{
        static const struct { uint64_t first, last; const char *why; } cases[] = {
                { FIRST_USABLE - 1, 199, "partition 2 is sectors 63 to 199, usable are 64 to 4031" },
                { 200, LAST_USABLE + 1, "partition 2 is sectors 200 to 4032" },
                { 199, 198, "partition 2 is sectors 199 to 198" },
                { 0, UINT64_MAX, "partition 2 is sectors 0 to" },
                { UINT64_MAX, UINT64_MAX, "partition 2 is" },
                { 127, 199, "partitions 1 and 2 overlap" },
                { 128, 200, "partitions 2 and 4 overlap" },
                { 64, LAST_USABLE, "overlap" },
                { 300, 300, "overlap" },
        };

        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                put_entry(1, cases[i].first, cases[i].last, "");
                seal(N_ENTRIES);
                assert_refused(1, cases[i].why);
                assert_int_equal(table.n_partitions, 3); /* what they name is kept */
        }
        put_entry(1, 128, 199, ""); /* just between the two */
        seal(N_ENTRIES);
        struct error err = {};
        assert_int_equal(parse(1, &err), 0);
        assert_int_equal(table.n_partitions, 3);

        put_entry(2, 300, 300, "");
        assert_refused(1, "CRC of the 8 entries at sector 2 is");
        assert_int_equal(table.n_partitions, 4);
}

static void test_too_many(_unused_ void **state)
{
        struct error err = {};

        disk.n_sectors = UINT64_C(1) << 40;
        put(sector + 40, 1024, 8);
        put(sector + 48, 1 << 20, 8);
        put(sector + 32, (1 << 20) + 1, 8);
        for (unsigned i = 0; i < GPT_MAX_ENTRIES; i++)
                put_entry(i, 1024 + i, 1024 + i, "");
        seal(BLOCKDEV_MAX_PARTITIONS);
        assert_int_equal(parse(1, &err), 0);
        assert_int_equal(table.n_partitions, BLOCKDEV_MAX_PARTITIONS);
        seal(BLOCKDEV_MAX_PARTITIONS + 1);
        assert_refused(1, "more than 256 partitions");
        seal(GPT_MAX_ENTRIES);
        assert_refused(1, "more than 256 partitions");
}

static void test_names(_unused_ void **state)
{
        static const struct { uint16_t units[36]; const char *text; } cases[] = {
                { { 0 }, "" },
                { { 'a', 0, 'b' }, "a" },
                { { 0xe4, 0x20ac, 0xd83d, 0xde00 }, "\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80" },
                { { 0x1b, '[', 0x7f, 0x9b, 0xa0 }, "?[??\xc2\xa0" },
                { { 0xdc00, 'x', 0xd800, 'y', 0xd800, 0xd800, 0xdc00 }, "?x?y?\xf0\x90\x80\x80" },
        };

        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                for (size_t j = 0; j < 36; j++)
                        put(entries + 56 + 2 * j, cases[i].units[j], 2);
                seal(N_ENTRIES);
                assert_good(1);
                assert_string_equal(table.partitions[0].label, cases[i].text);
        }
        for (size_t j = 0; j < 36; j++) /* all of it, three bytes each, and the half of a pair at the end */
                put(entries + 56 + 2 * j, j < 35 ? 0xffff : 0xd800, 2);
        seal(N_ENTRIES);
        assert_good(1);
        assert_int_equal(strlen(table.partitions[0].label), 35 * 3 + 1);
}

static void test_protective_mbr(_unused_ void **state)
{
        uint8_t bytes[512] = {};

        bytes[510] = 0x55;
        bytes[511] = 0xaa;
        assert_false(gpt_has_protective_mbr(bytes));
        bytes[446 + 48 + 4] = 0xee; /* the last record */
        assert_false(gpt_has_protective_mbr(bytes));
        bytes[446 + 48 + 8] = 1;
        assert_true(gpt_has_protective_mbr(bytes));
        bytes[446 + 4] = 0x0c; /* a hybrid one */
        assert_true(gpt_has_protective_mbr(bytes));
        bytes[511] = 0;
        assert_false(gpt_has_protective_mbr(bytes));
}

static void write_at(int fd, uint64_t lba, const uint8_t *bytes, size_t size)
{
        assert_int_equal(pwrite(fd, bytes, size, (off_t) (lba * disk.sector_bytes)), (ssize_t) size);
}

static const uint8_t mbr[512] = { [446 + 4] = 0xee, [446 + 8] = 1, [510] = 0x55, [511] = 0xaa };

static int make_disk(void)
{
        int fd = memfd_create("disk", MFD_CLOEXEC);

        assert_true(fd >= 0);
        assert_int_equal(ftruncate(fd, (off_t) (disk.n_sectors * disk.sector_bytes)), 0);
        write_at(fd, 0, mbr, sizeof(mbr));
        put_header(true);
        write_at(fd, 1, sector, disk.sector_bytes);
        write_at(fd, 2, entries, N_ENTRIES * GPT_ENTRY_BYTES);
        put_header(false);
        write_at(fd, N_SECTORS - 1, sector, disk.sector_bytes);
        write_at(fd, N_SECTORS - 33, entries, N_ENTRIES * GPT_ENTRY_BYTES);
        return fd;
}

static void assert_read(int fd, enum gpt_state state, enum gpt_backup backup)
{
        struct error err = {};

        memset(&table, 0x5a, sizeof(table));
        assert_int_equal(gpt_read(fd, &disk, &table, &err), 0);
        if (table.state != state)
                fail_msg("state %d: %s", (int) table.state, table.why);
        assert_int_equal(table.backup, GPT_BACKUP_UNKNOWN);
        gpt_read_backup(fd, &table);
        assert_int_equal(table.backup, backup);
}

/* What the primary said when it was read counts: the disk is not asked a second time what it is. */
static void test_backup_of_a_disk_that_changed(_unused_ void **state)
{
        static const uint8_t nothing[GPT_SECTOR_MAX];
        _cleanup_fd_ int fd = make_disk();
        struct error err = {};

        assert_int_equal(gpt_read(fd, &disk, &table, &err), 0);
        write_at(fd, 0, nothing, 512);
        write_at(fd, 1, nothing, 512);
        gpt_read_backup(fd, &table);
        assert_int_equal(table.backup, GPT_BACKUP_SAME);
        assert_int_equal(table.state, GPT_VALID);
        assert_int_equal(ftruncate(fd, 700), 0);
        gpt_read_backup(fd, &table);
        assert_int_equal(table.backup, GPT_BACKUP_DAMAGED);
}

/* Behind what is read of a disk at once, and more than that holds. */
static void test_an_array_elsewhere(_unused_ void **state)
{
        static const struct { uint64_t lba; uint32_t n; } arrays[] = { { 60, 8 }, { 40, 8 }, { 3, 200 }, { 2, 240 }, { 2, 129 }, { 2, 128 } };

        for (size_t i = 0; i < ARRAY_SIZE(arrays); i++) {
                int fd = make_disk();

                memset(entries, 0, sizeof(entries));
                put_entry(arrays[i].n - 1, 64, 127, "last");
                put_header(true);
                put(sector + 72, arrays[i].lba, 8);
                seal(arrays[i].n);
                write_at(fd, 1, sector, 512);
                write_at(fd, arrays[i].lba, entries, (size_t) arrays[i].n * GPT_ENTRY_BYTES);
                assert_read(fd, GPT_VALID, GPT_BACKUP_DIFFERS);
                assert_int_equal(table.n_partitions, 1);
                assert_int_equal(table.partitions[0].number, arrays[i].n);
                (void) fd_close(fd);
                assert_int_equal(setup(NULL), 0);
        }
}

/* A sum goes over free entries in one step each: between used ones, at either end, and many. */
static void test_sums_over_free_entries(_unused_ void **state)
{
        static const unsigned used[] = { 0, 1, 5, 127, 1023 };

        for (size_t i = 0; i < ARRAY_SIZE(used); i++) {
                struct error err = {};

                memset(entries, 0, sizeof(entries));
                put_entry(used[i], 64, 127, "one");
                put_header(true);
                /* So many fit nowhere before sector 64, and nothing else is wrong with it. */
                put(sector + 40, 300, 8);
                put(entries + (size_t) used[i] * GPT_ENTRY_BYTES + 32, 300, 8);
                put(entries + (size_t) used[i] * GPT_ENTRY_BYTES + 40, 310, 8);
                seal(GPT_MAX_ENTRIES);
                if (parse(1, &err) < 0)
                        fail_msg("entry %u: %s", used[i], err.msg);
                entries[(size_t) (used[i] ^ 1) * GPT_ENTRY_BYTES + 127] = 1;
                assert_true(parse(1, &err) < 0);
                assert_non_null(strstr(err.msg, "CRC of the 1024 entries"));
        }
}

static void test_read(_unused_ void **state)
{
        static const uint32_t sizes[] = { 512, 1024, 2048, 4096 };
        static const uint8_t nothing[GPT_SECTOR_MAX];

        for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
                int fd;

                disk.sector_bytes = sizes[i];
                fd = make_disk();
                assert_read(fd, GPT_VALID, GPT_BACKUP_SAME);
                assert_int_equal(table.n_partitions, 2);
                disk.sector_bytes = sizes[i] == 512 ? 4096 : 512; /* looked at as another disk */
                assert_read(fd, GPT_DAMAGED, GPT_BACKUP_UNKNOWN);
                assert_string_equal(table.why, "no header at sector 1");
                disk.sector_bytes = sizes[i];

                write_at(fd, N_SECTORS - 1, nothing, disk.sector_bytes);
                assert_read(fd, GPT_VALID, GPT_BACKUP_DAMAGED);
                write_at(fd, 0, nothing, disk.sector_bytes);
                assert_read(fd, GPT_DAMAGED, GPT_BACKUP_UNKNOWN);
                assert_string_equal(table.why, "no protective MBR before it");
                assert_int_equal(table.n_partitions, 2);
                write_at(fd, 0, mbr, sizeof(mbr));
                write_at(fd, 1, nothing, disk.sector_bytes); /* a protective MBR alone */
                assert_read(fd, GPT_DAMAGED, GPT_BACKUP_UNKNOWN);
                assert_int_equal(table.n_partitions, 0);
                write_at(fd, 0, nothing, disk.sector_bytes);
                assert_read(fd, GPT_NONE, GPT_BACKUP_UNKNOWN);
                (void) fd_close(fd);
        }
}

static void test_the_backup_names_what_the_primary_was(_unused_ void **state)
{
        static const uint8_t nothing[512];
        int fd = make_disk();

        write_at(fd, 1, nothing, sizeof(nothing));
        assert_read(fd, GPT_DAMAGED, GPT_BACKUP_UNKNOWN);
        assert_int_equal(table.n_partitions, 2);
        assert_string_equal(table.partitions[1].label, "usr");
        (void) fd_close(fd);
}

static void test_backups_that_differ(_unused_ void **state)
{
        int fd = make_disk();

        put_entry(0, 64, 126, "esp");
        put_header(false);
        write_at(fd, N_SECTORS - 1, sector, 512);
        assert_read(fd, GPT_VALID, GPT_BACKUP_DAMAGED); /* its entries are still the old ones */
        write_at(fd, N_SECTORS - 33, entries, N_ENTRIES * GPT_ENTRY_BYTES);
        assert_read(fd, GPT_VALID, GPT_BACKUP_DIFFERS);
        put_entry(0, 64, 127, "esp");
        entries[48] = 1; /* an attribute, which nobody here looks at */
        put_header(false);
        write_at(fd, N_SECTORS - 1, sector, 512);
        write_at(fd, N_SECTORS - 33, entries, N_ENTRIES * GPT_ENTRY_BYTES);
        assert_read(fd, GPT_VALID, GPT_BACKUP_DIFFERS);
        entries[48] = 0;
        put_header(false);
        sector[56] ^= 1; /* the disk's GUID */
        seal_header();
        write_at(fd, N_SECTORS - 1, sector, 512);
        write_at(fd, N_SECTORS - 33, entries, N_ENTRIES * GPT_ENTRY_BYTES);
        assert_read(fd, GPT_VALID, GPT_BACKUP_DIFFERS);
        (void) fd_close(fd);
}

static void test_disks_that_cannot_be(_unused_ void **state)
{
        static const struct gpt_disk disks[] = {
                { 0, N_SECTORS }, { 256, N_SECTORS }, { 513, N_SECTORS }, { 8192, N_SECTORS }, { 512, 7 }, { 512, 0 },
                { 512, UINT64_MAX },
        };
        int fd = make_disk();
        struct error err = {};

        for (size_t i = 0; i < ARRAY_SIZE(disks); i++) {
                disk = disks[i];
                assert_read(fd, GPT_NONE, GPT_BACKUP_UNKNOWN);
        }
        disk = (struct gpt_disk) { 512, N_SECTORS };
        assert_int_equal(ftruncate(fd, 700), 0);
        assert_true(gpt_read(fd, &disk, &table, &err) < 0);
        assert_int_equal(err.code, FAIL_DEVICE_UNREADABLE_CODE);
        assert_string_equal(err.msg, "sector 1 cannot be read: the disk ends before");
        /* Inside of the array: no proof that the table is wrong. */
        assert_int_equal(ftruncate(fd, 2 * 512), 0);
        put_header(true);
        write_at(fd, 1, sector, 512);
        memset(&table, 0x5a, sizeof(table));
        assert_true(gpt_read(fd, &disk, &table, &err) < 0);
        assert_int_equal(err.code, FAIL_DEVICE_UNREADABLE_CODE);
        assert_string_equal(err.msg, "sector 2 cannot be read: the disk ends before");
        assert_int_equal(table.state, GPT_NONE);
        assert_int_equal(table.disk.n_sectors + table.header.n_entries + table.n_partitions, 0);
        (void) fd_close(fd);
}

/* Less than is read of a disk at once. What is missing is missed where it is needed, and a disk without a GPT needs no array. */
static void test_a_short_head(_unused_ void **state)
{
        static const uint8_t nothing[512];
        int fd = make_disk();

        assert_int_equal(ftruncate(fd, 4 * 512), 0);
        assert_read(fd, GPT_VALID, GPT_BACKUP_DAMAGED);
        assert_int_equal(table.n_partitions, 2);
        assert_int_equal(ftruncate(fd, 2 * 512), 0);
        write_at(fd, 0, nothing, 512);
        write_at(fd, 1, nothing, 512);
        assert_read(fd, GPT_NONE, GPT_BACKUP_UNKNOWN);
        (void) fd_close(fd);
}

#define TEST(f) cmocka_unit_test_setup(f, setup)

int main(void)
{
        const struct CMUnitTest tests[] = {
                TEST(test_good),
                TEST(test_headers),
                TEST(test_the_edges_are_inside),
                TEST(test_entries),
                TEST(test_too_many),
                TEST(test_names),
                TEST(test_protective_mbr),
                TEST(test_read),
                TEST(test_backup_of_a_disk_that_changed),
                TEST(test_an_array_elsewhere),
                TEST(test_a_short_head),
                TEST(test_sums_over_free_entries),
                TEST(test_the_backup_names_what_the_primary_was),
                TEST(test_backups_that_differ),
                TEST(test_disks_that_cannot_be),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
