/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Two values that differ do not say which event is to blame. What can be told: an event whose digest is of its own data in
 * one bank and not in another, one behind the point at which the TPM stands, and one without which the log would give
 * the TPM's value. Where none is found, and part of the story is missing, there is no verdict.
 */
#include <stdio.h>

#include "verinit/crypto.h"
#include "verinit/le.h"

#include "log_replay.h"

enum { OMIT_MAX = 512, PCR_IMA = 10, PCR_DEBUG = 16, PCR_APPLICATION = 23 };

static int is_digest_of(const struct digest *d, const void *bytes, size_t size, struct trouble *t)
{
        const struct iovec part = { (void *) (uintptr_t) bytes, size };
        struct error err = {};
        struct digest seen;

        if (crypto_digest(d->alg, &part, 1, &seen, &err) < 0)
                return trouble_set(t, OUTCOME_TROUBLE, "%s", err.msg);
        return digest_equal(d, &seen) ? 1 : 0;
}

/* What a digest may be of: all of the data, or those behind the head of a tag. */
static size_t list_contents(const struct log_event *e, struct iovec ret[static 2])
{
        const struct tcg2_event *f = &e->firmware;

        if (e->source == LOG_USERSPACE) {
                if (!e->word)
                        return 0;
                ret[0] = (struct iovec) { (void *) (uintptr_t) e->word, strlen(e->word) };
                return 1;
        }
        ret[0] = (struct iovec) { (void *) (uintptr_t) f->data, f->data_size };
        if (f->type != TCG2_EV_EVENT_TAG || f->data_size < 8 || le32_read(f->data + 4) != f->data_size - 8)
                return 1;
        ret[1] = (struct iovec) { (void *) (uintptr_t) (f->data + 8), f->data_size - 8 };
        return 2;
}

/* 1: in another bank it is the digest of its own data, in this one it is not. */
static int is_contradicted(const struct log_event *e, enum digest_alg alg, struct trouble *t)
{
        struct iovec contents[2];
        size_t n = list_contents(e, contents);

        for (size_t i = 0; i < n; i++) {
                bool is_elsewhere = false;
                int r = is_digest_of(&e->digests[alg], contents[i].iov_base, contents[i].iov_len, t);

                if (r < 0)
                        return -1;
                for (enum digest_alg other = DIGEST_NONE + 1; r == 0 && !is_elsewhere && other < _DIGEST_ALG_MAX; other++) {
                        int s = 0;

                        if (other != alg && e->digests[other].alg != DIGEST_NONE)
                                s = is_digest_of(&e->digests[other], contents[i].iov_base, contents[i].iov_len, t);
                        if (s < 0)
                                return -1;
                        is_elsewhere = s == 1;
                }
                if (is_elsewhere)
                        return 1;
        }
        return 0;
}

/* systemd measures these words as they stand in the record; a volume key's record, say, holds only a name. */
static bool is_plain(const struct log_event *e)
{
        static const char *const types[] = { "phase", "filesystem", "machine-id", "product-id", "os-separator" };

        if (e->source != LOG_USERSPACE || e->is_nv || !e->word || !e->word_type)
                return false;
        for (size_t i = 0; i < ARRAY_SIZE(types); i++)
                if (str_equal(e->word_type, types[i]))
                        return true;
        return false;
}

static int find_lie(const struct log_events *l, struct log_replay *r, struct trouble *t)
{
        for (size_t i = 0; i < l->n; i++) {
                const struct log_event *e = &l->list[i];

                if (!is_plain(e))
                        continue;
                for (enum digest_alg alg = DIGEST_NONE + 1; alg < _DIGEST_ALG_MAX; alg++) {
                        int is_right = e->digests[alg].alg == DIGEST_NONE ? 1 : is_digest_of(&e->digests[alg], e->word, strlen(e->word), t);

                        if (is_right < 0)
                                return -1;
                        if (is_right == 0) {
                                _cleanup_free_ char *name = log_event_name(e);

                                r->lie = tool_format("%s: its %s digest is not that of its word", name, digest_name(alg));
                                r->liar = e;
                                return 0;
                        }
                }
        }
        return 0;
}

static bool is_event_of(const struct log_event *e, unsigned pcr)
{
        return !e->is_nv && e->pcr == pcr && log_event_is_measured(e);
}

static void blame(struct log_pcr *p, const struct log_event *e, const char *why)
{
        _cleanup_free_ char *name = log_event_name(e);

        p->verdict = LOG_DIFFERS;
        p->culprit = e;
        p->why = tool_format("%s %s", name, why);
}

