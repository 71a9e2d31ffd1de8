/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The whole of PID 1, main.c as it is, over fakes of the ports: it boots; and then every single call that it made to a
 * port fails once. That is the safety case: whatever fails, no later call is made but poison and reset.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

int pid1_main(int argc, char *argv[]);
#define main pid1_main
#define getpid() 1
#include "../../init/main.c"
#undef getpid
#undef main

#include "fake_blockdev.h"
#include "fake_dm.h"
#include "fake_os.h"
#include "fake_sepolicy.h"
#include "fake_tpm.h"
#include "fakes.h"
#include "fake_machine.h"
#include "unit.h"
#include "verinit/credential.h"
#include "verinit/crypto.h"
#include "verinit/fsat.h"
#include "verinit/log.h"
#include "verinit/tcg2_log.h"

#define STUB_VARIABLE "sys/firmware/efi/efivars/StubPcrKernelImage-" LOADER_GUID
#define LOADER_GUID "4a67b082-0a4c-41cf-b6c7-440b29bb8c4f"
#define GLOBAL_GUID "8be4df61-93ca-11d2-aa0d-00e098032b8c"
#define EVENT_LOG "sys/kernel/security/tpm0/binary_bios_measurements"

static const struct fake_machine_options full = {
        .floor = FAKE_FLOOR "watchdog=60\ntpm-ek=" FAKE_MACHINE_TPM_KEY "\n", .has_tpm = true, .has_selinux = true, .has_watchdog = true,
        .last_failure = "1 verify root-hash-mismatch\n",
};

/* Runs PID 1 to its end: exec or the end of the machine. */
static enum fake_os_outcome run_pid1(void)
{
        static jmp_buf back;
        char *argv[] = { (char[]) { "/init" }, NULL };

        boot = (struct boot) { .root_fd = -1, .uevent_fd = -1, .watchdog_fd = -1, .data_fd = -1, .hash_fd = -1, .fec_fd = -1 };
        error = (struct error) {};
        fake_os.back = &back;
        if (setjmp(back) == 0)
                pid1_main(1, argv);
        boot.root_fd = fd_close(boot.root_fd);
        boot.uevent_fd = fd_close(boot.uevent_fd);
        boot.watchdog_fd = fd_close(boot.watchdog_fd);
        boot.data_fd = fd_close(boot.data_fd);
        boot.hash_fd = fd_close(boot.hash_fd);
        boot.fec_fd = fd_close(boot.fec_fd);
        log_open(-1);
        return fake_os.outcome;
}

static enum fake_os_outcome boot_with(const struct fake_machine_options *options, size_t fail_at)
{
        enum fake_os_outcome outcome;

        fake_machine_make(options);
        fake_fail_at(fail_at);
        outcome = run_pid1();
        return outcome;
}

static size_t position_of_mount(const char *target)
{
        for (size_t i = 0; i < fake_count("os_mount"); i++) {
                char seen[FAKE_DETAIL_MAX], wanted[64];

                (void) str_copy(seen, sizeof(seen), fake_find("os_mount", i)->detail);
                snprintf(wanted, sizeof(wanted), " %s ", target);
                if (strstr(seen, wanted))
                        return fake_position("os_mount", i);
        }
        fail_msg("nothing was mounted at %s", target);
        return 0;
}

static void test_boots(_unused_ void **state)
{
        char json[16384];

        assert_int_equal(boot_with(&full, 0), FAKE_OS_EXECED);
        for (size_t i = 0; i < _STAGE_MAX; i++)
                if (boot.evidence.stages[i].verdict != VERDICT_PASSED)
                        fail_msg("%s: %s", stage_name((enum stage_id) i),
                                 verdict_name(boot.evidence.stages[i].verdict));
        assert_true(fake_sepolicy.is_enforcing);
        assert_int_equal(fake_tpm_count(11), 2);
        assert_int_equal(fake_tpm_count(13), 3);
        assert_string_equal(boot.evidence.signature_source, "discovered");
        assert_string_equal(boot.evidence.signature_kernel, "accepted");
        assert_string_equal(boot.evidence.provenance.replay, "proved");
        assert_string_equal(boot.evidence.provenance.reason, "");
        assert_string_equal(boot.evidence.provenance.secure_boot, "on");
        assert_string_equal(boot.evidence.provenance.smbios, "clean");
        assert_true(boot.evidence.provenance.is_tpm_key_checked);
        assert_int_equal(boot.evidence.provenance.n_events, 6);

        /* The file that the host will read, where it will read it. */
        assert_true(fsat_read(fake_os.root_fd, "run/verinit/boot.json", json, sizeof(json)) > 0);
        assert_non_null(strstr(json, "\"name\":\"handoff\",\"verdict\":\"passed\""));
        assert_non_null(strstr(json, "\"watchdog_s\":60,"
                                     "\"previous_failure\":{\"stage\":\"verify\",\"code\":\"root-hash-mismatch\"}"));
        /* Told, and so forgotten. */
        assert_false(fsat_exists(fake_os.root_fd, LAST_FAILURE_PATH));
        assert_false(fake_os.watchdog_has_bitten);
        fake_machine_remove();
}

