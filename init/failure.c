/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The end of a boot that cannot be proved: what is done, and after how long. docs/FAILURES.md has the same table.
 */
#include <fcntl.h>

#include "verinit/boot.h"
#include "verinit/boot_counter.h"
#include "verinit/fsat.h"
#include "verinit/log.h"
#include "verinit/watchdog.h"

#define TPM_DEVICE "dev/tpmrm0"

/* Where neither a counter nor a memory tells a first failure from a hundredth. */
enum { UNKNOWN_PACE_S = 10 };

enum remedy_by { BY_RETRY = 0, BY_HAND };

/*
 * What the next start could cure is started again, as far as the floor lets it be. The rest stays what it is until somebody
 * or a boot counter brings another image: there the floor's first action holds.
 */
static enum remedy_by remedy_by(enum fail_class class)
{
        switch (class) {
        case FAIL_TAMPER:
        case FAIL_UNVERIFIED:
        case FAIL_CONFIG:
                return BY_HAND;
        case FAIL_BUG:
        case FAIL_ABSENT:
        case FAIL_SYSTEM:
        case _FAIL_CLASS_MAX:
                break;
        }
        return BY_RETRY;
}

static unsigned chosen_action(enum fail_class class, const struct boot_config *config)
{
        const struct floor *floor = &config->floor;

        /* Of the signed command line, and for every class. */
        if (config->on_failure & floor->failure_actions)
                return config->on_failure & floor->failure_actions;
        if (remedy_by(class) == BY_RETRY && floor->failure_actions & FAILURE_REBOOT)
                return FAILURE_REBOOT;
        return floor->failure_default;
}

enum os_end failure_action(enum fail_class class, const struct boot_config *config)
{
        switch (config ? chosen_action(class, config) : FAILURE_REBOOT) {
        case FAILURE_POWEROFF:
                return OS_END_POWEROFF;
        case FAILURE_HALT:
                return OS_END_HALT;
        case FAILURE_REBOOT:
        default:
                return OS_END_REBOOT;
        }
}

const char *failure_action_name(enum os_end action)
{
        switch (action) {
        case OS_END_REBOOT:
                return failure_action_word(FAILURE_REBOOT);
        case OS_END_POWEROFF:
                return failure_action_word(FAILURE_POWEROFF);
        case OS_END_HALT:
                return failure_action_word(FAILURE_HALT);
        }
        return failure_action_word(FAILURE_REBOOT);
}

static unsigned at_least(unsigned a, unsigned b)
{
        return a > b ? a : b;
}

/*
 * A boot counter ends a row of failures by itself. Without one the pace does: the second failure in a row waits as long as the
 * floor allows, and so does one that will not be remembered, up to what a person needs to read the console.
 */
unsigned failure_delay_s(const struct floor *floor, enum last_failure_state last, bool is_stored, bool is_counted)
{
        unsigned max = floor->failure_delay_max_s;

        if (is_counted)
                return floor->failure_delay_s;
        if (last == LAST_FAILURE_KNOWN || last == LAST_FAILURE_UNREADABLE)
                return at_least(floor->failure_delay_s, max);
        if (last == LAST_FAILURE_NONE && is_stored)
                return floor->failure_delay_s;
        return at_least(floor->failure_delay_s, max < UNKNOWN_PACE_S ? max : UNKNOWN_PACE_S);
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
 * Before anything waits: sealed secrets must not open for whoever stands in front of a failed boot. Before stage probe,
 * and where nothing was measured, nobody has opened the TPM; the firmware has filled its PCRs all the same.
 */
static void poison(struct boot *boot, const struct error *err)
{
        struct measure *m = &boot->measure;
        struct error ignored = {};

        if (!m->tpm && fsat_exists(boot->root_fd, TPM_DEVICE) &&
            tpm_open("/" TPM_DEVICE, &m->tpm, &ignored) == 0) {
                tpm_on_wait(m->tpm, watchdog_feed_waiting, boot);
                (void) tpm_read_banks(m->tpm, &m->banks, &ignored);
        }
        if (m->tpm)
                measure_poison(m, fail_code_name(err->code));
        else if (ignored.msg[0] != '\0')
                log_warning("poison: %s", ignored.msg);
}

/* What the firmware remembers changes nothing but the pause. */
static bool leave_word(struct boot *boot, const struct error *err)
{
        int r = last_failure_store(boot->root_fd, &boot->last_failure, err);

        if (r < 0)
                log_debug("the next boot will not be told: %s", errno_name(-r));
        return r == 0;
}

static unsigned pause_s(const struct boot *boot, bool is_stored)
{
        struct floor strict;
        const struct floor *floor = &boot->config.floor;

        /* A floor that was not read is not one that says 0: a tight loop of resets is never what was meant. */
        if (floor->panic_timeout_s == 0) {
                floor_init(&strict);
                floor = &strict;
        }
        return failure_delay_s(floor, boot->last_failure.state, is_stored, boot_counter_is_running(boot->root_fd));
}

_noreturn_ void boot_fail(struct boot *boot, const struct error *err)
{
        bool is_floor_read = boot->config.floor.panic_timeout_s > 0;
        enum os_end action = failure_action(fail_code_class(err->code), is_floor_read ? &boot->config : NULL);
        bool is_stored;
        unsigned delay;

        report(err, action);
        poison(boot, err);
        is_stored = leave_word(boot, err);
        if (action == OS_END_HALT) {
                /* The console stays as it is: nothing to wait for. */
                log_error("halt");
                watchdog_stop(boot);
        } else {
                delay = pause_s(boot, is_stored);
                log_error("%s in %u s", failure_action_name(action), delay);
                watchdog_sleep(boot, delay * UINT64_C(1000000));
        }
        os_end(action);
}
