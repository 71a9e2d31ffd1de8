/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Stage root on a root file system that nobody verified: which device, mounted how, and what in it is refused. The tmpfs
 * is the flow test's.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>

#include "fake_blockdev.h"
#include "fake_machine.h"
#include "fake_os.h"
#include "fakes.h"
#include "unit.h"
#include "verinit/boot.h"
#include "verinit/fsat.h"

static struct boot boot;
static struct error err;

/* ext4 on vda2, whatever else there is. */
static void ext4_on_vda2(int fd, struct filesystem *ret)
{
        char link[64], path[256] = "";

        (void) snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
        assert_true(readlink(link, path, sizeof(path) - 1) > 0);
        if (!str_equal(strrchr(path, '/'), "/vda2"))
                return;
        (void) str_copy(ret->type, sizeof(ret->type), "ext4");
        (void) str_copy(ret->label, sizeof(ret->label), "ROOT");
        (void) str_copy(ret->uuid, sizeof(ret->uuid), "7c1b5a52-5bb0-4e0b-9d4f-0c5c2b1a6e02");
}

static int setup(_unused_ void **state)
{
        const struct fake_machine_options options = { .has_tpm = false };

        fake_machine_make(&options);
        fake_blockdev.read_filesystem = ext4_on_vda2;
        err = (struct error) {};
        boot = (struct boot) { .root_fd = os_open_root(), .uevent_fd = os_open_uevents(), .data_fd = -1, .hash_fd = -1, .fec_fd = -1 };
        boot.config.root = (struct device_spec) { .kind = DEVICE_LABEL, .value = "ROOT" };
        boot.config.device_timeout_us = 5 * 1000 * 1000;
        boot.modtable.n_features = 1;
        boot.modtable.features[0].name = "ext4";
        (void) str_copy(boot.facts.boot_partuuid, sizeof(boot.facts.boot_partuuid), FAKE_BOOT_PARTUUID);
        boot.plan.root_kind = ROOT_UNVERIFIED;
        boot.plan.etc = ETC_PLAIN;
        boot.plan.steps[STAGE_MAC].is_skipped = boot.plan.steps[STAGE_MEASURE].is_skipped = true;
        return 0;
}

static int teardown(_unused_ void **state)
{
        boot.root_fd = fd_close(boot.root_fd);
        boot.uevent_fd = fd_close(boot.uevent_fd);
        fake_machine_remove();
        return 0;
}

static void assert_mounted(const char *wanted)
{
        if (stage_root(&boot, &err) < 0)
                fail_msg("%s", err.msg);
        assert_string_equal(fake_find("os_mount", 0)->detail, wanted);
        assert_string_equal(boot.evidence.root_device, "vda2");
        assert_string_equal(boot.evidence.root_kind, "unverified");
}

static void assert_refused(enum fail_code code, const char *in_message)
{
        assert_true(stage_root(&boot, &err) < 0);
        if (err.code != code)
                fail_msg("%s instead of %s: %s", fail_code_name(err.code), fail_code_name(code), err.msg);
        if (!strstr(err.msg, in_message))
                fail_msg("'%s' is not in '%s'", in_message, err.msg);
}

static void test_found_by_its_label(_unused_ void **state)
{
        (void) str_copy(boot.config.root_options, sizeof(boot.config.root_options), "noload");
        assert_mounted("/dev/vda2 /sysroot ext4 0x1 noload"); /* MS_RDONLY: rw was not asked for */
        assert_int_equal(fake_count("os_mount"), 2);
        assert_non_null(strstr(fake_find("os_mount", 1)->detail, "/sysusr /proc/self/fd/"));
}

static void test_found_by_its_uuid_and_writable(_unused_ void **state)
{
        boot.config.root = (struct device_spec) { .kind = DEVICE_UUID, .value = "7c1b5a52-5bb0-4e0b-9d4f-0c5c2b1a6e02" };
        boot.config.root_rw = true;
        assert_mounted("/dev/vda2 /sysroot ext4 0x0 ");
}

