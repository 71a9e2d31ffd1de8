/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The safety case: PID 1 boots; and then every single call that it made to a port fails once. Whatever fails, no later call is
 * made but poison and reset.
 */
#include "pid1.h"

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
        assert_int_equal(fake_tpm_count(13), 4);
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
        assert_int_equal(fake_count("tpm_read_pcrs"), 1);
        assert_true(fake_position("tpm_session_begin", 0) < fake_position("tpm_read_pcrs", 0));
        assert_true(fake_position("tpm_read_pcrs", 0) < fake_position("tpm_session_end", 0));
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
        assert_true(position_of_mount("/sysusr") < fake_position("os_deploy_ipe", 0));
        /* The kernel asks for CAP_MAC_ADMIN, and the other policy keeps that from everybody. */
        assert_true(fake_position("os_deploy_ipe", 0) < fake_position("sepolicy_load", 0));
        assert_true(fake_position("sepolicy_load", 0) < fake_position("sepolicy_enforce", 0));
        assert_true(fake_position("sepolicy_enforce", 0) < position_of_mount("/sysroot"));
        /* The root's kind: an unverified one has had no say in the word. */
        assert_true(fake_position("tpm_extend", 4) < position_of_mount("/sysroot"));
        assert_true(fake_position("tpm_extend", 5) < fake_position("os_switch_root", 0));
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
                "os_watchdog_feed", "os_sleep_us", "os_end", "os_drop_worker",
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

/* What became of efivarfs, which was loaded ahead, is told in its turn, and that is behind the watchdog. */
static bool is_before_its_turn(const char *failed, const char *name)
{
        return str_equal(failed, "os_wait_worker") && str_after(error.msg, "feature efivarfs: ") && str_equal(name, "os_watchdog_set");
}

/*
 * Less memory is freed, the firmware remembers for longer, a session stays in the TPM until its reset, or a module is loaded
 * later, and by PID 1: none of it proves anything, and the boot survives it.
 */
static bool is_survivable(const char *name)
{
        return str_equal(name, "os_empty_directory") || str_equal(name, "os_clear_immutable") ||
               str_equal(name, "tpm_session_end") || str_equal(name, "os_load_module_beside");
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
                if (!is_allowed_after_failure(fake_log.calls[i].name) && !is_before_its_turn(name, fake_log.calls[i].name) &&
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

/* How many calls there were, and how many of them the boot survives. */
static void fail_each_call(const struct fake_machine_options *options, size_t *ret_calls, size_t *ret_survived)
{
        size_t n_calls, n_survived = 0;

        assert_int_equal(boot_with(options, 0), FAKE_OS_EXECED);
        n_calls = fake_log.n_calls;
        fake_machine_remove();
        assert_true(n_calls > 60 && n_calls <= FAKE_LOG_MAX);

        for (size_t n = 1; n <= n_calls; n++) {
                (void) boot_with(options, n);
                assert_int_equal(fake_log.n_failed, 1);
                if (is_survivable(fake_log.calls[n - 1].name)) {
                        assert_int_equal(fake_os.outcome, FAKE_OS_EXECED);
                        n_survived++;
                } else
                        assert_refused(n);
                fake_machine_remove();
        }
        *ret_calls = n_calls;
        *ret_survived = n_survived;
        print_message("%zu calls, each failed once\n", n_calls);
}

static void test_every_call_may_fail(_unused_ void **state)
{
        struct fake_machine_options two = full;
        size_t n_one, n_two, n_survived;

        fail_each_call(&full, &n_one, &n_survived);
        assert_int_equal(n_survived, 3);
        /* Six modules: each is two calls then, of which the first may fail. */
        two.processors = 2;
        fail_each_call(&two, &n_two, &n_survived);
        assert_int_equal(n_two, n_one + 6);
        assert_int_equal(n_survived, 3 + 6);
}

/* The kernel's answers are the same on two processors, and so is the boot. */
static void test_two_processors(_unused_ void **state)
{
        struct fake_machine_options two = full;
        unsigned n_modules;

        assert_int_equal(boot_with(&full, 0), FAKE_OS_EXECED);
        n_modules = boot.evidence.n_modules;
        fake_machine_remove();
        two.processors = 2;
        assert_int_equal(boot_with(&two, 0), FAKE_OS_EXECED);
        assert_int_equal(boot.evidence.n_modules, n_modules);
        assert_int_equal(fake_count("os_load_module"), 0);
        assert_int_equal(fake_count("os_load_module_beside"), n_modules);
        /* Before the first look at a disk, as every module, and none is left to be waited for. */
        assert_true(fake_position("os_wait_worker", n_modules - 1) < fake_position("blockdev_read_gpt", 0));
        assert_int_equal(fake_os.n_workers, 0);
        fake_machine_remove();
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

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_boots),
                cmocka_unit_test(test_order),
                cmocka_unit_test(test_every_call_may_fail),
                cmocka_unit_test(test_two_processors),
                cmocka_unit_test(test_skips_need_the_floor),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
