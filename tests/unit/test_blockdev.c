/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The real adapter on image files, which sfdisk and mkfs have written. */
#include <stdio.h>

#include "run_program.h"
#include "verinit/blockdev.h"

enum { SECTOR = 512, DISK_BYTES = 8 * 1024 * 1024 };

static const char script[] =
        "label: gpt\n"
        "label-id: 11111111-2222-3333-4444-555555555555\n"
        "first-lba: 2048\n"
        "1 : start=2048, size=1024, type=C12A7328-F81F-11D2-BA4B-00A0C93EC93B, uuid=AABBCCDD-0001-4000-8000-00000000ABCD, name=\"esp\"\n"
        "3 : start=4096, size=2048, type=8484680C-9521-48C6-9C11-B0720656F69E, uuid=AABBCCDD-0003-4000-8000-00000000ABCD, name=\"usr \xc3\xa4_A\"\n";

static void make_gpt(const char *path, const char *text)
{
        const char *const argv[] = { "sfdisk", "--quiet", "--no-reread", "--no-tell-kernel", path, NULL };
        char input_path[64];
        int input = temporary_file(input_path, 0);

        assert_int_equal(write(input, text, strlen(text)), (ssize_t) strlen(text));
        assert_int_equal(lseek(input, 0, SEEK_SET), 0);
        run_program(argv, input, -1);
        assert_int_equal(unlink(input_path), 0);
        (void) fd_close(input);
}

static struct partition_table table;

static void expect_the_two_partitions(int fd)
{
        struct error err = {};

        memset(&table, 0x5a, sizeof(table));
        assert_int_equal(blockdev_read_gpt(fd, &table, &err), 0);
        blockdev_read_gpt_backup(fd, &table);
        assert_int_equal(table.state, GPT_VALID);
        assert_string_equal(table.why, "");
        assert_int_equal(table.n_partitions, 2);
        assert_int_equal(table.partitions[0].number, 1);
        assert_int_equal(table.partitions[0].start_bytes, 2048 * SECTOR);
        assert_int_equal(table.partitions[0].size_bytes, 1024 * SECTOR);
        assert_string_equal(table.partitions[0].uuid, "aabbccdd-0001-4000-8000-00000000abcd");
        assert_string_equal(table.partitions[0].type, "c12a7328-f81f-11d2-ba4b-00a0c93ec93b");
        assert_string_equal(table.partitions[0].label, "esp");
        assert_int_equal(table.partitions[1].number, 3); /* not the second: the number is the slot */
        assert_int_equal(table.partitions[1].start_bytes, 4096 * SECTOR);
        assert_int_equal(table.partitions[1].size_bytes, 2048 * SECTOR);
        assert_string_equal(table.partitions[1].uuid, "aabbccdd-0003-4000-8000-00000000abcd");
        assert_string_equal(table.partitions[1].type, "8484680c-9521-48c6-9c11-b0720656f69e");
        assert_string_equal(table.partitions[1].label, "usr \xc3\xa4_A");
}

static void expect_no_gpt(int fd)
{
        struct error err = {};

        memset(&table, 0x5a, sizeof(table));
        assert_int_equal(blockdev_read_gpt(fd, &table, &err), 0);
        assert_int_equal(table.state, GPT_NONE);
        assert_int_equal(table.n_partitions, 0);
}

static void expect_damaged(int fd, size_t n_partitions, const char *why)
{
        struct error err = {};

        memset(&table, 0x5a, sizeof(table));
        assert_int_equal(blockdev_read_gpt(fd, &table, &err), 0);
        assert_int_equal(table.state, GPT_DAMAGED);
        if (!strstr(table.why, why))
                fail_msg("'%s' is not in '%s'", why, table.why);
        assert_int_equal(table.n_partitions, n_partitions);
}

static void flip(int fd, off_t offset)
{
        uint8_t byte;

        assert_int_equal(pread(fd, &byte, 1, offset), 1);
        byte ^= 1;
        assert_int_equal(pwrite(fd, &byte, 1, offset), 1);
}

