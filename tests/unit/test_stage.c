/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What stage_run() stamps. The real stages in their order are the flow test's.
 */
#include <errno.h>
#include <sys/socket.h>

#include "unit.h"
#include "verinit/log.h"
#include "verinit/watchdog.h"

static struct boot boot;
static struct error err;
static uint64_t now_us;
static unsigned n_later;

static bool is_watchdog_broken;

int watchdog_feed(_unused_ struct boot *b, struct error *e)
{
        return is_watchdog_broken ? error_set(e, FAIL_WATCHDOG_FAILED_CODE, EIO, "cannot be fed") : 0;
}

uint64_t os_boottime_us(void)
{
        return now_us;
}

uint64_t os_ran_us(void)
{
        return now_us / 10;
}

static int setup(_unused_ void **state)
{
        boot = (struct boot) {};
        err = (struct error) {};
        now_us = 1000;
        n_later = 0;
        is_watchdog_broken = false;
        return 0;
}

static int passes(_unused_ struct boot *b, _unused_ struct error *e)
{
        now_us += 250;
        return 0;
}

static int skips(struct boot *b, _unused_ struct error *e)
{
        return stage_skip(b, STAGE_MAC, "selinux-off");
}

static int skips_by_plan(struct boot *b, _unused_ struct error *e)
{
        return stage_skip(b, STAGE_MEASURE, b->plan.steps[STAGE_MEASURE].reason);
}

static int skips_without_reason(_unused_ struct boot *b, _unused_ struct error *e)
{
        return STAGE_SKIPPED;
}

static int fails(_unused_ struct boot *b, struct error *e)
{
        now_us += 7;
        return error_set(e, FAIL_DATA_CORRUPT_CODE, EBADMSG, "vda2");
}

static int counts(_unused_ struct boot *b, _unused_ struct error *e)
{
        n_later++;
        return 0;
}

static void test_a_pass_is_timed(_unused_ void **state)
{
        const struct evidence_stage *s = &boot.evidence.stages[STAGE_FIND];

        assert_int_equal(stage_run(STAGE_FIND, passes, &boot, &err), 0);
        assert_int_equal(s->verdict, VERDICT_PASSED);
        assert_int_equal(s->start_us, 1000);
        assert_int_equal(s->duration_us, 250);
        assert_string_equal(s->reason, "");
}

static void test_a_watchdog_that_cannot_be_fed_ends_it(_unused_ void **state)
{
        is_watchdog_broken = true;
        assert_int_equal(stage_run(STAGE_FIND, counts, &boot, &err), -EIO);
        assert_int_equal(err.code, FAIL_WATCHDOG_FAILED_CODE);
        assert_int_equal(err.stage, STAGE_FIND);
        assert_int_equal(boot.evidence.stages[STAGE_FIND].verdict, VERDICT_FAILED);
        assert_int_equal(n_later, 0);
}

static void test_a_skip_has_its_reason(_unused_ void **state)
{
        assert_int_equal(stage_run(STAGE_MAC, skips, &boot, &err), 0);
        assert_int_equal(boot.evidence.stages[STAGE_MAC].verdict, VERDICT_SKIPPED);
        assert_string_equal(boot.evidence.stages[STAGE_MAC].reason, "selinux-off");

        assert_true(str_copy(boot.plan.steps[STAGE_MEASURE].reason, 96, "no-tpm"));
        assert_int_equal(stage_run(STAGE_MEASURE, skips_by_plan, &boot, &err), 0);
        assert_string_equal(boot.evidence.stages[STAGE_MEASURE].reason, "no-tpm");
}

static void test_a_skip_that_nobody_planned_is_a_bug(_unused_ void **state)
{
        assert_true(stage_run(STAGE_VERIFY, skips_without_reason, &boot, &err) < 0);
        assert_int_equal(err.code, FAIL_BUG_CODE);
        assert_int_equal(err.stage, STAGE_VERIFY);
        assert_int_equal(boot.evidence.stages[STAGE_VERIFY].verdict, VERDICT_FAILED);
}

