/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Stage find, and the look for a root by label, over a machine of one or two disks: which device is meant, and when that
 * cannot be known.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "fake_blockdev.h"
#include "fake_machine.h"
#include "fake_os.h"
#include "fakes.h"
#include "unit.h"
#include "verinit/boot.h"
#include "verinit/devices.h"
#include "verinit/fsat.h"

#define OTHER_UUID "00000000-0000-4000-8000-000000000000"
#define SIGNATURE_TYPE "e7bb33fb-06cf-4e81-8273-e543b413e2e2"

static struct boot boot;
static struct error err;
static struct partition *const entries = fake_blockdev.gpt.partitions;

static void set_spec(struct device_spec *spec, enum device_spec_kind kind, const char *value)
{
        spec->kind = kind;
        (void) str_copy(spec->value, sizeof(spec->value), value);
}

static void set_boot_partuuid(const char *uuid)
{
        (void) str_copy(boot.facts.boot_partuuid, sizeof(boot.facts.boot_partuuid), uuid);
}

static int setup(_unused_ void **state)
{
        const struct fake_machine_options options = { .is_unsigned = true };

        fake_machine_make(&options);
        err = (struct error) {};
        boot = (struct boot) {
                .root_fd = os_open_root(), .uevent_fd = os_open_uevents(), .data_fd = -1, .hash_fd = -1, .fec_fd = -1,
        };
        boot.config.device_timeout_us = 5 * 1000 * 1000;
        set_spec(&boot.config.usr_data, DEVICE_PARTUUID, entries[0].uuid);
        set_spec(&boot.config.usr_hash, DEVICE_PARTUUID, entries[1].uuid);
        set_boot_partuuid(FAKE_BOOT_PARTUUID);
        return 0;
}

static void close_all(void)
{
        boot.data_fd = fd_close(boot.data_fd);
        boot.hash_fd = fd_close(boot.hash_fd);
        boot.fec_fd = fd_close(boot.fec_fd);
}

static int teardown(_unused_ void **state)
{
        close_all();
        boot.root_fd = fd_close(boot.root_fd);
        boot.uevent_fd = fd_close(boot.uevent_fd);
        fake_machine_remove();
        return 0;
}

static void assert_found(const char *data)
{
        if (stage_find(&boot, &err) < 0)
                fail_msg("%s: %s", fail_code_name(err.code), err.msg);
        assert_string_equal(boot.facts.usr_data.name, data);
        assert_string_equal(boot.evidence.usr_data, data);
        assert_string_equal(boot.facts.usr_hash.name, "vda2");
        assert_true(boot.data_fd >= 0 && boot.hash_fd >= 0);
        close_all();
}

static void assert_refused(enum fail_code code, const char *in_message)
{
        int r = stage_find(&boot, &err);

        if (r >= 0)
                fail_msg("found %s, and not %s", boot.facts.usr_data.name, fail_code_name(code));
        if (err.code != code)
                fail_msg("%s instead of %s: %s", fail_code_name(err.code), fail_code_name(code), err.msg);
        if (!strstr(err.msg, in_message))
                fail_msg("'%s' is not in '%s'", in_message, err.msg);
        close_all();
}

static void add_entry(const char *uuid, const char *type)
{
        struct partition *p = &entries[fake_blockdev.gpt.n_partitions++];

        *p = (struct partition) {
                .number = (unsigned) fake_blockdev.gpt.n_partitions, .start_bytes = 100 * 1024 * 1024, .size_bytes = 4096,
        };
        (void) str_copy(p->uuid, sizeof(p->uuid), uuid);
        (void) str_copy(p->type, sizeof(p->type), type);
}

static void put_file(const char *path, const char *text)
{
        char parent[96];

        assert_true(str_copy(parent, sizeof(parent), path));
        *strrchr(parent, '/') = '\0';
        assert_int_equal(fsat_mkdir_p(boot.root_fd, parent, 0755), 0);
        assert_int_equal(fsat_create(boot.root_fd, path, text, strlen(text), 0644), 0);
}

