/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/utsname.h>

#include "fake_machine.h"
#include "fake_os.h"
#include "fakes.h"
#include "unit.h"
#include "verinit/fsat.h"
#include "verinit/modules.h"
#include "verinit/watchdog.h"

enum { ASKED_S = 30 };

static struct boot boot;
static struct error err;

static void make(bool has_watchdog)
{
        const struct fake_machine_options options = { .has_watchdog = has_watchdog };

        fake_machine_make(&options);
        boot = (struct boot) { .root_fd = fake_machine_fd(), .uevent_fd = -1, .watchdog_fd = -1 };
        boot.config.floor.watchdog_s = ASKED_S;
        err = (struct error) {};
}

static int teardown(_unused_ void **state)
{
        boot.watchdog_fd = fd_close(boot.watchdog_fd);
        fake_machine_remove();
        return 0;
}

static void arm(void)
{
        make(true);
        assert_int_equal(watchdog_arm(&boot, &err), 0);
}

static void test_without_one_nothing_is_done(_unused_ void **state)
{
        uint64_t left = 5000000;

        make(true);
        boot.config.floor.watchdog_s = 0;
        assert_int_equal(watchdog_arm(&boot, &err), 0);
        assert_int_equal(boot.watchdog_fd, -1);
        assert_int_equal(watchdog_feed(&boot, &err), 0);
        assert_int_equal(watchdog_wait_uevent(&boot, &left, FAIL_DEVICE_UNREADABLE_CODE, &err), 0);
        assert_int_equal(left, 0);
        watchdog_sleep(&boot, 7000000);
        watchdog_stop(&boot);
        assert_int_equal(fake_count("os_watchdog_set") + fake_count("os_watchdog_feed"), 0);
        assert_int_equal(fake_count("os_wait_uevent"), 1);
        assert_int_equal(fake_count("os_sleep_us"), 1);
        assert_string_equal(fake_find("os_sleep_us", 0)->detail, "7000000");
}

static void test_arm(_unused_ void **state)
{
        arm();
        assert_true(boot.watchdog_fd >= 0);
        assert_true(fcntl(boot.watchdog_fd, F_GETFD) & FD_CLOEXEC);
        assert_int_equal(boot.evidence.watchdog_s, ASKED_S);
        assert_string_equal(fake_find("os_watchdog_set", 0)->detail, "30");
        assert_int_equal(fake_count("os_watchdog_feed"), 1);
}

static void test_the_driver_says_how_long(_unused_ void **state)
{
        make(true);
        fake_os.watchdog_max_s = 12;
        assert_int_equal(watchdog_arm(&boot, &err), 0);
        assert_int_equal(boot.evidence.watchdog_s, 12);
}

static void assert_not_armed(int wanted_errno)
{
        assert_int_equal(err.code, FAIL_WATCHDOG_FAILED_CODE);
        assert_int_equal(err.err, wanted_errno);
        assert_int_equal(boot.evidence.watchdog_s, 0);
        assert_int_equal(boot.watchdog_fd, -1);
}

static void test_one_that_is_asked_for_must_be_there(_unused_ void **state)
{
        make(false);
        assert_true(watchdog_arm(&boot, &err) < 0);
        assert_not_armed(ENOENT);
}

static void assert_was_stopped(void)
{
        char seen[8];

        assert_int_equal(fsat_read(boot.root_fd, "dev/watchdog0", seen, sizeof(seen)), 1);
        assert_int_equal(seen[0], 'V');
}

/* It runs since the open, by a time that nobody chose. */
static void test_one_that_does_not_take_the_time_is_stopped(_unused_ void **state)
{
        make(true);
        fake_fail_name("os_watchdog_set");
        assert_true(watchdog_arm(&boot, &err) < 0);
        assert_not_armed(EINVAL);
        assert_was_stopped();
}

static void test_stop(_unused_ void **state)
{
        arm();
        watchdog_stop(&boot);
        assert_int_equal(boot.watchdog_fd, -1);
        assert_was_stopped();
        assert_int_equal(watchdog_feed(&boot, &err), 0);
        assert_int_equal(fake_count("os_watchdog_feed"), 1);
}