/* A damaged one still says which disk it was, as long as either copy does. */
static void test_gpt(_unused_ void **state)
{
        char path[64];
        int fd = temporary_file(path, DISK_BYTES);

        expect_no_gpt(fd);
        make_gpt(path, script);
        expect_the_two_partitions(fd);
        assert_int_equal(table.backup, GPT_BACKUP_SAME);

        flip(fd, 1 * SECTOR + 40);
        expect_damaged(fd, 2, "CRC of the header at sector 1");
        assert_string_equal(table.partitions[1].uuid, "aabbccdd-0003-4000-8000-00000000abcd");
        flip(fd, 1 * SECTOR + 40);
        flip(fd, 2 * SECTOR + 60);
        expect_damaged(fd, 2, "CRC of the 128 entries at sector 2");
        flip(fd, DISK_BYTES - SECTOR + 40); /* and the backup header too */
        expect_damaged(fd, 2, "CRC of the 128 entries at sector 2");
        flip(fd, 1 * SECTOR + 40);
        expect_damaged(fd, 0, "CRC of the header at sector 1");
        flip(fd, 1 * SECTOR + 40);
        flip(fd, 2 * SECTOR + 60);
        expect_the_two_partitions(fd);
        assert_int_equal(table.backup, GPT_BACKUP_DAMAGED);
        flip(fd, DISK_BYTES - SECTOR + 40);
        flip(fd, 510);
        expect_damaged(fd, 2, "no protective MBR");
        flip(fd, 1 * SECTOR); /* nor "EFI PART" */
        expect_no_gpt(fd);

        assert_int_equal(unlink(path), 0);
        (void) fd_close(fd);
}

/* An image that was written to a larger disk: the backup is where the primary says, not at the end. */
static void test_gpt_on_a_larger_disk(_unused_ void **state)
{
        char path[64];
        int fd = temporary_file(path, DISK_BYTES);

        make_gpt(path, script);
        assert_int_equal(ftruncate(fd, 2 * DISK_BYTES), 0);
        expect_the_two_partitions(fd);
        assert_int_equal(table.backup, GPT_BACKUP_SAME);
        assert_int_equal(ftruncate(fd, DISK_BYTES - SECTOR), 0);
        expect_damaged(fd, 0, "the backup header is at sector");
        assert_int_equal(unlink(path), 0);
        (void) fd_close(fd);
}

/* As after a power cut between the two copies: the primary is what everybody uses. */
static void test_gpt_whose_backup_is_of_other_partitions(_unused_ void **state)
{
        static uint8_t old[33 * SECTOR];
        char path[64];
        int fd = temporary_file(path, DISK_BYTES);

        make_gpt(path, "label: gpt\nlabel-id: 11111111-2222-3333-4444-555555555555\nfirst-lba: 2048\nstart=4096, size=8\n");
        assert_int_equal(pread(fd, old, sizeof(old), DISK_BYTES - (off_t) sizeof(old)), sizeof(old));
        make_gpt(path, script);
        assert_int_equal(pwrite(fd, old, sizeof(old), DISK_BYTES - (off_t) sizeof(old)), sizeof(old));
        expect_the_two_partitions(fd);
        assert_int_equal(table.backup, GPT_BACKUP_DIFFERS);
        assert_int_equal(unlink(path), 0);
        (void) fd_close(fd);
}

static void test_control_bytes_in_a_label(_unused_ void **state)
{
        char path[64];
        int fd = temporary_file(path, DISK_BYTES);
        struct error err = {};

        make_gpt(path, "label: gpt\nfirst-lba: 2048\nstart=2048, size=8, name=\"a\x1b[2Jb\x7f\"\n");
        assert_int_equal(blockdev_read_gpt(fd, &table, &err), 0);
        assert_int_equal(table.n_partitions, 1);
        assert_string_equal(table.partitions[0].label, "a?[2Jb?");
        assert_int_equal(unlink(path), 0);
        (void) fd_close(fd);
}

static void test_a_table_too_long_is_damaged(_unused_ void **state)
{
        char text[16384] = "label: gpt\ntable-length: 300\nfirst-lba: 2048\n", path[64];
        int fd = temporary_file(path, DISK_BYTES);
        struct error err = {};

        for (unsigned i = 0; i < 300; i++) {
                size_t n = strlen(text);

                (void) snprintf(text + n, sizeof(text) - n, "start=%u, size=8\n", 2048 + 8 * i);
        }
        make_gpt(path, text);
        assert_int_equal(blockdev_read_gpt(fd, &table, &err), 0);
        assert_int_equal(table.state, GPT_DAMAGED);
        assert_string_equal(table.why, "more than 256 partitions");
        assert_int_equal(table.n_partitions, BLOCKDEV_MAX_PARTITIONS);
        assert_int_equal(table.partitions[255].number, 256);
        assert_int_equal(unlink(path), 0);
        (void) fd_close(fd);
}

