/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What this boot measures, by the predictor, beside what the file says that was published with the release.
 */
#include <stdio.h>

#include "image.h"
#include "measure_export.h"

static bool is_same(const struct prediction *a, const struct prediction *b, unsigned pcr, bool secure_boot, bool *ret_same,
                    struct trouble *t)
{
        struct digest x, y;

        if (!predict_is_given(a, pcr) || !predict_is_given(b, pcr))
                return false;
        if (predict_value(a, DIGEST_SHA256, pcr, secure_boot, NULL, &x, t) < 0 ||
            predict_value(b, DIGEST_SHA256, pcr, secure_boot, NULL, &y, t) < 0)
                return false;
        *ret_same = digest_equal(&x, &y);
        return true;
}

static void compare(const struct prediction *ours, const struct prediction *theirs, bool secure_boot, struct image_checks *checks,
                    struct trouble *t)
{
        char differ[64] = "", open[64] = "";
        const char *why = NULL;
        unsigned n_same = 0;

        for (size_t i = 0; i < PREDICT_N_KNOWN; i++) {
                unsigned pcr = predict_known[i];
                char *list = NULL;
                bool same = false;
                size_t used;

                /* Of the firmware's variables, not of the image. */
                if (pcr == 7)
                        continue;
                if (!is_same(ours, theirs, pcr, secure_boot, &same, t)) {
                        list = theirs->in->pcrs[pcr] ? open : NULL;
                        if (list && !why)
                                why = ours->undecided[pcr];
                } else if (!same)
                        list = differ;
                else
                        n_same++;
                if (!list)
                        continue;
                used = strlen(list);
                (void) snprintf(list + used, sizeof(differ) - used, "%s%u", used > 0 ? ", " : "", pcr);
        }
        if (differ[0])
                image_say(checks, "measurements", IMAGE_BEYOND, IMAGE_REFUSED, "PCR %s: this boot measures something else", differ);
        else if (open[0])
                image_say(checks, "measurements", IMAGE_BEYOND, IMAGE_UNDECIDED, "PCR %s: what this boot measures cannot be said%s%s", open,
                          why ? ": " : "", why ? why : "");
        else if (n_same == 0)
                image_say(checks, "measurements", IMAGE_BEYOND, IMAGE_UNDECIDED, "the file has no PCR that can be compared: 4, 9, 11, 12 or 13");
        else
                image_say(checks, "measurements", IMAGE_BEYOND, IMAGE_OK, "this boot measures what the file says");
}

static int predict(const struct image_options *o, struct image_boot *b, struct predict_input *in, struct image_checks *checks,
                   struct trouble *t)
{
        static struct predict_input their_input;
        struct prediction ours = {}, theirs = {};
        struct trouble why = {};
        int r = 0;

        if (predict_make(in, &ours, &why) < 0)
                image_say(checks, "measurements", IMAGE_BEYOND, IMAGE_UNDECIDED, "%s", why.msg);
        else if (measurements_read(o->measurements, &their_input, &theirs, &why) < 0)
                image_say(checks, "measurements", IMAGE_BEYOND, why.outcome == OUTCOME_FALSE ? IMAGE_REFUSED : IMAGE_UNDECIDED, "%s", why.msg);
        else {
                if (b->chain_doubt)
                        predict_leave_open(&ours, 4, "%s", b->chain_doubt);
                compare(&ours, &theirs, !o->lacks_secure_boot, checks, t);
                measurements_done(&their_input, &theirs);
        }
        predict_done(&ours);
        return r;
}

int image_predict(const struct image_options *o, struct image_boot *b, struct image_checks *checks, struct trouble *t)
{
        struct predict_input in = b->in;
        const char *policy = image_policy_digest();
        int r;

        if (!o->measurements)
                return 0;
        in.secure_boot[false] = in.secure_boot[true] = true;
        for (size_t i = 0; i < PREDICT_N_KNOWN; i++)
                in.pcrs[predict_known[i]] = predict_known[i] != 7;
        in.banks[DIGEST_SHA256] = true;
        in.uki = b->uki;
        if (policy[0] && hex_decode(policy, in.policy.bytes, sizeof(in.policy.bytes)) == (ssize_t) digest_size(DIGEST_SHA256)) {
                in.policy.alg = DIGEST_SHA256;
                in.policy_from = PREDICT_POLICY_FILE;
        }
        r = predict(o, b, &in, checks, t);
        buffer_done(&in.floor_text);
        return r;
}