static void test_order(_unused_ void **state)
{
        assert_int_equal(boot_with(&full, 0), FAKE_OS_EXECED);
        /* The PCRs are asked before we change one, and all in the session. */
        assert_int_equal(fake_count("tpm_read_pcr"), 3 * fake_tpm.banks.n);
        assert_true(fake_position("tpm_session_begin", 0) < fake_position("tpm_read_pcr", 0));
        assert_true(fake_position("tpm_read_pcr", fake_count("tpm_read_pcr") - 1) < fake_position("tpm_session_end", 0));
        assert_true(fake_position("tpm_session_end", 0) < fake_position("tpm_extend", 0));
        /* enter before a disk is read; every module before the policy; the root hash measured before its first mount. */
        assert_true(fake_position("tpm_extend", 0) < fake_position("blockdev_read_gpt", 0));
        assert_true(fake_position("os_load_module", fake_count("os_load_module") - 1) <
                    fake_position("sepolicy_load", 0));
        /* The signature is checked before a mapping exists; its key is there for the table, and for nothing else. */
        assert_true(fake_position("crypto_check_signature", 0) < fake_position("dm_check_superblock", 0));
        assert_int_equal(fake_position("os_add_key", 0) + 1, fake_position("dm_create", 0));
        assert_true(fake_position("os_drop_key", 0) < fake_position("tpm_extend", 1));
        assert_true(fake_position("dm_create", 0) < fake_position("tpm_extend", 1));
        assert_true(fake_position("tpm_extend", 1) < position_of_mount("/sysusr"));
        assert_true(position_of_mount("/sysusr") < fake_position("sepolicy_load", 0));
        assert_true(fake_position("sepolicy_load", 0) < fake_position("sepolicy_enforce", 0));
        assert_true(fake_position("sepolicy_enforce", 0) < position_of_mount("/sysroot"));
        /* The root's kind: an unverified one has had no say in the word. */
        assert_true(fake_position("tpm_extend", 3) < position_of_mount("/sysroot"));
        assert_true(fake_position("tpm_extend", 4) < fake_position("os_switch_root", 0));
        fake_machine_remove();
}

/*
 * What may still be called once something has failed: the question why a mapping cannot be read, its removal, the poison,
 * the wait, the end.
 */
static bool is_allowed_after_failure(const char *name)
{
        static const char *const allowed[] = {
                "dm_query", "dm_remove", "crypto_digest", "tpm_open", "tpm_read_banks", "tpm_extend", "os_clear_immutable",
                "os_watchdog_feed", "os_sleep_us", "os_end",
        };

        for (size_t i = 0; i < ARRAY_SIZE(allowed); i++)
                if (str_equal(name, allowed[i]))
                        return true;
        return false;
}

/* A disk that cannot be read is not the one that is wanted: the wait goes on for another, and is bounded. */
static bool is_looked_for_elsewhere(const char *failed)
{
        return str_equal(failed, "blockdev_read_gpt");
}

/*
 * Less memory is freed, the firmware remembers for longer, or a session stays in the TPM until its reset: none of it
 * proves anything, and the boot survives it.
 */
static bool is_survivable(const char *name)
{
        return str_equal(name, "os_empty_directory") || str_equal(name, "os_clear_immutable") ||
               str_equal(name, "tpm_session_end");
}

static void assert_evidence_ends_at(enum stage_id last, size_t n, const char *name)
{
        for (size_t i = 0; i < _STAGE_MAX; i++) {
                enum verdict seen = boot.evidence.stages[i].verdict;
                enum verdict wanted = i < last ? VERDICT_PASSED : i == last ? VERDICT_FAILED : VERDICT_NOT_REACHED;

                if (seen != wanted)
                        fail_msg("call %zu (%s): stage %s is %s, not %s", n, name, stage_name((enum stage_id) i),
                                 verdict_name(seen), verdict_name(wanted));
        }
}

static void assert_poisoned_if_open(size_t failed, const char *name)
{
        size_t n = 0;

        for (size_t i = failed; i < fake_log.n_calls; i++)
                n += str_equal(fake_log.calls[i].name, "tpm_extend");
        /* A TPM that is there is reached from the first stage on; without a root directory nothing is. */
        if (n == 0 && !str_equal(name, "os_open_root"))
                fail_msg("call %zu (%s): the PCRs were not poisoned", failed, name);
}

static void assert_verdict_line(size_t n, const char *name)
{
        static char text[1 << 20];
        char wanted[128];

        /* dev/kmsg stays where it was: /dev is not among what the fake moves. */
        assert_true(fsat_read(fake_machine_fd(), "dev/kmsg", text, sizeof(text)) > 0);
        snprintf(wanted, sizeof(wanted), "verinit: verdict {\"stage\":\"%s\",\"class\":\"%s\",\"code\":\"%s\"",
                 stage_name(error.stage), fail_class_name(fail_code_class(error.code)), fail_code_name(error.code));
        if (!strstr(text, wanted))
                fail_msg("call %zu (%s): the log has no line %s", n, name, wanted);
}

static void assert_refused(size_t n)
{
        const char *name = fake_log.calls[n - 1].name;

        if (fake_os.outcome != FAKE_OS_ENDED)
                fail_msg("call %zu (%s) failed, and the boot went on", n, name);
        assert_int_equal(fake_os.end, OS_END_REBOOT);
        if (error.code == FAIL_BUG_CODE || error.msg[0] == '\0')
                fail_msg("call %zu (%s): not a named failure: %s", n, name, error.msg);
        if (is_looked_for_elsewhere(name))
                assert_int_equal(error.code, FAIL_BOOT_DISK_UNKNOWN_CODE);
        for (size_t i = n; i < fake_log.n_calls; i++)
                if (!is_allowed_after_failure(fake_log.calls[i].name) &&
                    !(is_looked_for_elsewhere(name) && str_equal(fake_log.calls[i].name, "os_wait_uevent")))
                        fail_msg("call %zu (%s) failed, and %s %s followed", n, name, fake_log.calls[i].name,
                                 fake_log.calls[i].detail);
        assert_int_equal(fake_count("os_end"), 1);
        /* The root directory and /dev: until then the console is all there is. */
        if (n > 2)
                assert_verdict_line(n, name);
        assert_evidence_ends_at(error.stage, n, name);
        assert_poisoned_if_open(n, name);
}