/* 1: an event was blamed. */
static int judge_event(const struct log_events *l, unsigned pcr, enum digest_alg alg, const struct digest *given,
                       const struct log_event *e, struct log_pcr *p, struct trouble *t)
{
        struct log_pcr before, without;
        int r = is_contradicted(e, alg, t);

        if (r < 0)
                return -1;
        if (r == 1) {
                blame(p, e, "has another content in this bank than in the others");
                return 1;
        }
        if (p->n_events > OMIT_MAX)
                return 0;
        if (log_pcr_compute(l, pcr, alg, NULL, e, &before, t) < 0 || log_pcr_compute(l, pcr, alg, e, NULL, &without, t) < 0)
                return -1;
        if (digest_equal(&before.value, given))
                blame(p, e, "was not measured: the TPM's value is the one before it");
        else if (digest_equal(&without.value, given))
                blame(p, e, "was not measured: without it the logs give the TPM's value");
        return p->culprit ? 1 : 0;
}

static int find_culprit(const struct log_events *l, unsigned pcr, enum digest_alg alg, const struct digest *given,
                        struct log_pcr *p, struct trouble *t)
{
        for (size_t i = 0; i < l->n; i++) {
                int r = is_event_of(&l->list[i], pcr) ? judge_event(l, pcr, alg, given, &l->list[i], p, t) : 0;

                if (r != 0)
                        return r;
        }
        return 0;
}

static void leave_open(struct log_pcr *p, const char *why)
{
        p->verdict = LOG_UNDECIDED;
        p->why = tool_strdup(why);
}

/* What of the story is not there? NULL: nothing that is known of. */
static const char *missing_part(const struct log_events *l, unsigned pcr)
{
        if (l->damage)
                return "the log is damaged, and what stands behind the damage is not known";
        if (l->mark)
                return "a writer of the userspace log did not finish: its last record may be missing";
        if (!l->has_firmware)
                return "the firmware's log was not given";
        if (!l->has_userspace && (pcr == 11 || pcr == 13 || pcr == 15))
                return "the userspace log was not given, and systems extend this PCR";
        return NULL;
}

/* PCRs of others: IMA's own log, resettable ones, and those of a dynamic launch. */
static bool is_of_others(unsigned pcr)
{
        return pcr == PCR_IMA || pcr >= PCR_DEBUG;
}

static int judge_difference(const struct log_events *l, unsigned pcr, const struct log_value *given, struct log_pcr *p,
                            struct trouble *t)
{
        const char *missing = missing_part(l, pcr);
        int r = find_culprit(l, pcr, given->digest.alg, &given->digest, p, t);

        if (r != 0)
                return r < 0 ? -1 : 0;
        if (p->n_events == 0 && (is_of_others(pcr) || missing)) {
                if (given->is_named)
                        leave_open(p, missing ? missing : "none of these logs says what is in it");
                return 0;
        }
        if (missing) {
                leave_open(p, missing);
                return 0;
        }
        p->verdict = LOG_DIFFERS;
        p->why = p->n_events == 0 ? tool_strdup("the logs have no event for it, and the TPM has a value") :
                                    tool_format("which of its %zu events cannot be so, or what is missing behind them, the "
                                                "values alone do not tell", p->n_events);
        return 0;
}

static int judge_one(const struct log_events *l, unsigned pcr, const struct log_value *given, struct log_pcr *p, struct trouble *t)
{
        p->verdict = LOG_NOT_COMPARED;
        if (given->digest.alg == DIGEST_NONE)
                return 0;
        if (!l->has_bank[given->digest.alg]) {
                leave_open(p, "the logs do not have this bank");
                return 0;
        }
        if (p->incomplete) {
                _cleanup_free_ char *name = log_event_name(p->incomplete);

                p->verdict = LOG_UNDECIDED;
                p->why = tool_format("%s has no digest of this bank", name);
                return 0;
        }
        if (digest_equal(&p->value, &given->digest)) {
                p->verdict = LOG_EQUAL;
                return 0;
        }
        return judge_difference(l, pcr, given, p, t);
}

int log_replay_judge(const struct log_events *l, const struct log_values *v, struct log_replay *r, struct trouble *t)
{
        if (find_lie(l, r, t) < 0)
                return -1;
        for (unsigned pcr = 0; pcr < TPM_PCRS; pcr++)
                for (enum digest_alg alg = DIGEST_NONE + 1; alg < _DIGEST_ALG_MAX; alg++)
                        if (judge_one(l, pcr, &v->pcrs[pcr][alg], &r->pcrs[pcr][alg], t) < 0)
                                return -1;
        return 0;
}