/* The kernel's side of an entry that add_entry() made. */
static void put_kernel_partition(unsigned number)
{
        const struct { const char *attribute, *text; } files[] = {
                { "start", "204800\n" }, { "size", "8\n" },
        };
        char path[96], text[32];

        for (size_t i = 0; i < ARRAY_SIZE(files); i++) {
                (void) snprintf(path, sizeof(path), "sys/class/block/vda/vda%u/%s", number, files[i].attribute);
                put_file(path, files[i].text);
        }
        (void) snprintf(text, sizeof(text), "%u\n", number);
        (void) snprintf(path, sizeof(path), "sys/class/block/vda/vda%u/partition", number);
        put_file(path, text);
        (void) snprintf(text, sizeof(text), "254:%u\n", number);
        (void) snprintf(path, sizeof(path), "sys/class/block/vda/vda%u/dev", number);
        put_file(path, text);
}

/* Named as the kernel names it, where the disk's own name ends in a digit. */
static void put_nvme(const char *partition)
{
        const struct { const char *attribute, *text; } files[] = {
                { "start", "2048\n" }, { "size", "8\n" }, { "dev", "259:1\n" }, { "partition", "1\n" },
        };
        char path[96];

        put_file("sys/class/block/nvme0n1/size", "1000000\n");
        put_file("sys/class/block/nvme0n1/dev", "259:0\n");
        put_file("dev/nvme0n1", "");
        for (size_t i = 0; i < ARRAY_SIZE(files); i++) {
                (void) snprintf(path, sizeof(path), "sys/class/block/nvme0n1/%s/%s", partition, files[i].attribute);
                put_file(path, files[i].text);
        }
}

static struct partition_table nvme_table;

static void read_gpt_by_size(int disk_fd, struct partition_table *ret)
{
        struct stat st;

        assert_int_equal(fstat(disk_fd, &st), 0);
        *ret = st.st_size == 0 ? nvme_table : fake_blockdev.gpt;
}

static void test_names_of_partitions(_unused_ void **state)
{
        static struct devices_scan scan;
        const struct device_spec spec = { .kind = DEVICE_PARTUUID, .value = OTHER_UUID };
        struct found_device found;
        static const struct { const char *name; bool is_one; } names[] = {
                { "nvme0n1p1", true }, { "nvme0n11", false }, { "nvme0n1p01", false }, { "nvme0n1p1x", false },
                { "nvme0n1p+1", false }, { "nvme0n1p", false }, { "nvme0n1p0", false }, { "nvme0n1p65537", false },
        };

        for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
                assert_int_equal(teardown(NULL), 0);
                assert_int_equal(setup(NULL), 0);
                put_file("dev/vda", "the disk");
                put_nvme(names[i].name);
                nvme_table = (struct partition_table) { .state = GPT_VALID, .n_partitions = 1 };
                nvme_table.partitions[0] = (struct partition) { .number = 1, .start_bytes = 2048 * 512, .size_bytes = 4096 };
                (void) str_copy(nvme_table.partitions[0].uuid, sizeof(entries[0].uuid), OTHER_UUID);
                fake_blockdev.read_gpt = read_gpt_by_size;
                boot.config.floor.boot_disk_only = NEED_ALLOW;
                scan = (struct devices_scan) { .n_wanted = 1, .wanted[0] = { .what = "data", .spec = &spec, .found = &found } };
                if (devices_find(&boot, &scan, 1000000, FAIL_DEVICE_ABSENT_CODE, &err) < 0) {
                        if (names[i].is_one || err.code != FAIL_DEVICE_ABSENT_CODE)
                                fail_msg("%s: %s", names[i].name, err.msg);
                } else if (!names[i].is_one)
                        fail_msg("%s was found", names[i].name);
                else
                        assert_int_equal(found.devno, makedev(259, 1));
        }
}