static void test_every_call_may_fail(_unused_ void **state)
{
        size_t n_calls, n_survived = 0;

        assert_int_equal(boot_with(&full, 0), FAKE_OS_EXECED);
        n_calls = fake_log.n_calls;
        fake_machine_remove();
        assert_true(n_calls > 60 && n_calls <= FAKE_LOG_MAX);

        for (size_t n = 1; n <= n_calls; n++) {
                (void) boot_with(&full, n);
                assert_int_equal(fake_log.n_failed, 1);
                if (is_survivable(fake_log.calls[n - 1].name)) {
                        assert_int_equal(fake_os.outcome, FAKE_OS_EXECED);
                        n_survived++;
                } else
                        assert_refused(n);
                fake_machine_remove();
        }
        assert_int_equal(n_survived, 3);
        print_message("%zu calls, each failed once\n", n_calls);
}

static void test_skips_need_the_floor(_unused_ void **state)
{
        static const struct {
                const char *floor;
                enum fail_code code;
        } refused[] = {
                { NULL, FAIL_GEOMETRY_NOT_PINNED_CODE },
                { FAKE_FLOOR, FAIL_SECURE_BOOT_OFF_CODE },
                { FAKE_FLOOR "secure-boot=allow\n", FAIL_CMDLINE_UNPROVED_CODE },
                { FAKE_FLOOR FAKE_NO_FIRMWARE, FAIL_TPM_ABSENT_CODE },
                { FAKE_FLOOR FAKE_NO_FIRMWARE "selinux=allow\n", FAIL_TPM_ABSENT_CODE },
                { FAKE_FLOOR FAKE_NO_FIRMWARE "tpm=allow\n", FAIL_SELINUX_ABSENT_CODE },
        };
        const struct fake_machine_options allowed = {
                .floor = FAKE_FLOOR FAKE_NO_FIRMWARE "selinux=allow\ntpm=allow\n",
        };

        for (size_t i = 0; i < ARRAY_SIZE(refused); i++) {
                const struct fake_machine_options options = { .floor = refused[i].floor };

                assert_int_equal(boot_with(&options, 0), FAKE_OS_ENDED);
                assert_int_equal(error.code, refused[i].code);
                fake_machine_remove();
        }

        assert_int_equal(boot_with(&allowed, 0), FAKE_OS_EXECED);
        assert_int_equal(boot.evidence.stages[STAGE_ENTER].verdict, VERDICT_SKIPPED);
        assert_int_equal(boot.evidence.stages[STAGE_MEASURE].verdict, VERDICT_SKIPPED);
        assert_int_equal(boot.evidence.stages[STAGE_MAC].verdict, VERDICT_SKIPPED);
        assert_string_equal(boot.evidence.stages[STAGE_MAC].reason, "selinux-off");
        assert_string_equal(boot.evidence.provenance.replay, "not-provable");
        assert_string_equal(boot.evidence.provenance.reason, "no-tpm");
        assert_string_equal(boot.evidence.provenance.secure_boot, "off");
        assert_int_equal(fake_count("tpm_extend"), 0);
        assert_int_equal(fake_count("sepolicy_set_label"), 0);
        fake_machine_remove();
}

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

static void plant(const char *name, const char *guid, uint8_t attributes, const void *data, size_t size)
{
        uint8_t bytes[128] = { attributes };
        char path[160];

        memcpy(bytes + 4, data, size);
        snprintf(path, sizeof(path), "sys/firmware/efi/efivars/%s-%s", name, guid);
        assert_int_equal(fsat_create(fake_machine_fd(), path, bytes, size + 4, 0644), 0);
}

/* Planted by whoever was root in the last boot; this machine has no Secure Boot, so the host's systemd would obey. */
static void test_words_out_of_an_efi_variable(_unused_ void **state)
{
        fake_machine_make(&full);
        plant("SecureBoot", GLOBAL_GUID, 6, "", 1);
        assert_int_equal(fsat_create(fake_machine_fd(), "sys/firmware/efi/efivars/SystemdOptions-8cf2644b-4b0b-428f-9387-6d876050dc67",
                                     "\7\0\0\0s\0", 6, 0644), 0);
        assert_int_equal(run_pid1(), FAKE_OS_ENDED);
        assert_int_equal(error.stage, STAGE_PROVE);
        assert_int_equal(error.code, FAIL_SYSTEMD_OPTIONS_VARIABLE_CODE);
        assert_int_equal(fake_count("blockdev_read_gpt"), 0);
        fake_machine_remove();
}

static void test_added_word_is_refused(_unused_ void **state)
{
        const struct fake_machine_options added = {
                .floor = FAKE_FLOOR, .extra_words = " vendor.added=1", .has_tpm = true, .has_selinux = true,
        };
        const struct fake_machine_options listed = {
                .floor = FAKE_FLOOR "extra-words=acl.slot=b\n", .extra_words = " acl.slot=b",
                .has_tpm = true, .has_selinux = true,
        };

        assert_int_equal(boot_with(&added, 0), FAKE_OS_ENDED);
        assert_int_equal(error.stage, STAGE_PROVE);
        assert_int_equal(error.code, FAIL_CMDLINE_NOT_BAKED_CODE);
        /* Nothing was extended but the poison, and no disk was read. */
        assert_int_equal(fake_count("blockdev_read_gpt"), 0);
        fake_machine_remove();

        assert_int_equal(boot_with(&listed, 0), FAKE_OS_EXECED);
        assert_string_equal(boot.evidence.cmdline_proof, "baked+extra-words");
        assert_string_equal(boot.evidence.slot, "b");
        fake_machine_remove();
}

