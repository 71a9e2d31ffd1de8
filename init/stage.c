/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The one place that runs stages: it alone stamps time, verdict and err->stage.
 */
#include <errno.h>
#include <inttypes.h>

#include "verinit/boot.h"
#include "verinit/log.h"
#include "verinit/watchdog.h"

int stage_skip(struct boot *boot, enum stage_id id, const char *reason)
{
        struct step step = { .is_skipped = true };

        /* The reason may be the step's own. */
        (void) str_copy(step.reason, sizeof(step.reason), reason);
        boot->plan.steps[id] = step;
        return STAGE_SKIPPED;
}

void stage_lap(const char *what)
{
        log_debug("lap %s: PID 1 ran %" PRIu64 " us", what, os_ran_us());
}

static enum verdict stage_verdict(const struct step *step, int r)
{
        if (r == 0)
                return VERDICT_PASSED;
        if (r == STAGE_SKIPPED && step->is_skipped)
                return VERDICT_SKIPPED;
        return VERDICT_FAILED;
}

int stage_run(enum stage_id id, stage_function *f, struct boot *boot, struct error *err)
{
        struct evidence_stage *entry = &boot->evidence.stages[id];
        const struct step *step = &boot->plan.steps[id];
        int r;

        log_set_stage(id);
        entry->start_us = os_boottime_us();
        r = watchdog_feed(boot, err);
        if (r == 0)
                r = f(boot, err);
        entry->duration_us = os_boottime_us() - entry->start_us;
        entry->verdict = stage_verdict(step, r);

        if (entry->verdict == VERDICT_FAILED) {
                if (r >= 0)
                        r = error_set(err, FAIL_BUG_CODE, EINVAL, "stage %s answered %d without a reason",
                                      stage_name(id), r);
                err->stage = id;
                return r;
        }
        if (entry->verdict == VERDICT_SKIPPED) {
                (void) str_copy(entry->reason, sizeof(entry->reason), step->reason);
                log_info("skipped: %s", step->reason);
        }
        log_debug("%s after %" PRIu64 " us: PID 1 ran %" PRIu64 " us", verdict_name(entry->verdict), entry->duration_us, os_ran_us());
        return 0;
}

int boot_run(const struct stage *stages, size_t n_stages, struct boot *boot, struct error *err)
{
        for (size_t i = 0; i < n_stages; i++) {
                int r = stage_run(stages[i].id, stages[i].run, boot, err);

                if (r < 0)
                        return r;
        }
        /* The last stage replaces this program. */
        err->stage = n_stages > 0 ? stages[n_stages - 1].id : STAGE_EARLY;
        return error_set(err, FAIL_BUG_CODE, EINVAL, "all stages are done, and no system was started");
}
