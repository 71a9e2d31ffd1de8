/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The log says how the PCRs came about; only a TPM that holds the same values makes that more than a claim. Every active
 * bank is compared: one that the log does not fill could be filled later by whoever knows the words of a good boot.
 */
#include <errno.h>

#include "replay.h"
#include "verinit/crypto.h"

static const unsigned pcr_list[PROVENANCE_PCRS] = PROVENANCE_PCR_LIST;

struct register_state {
        struct digest value;
        size_t n_events;
        size_t reached; /* number of the record after which it was the TPM's value; 0 with is_reached: before the first */
        bool is_reached;
};

enum { SHORT_HEX = 8 };

static void note_reached(struct register_state *s, const struct digest *tpm, size_t record)
{
        if (!digest_equal(&s->value, tpm))
                return;
        s->is_reached = true;
        s->reached = record;
}

static int extend(const struct tcg2_event *event, struct register_state *s, struct error *err)
{
        enum digest_alg alg = s->value.alg;
        struct iovec parts[2] = { { s->value.bytes, digest_size(alg) }, { 0 } };

        if (!event->digests[alg])
                return error_set(err, FAIL_EVENT_LOG_MALFORMED_CODE, EBADMSG,
                                 "the firmware's event log: record %zu at byte %zu: it has no %s digest, and the TPM has that bank",
                                 event->number, event->offset, digest_name(alg));
        parts[1] = (struct iovec) { (void *) (uintptr_t) event->digests[alg], digest_size(alg) };
        s->n_events++;
        return crypto_digest(alg, parts, ARRAY_SIZE(parts), &s->value, err);
}

static int refuse(unsigned pcr, const struct register_state *s, const struct digest *tpm, struct error *err)
{
        char ours[DIGEST_MAX_HEX], theirs[DIGEST_MAX_HEX];

        if (s->is_reached)
                return error_set(err, FAIL_PCR_REPLAY_MISMATCH_CODE, EBADMSG,
                                 "PCR %u, bank %s: the firmware's log goes on where the TPM stands (record %zu): it is longer",
                                 pcr, digest_name(tpm->alg), s->reached);
        digest_hex(&s->value, ours);
        digest_hex(tpm, theirs);
        return error_set(err, FAIL_PCR_REPLAY_MISMATCH_CODE, EBADMSG,
                         "PCR %u, bank %s: the %zu events of the firmware's log give %.*s..., the TPM has %.*s...: the log was cut or changed",
                         pcr, digest_name(tpm->alg), s->n_events, SHORT_HEX, ours, SHORT_HEX, theirs);
}

static int replay_one(const struct provenance_input *in, size_t which, size_t bank, size_t *ret_n_events,
                      struct error *err)
{
        const struct digest *tpm = &in->pcrs[which][bank];
        struct register_state s = { .value = { .alg = in->banks.algs[bank] } };
        struct tcg2_event event;
        struct tcg2_log log;
        int r;

        if (tpm->alg != in->banks.algs[bank] || tpm->alg == DIGEST_NONE)
                return error_set(err, FAIL_BUG_CODE, EINVAL, "PCR %u was not read in every bank", pcr_list[which]);
        r = tcg2_log_open(in->log, in->log_size, &log, err);
        if (r < 0)
                return r;
        if (!tcg2_log_has(&log, tpm->alg))
                return error_set(err, FAIL_PCR_REPLAY_MISMATCH_CODE, EBADMSG,
                                 "PCR %u, bank %s: the TPM has this bank and the firmware's log does not: anybody could fill it later",
                                 pcr_list[which], digest_name(tpm->alg));
        note_reached(&s, tpm, 0);
        while ((r = tcg2_log_next(&log, &event, err)) > 0) {
                if (event.pcr != pcr_list[which] || event.type == TCG2_EV_NO_ACTION)
                        continue;
                r = extend(&event, &s, err);
                if (r < 0)
                        return r;
                note_reached(&s, tpm, event.number);
        }
        if (r < 0)
                return r;
        if (!digest_equal(&s.value, tpm))
                return refuse(pcr_list[which], &s, tpm, err);
        *ret_n_events = s.n_events;
        return 0;
}

int replay_compare(const struct provenance_input *in, size_t *ret_n_events, struct error *err)
{
        size_t n_events = 0;

        if (in->banks.n > TPM_MAX_BANKS)
                return error_set(err, FAIL_BUG_CODE, EINVAL, "too many banks");
        for (size_t which = 0; which < PROVENANCE_PCRS; which++) {
                size_t n = 0;

                for (size_t bank = 0; bank < in->banks.n; bank++) {
                        int r = replay_one(in, which, bank, &n, err);

                        if (r < 0)
                                return r;
                }
                n_events += n;
        }
        *ret_n_events = n_events;
        return 0;
}