static void test_debug_changes_only_the_log(_unused_ void **state)
{
        static const struct fake_machine_options quiet_machine = {
                .floor = FAKE_FLOOR FAKE_NO_FIRMWARE "tpm=allow\nboot-disk-only=allow\nextra-words=init.debug=1\n",
                .has_selinux = true,
        };
        static struct fake_entry calls[FAKE_LOG_MAX];
        static char quiet[1 << 20], debug[1 << 20];
        struct fake_machine_options debug_machine = quiet_machine;
        size_t n_calls;

        assert_int_equal(boot_with(&quiet_machine, 0), FAKE_OS_EXECED);
        n_calls = fake_log.n_calls;
        assert_true(n_calls <= FAKE_LOG_MAX);
        memcpy(calls, fake_log.calls, sizeof(calls));
        assert_true(fsat_read(fake_machine_fd(), "dev/kmsg", quiet, sizeof(quiet)) > 0);
        fake_machine_remove();

        debug_machine.extra_words = " init.debug=1";
        assert_int_equal(boot_with(&debug_machine, 0), FAKE_OS_EXECED);
        assert_true(boot.evidence.is_debug);
        assert_int_equal(fake_log.n_calls, n_calls);
        for (size_t i = 0; i < n_calls; i++) {
                assert_string_equal(fake_log.calls[i].name, calls[i].name);
                assert_string_equal(fake_log.calls[i].detail, calls[i].detail);
        }
        assert_true(fsat_read(fake_machine_fd(), "dev/kmsg", debug, sizeof(debug)) > 0);
        assert_true(strlen(debug) > 2 * strlen(quiet));
        log_set_debug(false);
        fake_machine_remove();
}

static void assert_refused_in_prove(enum fail_code code, const char *in_message)
{
        assert_int_equal(run_pid1(), FAKE_OS_ENDED);
        assert_int_equal(error.stage, STAGE_PROVE);
        if (error.code != code)
                fail_msg("%s instead of %s: %s", fail_code_name(error.code), fail_code_name(code), error.msg);
        if (!strstr(error.msg, in_message))
                fail_msg("'%s' is not in '%s'", in_message, error.msg);
        assert_int_equal(fake_count("blockdev_read_gpt"), 0);
        for (size_t i = 0; i < fake_tpm.n_extends; i++) /* nothing but the poison */
                assert_true(fake_position("tpm_extend", i) > fake_position("tpm_read_pcr", 0));
        fake_machine_remove();
}

/* Whatever the floor allows: a planted StubPcrKernelImage does not turn the boot into an unmeasured one. */
static void test_planted_variables(_unused_ void **state)
{
        static const char *const names[] = { "StubPcrKernelImage", "StubDevicePartUUID", "LoaderDevicePartUUID",
                                             "LoaderBootCountPath" };
        const struct fake_machine_options lax = { .floor = FAKE_FLOOR FAKE_NO_FIRMWARE "tpm=allow\n", .has_tpm = true, .has_selinux = true };

        for (size_t i = 0; i < 2 * ARRAY_SIZE(names); i++) {
                fake_machine_make(i % 2 ? &lax : &full);
                plant(names[i / 2], LOADER_GUID, 7, "1\0" "1\0\0", 6);
                assert_refused_in_prove(FAIL_LOADER_VARIABLE_FORGED_CODE, names[i / 2]);
        }
}

static void test_secure_boot(_unused_ void **state)
{
        const struct fake_machine_options lax = { .floor = FAKE_FLOOR "secure-boot=allow\n", .has_tpm = true, .has_selinux = true };

        fake_machine_make(&full);
        plant("SecureBoot", GLOBAL_GUID, 6, "", 1);
        assert_refused_in_prove(FAIL_SECURE_BOOT_OFF_CODE, "SecureBoot is 0");
        fake_machine_make(&full);
        plant("SecureBoot", GLOBAL_GUID, 7, "\1", 1);
        assert_refused_in_prove(FAIL_SECURE_BOOT_OFF_CODE, "attributes 0x7");

        fake_machine_make(&lax);
        plant("SecureBoot", GLOBAL_GUID, 6, "", 1);
        assert_int_equal(run_pid1(), FAKE_OS_EXECED);
        assert_string_equal(boot.evidence.provenance.secure_boot, "off");
        assert_string_equal(boot.evidence.provenance.replay, "proved");
        fake_machine_remove();
}

/* The floor decides on what cannot be proved, and on nothing that is disproved. */
static void test_the_event_log(_unused_ void **state)
{
        const struct fake_machine_options lax = { .floor = FAKE_FLOOR "cmdline-replay=allow\n", .has_tpm = true, .has_selinux = true };
        static uint8_t bytes[32768];
        ssize_t n;

        fake_machine_make(&full);
        assert_return_code(unlinkat(fake_machine_fd(), EVENT_LOG, 0), 0);
        assert_refused_in_prove(FAIL_CMDLINE_UNPROVED_CODE, "no-event-log");

        fake_machine_make(&lax);
        assert_return_code(unlinkat(fake_machine_fd(), EVENT_LOG, 0), 0);
        assert_int_equal(run_pid1(), FAKE_OS_EXECED);
        assert_string_equal(boot.evidence.provenance.replay, "not-provable");
        assert_string_equal(boot.evidence.provenance.reason, "no-event-log");
        fake_machine_remove();

        for (int i = 0; i < 2; i++) {
                fake_machine_make(i ? &lax : &full);
                fake_tpm.measured[12][1].bytes[3] ^= 1;
                assert_refused_in_prove(FAIL_PCR_REPLAY_MISMATCH_CODE, "PCR 12");

                fake_machine_make(i ? &lax : &full);
                n = fsat_read(fake_machine_fd(), EVENT_LOG, bytes, sizeof(bytes));
                assert_true(n > 0);
                assert_int_equal(fsat_create(fake_machine_fd(), EVENT_LOG, bytes, (size_t) n - 1, 0400), 0);
                assert_refused_in_prove(FAIL_EVENT_LOG_MALFORMED_CODE, "");
        }
}

