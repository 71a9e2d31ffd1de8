/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Stage enter: `enter-initrd` into PCR 11. From here on the TPM knows that an initrd ran; what was sealed to the
 * stub's own value stays shut.
 */
#include "verinit/boot.h"
#include "verinit/log.h"

static int separate(struct boot *boot, struct error *err)
{
        for (size_t i = 0; i < MEASURE_N_SEPARATOR_PCRS; i++) {
                unsigned pcr = measure_separator_pcrs[i];
                int r = measure_extend_as(&boot->measure, pcr, MEASURE_SEPARATOR, MEASURE_SEPARATOR, err);

                if (r < 0)
                        return r;
                evidence_word(&boot->evidence, pcr, MEASURE_SEPARATOR);
        }
        log_info(MEASURE_SEPARATOR " into %u PCRs", (unsigned) MEASURE_N_SEPARATOR_PCRS);
        return 0;
}

int stage_enter(struct boot *boot, struct error *err)
{
        struct step *step = &boot->plan.steps[STAGE_ENTER];
        int r;

        r = plan_measuring(&boot->config, &boot->facts, step, err);
        if (r < 0)
                return r;
        if (step->is_skipped)
                return stage_skip(boot, STAGE_ENTER, step->reason);

        r = boot->config.floor.os_separator ? separate(boot, err) : 0;
        if (r < 0)
                return r;
        r = measure_extend(&boot->measure, MEASURE_PCR_PHASE, "enter-initrd", err);
        if (r < 0)
                return r;
        evidence_word(&boot->evidence, MEASURE_PCR_PHASE, "enter-initrd");
        log_info("enter-initrd into PCR 11");
        return 0;
}
