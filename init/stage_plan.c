/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Stage plan: config and facts become a const plan. Nothing after this decides.
 */
#include "verinit/boot.h"
#include "verinit/log.h"

int stage_plan(struct boot *boot, struct error *err)
{
        struct boot_plan plan = {};
        int r;

        r = plan_make(&boot->config, &boot->facts, &plan, err);
        if (r < 0)
                return r;
        /* What ran already, or was skipped, stays as it was. */
        for (size_t i = 0; i < STAGE_PLAN; i++)
                plan.steps[i] = boot->plan.steps[i];
        boot->plan = plan;

        for (size_t i = STAGE_PLAN; i < _STAGE_MAX; i++)
                log_debug("%s: %s%s", stage_name((enum stage_id) i), plan.steps[i].is_skipped ? "skip, " : "run",
                          plan.steps[i].reason);
        log_info("/usr from %s, root %s", boot->facts.usr_data.name, root_kind_name(plan.root_kind));
        return 0;
}