static void test_a_failure_ends_the_run(_unused_ void **state)
{
        const struct stage stages[] = {
                { STAGE_FIND, passes },
                { STAGE_VERIFY, fails },
                { STAGE_USR, counts },
        };

        assert_int_equal(boot_run(stages, ARRAY_SIZE(stages), &boot, &err), -EBADMSG);
        assert_int_equal(err.stage, STAGE_VERIFY);
        assert_int_equal(err.code, FAIL_DATA_CORRUPT_CODE);
        assert_int_equal(boot.evidence.stages[STAGE_FIND].verdict, VERDICT_PASSED);
        assert_int_equal(boot.evidence.stages[STAGE_VERIFY].verdict, VERDICT_FAILED);
        assert_int_equal(boot.evidence.stages[STAGE_VERIFY].duration_us, 7);
        assert_int_equal(boot.evidence.stages[STAGE_USR].verdict, VERDICT_NOT_REACHED);
        assert_int_equal(n_later, 0);
}

static void test_a_run_that_ends_is_a_bug(_unused_ void **state)
{
        const struct stage stages[] = { { STAGE_HANDOFF, counts } };

        assert_true(boot_run(stages, ARRAY_SIZE(stages), &boot, &err) < 0);
        assert_int_equal(n_later, 1);
        assert_int_equal(err.code, FAIL_BUG_CODE);
        assert_int_equal(err.stage, STAGE_HANDOFF);
}

/* tools/bench --stages reads these lines. */
static void test_the_debug_log_says_what_was_run(_unused_ void **state)
{
        int pair[2];
        char text[256];
        ssize_t n;

        assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, pair), 0);
        log_open(pair[0]);
        assert_int_equal(stage_run(STAGE_FIND, passes, &boot, &err), 0);
        stage_lap("nothing");
        assert_int_equal(recv(pair[1], text, sizeof(text), 0), -1);

        log_set_debug(true);
        stage_lap("half");
        assert_int_equal(stage_run(STAGE_FIND, passes, &boot, &err), 0);
        n = recv(pair[1], text, sizeof(text) - 1, 0);
        assert_true(n > 0);
        text[n] = '\0';
        assert_string_equal(text, "<6>verinit[find]: lap half: PID 1 ran 125 us\n");
        n = recv(pair[1], text, sizeof(text) - 1, 0);
        assert_true(n > 0);
        text[n] = '\0';
        assert_string_equal(text, "<6>verinit[find]: passed after 250 us: PID 1 ran 150 us\n");
        log_set_debug(false);
        log_open(-1);
        close(pair[1]);
}

static void test_names_follow_the_order_of_a_boot(_unused_ void **state)
{
        static const char *const names[] = {
                "early",    "config",  "probe", "prove", "enter", "find",   "plan",    "verify",
                "activate", "measure", "usr",   "mac",   "root",  "record", "handoff",
        };

        assert_int_equal(ARRAY_SIZE(names), _STAGE_MAX);
        for (unsigned i = 0; i < _STAGE_MAX; i++)
                assert_string_equal(stage_name((enum stage_id) i), names[i]);
        assert_string_equal(stage_name((enum stage_id) 99), "unknown");
}

#define TEST(f) cmocka_unit_test_setup(f, setup)

int main(void)
{
        const struct CMUnitTest tests[] = {
                TEST(test_a_pass_is_timed),
                TEST(test_a_skip_has_its_reason),
                TEST(test_a_watchdog_that_cannot_be_fed_ends_it),
                TEST(test_a_skip_that_nobody_planned_is_a_bug),
                TEST(test_a_failure_ends_the_run),
                TEST(test_a_run_that_ends_is_a_bug),
                TEST(test_the_debug_log_says_what_was_run),
                TEST(test_names_follow_the_order_of_a_boot),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