static void test_a_log_without_end(_unused_ void **state)
{
        const struct fake_machine_options lax = { .floor = FAKE_FLOOR "cmdline-replay=allow\n", .has_tpm = true, .has_selinux = true };
        void *zeros = calloc(1, TCG2_LOG_MAX_BYTES + 1);

        assert_non_null(zeros);
        fake_machine_make(&lax);
        assert_int_equal(fsat_create(fake_machine_fd(), EVENT_LOG, zeros, TCG2_LOG_MAX_BYTES + 1, 0400), 0);
        free(zeros);
        assert_int_equal(run_pid1(), FAKE_OS_EXECED);
        assert_string_equal(boot.evidence.provenance.reason, "event-log-too-long");
        fake_machine_remove();
}

static void test_another_tpm(_unused_ void **state)
{
        fake_machine_make(&full);
        fake_tpm.key_name[5] ^= 1;
        assert_refused_in_prove(FAIL_TPM_KEY_MISMATCH_CODE, "another key");
}

/* The words are allowed, and still nobody but the signer may add them. */
static void test_smbios_strings(_unused_ void **state)
{
        struct fake_machine_options options = {
                .floor = FAKE_FLOOR FAKE_NO_FIRMWARE "tpm=allow\nextra-words=debug\n", .extra_words = " debug",
                .smbios = "io.systemd.stub.kernel-cmdline-extra=debug", .has_selinux = true,
        };

        for (int i = 0; i < 2; i++) {
                options.has_tpm = i == 1;
                fake_machine_make(&options);
                assert_refused_in_prove(FAIL_SMBIOS_CMDLINE_CODE, "'debug'");
        }
        options.smbios = "io.systemd.credential:x=y";
        assert_int_equal(boot_with(&options, 0), FAKE_OS_EXECED);
        assert_string_equal(boot.evidence.provenance.smbios, "clean");
        fake_machine_remove();

        options.has_tpm = false;
        fake_machine_make(&options);
        assert_return_code(unlinkat(fake_machine_fd(), "sys/firmware/dmi/tables/DMI", 0), 0);
        assert_int_equal(run_pid1(), FAKE_OS_EXECED);
        assert_string_equal(boot.evidence.provenance.smbios, "unread");
        fake_machine_remove();
}

/* "addon=", "addon-keys=": what an add-on of this text looks like in PCR 12. */
static void addon_floor(const char *words, char *ret_floor, size_t size)
{
        uint8_t data[256];
        const struct iovec part = { data, 2 * (strlen(words) + 1) };
        char hex[DIGEST_MAX_HEX];
        struct digest digest;
        struct error err = {};

        for (size_t i = 0; i <= strlen(words); i++) {
                data[2 * i] = (uint8_t) words[i];
                data[2 * i + 1] = 0;
        }
        assert_int_equal(crypto_digest(DIGEST_SHA256, &part, 1, &digest, &err), 0);
        digest_hex(&digest, hex);
        snprintf(ret_floor, size, FAKE_FLOOR "addon=sha256-%s\naddon-keys=foo\n", hex);
}

static void test_addons(_unused_ void **state)
{
        char floor[512];
        struct fake_machine_options options = { .floor = floor, .addon_words = "foo=bar", .has_tpm = true, .has_selinux = true };

        addon_floor("foo=bar", floor, sizeof(floor));
        if (boot_with(&options, 0) != FAKE_OS_EXECED)
                fail_msg("%s", error.msg);
        assert_string_equal(boot.evidence.provenance.replay, "proved");
        assert_int_equal(boot.evidence.provenance.n_addons, 1);
        assert_string_equal(boot.evidence.cmdline_proof, "baked+extra-words");
        fake_machine_remove();

        /* Another one's words: the first witness has the last word, since the second does not explain them. */
        addon_floor("foo=old", floor, sizeof(floor));
        fake_machine_make(&options);
        assert_refused_in_prove(FAIL_CMDLINE_NOT_BAKED_CODE, "'foo=bar' was added");
        /* The same, where the floor allows the word. */
        strncat(floor, "extra-words=foo=bar\n", sizeof(floor) - strlen(floor) - 1);
        fake_machine_make(&options);
        assert_refused_in_prove(FAIL_EVENT_UNEXPLAINED_CODE, "");
}

