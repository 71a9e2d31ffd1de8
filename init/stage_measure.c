/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Stage measure: the root hash that the kernel enforces into PCR 13, before the first mount.
 */
#include "verinit/boot.h"
#include "verinit/log.h"

int stage_measure(struct boot *boot, struct error *err)
{
        const struct step *step = &boot->plan.steps[STAGE_MEASURE];
        char word[MEASURE_WORD_MAX + 1];
        int r;

        if (step->is_skipped) {
                boot->measured = measure_volume_skipped(boot->active);
                return stage_skip(boot, STAGE_MEASURE, step->reason);
        }
        r = measure_volume(&boot->measure, boot->active, &boot->measured, word, err);
        if (r < 0)
                return r;
        evidence_word(&boot->evidence, MEASURE_PCR_WORDS, word);
        log_info("root hash into PCR 13");
        return 0;
}
