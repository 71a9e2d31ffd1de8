/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Boots of which the firmware, the log, the TPM or the command line tells another tale.
 */
#include "pid1.h"
#include "verinit/smbios.h"

#define SMBIOS_TABLE "sys/firmware/dmi/tables/DMI"

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
                assert_true(fake_position("tpm_extend", i) > fake_position("tpm_read_pcrs", 0));
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

/* The text of an event is under no PCR: that credentials were loaded is believed where they are. */
static void test_archive_of_credentials(_unused_ void **state)
{
        static const struct {
                const char *archive, *file;
        } kinds[] = {
                { "Credentials initrd", ".extra/credentials/a.cred" },
                { "Global credentials initrd", ".extra/global_credentials/a.cred" },
        };

        for (size_t i = 0; i < ARRAY_SIZE(kinds); i++)
                for (size_t there = 0; there < ARRAY_SIZE(kinds); there++) {
                        const struct fake_machine_options options = {
                                .floor = FAKE_FLOOR "credentials=esp-encrypted\n", .archive = kinds[i].archive,
                                .has_tpm = true, .has_selinux = true,
                        };

                        fake_machine_make(&options);
                        fake_machine_put(kinds[there].file, "DHzAexF2RZGcSwvqCLwg/g");
                        if (there == i) {
                                assert_int_equal(run_pid1(), FAKE_OS_EXECED);
                                assert_string_equal(boot.evidence.provenance.replay, "proved");
                                fake_machine_remove();
                        } else
                                assert_refused_in_prove(FAIL_EVENT_UNEXPLAINED_CODE, "not in the initramfs");
                }
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
        assert_refused_in_prove(FAIL_EVENT_LOG_MALFORMED_CODE, "more than");
}

/* There, and not to be read: that is not the same as none. */
static void test_witnesses_that_cannot_be_read(_unused_ void **state)
{
        const struct fake_machine_options lax = { .floor = FAKE_FLOOR "cmdline-replay=allow\n", .has_tpm = true, .has_selinux = true };
        void *zeros = calloc(1, SMBIOS_MAX_BYTES + 1);

        assert_non_null(zeros);
        fake_machine_make(&lax);
        assert_return_code(unlinkat(fake_machine_fd(), EVENT_LOG, 0), 0);
        assert_int_equal(fsat_mkdir_p(fake_machine_fd(), EVENT_LOG, 0755), 0);
        assert_refused_in_prove(FAIL_TPM_FAILED_CODE, "event log");

        fake_machine_make(&lax);
        assert_int_equal(fsat_create(fake_machine_fd(), SMBIOS_TABLE, zeros, SMBIOS_MAX_BYTES + 1, 0400), 0);
        free(zeros);
        assert_int_equal(run_pid1(), FAKE_OS_ENDED);
        assert_int_equal(error.stage, STAGE_PROVE);
        assert_int_equal(error.code, FAIL_SMBIOS_UNREADABLE_CODE);
        fake_machine_remove();

        fake_machine_make(&lax);
        assert_int_equal(fsat_mkdir_p(fake_machine_fd(), EFIVARS_DIR "/StubProfile-4a67b082-0a4c-41cf-b6c7-440b29bb8c4f", 0755), 0);
        assert_int_equal(run_pid1(), FAKE_OS_ENDED);
        assert_int_equal(error.stage, STAGE_PROVE);
        assert_int_equal(error.code, FAIL_LOADER_VARIABLE_UNREADABLE_CODE);
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
        /* A second witness who says that the PCRs are of another boot is not passed over for the first one's word. */
        fake_machine_make(&options);
        fake_tpm.measured[12][0].bytes[3] ^= 1;
        assert_refused_in_prove(FAIL_PCR_REPLAY_MISMATCH_CODE, "PCR 12");
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

/* The geometry is as good as the line that it stands on: with none of the witnesses the file system has to agree. */
static void test_geometry_of_an_unproved_line(_unused_ void **state)
{
        static const char *const floors[] = {
                FAKE_FLOOR FAKE_NO_FIRMWARE "cmdline=allow\ntpm=allow\n", FAKE_FLOOR "cmdline=allow\n",
                FAKE_FLOOR FAKE_NO_FIRMWARE "tpm=allow\n",
        };

        for (size_t i = 0; i < 2 * ARRAY_SIZE(floors); i++) {
                const struct fake_machine_options options = {
                        .floor = floors[i / 2], .has_tpm = i / 2 == 1, .is_unpacked = i / 2 < 2, .is_padded = i % 2 == 1,
                        .is_pinned = true, .has_selinux = true,
                };
                bool is_refused = i == 1;

                fake_machine_make(&options);
                assert_int_equal(run_pid1(), is_refused ? FAKE_OS_ENDED : FAKE_OS_EXECED);
                if (is_refused) {
                        assert_int_equal(error.stage, STAGE_VERIFY);
                        assert_int_equal(error.code, FAIL_SIZE_MISMATCH_CODE);
                }
                fake_machine_remove();
        }
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
        assert_int_equal(fake_count("tpm_read_pcrs"), 0);
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

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_words_out_of_an_efi_variable),
                cmocka_unit_test(test_added_word_is_refused),
                cmocka_unit_test(test_debug_changes_only_the_log),
                cmocka_unit_test(test_planted_variables),
                cmocka_unit_test(test_secure_boot),
                cmocka_unit_test(test_archive_of_credentials),
                cmocka_unit_test(test_the_event_log),
                cmocka_unit_test(test_a_log_without_end),
                cmocka_unit_test(test_witnesses_that_cannot_be_read),
                cmocka_unit_test(test_another_tpm),
                cmocka_unit_test(test_smbios_strings),
                cmocka_unit_test(test_addons),
                cmocka_unit_test(test_without_a_packed_text),
                cmocka_unit_test(test_geometry_of_an_unproved_line),
                cmocka_unit_test(test_a_crash_kernel_asks_no_tpm),
                cmocka_unit_test(test_delay_is_the_floors),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