/* It vanishes while it is looked at: then it is not there, and its event is waited for. */
static void test_a_partition_that_vanishes(_unused_ void **state)
{
        assert_int_equal(unlinkat(boot.root_fd, "sys/class/block/vda/vda1/dev", 0), 0);
        assert_refused(FAIL_DEVICE_ABSENT_CODE, "data of /usr");
        assert_int_equal(fake_count("os_wait_uevent"), 1);
}

static void test_on_the_boot_disk(_unused_ void **state)
{
        assert_found("vda1");
        assert_string_equal(boot.facts.boot_disk, "vda");
        assert_string_equal(boot.evidence.boot_disk, "vda");
        assert_string_equal(boot.evidence.boot_partition, "vda3");
        assert_string_equal(boot.evidence.boot_partuuid, FAKE_BOOT_PARTUUID);
        assert_int_equal(boot.evidence.n_twins_ignored, 0);
        assert_int_equal(boot.facts.usr_data.diskseq, 1);
        assert_int_equal(fake_count("blockdev_read_gpt"), 1);
        /* Nothing of a file system. */
        assert_int_equal(fake_count("blockdev_read_filesystem"), 0);
}

static void test_a_twin_elsewhere_is_recorded(_unused_ void **state)
{
        fake_machine_put_second_disk(entries[0].uuid);
        fake_blockdev.backup = GPT_BACKUP_DIFFERS;
        assert_found("vda1");
        assert_string_equal(boot.evidence.boot_gpt_backup, "differs");
        /* Of the disk that was booted from, and not of each that is there. */
        assert_int_equal(fake_blockdev.n_backups, 1);
        assert_int_equal(boot.evidence.n_twins_ignored, 1);
        assert_string_equal(boot.evidence.twins_ignored[0], "vdb1");
        assert_int_equal(fake_count("blockdev_read_gpt"), 2);
}

static void test_two_disks_that_claim_to_be_the_boot_disk(_unused_ void **state)
{
        fake_machine_put_second_disk(FAKE_BOOT_PARTUUID);
        assert_refused(FAIL_TWIN_DEVICE_CODE, "the partition that was booted from is there 2 times: vda3, vdb1");
        boot.config.floor.boot_disk_only = NEED_ALLOW;
        assert_refused(FAIL_TWIN_DEVICE_CODE, "vda3, vdb1");
}

static void test_twins_on_the_boot_disk(_unused_ void **state)
{
        /* Its entry is enough: the kernel may make the partition a moment later. */
        add_entry(entries[0].uuid, "");
        assert_refused(FAIL_TWIN_DEVICE_CODE, "(data of /usr) is there 2 times on the disk that was booted from: vda1, vda4");
        assert_int_equal(fake_count("os_wait_uevent"), 0);
        boot.config.floor.boot_disk_only = NEED_ALLOW;
        assert_refused(FAIL_TWIN_DEVICE_CODE, "vda1, vda4");

        (void) str_copy(entries[3].uuid, sizeof(entries[3].uuid), FAKE_BOOT_PARTUUID);
        assert_refused(FAIL_TWIN_DEVICE_CODE, "the partition that was booted from is there 2 times: vda3, vda4");
}

static void test_twins_by_label(_unused_ void **state)
{
        set_spec(&boot.config.usr_data, DEVICE_PARTLABEL, "usr-a");
        (void) str_copy(entries[0].label, sizeof(entries[0].label), "usr-a");
        assert_found("vda1");
        add_entry(OTHER_UUID, "");
        (void) str_copy(entries[3].label, sizeof(entries[3].label), "usr-a");
        assert_refused(FAIL_TWIN_DEVICE_CODE, "PARTLABEL=usr-a (data of /usr)");
}

