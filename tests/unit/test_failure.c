/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What is done at the end of a boot, and after how long.
 */
#include "fake_machine.h"
#include "fake_os.h"
#include "fake_tpm.h"
#include "fakes.h"
#include "unit.h"
#include "verinit/boot.h"
#include "verinit/fsat.h"
#include "verinit/log.h"

static struct boot boot;

static const enum fail_class by_hand[] = { FAIL_TAMPER, FAIL_UNVERIFIED, FAIL_CONFIG };
static const enum fail_class by_retry[] = { FAIL_BUG, FAIL_ABSENT, FAIL_SYSTEM };

static struct boot_config config_of(const char *floor_text, unsigned on_failure)
{
        struct boot_config config = { .on_failure = on_failure };
        struct error err = {};

        assert_int_equal(floor_parse(floor_text, strlen(floor_text), &config.floor, &err), 0);
        return config;
}

static void assert_actions(const struct boot_config *config, enum os_end hand, enum os_end retry)
{
        for (size_t i = 0; i < ARRAY_SIZE(by_hand); i++)
                assert_int_equal(failure_action(by_hand[i], config), hand);
        for (size_t i = 0; i < ARRAY_SIZE(by_retry); i++)
                assert_int_equal(failure_action(by_retry[i], config), retry);
}

static void test_every_class_has_an_action(_unused_ void **state)
{
        assert_int_equal(ARRAY_SIZE(by_hand) + ARRAY_SIZE(by_retry), _FAIL_CLASS_MAX);
        assert_actions(NULL, OS_END_REBOOT, OS_END_REBOOT);
}

static void test_the_floor_chooses(_unused_ void **state)
{
        struct boot_config config = config_of("", 0);

        assert_actions(&config, OS_END_REBOOT, OS_END_REBOOT);
        config = config_of("failure-actions=poweroff,reboot\n", 0);
        assert_actions(&config, OS_END_POWEROFF, OS_END_REBOOT);
        /* What it does not name is not done, not even where another try could help. */
        config = config_of("failure-actions=halt,poweroff\n", 0);
        assert_actions(&config, OS_END_HALT, OS_END_HALT);
        config = config_of("failure-actions=reboot,halt\n", 0);
        assert_actions(&config, OS_END_REBOOT, OS_END_REBOOT);
}

static void test_the_command_line_chooses_among_them(_unused_ void **state)
{
        struct boot_config config = config_of("failure-actions=reboot,halt\n", FAILURE_HALT);

        assert_actions(&config, OS_END_HALT, OS_END_HALT);
        config.on_failure = FAILURE_POWEROFF;
        assert_actions(&config, OS_END_REBOOT, OS_END_REBOOT);
}

static void test_the_delay(_unused_ void **state)
{
        struct floor floor;

        floor_init(&floor);
        floor.failure_delay_s = 3;
        floor.failure_delay_max_s = 40;
        /* The first failure that is remembered; the second in a row, whatever the first one was. */
        assert_int_equal(failure_delay_s(&floor, LAST_FAILURE_NONE, true, false), 3);
        assert_int_equal(failure_delay_s(&floor, LAST_FAILURE_KNOWN, true, false), 40);
        assert_int_equal(failure_delay_s(&floor, LAST_FAILURE_UNREADABLE, true, false), 40);
        /* Not remembered: it may be the hundredth. */
        assert_int_equal(failure_delay_s(&floor, LAST_FAILURE_NONE, false, false), 10);
        assert_int_equal(failure_delay_s(&floor, LAST_FAILURE_UNKNOWN, false, false), 10);
        /* A counter ends it. */
        assert_int_equal(failure_delay_s(&floor, LAST_FAILURE_KNOWN, true, true), 3);
        assert_int_equal(failure_delay_s(&floor, LAST_FAILURE_UNKNOWN, false, true), 3);

        /* The floor bounds it, and none is ever made shorter. */
        floor.failure_delay_max_s = 5;
        assert_int_equal(failure_delay_s(&floor, LAST_FAILURE_UNKNOWN, false, false), 5);
        floor.failure_delay_max_s = 0;
        assert_int_equal(failure_delay_s(&floor, LAST_FAILURE_KNOWN, true, false), 3);
        assert_int_equal(failure_delay_s(&floor, LAST_FAILURE_UNKNOWN, false, false), 3);
        floor.failure_delay_s = 0;
        assert_int_equal(failure_delay_s(&floor, LAST_FAILURE_KNOWN, true, false), 0);
}