/* Found by stage find already, and its type named: nothing is looked for and nothing probed. */
static void test_found_before(_unused_ void **state)
{
        _cleanup_fd_ int fd = openat(boot.root_fd, "dev/vda2", O_RDONLY | O_CLOEXEC);
        struct stat st;

        assert_int_equal(fstat(fd, &st), 0);
        boot.facts.root = (struct found_device) {
                .is_found = true, .name = "vda2", .disk = "vda", .size_bytes = (uint64_t) st.st_size,
        };
        assert_int_equal(fake_os.block_dev(fd, &boot.facts.root.devno), 0);
        (void) str_copy(boot.config.root_fstype, sizeof(boot.config.root_fstype), "xfs");
        assert_mounted("/dev/vda2 /sysroot xfs 0x1 ");
        assert_int_equal(fake_count("blockdev_read_filesystem") + fake_count("blockdev_read_gpt"), 0);
}

/* Only what was packed is looked for, or what was named. */
static void test_no_other_file_system_is_probed(_unused_ void **state)
{
        boot.modtable.features[0].name = "xfs";
        assert_refused(FAIL_ROOT_ABSENT_CODE, "LABEL=ROOT (root) not found");
        boot.modtable.features[0].name = "ext4";
        (void) str_copy(boot.config.root_fstype, sizeof(boot.config.root_fstype), "xfs");
        err = (struct error) {};
        assert_refused(FAIL_ROOT_ABSENT_CODE, "LABEL=ROOT (root) not found");
        (void) str_copy(boot.config.root_fstype, sizeof(boot.config.root_fstype), "ext4");
        boot.modtable.n_features = 0;
        assert_mounted("/dev/vda2 /sysroot ext4 0x1 ");
}

static int another_diskseq(_unused_ int fd, uint64_t *ret)
{
        *ret = fake_count("os_mount") > 0 ? 2 : 1;
        return 0;
}

static void test_exchanged_while_it_was_mounted(_unused_ void **state)
{
        fake_os.block_diskseq = another_diskseq;
        assert_refused(FAIL_DEVICE_CHANGED_CODE, "/dev/vda2 is on another disk");
}

static void test_absent(_unused_ void **state)
{
        (void) str_copy(boot.config.root.value, sizeof(boot.config.root.value), "OTHER");
        assert_refused(FAIL_ROOT_ABSENT_CODE, "LABEL=OTHER (root) not found within 5 s; seen: vda");
        assert_int_equal(fake_count("os_mount"), 0);
}

static void no_filesystem(_unused_ int fd, _unused_ struct filesystem *ret)
{
}

static void test_a_type_that_nobody_knows(_unused_ void **state)
{
        test_found_by_its_label(state);
        fake_blockdev.read_filesystem = no_filesystem;
        assert_refused(FAIL_ROOT_FSTYPE_UNKNOWN_CODE, "/dev/vda2");
}

static int no_mount(_unused_ const char *source, _unused_ const char *target, _unused_ const char *fstype)
{
        return -EUCLEAN;
}

static void test_the_kernel_refuses(_unused_ void **state)
{
        fake_os.mount = no_mount;
        assert_refused(FAIL_ROOT_MOUNT_FAILED_CODE, "cannot mount /dev/vda2 as ext4");
}

static void put_link(const char *path, const char *target)
{
        assert_return_code(symlinkat(target, boot.root_fd, path), 0);
}

static void assert_link(const char *path, const char *wanted)
{
        char target[64] = "";

        assert_true(readlinkat(boot.root_fd, path, target, sizeof(target) - 1) > 0);
        assert_string_equal(target, wanted);
}