static void test_without_a_packed_text(_unused_ void **state)
{
        const struct fake_machine_options lax = { .floor = FAKE_FLOOR "cmdline=allow\n", .has_tpm = true, .has_selinux = true, .is_unpacked = true };
        const struct fake_machine_options none = {
                .floor = FAKE_FLOOR FAKE_NO_FIRMWARE "cmdline=allow\ntpm=allow\n", .has_selinux = true, .is_unpacked = true,
        };

        fake_machine_make(&lax);
        assert_int_equal(run_pid1(), FAKE_OS_EXECED);
        assert_int_equal(boot.evidence.stages[STAGE_PROVE].verdict, VERDICT_PASSED);
        assert_string_equal(boot.evidence.cmdline_proof, "not-baked");
        assert_string_equal(boot.evidence.provenance.replay, "proved");
        fake_machine_remove();

        fake_machine_make(&none);
        assert_int_equal(run_pid1(), FAKE_OS_EXECED);
        assert_int_equal(boot.evidence.stages[STAGE_PROVE].verdict, VERDICT_SKIPPED);
        fake_machine_remove();
}

static void test_a_crash_kernel_asks_no_tpm(_unused_ void **state)
{
        const struct fake_machine_options lax = {
                .floor = FAKE_FLOOR "cmdline-replay=allow\ntpm=allow\n", .has_tpm = true, .has_selinux = true,
        };

        fake_machine_make(&lax);
        assert_int_equal(fsat_create(fake_machine_fd(), "proc/vmcore", "", 0, 0400), 0);
        assert_int_equal(run_pid1(), FAKE_OS_EXECED);
        assert_string_equal(boot.evidence.provenance.reason, "crash-kernel");
        assert_int_equal(fake_count("tpm_read_pcr"), 0);
        fake_machine_remove();
}

static void test_delay_is_the_floors(_unused_ void **state)
{
        const struct fake_machine_options quick = { .floor = FAKE_FLOOR FAKE_NO_FIRMWARE "failure-delay=0\nfailure-delay-max=0\n" };
        const struct fake_machine_options none = { .floor = NULL };
        const struct fake_machine_options broken = { .floor = FAKE_FLOOR "failure-delay=0\nnonsense=1\n" };

        assert_int_equal(boot_with(&none, 0), FAKE_OS_ENDED);
        assert_string_equal(fake_find("os_sleep_us", 0)->detail, "10000000");
        fake_machine_remove();
        assert_int_equal(boot_with(&quick, 0), FAKE_OS_ENDED);
        assert_string_equal(fake_find("os_sleep_us", 0)->detail, "0");
        fake_machine_remove();
        /* A floor that cannot be read decides nothing. */
        assert_int_equal(boot_with(&broken, 0), FAKE_OS_ENDED);
        assert_int_equal(error.code, FAIL_FLOOR_MALFORMED_CODE);
        assert_string_equal(fake_find("os_sleep_us", 0)->detail, "10000000");
        fake_machine_remove();
}

/* What an archive beside ours can do: bring a floor where there is none, another one, or none where there is one. */
static void test_the_floor_is_the_one_that_was_packed(_unused_ void **state)
{
        const struct fake_machine_options none = { .has_tpm = true, .has_selinux = true };
        static const char weak[] = FAKE_FLOOR "tpm=allow\nfailure-delay=0\n";

        fake_machine_make(&none);
        fake_machine_put(FLOOR_PATH, weak);
        assert_int_equal(run_pid1(), FAKE_OS_ENDED);
        assert_int_equal(error.stage, STAGE_CONFIG);
        assert_int_equal(error.code, FAIL_FLOOR_DIGEST_MISMATCH_CODE);
        /* And nothing of it is obeyed. */
        assert_string_equal(fake_find("os_sleep_us", 0)->detail, "10000000");
        fake_machine_remove();

        fake_machine_make(&full);
        fake_machine_put(FLOOR_PATH, weak);
        assert_int_equal(run_pid1(), FAKE_OS_ENDED);
        assert_int_equal(error.code, FAIL_FLOOR_DIGEST_MISMATCH_CODE);
        assert_string_equal(fake_find("os_sleep_us", 0)->detail, "10000000");
        fake_machine_remove();

        /* It was packed, so it is not one that was never there. */
        fake_machine_make(&full);
        assert_return_code(unlinkat(fake_machine_fd(), FLOOR_PATH, 0), 0);
        assert_int_equal(run_pid1(), FAKE_OS_ENDED);
        assert_int_equal(error.code, FAIL_FLOOR_DIGEST_MISMATCH_CODE);
        fake_machine_remove();
}

/* A directory in its place is what a cpio archive makes of a file. */
static void test_a_floor_that_cannot_be_read_was_hidden(_unused_ void **state)
{
        fake_machine_make(&full);
        assert_return_code(unlinkat(fake_machine_fd(), FLOOR_PATH, 0), 0);
        assert_return_code(mkdirat(fake_machine_fd(), FLOOR_PATH, 0755), 0);
        assert_int_equal(run_pid1(), FAKE_OS_ENDED);
        assert_int_equal(error.stage, STAGE_CONFIG);
        assert_int_equal(error.code, FAIL_FLOOR_DIGEST_MISMATCH_CODE);
        fake_machine_remove();
}