static void test_an_unknown_boot_disk(_unused_ void **state)
{
        set_boot_partuuid("");
        assert_refused(FAIL_BOOT_DISK_UNKNOWN_CODE, "neither StubDevicePartUUID nor LoaderDevicePartUUID");
        assert_int_equal(fake_count("blockdev_read_gpt") + fake_count("os_wait_uevent"), 0); /* nothing will bring it */

        set_boot_partuuid(OTHER_UUID);
        assert_refused(FAIL_BOOT_DISK_UNKNOWN_CODE, "PARTUUID=" OTHER_UUID ", within 5 s");
        assert_int_equal(fake_count("os_wait_uevent"), 1);

        /* One that is known is waited for: which disk answers first is chance, or somebody's choice. */
        boot.config.floor.boot_disk_only = NEED_ALLOW;
        assert_found("vda1");
        assert_int_equal(fake_count("os_wait_uevent"), 2);
        set_boot_partuuid("");
        assert_found("vda1");
        assert_string_equal(boot.evidence.boot_disk, "");
        assert_string_equal(boot.evidence.boot_gpt_backup, "");
        assert_int_equal(fake_blockdev.n_backups, 0);
        assert_int_equal(fake_count("os_wait_uevent"), 2);
        fake_machine_put_second_disk(entries[0].uuid);
        assert_refused(FAIL_TWIN_DEVICE_CODE, "(data of /usr) is there 2 times: vda1, vdb1");
}

/* Nothing is needed, but whether it is there can only be said of a disk that is. */
static void test_what_is_optional_waits_for_the_boot_disk(_unused_ void **state)
{
        static struct devices_scan scan;
        const struct device_spec spec = { .kind = DEVICE_PARTTYPE, .value = SIGNATURE_TYPE };
        struct found_device found;

        scan = (struct devices_scan) {
                .n_wanted = 1, .wanted[0] = { .what = "signature", .spec = &spec, .found = &found, .is_optional = true },
        };
        assert_int_equal(devices_choose(&scan, ELSEWHERE_NEVER, &err), 0);
        assert_int_equal(devices_choose(&scan, ELSEWHERE_BEHIND_BOOT_DISK, &err), 0);
        assert_int_equal(devices_choose(&scan, ELSEWHERE_NOW, &err), 1);
        scan.n_boot_partitions = 1;
        assert_int_equal(devices_choose(&scan, ELSEWHERE_NEVER, &err), 1);
        assert_int_equal(devices_choose(&scan, ELSEWHERE_BEHIND_BOOT_DISK, &err), 1);
}

static void test_on_another_disk_alone(_unused_ void **state)
{
        char uuid[37];

        (void) str_copy(uuid, sizeof(uuid), entries[0].uuid);
        (void) str_copy(entries[0].uuid, sizeof(entries[0].uuid), OTHER_UUID);
        fake_machine_put_second_disk(uuid);
        assert_refused(FAIL_DEVICE_ABSENT_CODE,
                       "(data of /usr, but for vdb1, which is not on the disk that was booted from, vda)");
        set_spec(&boot.config.usr_data, DEVICE_PATH, "/dev/vdb1");
        assert_refused(FAIL_DEVICE_ABSENT_CODE, "but for vdb1");
}

static int diskseq_of_vdb(_unused_ int fd, uint64_t *ret)
{
        *ret = 2;
        return 0;
}

static void test_on_another_disk_where_the_floor_allows_that(_unused_ void **state)
{
        char uuid[37];

        (void) str_copy(uuid, sizeof(uuid), entries[0].uuid);
        (void) str_copy(entries[0].uuid, sizeof(entries[0].uuid), OTHER_UUID);
        fake_machine_put_second_disk(uuid);
        boot.config.floor.boot_disk_only = NEED_ALLOW;
        set_spec(&boot.config.usr_hash, DEVICE_PARTUUID, uuid); /* both on one: diskseq is that of the one disk */
        fake_os.block_diskseq = diskseq_of_vdb;
        assert_int_equal(stage_find(&boot, &err), 0);
        assert_string_equal(boot.facts.usr_data.name, "vdb1");
        assert_string_equal(boot.facts.usr_data.disk, "vdb");
}