static void test_its_own_links_into_usr_stay(_unused_ void **state)
{
        put_link("sysroot/bin", "/usr/bin");
        put_link("sysroot/lib64", "usr/lib");
        test_found_by_its_label(state);
        assert_link("sysroot/bin", "/usr/bin");
        assert_link("sysroot/lib64", "usr/lib");
        assert_link("sysroot/lib", "usr/lib"); /* made, since the verified /usr has it */
        assert_false(fsat_exists(boot.root_fd, "sysroot/sbin")); /* it has none of these */
}

/* What init's interpreter would be taken from: /lib64, even where the verified /usr has no such directory. */
static void test_other_links_are_refused(_unused_ void **state)
{
        static const struct { const char *path, *target; } links[] = {
                { "sysroot/lib64", "srv/evil" },  { "sysroot/lib64", "../usr/lib64" }, { "sysroot/lib64", "/usr/lib64/" },
                { "sysroot/lib", "usr/bin" },     { "sysroot/sbin", "//usr/sbin" },    { "sysroot/bin", "usr" },
                { "sysroot/bin", "usr/bin/../../srv" },
        };

        for (size_t i = 0; i < ARRAY_SIZE(links); i++) {
                (void) unlinkat(boot.root_fd, links[i].path, 0); /* made for the one before */
                put_link(links[i].path, links[i].target);
                err = (struct error) {};
                assert_refused(FAIL_ROOT_UNSAFE_CODE, links[i].target);
                assert_return_code(unlinkat(boot.root_fd, links[i].path, 0), 0);
        }
        assert_return_code(mkdirat(boot.root_fd, "sysroot/lib64", 0755), 0);
        err = (struct error) {};
        assert_refused(FAIL_ROOT_UNSAFE_CODE, "/lib64 of the root is a file or directory");
}

/* A mount of ours would land where the link leads. */
static void test_links_instead_of_mount_points_are_refused(_unused_ void **state)
{
        static const char *const paths[] = { "sysroot/etc", "sysroot/proc", "sysroot/sys", "sysroot/dev", "sysroot/run" };

        for (size_t i = 0; i < ARRAY_SIZE(paths); i++) {
                (void) unlinkat(boot.root_fd, paths[i], AT_REMOVEDIR);
                put_link(paths[i], "usr");
                err = (struct error) {};
                assert_refused(FAIL_NEW_ROOT_FAILED_CODE, paths[i] + strlen("sysroot"));
                assert_return_code(unlinkat(boot.root_fd, paths[i], 0), 0);
        }
}

/* Only a tmpfs needs them: a root of its own may have made /var what it likes. */
static void test_a_link_instead_of_var_is_its_own_affair(_unused_ void **state)
{
        put_link("sysroot/var", "srv/var");
        test_found_by_its_label(state);
        boot.plan.root_kind = ROOT_TMPFS;
        assert_refused(FAIL_NEW_ROOT_FAILED_CODE, "/var");
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test_setup_teardown(test_found_by_its_label, setup, teardown),
                cmocka_unit_test_setup_teardown(test_found_by_its_uuid_and_writable, setup, teardown),
                cmocka_unit_test_setup_teardown(test_found_before, setup, teardown),
                cmocka_unit_test_setup_teardown(test_no_other_file_system_is_probed, setup, teardown),
                cmocka_unit_test_setup_teardown(test_exchanged_while_it_was_mounted, setup, teardown),
                cmocka_unit_test_setup_teardown(test_absent, setup, teardown),
                cmocka_unit_test_setup_teardown(test_a_type_that_nobody_knows, setup, teardown),
                cmocka_unit_test_setup_teardown(test_the_kernel_refuses, setup, teardown),
                cmocka_unit_test_setup_teardown(test_its_own_links_into_usr_stay, setup, teardown),
                cmocka_unit_test_setup_teardown(test_other_links_are_refused, setup, teardown),
                cmocka_unit_test_setup_teardown(test_links_instead_of_mount_points_are_refused, setup, teardown),
                cmocka_unit_test_setup_teardown(test_a_link_instead_of_var_is_its_own_affair, setup, teardown),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