static void test_files_are_those_that_the_floor_names(_unused_ void **state)
{
        const struct fake_machine_options unbaked = {
                .floor = FAKE_FLOOR "cmdline=allow\n", .has_tpm = true, .has_selinux = true,
        };

        fake_machine_make(&full);
        fake_machine_put("etc/verinit/modules", "verinit-modules 1 other\n");
        assert_int_equal(run_pid1(), FAKE_OS_ENDED);
        assert_int_equal(error.stage, STAGE_PROBE);
        assert_int_equal(error.code, FAIL_FLOOR_FILE_MISMATCH_CODE);
        assert_int_equal(fake_count("os_load_module"), 0);
        fake_machine_remove();

        /* A floor that is the right one, and names none: an archive could have brought them. */
        fake_machine_make(&full);
        fake_machine_put_floor(FAKE_FLOOR);
        assert_int_equal(run_pid1(), FAKE_OS_ENDED);
        assert_int_equal(error.stage, STAGE_PROBE);
        assert_int_equal(error.code, FAIL_FLOOR_FILE_UNNAMED_CODE);
        fake_machine_remove();

        /* "There may be none" is not "it may be gone". */
        fake_machine_make(&unbaked);
        assert_return_code(unlinkat(fake_machine_fd(), "etc/verinit/cmdline", 0), 0);
        assert_int_equal(run_pid1(), FAKE_OS_ENDED);
        assert_int_equal(error.code, FAIL_BAKED_CMDLINE_MISSING_CODE);
        fake_machine_remove();

        /* What was read and what it is compared with could both be another's. */
        fake_machine_make(&full);
        fake_machine_put("etc/verinit/cmdline", "usrhash=0000");
        assert_int_equal(run_pid1(), FAKE_OS_ENDED);
        assert_int_equal(error.stage, STAGE_PROVE);
        assert_int_equal(error.code, FAIL_FLOOR_FILE_MISMATCH_CODE);
        fake_machine_remove();
}

/* A host with systemd 261 or newer: twelve PCRs before enter-initrd, and a record of each. */
static void test_os_separator(_unused_ void **state)
{
        const struct fake_machine_options options = {
                .floor = FAKE_FLOOR "os-separator=yes\n", .has_tpm = true, .has_selinux = true,
        };
        static const unsigned pcrs[] = { 0, 1, 2, 3, 4, 5, 6, 7, 9, 12, 13, 14 };
        static char log[65536];
        size_t n = 0;

        assert_int_equal(boot_with(&options, 0), FAKE_OS_EXECED);
        assert_int_equal(boot.evidence.n_words, ARRAY_SIZE(pcrs) + 5);
        for (size_t i = 0; i < ARRAY_SIZE(pcrs); i++) {
                assert_int_equal(fake_tpm_count(pcrs[i]), pcrs[i] == 13 ? 4 : 1);
                assert_int_equal(boot.evidence.words[i].pcr, pcrs[i]);
                assert_string_equal(boot.evidence.words[i].word, "os-separator");
        }
        assert_string_equal(boot.evidence.words[ARRAY_SIZE(pcrs)].word, "enter-initrd");
        assert_true(fsat_read(fake_os.root_fd, "run/log/systemd/tpm2-measure.log", log, sizeof(log)) > 0);
        for (const char *p = log; (p = strstr(p, "\"eventType\":\"os-separator\"")); p++)
                n++;
        assert_int_equal(n, ARRAY_SIZE(pcrs));
        n = 0;
        for (const char *p = log; (p = strstr(p, "\"eventType\":\"phase\"")); p++)
                n++;
        assert_int_equal(n, 5);
        fake_machine_remove();
}

static void check_environment(char *const argv[], char *const envp[])
{
        assert_string_equal(argv[0], "/usr/lib/systemd/systemd");
        assert_null(argv[1]);
        assert_string_equal(envp[0], "TERM=linux");
        assert_string_equal(envp[1], "ENCRYPTED_CREDENTIALS_DIRECTORY=/run/credentials/@encrypted");
        assert_null(envp[2]);
}

static void test_environment_is_constructed(_unused_ void **state)
{
        assert_int_equal(setenv("LD_PRELOAD_OF_A_COMMAND_LINE", "x", 1), 0);
        fake_machine_make(&full);
        fake_os.exec = check_environment;
        assert_int_equal(run_pid1(), FAKE_OS_EXECED);
        fake_machine_remove();
}

#define SEALED "DHzAexF2RZGcSwvqCLwg/gAAAAA="  /* begins as what systemd-creds seals with the TPM */
#define OF_NO_KEY "BYRp2vb1QySABUnaD46i+wAAAAA=" /* and as what anybody can make */

static void assert_credential(const char *name, const char *text)
{
        char path[256], seen[64];
        struct stat st;

        snprintf(path, sizeof(path), "run/credentials/@encrypted/%s", name);
        if (!text) {
                assert_false(fsat_exists(fake_os.root_fd, path));
                return;
        }
        assert_true(fsat_read(fake_os.root_fd, path, seen, sizeof(seen)) > 0);
        assert_string_equal(seen, text);
        assert_int_equal(fstatat(fake_os.root_fd, path, &st, 0), 0);
        assert_int_equal(st.st_mode, S_IFREG | 0400);
}

static void put_credentials(void)
{
        fake_machine_put(".extra/credentials/a.cred", SEALED "a");
        fake_machine_put(".extra/global_credentials/a.cred", SEALED "global");
        fake_machine_put(".extra/global_credentials/b@c.service.cred", SEALED "b");
}

static void no_credentials_directory(_unused_ char *const argv[], char *const envp[])
{
        assert_string_equal(envp[0], "TERM=linux");
        assert_null(envp[1]);
}

static void test_credentials_are_those_of_the_floor(_unused_ void **state)
{
        const struct fake_machine_options esp = {
                .floor = FAKE_FLOOR "credentials=esp-encrypted\n", .has_tpm = true, .has_selinux = true,
        };
        const struct fake_machine_options platform = {
                .floor = FAKE_FLOOR "credentials=platform\n", .has_tpm = true, .has_selinux = true,
        };

        fake_machine_make(&full);
        put_credentials();
        fake_os.exec = check_environment;
        assert_int_equal(run_pid1(), FAKE_OS_EXECED);
        assert_credential("a", NULL);
        assert_string_equal(boot.evidence.credentials, "none");
        fake_machine_remove();

        fake_machine_make(&esp);
        put_credentials();
        fake_os.exec = check_environment;
        assert_int_equal(run_pid1(), FAKE_OS_EXECED);
        assert_credential("a", SEALED "a");
        assert_credential("b@c.service", SEALED "b");
        assert_string_equal(boot.evidence.credentials, "esp-encrypted");
        assert_int_equal(boot.evidence.n_credentials, 2);
        fake_machine_remove();

        fake_machine_make(&platform);
        put_credentials();
        fake_os.exec = no_credentials_directory;
        assert_int_equal(run_pid1(), FAKE_OS_EXECED);
        assert_credential("a", NULL);
        assert_string_equal(boot.evidence.credentials, "platform");
        fake_machine_remove();
}

