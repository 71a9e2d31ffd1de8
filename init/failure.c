/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The end of a boot that cannot be proved. One table maps a class to an action; docs/FAILURES.md has the same.
 */
#include <fcntl.h>
#include <stdio.h>

#include "verinit/boot.h"
#include "verinit/log.h"

/*
 * Always a reset: the boot counter of the loader does the rest, and it counts only boots that end. A machine that is
 * powered off, or hangs, never comes to its other slot.
 */
enum os_end failure_action(enum fail_class class)
{
        switch (class) {
        case FAIL_BUG:
        case FAIL_TAMPER:
        case FAIL_UNVERIFIED:
        case FAIL_CONFIG:
        case FAIL_ABSENT:
        case FAIL_SYSTEM:
        case _FAIL_CLASS_MAX:
                break;
        }
        return OS_END_REBOOT;
}

const char *failure_action_name(enum os_end action)
{
        switch (action) {
        case OS_END_REBOOT:
                return "reboot";
        case OS_END_POWEROFF:
                return "poweroff";
        case OS_END_HALT:
                return "halt";
        }
        return "reboot";
}

static void report(const struct error *err, enum os_end action)
{
        char verdict[1024];

        /* No /dev yet: the kernel gave us the console as standard error. */
        if (!log_is_open())
                log_open(fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 3));
        log_error("%s. Remedy: %s.", err->msg, fail_code_remedy(err->code));
        if (evidence_format_verdict(err, failure_action_name(action), verdict, sizeof(verdict)) > 0)
                log_raw(LOG_LEVEL_ERROR, verdict);
}

/*
 * Between the floor not yet read and a floor that says 0, the default: a tight loop of resets is never what was meant.
 */
static unsigned delay_s(const struct boot *boot)
{
        struct floor strict;

        if (boot->evidence.stages[STAGE_CONFIG].verdict != VERDICT_NOT_REACHED && boot->config.floor.panic_timeout_s > 0)
                return boot->config.floor.failure_delay_s;
        floor_init(&strict);
        return strict.failure_delay_s;
}

_noreturn_ void boot_fail(struct boot *boot, const struct error *err)
{
        enum os_end action = failure_action(fail_code_class(err->code));
        unsigned delay = delay_s(boot);

        report(err, action);
        /* Before anything waits: sealed secrets must not open for whoever stands in front of a failed boot. */
        if (boot->measure.tpm)
                measure_poison(&boot->measure, fail_code_name(err->code));

        log_error("%s in %u s", failure_action_name(action), delay);
        os_sleep_us(delay * UINT64_C(1000000));
        os_end(action);
}
