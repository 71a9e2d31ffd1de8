/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "verinit/crypto.h"
#include "verinit/le.h"

#include "attest.h"

struct attest_finding *attest_add(struct attest *a, const char *check, enum attest_verdict verdict, char *what)
{
        a->findings = tool_grow(a->findings, a->n, sizeof(*a->findings));
        a->findings[a->n] = (struct attest_finding) { .check = check, .verdict = verdict, .what = what };
        return &a->findings[a->n++];
}

void attest_done(struct attest *a)
{
        for (size_t i = 0; i < a->n; i++)
                free(a->findings[i].what);
        free(a->findings);
        *a = (struct attest) {};
}

/* Why the logs do not say what a PCR of the quote has to be; NULL: they do. */
static char *find_gap(const struct quote_bank *bank, const struct log_events *l, const struct log_replay *r)
{
        if (bank->alg == DIGEST_NONE)
                return tool_format("the quote has a bank that cannot be computed here (0x%04x)", bank->id);
        if (!l->has_bank[bank->alg])
                return tool_format("the quote has the bank %s, and the logs do not", digest_name(bank->alg));
        for (unsigned pcr = 0; pcr < TPM_PCRS; pcr++)
                if (bank->pcrs[pcr] && r->pcrs[pcr][bank->alg].incomplete) {
                        _cleanup_free_ char *name = log_event_name(r->pcrs[pcr][bank->alg].incomplete);

                        return tool_format("%s has no digest of the bank %s", name, digest_name(bank->alg));
                }
        return NULL;
}

/* TPM 2.0 Library, part 3, 18.4: the values one behind the other, bank by bank as they are selected, by the signature's digest. */
static int digest_values(const struct quote *q, enum digest_alg alg, const struct log_replay *r, struct digest *ret, struct trouble *t)
{
        struct iovec parts[QUOTE_MAX_BANKS * TPM_PCRS];
        struct error err = {};
        size_t n = 0;

        for (size_t i = 0; i < q->n_banks; i++)
                for (unsigned pcr = 0; pcr < TPM_PCRS; pcr++)
                        if (q->banks[i].pcrs[pcr]) {
                                const struct digest *value = &r->pcrs[pcr][q->banks[i].alg].value;

                                parts[n++] = (struct iovec) { (void *) (uintptr_t) value->bytes, digest_size(value->alg) };
                        }
        if (crypto_digest(alg, parts, n, ret, &err) < 0)
                return trouble_set(t, OUTCOME_TROUBLE, "%s", err.msg);
        return 0;
}

/* `verinit log join` has put the userspace records behind the firmware's. */
static bool is_joined(const struct log_events *l)
{
        for (size_t i = 0; i < l->n; i++) {
                const struct tcg2_event *f = &l->list[i].firmware;

                if (l->list[i].source == LOG_FIRMWARE && f->type == TCG2_EV_EVENT_TAG && f->data_size >= 4 &&
                    le32_read(f->data) == TCG2_TAG_USERSPACE)
                        return true;
        }
        return false;
}

/* Of a log that lacks something, a difference proves nothing. */
static char *find_lack(const struct log_events *l)
{
        if (l->damage)
                return tool_format("%s", l->damage);
        if (!l->has_firmware)
                return tool_strdup("the firmware's log was not given");
        if (!l->has_userspace && !is_joined(l))
                return tool_strdup("the logs do not come to the quoted values; the userspace log was not given, and systems write one");
        return l->mark ? tool_format("%s", l->mark) : NULL;
}

int attest_compare_logs(struct attest *a, const struct quote *q, enum digest_alg alg, const struct log_events *l,
                        const struct log_replay *r, struct trouble *t)
{
        struct digest digest;
        char *lack;

        for (size_t i = 0; i < q->n_banks; i++) {
                char *gap = find_gap(&q->banks[i], l, r);

                if (!gap)
                        continue;
                (void) attest_add(a, "log", ATTEST_UNDECIDED, gap);
                return 0;
        }
        if (digest_values(q, alg, r, &digest, t) < 0)
                return -1;
        if (q->digest_size == digest_size(alg) && bytes_equal(q->digest, digest.bytes, q->digest_size)) {
                a->has_values = true;
                (void) attest_add(a, "log", ATTEST_TRUE, tool_strdup("the logs come to the quoted values"));
                return 0;
        }
        lack = find_lack(l);
        if (lack)
                (void) attest_add(a, "log", ATTEST_UNDECIDED, lack);
        else
                (void) attest_add(a, "log", ATTEST_FALSE, tool_strdup("the logs do not come to the quoted values: an event was "
                                                                      "changed, left out, or measured and not written down"));
        return 0;
}