static void damage(struct partition_table *table)
{
        table->state = GPT_DAMAGED;
        (void) str_copy(table->why, sizeof(table->why), "CRC of something");
}

static void test_a_damaged_table(_unused_ void **state)
{
        damage(&fake_blockdev.gpt);
        assert_refused(FAIL_PARTITION_TABLE_INVALID_CODE,
                       "partition table of vda, the disk that was booted from: CRC of something");
        assert_int_equal(fake_count("os_wait_uevent"), 0);

        boot.config.floor.boot_disk_only = NEED_ALLOW;
        set_boot_partuuid("");
        assert_refused(FAIL_PARTITION_TABLE_INVALID_CODE, "partition table of vda: CRC of something");
        set_spec(&boot.config.usr_data, DEVICE_PATH, "/dev/vda1");
        assert_refused(FAIL_PARTITION_TABLE_INVALID_CODE, "partition table of vda: CRC of something");

        /* One that names nothing that is wanted is another disk's affair. */
        fake_blockdev.gpt.n_partitions = 0;
        set_spec(&boot.config.usr_data, DEVICE_PARTUUID, OTHER_UUID);
        assert_refused(FAIL_DEVICE_ABSENT_CODE, "vda 488 MiB (its GPT is damaged: CRC of something)");
}

static void test_the_kernel_has_another_table(_unused_ void **state)
{
        entries[2].size_bytes += 512;
        assert_refused(FAIL_PARTITION_TABLE_INVALID_CODE, "the kernel's vda3 begins at byte 4194304");
        entries[2].size_bytes -= 512;
        fake_blockdev.gpt.n_partitions = 2; /* the kernel has one more */
        set_boot_partuuid(entries[0].uuid);
        assert_refused(FAIL_PARTITION_TABLE_INVALID_CODE, "the kernel's vda3");
}

static int vda4_comes(uint64_t *timeout_us, unsigned *wakeups)
{
        put_kernel_partition(4);
        *timeout_us -= 1000;
        ++*wakeups;
        return 1;
}

static void test_a_partition_that_the_kernel_has_not_made_yet(_unused_ void **state)
{
        add_entry(OTHER_UUID, "");
        put_file("dev/vda4", "");
        set_spec(&boot.config.root, DEVICE_PARTUUID, OTHER_UUID);
        fake_os.wait_uevent = vda4_comes;
        assert_found("vda1");
        assert_string_equal(boot.facts.root.name, "vda4");
        assert_int_equal(fake_count("os_wait_uevent"), 1);
}

static void test_signatures_are_found_by_type(_unused_ void **state)
{
        assert_found("vda1");
        assert_int_equal(boot.facts.n_usr_signatures, 0);
        assert_int_equal(fake_count("os_wait_uevent"), 0);

        /* Listed, so it is waited for: by chance it would be missed, and the boot be one without a signature. */
        add_entry(OTHER_UUID, SIGNATURE_TYPE);
        fake_os.wait_uevent = vda4_comes;
        assert_found("vda1");
        assert_int_equal(boot.facts.n_usr_signatures, 1);
        assert_string_equal(boot.facts.usr_signatures[0].name, "vda4");
        assert_int_equal(fake_count("os_wait_uevent"), 1);

        for (unsigned i = 5; i < 4 + FACTS_MAX_SIGNATURES; i++) {
                add_entry(OTHER_UUID, SIGNATURE_TYPE);
                put_kernel_partition(i);
        }
        for (size_t i = 4; i < fake_blockdev.gpt.n_partitions; i++)
                entries[i].start_bytes = entries[3].start_bytes;
        assert_found("vda1");
        assert_int_equal(boot.facts.n_usr_signatures, FACTS_MAX_SIGNATURES);
        add_entry(OTHER_UUID, SIGNATURE_TYPE);
        assert_refused(FAIL_TWIN_DEVICE_CODE, "partition type " SIGNATURE_TYPE " (signature of the root hash) is there 5 times");
}

