/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The replay: each PCR in each bank from its start value on. measure/replay.c does the same for PID 1, which looks at three
 * PCRs of the firmware's log only.
 */
#include "verinit/crypto.h"

#include "log_replay.h"

enum { EV_EFI_HCRTM_EVENT = 0x10, PCR_DRTM_FIRST = 17, PCR_DRTM_LAST = 22, LOCALITY_HCRTM = 4 };

#define EFI 0x80000000U

/* TCG PFP 1.06, 10.4.5.3: PCR 0 begins with the locality from which the TPM was started. */
static uint8_t start_locality(const struct log_events *l)
{
        static const char name[16] = "StartupLocality";

        for (size_t i = 0; i < l->n; i++) {
                const struct log_event *e = &l->list[i];
                const struct tcg2_event *f = &e->firmware;

                if (e->source != LOG_FIRMWARE)
                        break;
                if (f->type == TCG2_EV_NO_ACTION && f->data_size == sizeof(name) + 1 && memcmp(f->data, name, sizeof(name)) == 0)
                        return f->data[sizeof(name)];
                if (f->type == EFI + EV_EFI_HCRTM_EVENT && e->pcr == 0)
                        return LOCALITY_HCRTM;
        }
        return 0;
}

static struct digest start_value(const struct log_events *l, unsigned pcr, enum digest_alg alg)
{
        struct digest d = { .alg = alg };

        if (pcr >= PCR_DRTM_FIRST && pcr <= PCR_DRTM_LAST)
                memset(d.bytes, 0xff, digest_size(alg));
        if (pcr == 0)
                d.bytes[digest_size(alg) - 1] = start_locality(l);
        return d;
}

int log_pcr_compute(const struct log_events *l, unsigned pcr, enum digest_alg alg, const struct log_event *without,
                    const struct log_event *end, struct log_pcr *ret, struct trouble *t)
{
        struct log_pcr p = { .value = start_value(l, pcr, alg) };
        struct error err = {};

        for (size_t i = 0; i < l->n; i++) {
                const struct log_event *e = &l->list[i];
                const struct iovec parts[] = { { p.value.bytes, digest_size(alg) },
                                               { (void *) (uintptr_t) e->digests[alg].bytes, digest_size(alg) } };

                if (e == end)
                        break;
                if (e->is_nv || e->pcr != pcr || !log_event_is_measured(e) || e == without)
                        continue;
                p.n_events++;
                if (e->digests[alg].alg == DIGEST_NONE) {
                        p.incomplete = p.incomplete ? p.incomplete : e;
                        continue;
                }
                if (!p.incomplete && crypto_digest(alg, parts, ARRAY_SIZE(parts), &p.value, &err) < 0)
                        return trouble_set(t, OUTCOME_TROUBLE, "%s", err.msg);
        }
        *ret = p;
        return 0;
}

int log_replay_run(const struct log_events *l, struct log_replay *ret, struct trouble *t)
{
        for (unsigned pcr = 0; pcr < TPM_PCRS; pcr++)
                for (enum digest_alg alg = DIGEST_NONE + 1; alg < _DIGEST_ALG_MAX; alg++)
                        if (l->has_bank[alg] && log_pcr_compute(l, pcr, alg, NULL, NULL, &ret->pcrs[pcr][alg], t) < 0)
                                return -1;
        return 0;
}

void log_replay_done(struct log_replay *r)
{
        for (unsigned pcr = 0; pcr < TPM_PCRS; pcr++)
                for (enum digest_alg alg = DIGEST_NONE; alg < _DIGEST_ALG_MAX; alg++)
                        free(r->pcrs[pcr][alg].why);
        free(r->lie);
        *r = (struct log_replay) {};
}