static void test_credentials_that_nobody_sealed(_unused_ void **state)
{
        const struct fake_machine_options esp = {
                .floor = FAKE_FLOOR "credentials=esp-encrypted\n", .has_tpm = true, .has_selinux = true,
        };
        static const struct {
                const char *path, *text;
        } bad[] = {
                { ".extra/credentials/systemd.extra-unit.x.service.cred", OF_NO_KEY },
                { ".extra/credentials/plain.cred", "[Service]\nExecStart=/bin/sh\n" },
                { ".extra/global_credentials/empty.cred", "" },
                { ".extra/credentials/a:b.cred", SEALED },
                { ".extra/credentials/...cred", SEALED },
                { ".extra/credentials/.cred", SEALED },
                { ".extra/credentials/a.crd", SEALED },
                { ".extra/credentials/directory.cred/x", SEALED },
        };

        for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
                fake_machine_make(&esp);
                fake_machine_put(bad[i].path, bad[i].text);
                assert_int_equal(run_pid1(), FAKE_OS_ENDED);
                assert_int_equal(error.stage, STAGE_RECORD);
                if (error.code != FAIL_CREDENTIAL_REFUSED_CODE)
                        fail_msg("%s: %s", bad[i].path, error.msg);
                fake_machine_remove();
        }
}

static void test_credentials_have_a_bound(_unused_ void **state)
{
        const struct fake_machine_options esp = {
                .floor = FAKE_FLOOR "credentials=esp-encrypted\n", .has_tpm = true, .has_selinux = true,
        };

        for (int n = CREDENTIAL_MAX_FILES; n <= CREDENTIAL_MAX_FILES + 1; n++) {
                fake_machine_make(&esp);
                for (int i = 0; i < n; i++) {
                        char path[64];

                        snprintf(path, sizeof(path), ".extra/credentials/n%d.cred", i);
                        fake_machine_put(path, SEALED);
                }
                assert_int_equal(run_pid1(), n > CREDENTIAL_MAX_FILES ? FAKE_OS_ENDED : FAKE_OS_EXECED);
                if (n > CREDENTIAL_MAX_FILES)
                        assert_int_equal(error.code, FAIL_CREDENTIAL_REFUSED_CODE);
                fake_machine_remove();
        }
        for (int more = 0; more <= 1; more++) {
                static char text[CREDENTIAL_MAX_BYTES + 2];

                memset(text, 'A', sizeof(text));
                text[CREDENTIAL_MAX_BYTES + more] = '\0';
                memcpy(text, SEALED, sizeof(SEALED) - 1);
                fake_machine_make(&esp);
                fake_machine_put(".extra/credentials/large.cred", text);
                assert_int_equal(run_pid1(), more ? FAKE_OS_ENDED : FAKE_OS_EXECED);
                fake_machine_remove();
        }
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_the_floor_is_the_one_that_was_packed),
                cmocka_unit_test(test_a_floor_that_cannot_be_read_was_hidden),
                cmocka_unit_test(test_files_are_those_that_the_floor_names),
                cmocka_unit_test(test_os_separator),
                cmocka_unit_test(test_credentials_are_those_of_the_floor),
                cmocka_unit_test(test_credentials_that_nobody_sealed),
                cmocka_unit_test(test_credentials_have_a_bound),
                cmocka_unit_test(test_boots),
                cmocka_unit_test(test_order),
                cmocka_unit_test(test_every_call_may_fail),
                cmocka_unit_test(test_skips_need_the_floor),
                cmocka_unit_test(test_a_disk_that_is_exchanged_is_noticed),
                cmocka_unit_test(test_the_kernel_is_told_to_want_signatures),
                cmocka_unit_test(test_empty_drive_is_passed_over),
                cmocka_unit_test(test_absent_disk_lists_all),
                cmocka_unit_test(test_storm_of_events_is_bounded),
                cmocka_unit_test(test_faults_of_drivers),
                cmocka_unit_test(test_a_late_tpm_is_waited_for),
                cmocka_unit_test(test_no_wait_where_nothing_was_measured),
                cmocka_unit_test(test_without_runtime_services),
                cmocka_unit_test(test_words_out_of_an_efi_variable),
                cmocka_unit_test(test_added_word_is_refused),
                cmocka_unit_test(test_debug_changes_only_the_log),
                cmocka_unit_test(test_planted_variables),
                cmocka_unit_test(test_secure_boot),
                cmocka_unit_test(test_the_event_log),
                cmocka_unit_test(test_a_log_without_end),
                cmocka_unit_test(test_another_tpm),
                cmocka_unit_test(test_smbios_strings),
                cmocka_unit_test(test_addons),
                cmocka_unit_test(test_without_a_packed_text),
                cmocka_unit_test(test_a_crash_kernel_asks_no_tpm),
                cmocka_unit_test(test_delay_is_the_floors),
                cmocka_unit_test(test_environment_is_constructed),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
