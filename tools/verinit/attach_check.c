/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Is what was signed for this image, and by that key?
 */
#include "attach_check.h"
#include "measure_export.h"
#include "predict_choice.h"

static int check_policy(struct pcr_policy *p, const char *name, const struct public_key *key, struct trouble *t)
{
        enum digest_alg alg;

        if (p->signature.size == 0)
                return trouble_set(t, OUTCOME_FALSE, "policy %s (%s) has no signature", name, digest_name(p->bank));
        if (p->fingerprint.alg != DIGEST_NONE && !digest_equal(&p->fingerprint, public_key_fingerprint(key)))
                return trouble_set(t, OUTCOME_FALSE, "policy %s (%s) is for another key (pkfp)", name, digest_name(p->bank));
        p->fingerprint = *public_key_fingerprint(key);
        alg = pcr_policy_signed_with(p, key);
        if (alg == DIGEST_NONE)
                return trouble_set(t, OUTCOME_FALSE, "policy %s (%s): the signature is not by this key, or not of this", name,
                                   digest_name(p->bank));
        if (alg != DIGEST_SHA256)
                tool_say("verinit: policy %s is signed with %s, as systemd-measure does for this bank; the TPM is asked for sha256", name,
                         digest_name(alg));
        return 0;
}

int attach_check(struct pcr_policies *list, const struct pcr_policies *known, const struct public_key *key, bool has_more,
                 struct trouble *t)
{
        if (list->n == 0)
                return trouble_set(t, OUTCOME_FALSE, "there is no policy to attach");
        for (size_t i = 0; i < list->n; i++) {
                struct pcr_policy *p = &list->list[i];
                char name[2 * PCR_POLICY_DIGEST_BYTES + 1];

                pcr_policy_hex(p, name);
                if (p->pcrs != 1u << 11 && !has_more)
                        return trouble_set(t, OUTCOME_UNDECIDED, "policy %s (%s) is of other PCRs than 11: give --measurements", name,
                                           digest_name(p->bank));
                if (!pcr_policies_find(known, p))
                        return trouble_set(t, OUTCOME_FALSE, "policy %s (%s) is none of this image in any of the phases that are asked", name,
                                           digest_name(p->bank));
                if (check_policy(p, name, key, t) < 0)
                        return -1;
        }
        return 0;
}

static void append_all(struct pcr_policies *list, struct pcr_policies *more)
{
        for (size_t i = 0; i < more->n; i++) {
                list->list = tool_grow(list->list, list->n, sizeof(*list->list));
                list->list[list->n++] = more->list[i];
        }
        more->n = 0;
        pcr_policies_done(more);
}

/* Of the file too, if it is of this image: PCR 11 says so. */
static int add_measurements(const char *path, const struct prediction *of_uki, struct pcr_policies *list, struct trouble *t)
{
        static struct predict_input in, chosen;
        static struct prediction p;
        int r = measurements_read(path, &in, &p, t);

        chosen = in;
        p.in = &chosen;
        chosen.n_phases = of_uki->in->n_phases;
        memcpy(chosen.phases, of_uki->in->phases, sizeof(chosen.phases));
        for (enum digest_alg alg = DIGEST_SHA1; r == 0 && alg < _DIGEST_ALG_MAX; alg++) {
                struct digest a, b;

                if (!chosen.banks[alg] || !chosen.pcrs[11])
                        continue;
                r = predict_value(of_uki, alg, 11, true, NULL, &a, t) < 0 || predict_value(&p, alg, 11, true, NULL, &b, t) < 0 ? -1 : 0;
                if (r == 0 && !digest_equal(&a, &b))
                        r = trouble_set(t, OUTCOME_FALSE, "%s is of another image: PCR 11 differs", path);
        }
        if (r == 0 && !chosen.pcrs[11])
                r = trouble_set(t, OUTCOME_UNDECIDED, "%s does not say of which image it is: it has no PCR 11", path);
        for (uint32_t more = 1; r == 0 && more < 8; more++) {
                const uint32_t pcrs = (more & 1 ? 1u << 11 : 0) | (more & 2 ? 1u << 12 : 0) | (more & 4 ? 1u << 13 : 0);
                struct pcr_policies found = {};

                if (((pcrs & 1u << 12) && !predict_is_given(&p, 12)) || ((pcrs & 1u << 13) && !predict_is_given(&p, 13)))
                        continue;
                r = pcr_policies_predict(&p, pcrs, &found, t);
                append_all(list, &found);
        }
        measurements_done(&in, &p);
        return r;
}

int attach_predict(struct predict_input *in, const char *measurements, struct pcr_policies *ret, struct trouble *t)
{
        static struct prediction p;
        int r;

        choose_default_phases(in);
        in->pcrs[11] = true;
        for (enum digest_alg alg = DIGEST_SHA1; alg < _DIGEST_ALG_MAX; alg++)
                in->banks[alg] = true;
        r = predict_make(in, &p, t);
        if (r == 0 && !predict_is_given(&p, 11))
                r = trouble_set(t, OUTCOME_UNDECIDED, "PCR 11 cannot be predicted: %s", p.undecided[11]);
        if (r == 0)
                r = pcr_policies_predict(&p, 1u << 11, ret, t);
        if (r == 0 && measurements)
                r = add_measurements(measurements, &p, ret, t);
        predict_done(&p);
        return r;
}
