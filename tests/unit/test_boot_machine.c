/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Boots on machines with something odd: disks, drivers, kernel events, firmware without services.
 */
#include "pid1.h"
#include "verinit/dm.h"

/* What find opens and activate asks again about is held to one disk: exchanged in between, the boot ends. */
static int diskseq_until_there_is_a_mapping(_unused_ int fd, uint64_t *ret)
{
        *ret = fake_count("dm_create") == 0 ? 1 : 2;
        return 0;
}

static void test_a_disk_that_is_exchanged_is_noticed(_unused_ void **state)
{
        fake_machine_make(&full);
        fake_os.block_diskseq = diskseq_until_there_is_a_mapping;
        assert_int_equal(run_pid1(), FAKE_OS_ENDED);
        assert_int_equal(error.stage, STAGE_ACTIVATE);
        assert_int_equal(error.code, FAIL_DEVICE_CHANGED_CODE);
        for (size_t i = 0; i < fake_count("os_mount"); i++)
                assert_null(strstr(fake_find("os_mount", i)->detail, "/sysusr"));
        fake_machine_remove();
}

static void assert_loaded(const char *detail)
{
        for (size_t i = 0; i < fake_count("os_load_module"); i++)
                if (str_equal(fake_find("os_load_module", i)->detail, detail))
                        return;
        fail_msg("no module was loaded as \"%s\"", detail);
}

static void test_the_kernel_is_told_to_want_signatures(_unused_ void **state)
{
        const struct fake_machine_options allowed = {
                .floor = FAKE_FLOOR "root-hash-signature=allow\n", .has_tpm = true, .has_selinux = true, .is_unsigned = true,
        };
        const struct fake_machine_options unsigned_one = {
                .floor = FAKE_FLOOR, .has_tpm = true, .has_selinux = true, .is_unsigned = true,
        };

        assert_int_equal(boot_with(&full, 0), FAKE_OS_EXECED);
        assert_loaded("lib/modules/dm-verity.ko require_signatures=1");
        fake_machine_remove();

        assert_int_equal(boot_with(&allowed, 0), FAKE_OS_EXECED);
        assert_loaded("lib/modules/dm-verity.ko ");
        assert_string_equal(boot.evidence.signature_source, "none");
        assert_int_equal(fake_count("os_add_key"), 0);
        fake_machine_remove();

        assert_int_equal(boot_with(&unsigned_one, 0), FAKE_OS_ENDED);
        assert_int_equal(error.stage, STAGE_PLAN);
        assert_int_equal(error.code, FAIL_SIGNATURE_MISSING_CODE);
        fake_machine_remove();
}

/* A dm-verity that is built in was never loaded, so what is given with the module does not reach it. */
static void test_a_kernel_that_wants_no_signatures(_unused_ void **state)
{
        static const struct {
                const char *value;
                bool is_directory;
                const char *said; /* NULL: the kernel wants them */
        } cases[] = {
                { .said = "/" DM_REQUIRE_SIGNATURES " is not there" },
                { .is_directory = true, .said = "/" DM_REQUIRE_SIGNATURES ", whether the kernel's dm-verity wants signatures of all volumes, "
                                                "cannot be read: EISDIR" },
                { .value = "too long for it\n", .said = "cannot be read: EFBIG" },
                { .value = "", .said = "is ''" },
                { .value = "N\n", .said = "/" DM_REQUIRE_SIGNATURES " is 'N': the kernel's dm-verity would open volumes without a signature" },
                { .value = "N", .said = "put dm_verity.require_signatures=1 on the command line" },
                { .value = "Y" },
                { .value = "Y\n" },
        };
        const struct fake_machine_options allowed = {
                .floor = FAKE_FLOOR "root-hash-signature=allow\n", .has_tpm = true, .has_selinux = true, .is_unsigned = true,
        };

        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                fake_machine_make(&full);
                fake_os.ignores_params = true;
                if (cases[i].is_directory)
                        assert_int_equal(fsat_mkdir_p(fake_machine_fd(), DM_REQUIRE_SIGNATURES, 0755), 0);
                if (cases[i].value)
                        fake_machine_put(DM_REQUIRE_SIGNATURES, cases[i].value);
                assert_int_equal(run_pid1(), cases[i].said ? FAKE_OS_ENDED : FAKE_OS_EXECED);
                if (cases[i].said) {
                        assert_int_equal(error.stage, STAGE_ACTIVATE);
                        assert_int_equal(error.code, FAIL_VERITY_TAKES_UNSIGNED_CODE);
                        if (!strstr(error.msg, cases[i].said))
                                fail_msg("\"%s\" is not in \"%s\"", cases[i].said, error.msg);
                        assert_int_equal(fake_count("dm_create"), 0);
                }
                fake_machine_remove();
        }
        fake_machine_make(&allowed);
        fake_os.ignores_params = true;
        assert_int_equal(run_pid1(), FAKE_OS_EXECED);
        fake_machine_remove();
}