static void test_a_signature_of_another_disk_is_not_used(_unused_ void **state)
{
        fake_machine_put_second_disk(OTHER_UUID);
        assert_found("vda1");
        assert_int_equal(boot.facts.n_usr_signatures, 0);
        /* One that is named has to be there. */
        boot.config.signature.source = SIGNATURE_PARTITION;
        set_spec(&boot.config.signature.device, DEVICE_PARTUUID, OTHER_UUID);
        assert_refused(FAIL_DEVICE_ABSENT_CODE, "(signature of the root hash, but for vdb1");
        boot.config.signature.source = SIGNATURE_FILE;
        assert_found("vda1");
}

static int another_number(_unused_ int fd, dev_t *ret)
{
        *ret = makedev(254, 99);
        return 0;
}

static int another_size(_unused_ int fd, uint64_t *ret)
{
        *ret = 512;
        return 0;
}

static int another_diskseq(_unused_ int fd, uint64_t *ret)
{
        *ret = 77;
        return 0;
}

static void test_what_is_opened_is_what_was_found(_unused_ void **state)
{
        int (*block_dev)(int, dev_t *) = fake_os.block_dev;

        fake_os.block_dev = another_number;
        assert_refused(FAIL_DEVICE_CHANGED_CODE, "/dev/vda1 became another device since it was found");
        fake_os.block_dev = block_dev;
        fake_os.block_size = another_size;
        assert_refused(FAIL_DEVICE_CHANGED_CODE, "/dev/vda1 changed its size");
        fake_os.block_size = NULL;
        fake_os.block_diskseq = another_diskseq;
        assert_refused(FAIL_DEVICE_CHANGED_CODE, "/dev/vda1 is on another disk");
        fake_os.block_diskseq = NULL;
        assert_found("vda1");
}

static void test_what_is_held_is_what_was_found(_unused_ void **state)
{
        assert_int_equal(stage_find(&boot, &err), 0);
        assert_int_equal(devices_check_unchanged(&boot, &boot.facts.usr_data, boot.data_fd, &err), 0);
        /* The medium was exchanged under the name. */
        put_file("sys/class/block/vda/diskseq", "2\n");
        assert_true(devices_check_unchanged(&boot, &boot.facts.usr_data, boot.data_fd, &err) < 0);
        assert_int_equal(err.code, FAIL_DEVICE_CHANGED_CODE);
        /* Pulled: no proof of anything. */
        assert_int_equal(unlinkat(boot.root_fd, "sys/class/block/vda/diskseq", 0), 0);
        assert_true(devices_check_unchanged(&boot, &boot.facts.usr_data, boot.data_fd, &err) < 0);
        assert_int_equal(err.code, FAIL_DEVICE_UNREADABLE_CODE);
        assert_string_equal(err.msg, "disk vda is gone");
}

static void test_another_boot_disk_later(_unused_ void **state)
{
        assert_found("vda1");
        put_file("sys/class/block/vda/diskseq", "3\n");
        assert_refused(FAIL_DEVICE_CHANGED_CODE, "was vda (diskseq 1), and is now vda (diskseq 3)");
        fake_blockdev.gpt.partitions[2].uuid[0] = 'x';
        assert_refused(FAIL_DEVICE_CHANGED_CODE, "was vda (diskseq 1), and is now none");
}

/* Every device has the same file system. */
static void put_file_systems(void)
{
        (void) str_copy(fake_blockdev.filesystem.type, sizeof(fake_blockdev.filesystem.type), "ext4");
        (void) str_copy(fake_blockdev.filesystem.label, sizeof(fake_blockdev.filesystem.label), "ROOT");
}