static const struct error wrong_hash = { .stage = STAGE_VERIFY, .code = FAIL_ROOT_HASH_MISMATCH_CODE, .msg = "vda2: wrong" };

/* A machine, and a boot that has read this floor (NULL: none yet). */
static void begin(const struct fake_machine_options *options, const char *floor_text)
{
        fake_machine_make(options);
        boot = (struct boot) { .root_fd = fake_machine_fd(), .watchdog_fd = -1 };
        if (floor_text)
                boot.config = config_of(floor_text, 0);
        (void) fsat_mkdir_p(boot.root_fd, EFIVARS_DIR, 0755);
}

static void end(const struct error *err)
{
        static jmp_buf back;

        fake_os.back = &back;
        if (setjmp(back) == 0)
                boot_fail(&boot, err);
        log_open(-1);
}

/* In stage verify, so after stage probe. */
static void fail_with(const struct fake_machine_options *options, const char *floor_text)
{
        begin(options, floor_text);
        last_failure_load(boot.root_fd, &boot.last_failure);
        end(&wrong_hash);
}

static void assert_remembered(const char *text)
{
        char seen[256];

        assert_true(fsat_read(fake_machine_fd(), LAST_FAILURE_PATH, seen, sizeof(seen)) > 4);
        assert_string_equal(seen + 4, text);
}

static void test_the_first_failure(_unused_ void **state)
{
        const struct fake_machine_options options = { .has_tpm = true };

        fail_with(&options, "failure-delay=2\n");
        assert_int_equal(fake_os.end, OS_END_REBOOT);
        assert_remembered("1 verify root-hash-mismatch\n");
        assert_string_equal(fake_find("os_sleep_us", 0)->detail, "2000000");
        /* Nobody had opened the TPM; it is poisoned, and that before the wait. */
        assert_int_equal(fake_tpm_count(7), 1);
        assert_int_equal(fake_tpm_count(11), 1);
        assert_int_equal(fake_count("tpm_read_banks"), 1);
        assert_true(fake_position("tpm_extend", 12) < fake_position("os_sleep_us", 0));
        fake_machine_remove();
}

static void test_failures_in_a_row(_unused_ void **state)
{
        const struct fake_machine_options same = { .last_failure = "1 verify root-hash-mismatch\n" };
        const struct fake_machine_options other = { .last_failure = "1 find device-absent\n" };
        const struct fake_machine_options planted = { .last_failure = "anything" };
        const struct fake_machine_options *const list[] = { &same, &other, &planted };

        for (size_t i = 0; i < ARRAY_SIZE(list); i++) {
                fail_with(list[i], "failure-delay=2\nfailure-delay-max=25\n");
                assert_string_equal(fake_find("os_sleep_us", 0)->detail, "25000000");
                assert_remembered("1 verify root-hash-mismatch\n");
                fake_machine_remove();
        }
}

/* The firmware refuses to write: the action is the same, and the pause is that of a failure that will not be known. */
static void test_what_is_not_remembered_is_paced(_unused_ void **state)
{
        const struct fake_machine_options options = { .has_tpm = true };

        begin(&options, "failure-delay=0\nfailure-delay-max=8\n");
        /* Seen as absent, and a directory by the time it is written. */
        boot.last_failure.state = LAST_FAILURE_NONE;
        assert_int_equal(fsat_mkdir_p(boot.root_fd, LAST_FAILURE_PATH, 0755), 0);
        end(&wrong_hash);
        assert_int_equal(fake_os.end, OS_END_REBOOT);
        assert_string_equal(fake_find("os_sleep_us", 0)->detail, "8000000");
        fake_machine_remove();
}