static int softdog_comes(_unused_ const char *name)
{
        (void) fd_close(openat(fake_machine_fd(), "dev/watchdog0", O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
        return 0;
}

static void give_softdog(void)
{
        char table[256];
        struct utsname u;

        assert_int_equal(uname(&u), 0);
        snprintf(table, sizeof(table), "verinit-modules 1 %s\nmodule softdog erofs.ko - -\nfeature softdog softdog\n", u.release);
        assert_int_equal(modtable_parse(table, strlen(table), &boot.modtable, &err), 0);
        fake_os.load_module = softdog_comes;
}

static void test_the_software_one_is_the_last_resort(_unused_ void **state)
{
        make(false);
        give_softdog();
        assert_int_equal(watchdog_arm(&boot, &err), 0);
        assert_int_equal(fake_count("os_load_module"), 1);
        assert_int_equal(boot.evidence.watchdog_s, ASKED_S);
        (void) teardown(NULL);

        make(true);
        give_softdog();
        assert_int_equal(watchdog_arm(&boot, &err), 0);
        assert_int_equal(fake_count("os_load_module"), 0);
}

static void test_a_long_wait_is_cut_into_parts(_unused_ void **state)
{
        uint64_t left = 95 * UINT64_C(1000000);

        arm();
        assert_int_equal(watchdog_wait_uevent(&boot, &left, FAIL_DEVICE_UNREADABLE_CODE, &err), 0);
        assert_int_equal(left, 0);
        assert_int_equal(fake_count("os_wait_uevent"), 10);
        assert_int_equal(fake_count("os_watchdog_feed"), 1 + 10);
        assert_false(fake_os.watchdog_has_bitten);
}

/* Which of the two it was that failed is told apart: the one is the disk's fault, the other the watchdog's. */
static void test_a_wait_that_fails_says_of_what(_unused_ void **state)
{
        uint64_t left = 95 * UINT64_C(1000000);

        arm();
        fake_fail_name("os_watchdog_feed");
        assert_true(watchdog_wait_uevent(&boot, &left, FAIL_DEVICE_UNREADABLE_CODE, &err) < 0);
        assert_int_equal(err.code, FAIL_WATCHDOG_FAILED_CODE);
        (void) teardown(NULL);
        arm();
        fake_fail_name("os_wait_uevent");
        assert_true(watchdog_wait_uevent(&boot, &left, FAIL_DEVICE_UNREADABLE_CODE, &err) < 0);
        assert_int_equal(err.code, FAIL_DEVICE_UNREADABLE_CODE);
}

static int event_after_15_s(uint64_t *timeout_us, unsigned *wakeups)
{
        static const uint64_t at_us = 15000000;
        static uint64_t waited_us;
        uint64_t rest = at_us - waited_us;

        ++*wakeups;
        if (rest > *timeout_us) {
                waited_us += *timeout_us;
                *timeout_us = 0;
                return 0;
        }
        *timeout_us -= rest;
        waited_us = 0;
        return 1;
}

static void test_an_event_ends_the_wait(_unused_ void **state)
{
        uint64_t left = 95 * UINT64_C(1000000);

        arm();
        fake_os.wait_uevent = event_after_15_s;
        assert_int_equal(watchdog_wait_uevent(&boot, &left, FAIL_DEVICE_UNREADABLE_CODE, &err), 1);
        assert_int_equal(left, 80 * UINT64_C(1000000));

        fake_fail_name("os_wait_uevent");
        assert_int_equal(watchdog_wait_uevent(&boot, &left, FAIL_DEVICE_UNREADABLE_CODE, &err), -EIO);
        fake_fail_name("os_watchdog_feed");
        assert_int_equal(watchdog_wait_uevent(&boot, &left, FAIL_DEVICE_UNREADABLE_CODE, &err), -EIO);
}

static void test_a_long_pause_is_survived(_unused_ void **state)
{
        uint64_t before;

        arm();
        before = fake_os.now_us;
        watchdog_sleep(&boot, 300 * UINT64_C(1000000));
        assert_true(fake_os.now_us - before >= 300 * UINT64_C(1000000));
        assert_true(fake_os.now_us - before < 301 * UINT64_C(1000000));
        assert_false(fake_os.watchdog_has_bitten);

        /* One that cannot be fed any more does not keep the machine from its end. */
        fake_fail_name("os_watchdog_feed");
        watchdog_sleep(&boot, 20 * UINT64_C(1000000));
}

static void test_a_feed_that_fails(_unused_ void **state)
{
        arm();
        fake_fail_name("os_watchdog_feed");
        assert_int_equal(watchdog_feed(&boot, &err), -EIO);
        assert_int_equal(err.code, FAIL_WATCHDOG_FAILED_CODE);
}

#define TEST(f) cmocka_unit_test_teardown(f, teardown)

int main(void)
{
        const struct CMUnitTest tests[] = {
                TEST(test_without_one_nothing_is_done),
                TEST(test_arm),
                TEST(test_the_driver_says_how_long),
                TEST(test_one_that_is_asked_for_must_be_there),
                TEST(test_one_that_does_not_take_the_time_is_stopped),
                TEST(test_stop),
                TEST(test_the_software_one_is_the_last_resort),
                TEST(test_a_long_wait_is_cut_into_parts),
                TEST(test_a_wait_that_fails_says_of_what),
                TEST(test_an_event_ends_the_wait),
                TEST(test_a_long_pause_is_survived),
                TEST(test_a_feed_that_fails),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