static void test_empty_drive_is_passed_over(_unused_ void **state)
{
        const struct fake_machine_options options = {
                .floor = FAKE_FLOOR, .has_tpm = true, .has_selinux = true, .has_empty_drive = true,
        };

        assert_int_equal(boot_with(&options, 0), FAKE_OS_EXECED);
        assert_string_equal(boot.evidence.usr_data, "vda1");
        assert_int_equal(fake_count("blockdev_read_gpt"), 2);
        fake_machine_remove();
}

/* Forty disks that are not it: the message holds some, the log all. */
static void test_absent_disk_lists_all(_unused_ void **state)
{
        static char text[1 << 20];

        fake_machine_make(&full);
        fake_machine_put_other_disks(40);
        fake_blockdev.gpt.partitions[0].uuid[0] = 'x';
        assert_int_equal(run_pid1(), FAKE_OS_ENDED);
        assert_int_equal(error.code, FAIL_DEVICE_ABSENT_CODE);
        assert_non_null(strstr(error.msg, "and more: see the lines above"));
        assert_true(fsat_read(fake_machine_fd(), "dev/kmsg", text, sizeof(text)) > 0);
        for (unsigned i = 0; i < 40; i++) {
                char line[64];

                snprintf(line, sizeof(line), "verinit[find]: seen: other%u 1 MiB\n", i);
                if (!strstr(text, line))
                        fail_msg("the log has no line %s", line);
        }
        fake_machine_remove();
}

/* Events without end: each look costs five seconds here, and none of them is the wait's. */
static int event_storm(_unused_ uint64_t *timeout_us, unsigned *wakeups)
{
        fake_os.now_us += 5000000;
        ++*wakeups;
        return *timeout_us > 0;
}

static void test_storm_of_events_is_bounded(_unused_ void **state)
{
        fake_machine_make(&full);
        fake_blockdev.gpt.partitions[0].uuid[0] = 'x';
        fake_os.wait_uevent = event_storm;
        assert_int_equal(run_pid1(), FAKE_OS_ENDED);
        assert_int_equal(error.code, FAIL_DEVICE_ABSENT_CODE);
        assert_true(fake_count("os_wait_uevent") <= boot.config.device_timeout_us / 5000000 + 1);
        fake_machine_remove();
}

static int driver_without_device(const char *name)
{
        return strstr(name, "virtio_blk") ? -ENODEV : 0;
}

static int feature_without_machine(const char *name)
{
        return strstr(name, "dm-verity") ? -ENODEV : 0;
}

/* A driver that does not get on with its device is not the boot's end; a feature that is missing is. */
static void test_faults_of_drivers(_unused_ void **state)
{
        fake_machine_make(&full);
        fake_os.load_module = driver_without_device;
        assert_int_equal(run_pid1(), FAKE_OS_EXECED);
        fake_machine_remove();

        fake_machine_make(&full);
        fake_os.load_module = feature_without_machine;
        assert_int_equal(run_pid1(), FAKE_OS_ENDED);
        assert_int_equal(error.code, FAIL_MODULE_LOAD_FAILED_CODE);
        fake_machine_remove();
}

static int pulled_while_its_driver_loads(const char *name, int r)
{
        if (!strstr(name, "virtio_blk"))
                return r;
        assert_return_code(unlinkat(fake_machine_fd(), "sys/bus/virtio/devices/virtio0/modalias", 0), 0);
        return OS_WORKER_DIED;
}

/* Nobody asks for the driver again; it may still be at work in the kernel. */
static void test_a_driver_that_was_begun_ahead_is_heard_of(_unused_ void **state)
{
        struct fake_machine_options two = full;

        two.processors = 2;
        fake_machine_make(&two);
        fake_os.worker_answer = pulled_while_its_driver_loads;
        assert_int_equal(run_pid1(), FAKE_OS_ENDED);
        assert_int_equal(error.stage, STAGE_PROBE);
        assert_int_equal(error.code, FAIL_MODULE_LOAD_FAILED_CODE);
        assert_non_null(strstr(error.msg, "virtio_blk was ended"));
        fake_machine_remove();
}

static int tpm_comes(uint64_t *timeout_us, unsigned *wakeups)
{
        int fd = openat(fake_machine_fd(), "dev/tpmrm0", O_WRONLY | O_CREAT | O_CLOEXEC, 0600);

        assert_true(fd >= 0);
        (void) close(fd);
        *timeout_us -= 1000000;
        ++*wakeups;
        return 1;
}

/* It comes while the time runs out: the last look finds it. */
static int tpm_comes_last(uint64_t *timeout_us, unsigned *wakeups)
{
        (void) tpm_comes(timeout_us, wakeups);
        *timeout_us = 0;
        return 0;
}