/* A counter of the loader that has tries left takes over from the pace. */
static void test_counted_failures_are_not_paced(_unused_ void **state)
{
        static const char path[] = EFIVARS_DIR "/LoaderBootCountPath-4a67b082-0a4c-41cf-b6c7-440b29bb8c4f";
        static const struct {
                uint8_t variable[20];
                const char *wanted;
        } list[] = {
                { { 6, 0, 0, 0, 'n', 0, '+', 0, '1', 0, '.', 0, 'e', 0, 'f', 0, 'i', 0, 0, 0 }, "2000000" },
                { { 6, 0, 0, 0, 'n', 0, '+', 0, '0', 0, '.', 0, 'e', 0, 'f', 0, 'i', 0, 0, 0 }, "25000000" },
                { { 7, 0, 0, 0, 'n', 0, '+', 0, '1', 0, '.', 0, 'e', 0, 'f', 0, 'i', 0, 0, 0 }, "25000000" },
        };

        for (size_t i = 0; i < ARRAY_SIZE(list); i++) {
                const struct fake_machine_options options = { .last_failure = "1 find device-absent\n" };

                begin(&options, "failure-delay=2\nfailure-delay-max=25\n");
                last_failure_load(boot.root_fd, &boot.last_failure);
                assert_int_equal(fsat_create(boot.root_fd, path, list[i].variable, sizeof(list[i].variable), 0644), 0);
                end(&wrong_hash);
                assert_string_equal(fake_find("os_sleep_us", 0)->detail, list[i].wanted);
                fake_machine_remove();
        }
}

static void test_halt_waits_for_nothing(_unused_ void **state)
{
        const struct fake_machine_options options = { .has_tpm = true };

        fail_with(&options, "failure-actions=halt\n");
        assert_int_equal(fake_os.end, OS_END_HALT);
        assert_int_equal(fake_count("os_sleep_us"), 0);
        assert_int_equal(fake_tpm_count(11), 1);
        assert_remembered("1 verify root-hash-mismatch\n");
        fake_machine_remove();
}

static void test_a_tpm_that_cannot_be_opened_stops_nothing(_unused_ void **state)
{
        const struct fake_machine_options options = { .has_tpm = true };
        static const char *const names[] = { "tpm_open", "tpm_read_banks" };

        for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
                const struct error err = { .stage = STAGE_CONFIG, .code = FAIL_FLOOR_MALFORMED_CODE };

                begin(&options, NULL);
                fake_fail_name(names[i]);
                end(&err);
                assert_int_equal(fake_os.end, OS_END_REBOOT);
                /* Without a list of the banks each that can be computed is tried. */
                assert_int_equal(fake_tpm_count(7) > 0, i == 1);
                /* No efivarfs yet: nothing is written, and what is not remembered is paced. */
                assert_false(fsat_exists(fake_machine_fd(), LAST_FAILURE_PATH));
                assert_string_equal(fake_find("os_sleep_us", 0)->detail, "10000000");
                fake_machine_remove();
        }
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_every_class_has_an_action),
                cmocka_unit_test(test_the_floor_chooses),
                cmocka_unit_test(test_the_command_line_chooses_among_them),
                cmocka_unit_test(test_the_delay),
                cmocka_unit_test(test_the_first_failure),
                cmocka_unit_test(test_failures_in_a_row),
                cmocka_unit_test(test_what_is_not_remembered_is_paced),
                cmocka_unit_test(test_counted_failures_are_not_paced),
                cmocka_unit_test(test_halt_waits_for_nothing),
                cmocka_unit_test(test_a_tpm_that_cannot_be_opened_stops_nothing),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