static int find_root(struct device_spec *spec)
{
        static const char *const ext4[] = { "ext4", NULL };
        static struct devices_scan scan;

        scan.n_wanted = 1;
        scan.wanted[0] = (struct devices_wanted) {
                .what = "root", .spec = spec, .found = &boot.facts.root, .filesystems = ext4,
        };
        return devices_find(&boot, &scan, boot.config.device_timeout_us, FAIL_ROOT_ABSENT_CODE, &err);
}

static void test_a_root_by_label(_unused_ void **state)
{
        struct device_spec spec = { .kind = DEVICE_LABEL, .value = "ROOT" };

        put_file("dev/vda3", "");
        put_file_systems();
        assert_found("vda1");
        /* vda1 and vda2 are in use, vda has a table, and vdb1 is not on the boot disk. */
        fake_machine_put_second_disk(OTHER_UUID);
        if (find_root(&spec) < 0)
                fail_msg("%s", err.msg);
        assert_string_equal(boot.facts.root.name, "vda3");
        assert_int_equal(boot.evidence.n_twins_ignored, 1);
        assert_string_equal(boot.evidence.twins_ignored[0], "vdb1");

        (void) str_copy(spec.value, sizeof(spec.value), "OTHER");
        assert_true(find_root(&spec) < 0);
        assert_int_equal(err.code, FAIL_ROOT_ABSENT_CODE);
}

static void test_two_roots_of_one_label(_unused_ void **state)
{
        struct device_spec spec = { .kind = DEVICE_LABEL, .value = "ROOT" };

        put_file("dev/vda3", "");
        add_entry(OTHER_UUID, "");
        put_kernel_partition(4);
        put_file("dev/vda4", "");
        put_file_systems();
        assert_found("vda1");
        assert_true(find_root(&spec) < 0);
        assert_int_equal(err.code, FAIL_TWIN_DEVICE_CODE);
        assert_non_null(strstr(err.msg, "LABEL=ROOT (root) is there 2 times on the disk that was booted from: vda3, vda4"));
}

static void test_error_correction_is_found_and_held(_unused_ void **state)
{
        set_spec(&boot.config.fec.device, DEVICE_PARTUUID, entries[1].uuid);
        assert_int_equal(stage_find(&boot, &err), 0);
        assert_string_equal(boot.facts.usr_fec.name, "vda2");
        assert_true(boot.fec_fd >= 0);
        set_spec(&boot.config.fec.device, DEVICE_PARTUUID, OTHER_UUID);
        close_all();
        assert_refused(FAIL_DEVICE_ABSENT_CODE, "error correction of /usr");
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
        const struct CMUnitTest tests[] = {
                TEST(test_on_the_boot_disk),
                TEST(test_names_of_partitions),
                TEST(test_a_partition_that_vanishes),
                TEST(test_a_twin_elsewhere_is_recorded),
                TEST(test_two_disks_that_claim_to_be_the_boot_disk),
                TEST(test_twins_on_the_boot_disk),
                TEST(test_twins_by_label),
                TEST(test_an_unknown_boot_disk),
                TEST(test_what_is_optional_waits_for_the_boot_disk),
                TEST(test_on_another_disk_alone),
                TEST(test_on_another_disk_where_the_floor_allows_that),
                TEST(test_a_damaged_table),
                TEST(test_the_kernel_has_another_table),
                TEST(test_a_partition_that_the_kernel_has_not_made_yet),
                TEST(test_signatures_are_found_by_type),
                TEST(test_a_signature_of_another_disk_is_not_used),
                TEST(test_what_is_opened_is_what_was_found),
                TEST(test_what_is_held_is_what_was_found),
                TEST(test_another_boot_disk_later),
                TEST(test_a_root_by_label),
                TEST(test_two_roots_of_one_label),
                TEST(test_error_correction_is_found_and_held),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