static void test_a_late_tpm_is_waited_for(_unused_ void **state)
{
        int (*const waits[])(uint64_t *, unsigned *) = { tpm_comes, tpm_comes_last };

        for (size_t i = 0; i < ARRAY_SIZE(waits); i++) {
                fake_machine_make(&full);
                assert_return_code(unlinkat(fake_machine_fd(), "dev/tpmrm0", 0), 0);
                fake_os.wait_uevent = waits[i];
                assert_int_equal(run_pid1(), FAKE_OS_EXECED);
                assert_int_equal(fake_tpm_count(11), 2);
                fake_machine_remove();
        }
        fake_machine_make(&full);
        assert_return_code(unlinkat(fake_machine_fd(), "dev/tpmrm0", 0), 0);
        assert_int_equal(run_pid1(), FAKE_OS_ENDED);
        assert_int_equal(error.code, FAIL_TPM_FAILED_CODE);
        /* Thirty seconds, in parts that the watchdog outlives. */
        assert_int_equal(fake_count("os_wait_uevent"), 2);
        assert_false(fake_os.watchdog_has_bitten);
        fake_machine_remove();
}

/* Each of its answers takes longer than the watchdog is patient, in a good boot and in one that ends. */
static void test_a_slow_tpm_is_outlived(_unused_ void **state)
{
        for (unsigned is_failing = 0; is_failing < 2; is_failing++) {
                fake_machine_make(&full);
                fake_tpm.answer_us = UINT64_C(70) * 1000000;
                fake_fail_name(is_failing ? "tpm_session_begin" : NULL);
                assert_int_equal(run_pid1(), is_failing ? FAKE_OS_ENDED : FAKE_OS_EXECED);
                /* The poison has an end of its own. */
                assert_int_equal(fake_tpm.n_extends, is_failing ? 1 : 6);
                assert_false(fake_os.watchdog_has_bitten);
                fake_machine_remove();
        }
}

/* A table of the firmware, and no driver: where that is allowed, nobody waits for the device. */
static void test_no_wait_where_nothing_was_measured(_unused_ void **state)
{
        const struct fake_machine_options options = {
                .floor = FAKE_FLOOR FAKE_NO_FIRMWARE "tpm=allow\n", .has_tpm = true, .has_selinux = true,
        };

        fake_machine_make(&options);
        assert_return_code(unlinkat(fake_machine_fd(), "dev/tpmrm0", 0), 0);
        assert_return_code(unlinkat(fake_machine_fd(), STUB_VARIABLE, 0), 0);
        assert_int_equal(run_pid1(), FAKE_OS_EXECED);
        assert_string_equal(boot.evidence.stages[STAGE_ENTER].reason, "unmeasured-uki");
        assert_int_equal(fake_count("os_wait_uevent"), 0);
        fake_machine_remove();
}

static int no_efivarfs(_unused_ const char *source, _unused_ const char *target, const char *fstype)
{
        return fstype && str_equal(fstype, "efivarfs") ? -EOPNOTSUPP : 0;
}

static void test_without_runtime_services(_unused_ void **state)
{
        const struct fake_machine_options strict = { .floor = FAKE_FLOOR FAKE_NO_FIRMWARE, .has_tpm = true, .has_selinux = true };
        const struct fake_machine_options options = {
                .floor = FAKE_FLOOR FAKE_NO_FIRMWARE "tpm=allow\nboot-disk-only=allow\n", .has_tpm = true, .has_selinux = true,
        };

        fake_machine_make(&options);
        fake_os.mount = no_efivarfs;
        assert_int_equal(run_pid1(), FAKE_OS_EXECED);
        assert_string_equal(boot.evidence.stages[STAGE_ENTER].reason, "unmeasured-uki");
        fake_machine_remove();

        fake_machine_make(&strict);
        fake_os.mount = no_efivarfs;
        assert_int_equal(run_pid1(), FAKE_OS_ENDED);
        assert_int_equal(error.code, FAIL_TPM_UNMEASURED_CODE);
        assert_non_null(strstr(error.msg, "no runtime services"));
        fake_machine_remove();
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_a_disk_that_is_exchanged_is_noticed),
                cmocka_unit_test(test_the_kernel_is_told_to_want_signatures),
                cmocka_unit_test(test_a_kernel_that_wants_no_signatures),
                cmocka_unit_test(test_empty_drive_is_passed_over),
                cmocka_unit_test(test_absent_disk_lists_all),
                cmocka_unit_test(test_storm_of_events_is_bounded),
                cmocka_unit_test(test_faults_of_drivers),
                cmocka_unit_test(test_a_driver_that_was_begun_ahead_is_heard_of),
                cmocka_unit_test(test_a_late_tpm_is_waited_for),
                cmocka_unit_test(test_a_slow_tpm_is_outlived),
                cmocka_unit_test(test_no_wait_where_nothing_was_measured),
                cmocka_unit_test(test_without_runtime_services),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
