/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "verinit/measure.h"

#include "attest.h"

static void add(struct attest *a, unsigned pcr, const struct digest *value, enum attest_verdict verdict, char *what)
{
        struct attest_finding *f = attest_add(a, "pcr", verdict, what);

        f->pcr = pcr;
        f->alg = value->alg;
        f->value = *value;
}

static bool is_demanded(const struct attest_demand *d, bool state)
{
        return !d->secure_boot || str_equal(d->secure_boot, state ? "on" : "off");
}

/* A variable store is of one state, and PCR 7 of the other not known; that is not zero. */
static bool is_predicted(const struct prediction *p, unsigned pcr, bool state)
{
        return pcr == 7 ? predict_knows_state(p, state) : p->in->secure_boot[state];
}

/* PCR 4: what it is with Secure Boot off, and on. Where that is the same, it says nothing of the state. */
static int compare_states(struct attest *a, const struct prediction *p, unsigned pcr, const struct digest *value,
                          const struct attest_demand *d, struct trouble *t)
{
        bool fits[2] = {}, fits_none = true;

        for (size_t i = 0; i < ARRAY_SIZE(fits); i++) {
                struct digest wanted;

                if (!is_predicted(p, pcr, i == true))
                        continue;
                if (predict_value(p, value->alg, pcr, i == true, NULL, &wanted, t) < 0)
                        return -1;
                fits[i] = digest_equal(&wanted, value);
                fits_none = fits_none && !fits[i];
        }
        if (fits_none) {
                add(a, pcr, value, ATTEST_FALSE, tool_strdup("it is not what was predicted, with Secure Boot off or on"));
                return 0;
        }
        for (size_t i = 0; i < ARRAY_SIZE(fits); i++) {
                a->secure_boot[i] = fits[i] && (!a->is_state_known || a->secure_boot[i]);
                fits[i] = a->secure_boot[i] && is_demanded(d, i == true);
        }
        a->is_state_known = true;
        if (!fits[false] && !fits[true])
                add(a, pcr, value, ATTEST_FALSE, d->secure_boot ? tool_format("it is that of Secure Boot %s, and %s is wanted",
                    a->secure_boot[true] ? "on" : "off", d->secure_boot) : tool_strdup("the banks do not agree on Secure Boot"));
        else
                add(a, pcr, value, ATTEST_TRUE, tool_format("as predicted, with Secure Boot %s", fits[false] && fits[true] ? "on or off" :
                                                            fits[true] ? "on" : "off"));
        return 0;
}

static int compare_phases(struct attest *a, const struct prediction *p, const struct digest *value, const struct attest_demand *d,
                          struct trouble *t)
{
        for (size_t i = 0; i < p->in->n_phases; i++) {
                const char *phase = p->in->phases[i];
                struct digest wanted;

                if (predict_value(p, value->alg, MEASURE_PCR_PHASE, true, phase, &wanted, t) < 0)
                        return -1;
                if (!digest_equal(&wanted, value))
                        continue;
                if (d->phase && !str_equal(d->phase, phase))
                        add(a, MEASURE_PCR_PHASE, value, ATTEST_FALSE, tool_format("it is that after %s, and %s is wanted", phase, d->phase));
                else if (a->phase && !str_equal(a->phase, phase))
                        add(a, MEASURE_PCR_PHASE, value, ATTEST_FALSE, tool_strdup("the banks do not agree on the phase"));
                else
                        add(a, MEASURE_PCR_PHASE, value, ATTEST_TRUE, tool_format("as predicted, after %s", phase));
                a->phase = phase;
                return 0;
        }
        add(a, MEASURE_PCR_PHASE, value, ATTEST_FALSE, tool_format("it is not what was predicted after any of %zu phases",
                                                                   p->in->n_phases));
        return 0;
}

static int compare_one(struct attest *a, const struct prediction *p, unsigned pcr, const struct digest *value,
                       const struct attest_demand *d, struct trouble *t)
{
        struct digest wanted;
        bool is_equal;

        if (pcr < 8)
                return compare_states(a, p, pcr, value, d, t);
        if (pcr == MEASURE_PCR_PHASE)
                return compare_phases(a, p, value, d, t);
        if (predict_value(p, value->alg, pcr, true, NULL, &wanted, t) < 0)
                return -1;
        is_equal = digest_equal(&wanted, value);
        add(a, pcr, value, is_equal ? ATTEST_TRUE : ATTEST_FALSE, tool_strdup(is_equal ? "as predicted" : "it is not what was predicted"));
        return 0;
}

/*
 * Every bank that was predicted. A firmware that does not extend a bank leaves it to whoever comes first, who can fill it with what is
 * expected: if the quote could choose the bank, so could he.
 */
static int compare_pcr(struct attest *a, const struct quote *q, const struct log_replay *r, const struct prediction *p, unsigned pcr,
                       const struct attest_demand *d, struct trouble *t)
{
        bool is_quoted = false;

        for (enum digest_alg alg = DIGEST_NONE + 1; alg < _DIGEST_ALG_MAX; alg++)
                is_quoted = is_quoted || (p->in->banks[alg] && quote_has(q, pcr, alg));
        if (!is_quoted) {
                add(a, pcr, &(struct digest) {}, ATTEST_UNDECIDED, tool_strdup("it is predicted, and not quoted in a bank of the prediction"));
                return 0;
        }
        for (enum digest_alg alg = DIGEST_NONE + 1; alg < _DIGEST_ALG_MAX; alg++) {
                if (!p->in->banks[alg])
                        continue;
                if (!quote_has(q, pcr, alg)) {
                        struct attest_finding *f = attest_add(a, "pcr", ATTEST_UNDECIDED, tool_strdup("this bank is predicted, and not quoted"));

                        f->pcr = pcr;
                        f->alg = alg;
                        continue;
                }
                if (compare_one(a, p, pcr, &r->pcrs[pcr][alg].value, d, t) < 0)
                        return -1;
        }
        return 0;
}

int attest_compare_values(struct attest *a, const struct quote *q, const struct log_replay *r, const struct prediction *p,
                          const struct attest_demand *d, struct trouble *t)
{
        bool was_any = false;

        for (size_t i = 0; i < PREDICT_N_KNOWN; i++) {
                unsigned pcr = predict_known[i];

                if (!p->in->pcrs[pcr])
                        continue;
                was_any = true;
                if (compare_pcr(a, q, r, p, pcr, d, t) < 0)
                        return -1;
        }
        if (!was_any)
                (void) attest_add(a, "pcr", ATTEST_UNDECIDED, tool_strdup("nothing is predicted"));
        return 0;
}
