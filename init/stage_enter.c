/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Stage enter: `enter-initrd` into PCR 11. From here on the TPM knows that an initrd ran; what was sealed to the
 * stub's own value stays shut.
 */
#include "verinit/boot.h"
#include "verinit/log.h"

#define OS_SEPARATOR "os-separator"

/*
 * systemd 261 and newer parts what the firmware measured from what the system does with this word; its unit runs in an
 * initrd of systemd's own, and a host finds it there. PCR 11 has its phases for that.
 */
static int separate(struct boot *boot, struct error *err)
{
        static const unsigned pcrs[] = { 0, 1, 2, 3, 4, 5, 6, 7, 9, 12, 13, 14 };

        for (size_t i = 0; i < ARRAY_SIZE(pcrs); i++) {
                int r = measure_extend_as(&boot->measure, pcrs[i], OS_SEPARATOR, OS_SEPARATOR, err);

                if (r < 0)
                        return r;
                evidence_word(&boot->evidence, pcrs[i], OS_SEPARATOR);
        }
        log_info(OS_SEPARATOR " into %zu PCRs", ARRAY_SIZE(pcrs));
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
