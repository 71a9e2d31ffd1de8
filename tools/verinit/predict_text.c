/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <stdio.h>

#include "predict.h"

static int print_value(const struct prediction *p, enum digest_alg alg, unsigned pcr, bool secure_boot, const char *phase,
                       const char *when, struct trouble *t)
{
        struct digest value;
        char hex[DIGEST_MAX_HEX];

        if (predict_value(p, alg, pcr, secure_boot, phase, &value, t) < 0)
                return -1;
        digest_hex(&value, hex);
        printf("%-3u %-6s %-39s %s\n", pcr, digest_name(alg), when, hex);
        return 0;
}

static int print_pcr(const struct prediction *p, enum digest_alg alg, unsigned pcr, struct trouble *t)
{
        if (pcr == 11) {
                for (size_t i = 0; i < p->in->n_phases; i++)
                        if (print_value(p, alg, pcr, false, p->in->phases[i], p->in->phases[i], t) < 0)
                                return -1;
                return 0;
        }
        if (pcr == 7)
                return print_value(p, alg, pcr, p->in->variables.is_on, NULL,
                                   p->in->variables.is_on ? "Secure Boot on" : "Secure Boot off", t);
        if (pcr != 4)
                return print_value(p, alg, pcr, false, NULL, "-", t);
        if (p->in->secure_boot[true] && print_value(p, alg, pcr, true, NULL, "Secure Boot on", t) < 0)
                return -1;
        return p->in->secure_boot[false] ? print_value(p, alg, pcr, false, NULL, "Secure Boot off", t) : 0;
}

int predict_print_text(const struct prediction *p, struct trouble *t)
{
        printf("PCR bank   when                                    value\n");
        for (size_t i = 0; i < PREDICT_N_KNOWN; i++)
                for (enum digest_alg alg = DIGEST_SHA1; alg < _DIGEST_ALG_MAX; alg++)
                        if (p->in->banks[alg] && predict_is_given(p, predict_known[i]) &&
                            print_pcr(p, alg, predict_known[i], t) < 0)
                                return -1;
        for (size_t i = 0; i < p->n_events; i++)
                if (p->events[i].is_word && predict_is_given(p, p->events[i].pcr))
                        printf("word in PCR %u: %s\n", p->events[i].pcr, p->events[i].what);
        for (size_t i = 0; i < PREDICT_N_KNOWN; i++)
                if (p->in->pcrs[predict_known[i]] && p->undecided[predict_known[i]])
                        printf("PCR %u: undecided: %s\n", predict_known[i], p->undecided[predict_known[i]]);
        return 0;
}
