/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <stdio.h>

#include "verinit/measure.h"

#include "options.h"
#include "predict_choice.h"

/* strtoul() would take a sign and blanks. */
bool choose_number(const char *text, size_t n, unsigned max, unsigned *ret)
{
        unsigned value = 0;

        if (n == 0 || n > 6)
                return false;
        for (size_t i = 0; i < n; i++) {
                if (text[i] < '0' || text[i] > '9')
                        return false;
                value = value * 10 + (unsigned) (text[i] - '0');
        }
        if (value > max)
                return false;
        *ret = value;
        return true;
}

static bool take_pcr(struct predict_input *in, const char *text, size_t n)
{
        unsigned pcr;

        if (!choose_number(text, n, PREDICT_PCRS - 1, &pcr))
                return false;
        for (size_t i = 0; i < PREDICT_N_KNOWN; i++)
                if (predict_known[i] == pcr) {
                        in->pcrs[pcr] = true;
                        return true;
                }
        return false;
}

static bool take_bank(struct predict_input *in, const char *text, size_t n)
{
        _cleanup_free_ char *name = tool_format("%.*s", (int) n, text);
        enum digest_alg alg = digest_from_name(name);

        if (alg != DIGEST_NONE)
                in->banks[alg] = true;
        return alg != DIGEST_NONE;
}

static int take_list(struct predict_input *in, bool (*take)(struct predict_input *, const char *, size_t), const char *verb,
                     const char *what, struct trouble *t)
{
        for (const char *p = optarg;; p++) {
                size_t n = strcspn(p, ",");

                if (!take(in, p, n))
                        return trouble_set_usage(t, verb, what, optarg);
                p += n;
                if (*p == '\0')
                        return 0;
        }
}

int choose_pcrs(struct predict_input *in, const char *verb, struct trouble *t)
{
        return take_list(in, take_pcr, verb, "PCRs 4, 7, 9, 11, 12 and 13 are predicted, not", t);
}

int choose_banks(struct predict_input *in, const char *verb, struct trouble *t)
{
        return take_list(in, take_bank, verb, "no bank", t);
}

int choose_phase(struct predict_input *in, const char *verb, struct trouble *t)
{
        for (const char *p = optarg;; p++) {
                size_t n = strcspn(p, ":");
                _cleanup_free_ char *word = tool_format("%.*s", (int) n, p);

                if (!measure_word_is_valid(word))
                        return trouble_set_usage(t, verb, "no words with ':' between them", optarg);
                p += n;
                if (*p == '\0')
                        break;
        }
        if (in->n_phases == PREDICT_MAX_PHASES)
                return trouble_set_usage(t, verb, "option given too often", "--phase");
        in->phases[in->n_phases++] = optarg;
        return 0;
}

/* systemd-measure's own: after the stub's work, each until the next word comes. */
void choose_default_phases(struct predict_input *in)
{
        static const char *const phases[] = {
                "enter-initrd", "enter-initrd:leave-initrd", "enter-initrd:leave-initrd:sysinit",
                "enter-initrd:leave-initrd:sysinit:ready",
        };

        if (in->n_phases > 0)
                return;
        in->n_phases = ARRAY_SIZE(phases);
        memcpy(in->phases, phases, sizeof(phases));
}