static void test_what_is_not_a_gpt_is_none(_unused_ void **state)
{
        char path[64];
        int fd = temporary_file(path, DISK_BYTES);

        make_gpt(path, "label: dos\nstart=2048, size=1024, type=83\n");
        expect_no_gpt(fd);
        assert_int_equal(ftruncate(fd, 0), 0);
        assert_int_equal(unlink(path), 0);
        (void) fd_close(fd);
}

static const char *const ext4_and_erofs[] = { "ext4", "erofs", NULL };

static struct filesystem probe(int fd, const char *const *types)
{
        struct filesystem fs;
        struct error err = {};

        memset(&fs, 0x5a, sizeof(fs));
        assert_int_equal(blockdev_read_filesystem(fd, types, &fs, &err), 0);
        return fs;
}

static void test_filesystem(_unused_ void **state)
{
        static const char *const only_erofs[] = { "erofs", NULL };
        const char *mkfs[] = { "mkfs.ext4", "-q", "-F", "-L", "Data_1", "-U", "0F1E2D3C-4B5A-4978-8695-A4B3C2D1E0FF", NULL,
                               NULL };
        char path[64];
        int fd = temporary_file(path, DISK_BYTES);
        struct filesystem fs;

        fs = probe(fd, ext4_and_erofs);
        assert_string_equal(fs.type, "");
        assert_string_equal(fs.label, "");
        assert_string_equal(fs.uuid, "");

        mkfs[7] = path;
        run_program(mkfs, -1, -1);
        fs = probe(fd, ext4_and_erofs);
        assert_string_equal(fs.type, "ext4");
        assert_string_equal(fs.label, "Data_1");
        assert_string_equal(fs.uuid, "0f1e2d3c-4b5a-4978-8695-a4b3c2d1e0ff");

        /* Not asked for: not recognised. */
        assert_string_equal(probe(fd, only_erofs).type, "");
        flip(fd, 1024 + 0x38); /* its magic */
        assert_string_equal(probe(fd, ext4_and_erofs).type, "");
        assert_int_equal(unlink(path), 0);
        (void) fd_close(fd);
}

/* ext4 keeps clear of the first 1024 bytes, so both can be on one disk: whichever is taken, it may be the other. */
static void test_two_at_once_are_none(_unused_ void **state)
{
        static const char *const both[] = { "ext4", "squashfs", NULL };
        const char *mkfs[] = { "mkfs.ext4", "-q", "-F", NULL, NULL };
        char path[64];
        int fd = temporary_file(path, DISK_BYTES);

        mkfs[3] = path;
        run_program(mkfs, -1, -1);
        assert_string_equal(probe(fd, both).type, "ext4");
        assert_int_equal(pwrite(fd, "hsqs", 4, 0), 4);
        assert_int_equal(pwrite(fd, "\4\0", 2, 28), 2); /* the version */
        assert_string_equal(probe(fd, (const char *const[]) { "squashfs", NULL }).type, "squashfs");
        assert_string_equal(probe(fd, (const char *const[]) { "ext4", NULL }).type, "ext4");
        assert_string_equal(probe(fd, both).type, "");
        assert_int_equal(unlink(path), 0);
        (void) fd_close(fd);
}

static void test_unreadable(_unused_ void **state)
{
        struct filesystem fs;
        struct error err = {};

        assert_true(blockdev_read_filesystem(-1, ext4_and_erofs, &fs, &err) < 0);
        assert_int_equal(err.code, FAIL_DEVICE_UNREADABLE_CODE);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_gpt),
                cmocka_unit_test(test_control_bytes_in_a_label),
                cmocka_unit_test(test_gpt_on_a_larger_disk),
                cmocka_unit_test(test_gpt_whose_backup_is_of_other_partitions),
                cmocka_unit_test(test_a_table_too_long_is_damaged),
                cmocka_unit_test(test_what_is_not_a_gpt_is_none),
                cmocka_unit_test(test_filesystem),
                cmocka_unit_test(test_two_at_once_are_none),
                cmocka_unit_test(test_unreadable),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
