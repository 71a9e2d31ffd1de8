/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <stdio.h>
#include <sys/stat.h>

#include "measure_export.h"
#include "options.h"
#include "output.h"
#include "pcr_policy.h"
#include "predict_choice.h"

static const char usage[] =
        "Usage: verinit measure policy --uki FILE | --measurements FILE [OPTION]...\n"
        "\n"
        "Says what has to be signed so that secrets open for this image: the digest of TPM2_PolicyPCR for each phase. No key is\n"
        "needed here.\n"
        "\n"
        "  --uki FILE            the image, for PCR 11\n"
        "  --measurements FILE   what `verinit measure predict --output` has written, for PCRs 11, 12 and 13\n"
        "  --pcr N[,N]...        of these PCRs together (default: 11)\n"
        "  --bank NAME[,NAME]... sha1, sha256, sha384, sha512 (default: sha256)\n"
        "  --phase WORD[:WORD]   PCR 11 after these words; may be repeated (default: those of systemd-measure, or of the file)\n"
        "  --public-key FILE     in PEM, of the key that will sign: its fingerprint is put into the result\n"
        "  --digests DIRECTORY   write each digest, 32 bytes, into a file there that has it for its name\n"
        "  --output FILE         write the result, for `verinit measure attach`\n"
        "  --json=HOW            to standard output: short (one line; the default without --output), pretty, or off (a table)\n"
        "  --quiet               no talk on stderr but errors\n"
        "  --help                this text\n"
        "\n"
        "Exit status: 0 written, 1 trouble, 2 wrong usage, 3 would not boot so, 4 the file does not say.\n"
        "\n"
        "Examples:\n"
        "  verinit measure policy --uki node.efi --public-key pcr.pub --output policy.json --digests tosign\n"
        "  openssl dgst -sha256 -sign pcr.key -out tosign/$digest.sig tosign/$digest\n";

#define VERB "measure policy"

enum { KEY_MAX_BYTES = 64 * 1024 };

struct policy_options {
        struct options common;
        const char *uki, *measurements, *public_key, *digests, *output;
        bool has_json, has_pcrs, has_banks;
        struct predict_input choice;
};

static int take(int id, void *userdata, struct trouble *t)
{
        struct policy_options *o = userdata;

        switch (id) {
        case 'u':
                return options_take_once(&o->uki, VERB, "--uki", t);
        case 'm':
                return options_take_once(&o->measurements, VERB, "--measurements", t);
        case 'y':
                return options_take_once(&o->public_key, VERB, "--public-key", t);
        case 'd':
                return options_take_once(&o->digests, VERB, "--digests", t);
        case 'o':
                return options_take_once(&o->output, VERB, "--output", t);
        case 'p':
                o->has_pcrs = true;
                return choose_pcrs(&o->choice, VERB, t);
        case 'k':
                o->has_banks = true;
                return choose_banks(&o->choice, VERB, t);
        default:
                return choose_phase(&o->choice, VERB, t);
        }
}

static int check_options(struct policy_options *o, struct trouble *t)
{
        struct predict_input *c = &o->choice;

        if (!o->uki == !o->measurements)
                return trouble_set(t, OUTCOME_USAGE, VERB ": one of --uki and --measurements is wanted: see 'verinit " VERB " --help'");
        if (!o->has_pcrs)
                c->pcrs[11] = true;
        if (!o->has_banks)
                c->banks[DIGEST_SHA256] = true;
        if (c->pcrs[4] || c->pcrs[9])
                return trouble_set(t, OUTCOME_USAGE, VERB ": PCRs 4 and 9 change when the signature is attached, which makes another image");
        if (c->pcrs[7])
                return trouble_set(t, OUTCOME_USAGE, VERB ": PCR 7 is the machine's own: systemd binds to it beside a signed policy, not by one");
        if (o->uki && (c->pcrs[12] || c->pcrs[13]))
                return trouble_set(t, OUTCOME_USAGE, VERB ": what is in PCRs 12 and 13 is not known from the image alone: give --measurements");
        return 0;
}

static int parse_options(int argc, char *argv[], struct policy_options *o, struct trouble *t)
{
        static const struct option list[] = {
                { "uki", required_argument, NULL, 'u' }, { "measurements", required_argument, NULL, 'm' },
                { "public-key", required_argument, NULL, 'y' }, { "digests", required_argument, NULL, 'd' },
                { "output", required_argument, NULL, 'o' }, { "pcr", required_argument, NULL, 'p' },
                { "bank", required_argument, NULL, 'k' }, { "phase", required_argument, NULL, 'w' },
                OPTION_JSON, OPTION_QUIET, OPTION_HELP, {},
        };

        o->common = (struct options) { .verb = VERB, .json = JSON_SHORT };
        if (options_parse(&o->common, argc, argv, list, false, take, o, t) < 0)
                return -1;
        return o->common.wants_help ? 0 : check_options(o, t);
}

static uint32_t mask(const struct predict_input *c)
{
        uint32_t pcrs = 0;

        for (unsigned pcr = 0; pcr < PREDICT_PCRS; pcr++)
                if (c->pcrs[pcr])
                        pcrs |= 1u << pcr;
        return pcrs;
}

static int predict_uki(const struct policy_options *o, struct predict_input *in, struct prediction *p, struct trouble *t)
{
        *in = o->choice;
        choose_default_phases(in);
        if (uki_read(o->uki, 0, &in->uki, t) < 0)
                return -1;
        return predict_make(in, p, t);
}

/* chosen is in with what was chosen of it: the phases of in are its own. */
static int read_file(const struct policy_options *o, struct predict_input *in, struct predict_input *chosen, struct prediction *p,
                     struct trouble *t)
{
        const struct predict_input *c = &o->choice;

        if (measurements_read(o->measurements, in, p, t) < 0)
                return -1;
        *chosen = *in;
        p->in = chosen;
        for (enum digest_alg alg = DIGEST_SHA1; alg < _DIGEST_ALG_MAX; alg++) {
                if (c->banks[alg] && !in->banks[alg])
                        return trouble_set(t, OUTCOME_UNDECIDED, "%s has no bank %s", o->measurements, digest_name(alg));
                chosen->banks[alg] = c->banks[alg];
        }
        if (c->n_phases > 0) {
                chosen->n_phases = c->n_phases;
                memcpy(chosen->phases, c->phases, sizeof(chosen->phases));
        }
        return 0;
}

static int check_given(const struct policy_options *o, const struct prediction *p, struct trouble *t)
{
        for (unsigned pcr = 0; pcr < PREDICT_PCRS; pcr++)
                if (o->choice.pcrs[pcr] && !predict_is_given(p, pcr))
                        return trouble_set(t, OUTCOME_UNDECIDED, "%s: no value of PCR %u%s%s", o->uki ? o->uki : o->measurements, pcr,
                                           p->undecided[pcr] ? ": " : "", p->undecided[pcr] ? p->undecided[pcr] : "");
        return 0;
}

static int add_fingerprint(const char *path, struct pcr_policies *list, struct trouble *t)
{
        _cleanup_public_key_ struct public_key *key = NULL;
        _cleanup_buffer_ struct buffer pem = {};

        if (!path)
                return 0;
        if (tool_read_file(path, KEY_MAX_BYTES, &pem, t) < 0 || public_key_parse(&pem, path, &key, t) < 0)
                return -1;
        for (size_t i = 0; i < list->n; i++)
                list->list[i].fingerprint = *public_key_fingerprint(key);
        return 0;
}

static int write_digests(const char *directory, const struct pcr_policies *list, struct trouble *t)
{
        char name[2 * PCR_POLICY_DIGEST_BYTES + 1];

        if (directory && mkdir(directory, 0777) < 0 && errno != EEXIST)
                return trouble_set_errno(t, errno, "cannot make %s", directory);
        for (size_t i = 0; directory && i < list->n; i++) {
                const struct buffer data = { .data = list->list[i].digest, .size = PCR_POLICY_DIGEST_BYTES };
                _cleanup_free_ char *path = NULL;

                pcr_policy_hex(&list->list[i], name);
                path = tool_format("%s/%s", directory, name);
                if (output_write(path, &data, t) < 0)
                        return -1;
        }
        return 0;
}

static void print_table(const struct pcr_policies *list)
{
        char text[2 * PCR_POLICY_DIGEST_BYTES + 1];

        for (size_t i = 0; i < list->n; i++) {
                pcr_policy_hex(&list->list[i], text);
                printf("%-6s %s  %s\n", digest_name(list->list[i].bank), text,
                       list->list[i].phase ? list->list[i].phase : "-");
        }
}

static int write_result(const struct policy_options *o, const struct pcr_policies *list, struct trouble *t)
{
        _cleanup_json_ struct json_object *value = pcr_policies_format(list);
        _cleanup_buffer_ struct buffer text = {};

        if (write_digests(o->digests, list, t) < 0)
                return -1;
        if (o->output)
                return json_value_build(value, o->common.json == JSON_PRETTY, &text, t) < 0 ? -1 : output_write(o->output, &text, t);
        if (o->common.json == JSON_OFF) {
                print_table(list);
                return 0;
        }
        return json_value_print(value, o->common.json == JSON_PRETTY, t);
}

int measure_policy(int argc, char *argv[], struct trouble *t)
{
        _cleanup_pcr_policies_ struct pcr_policies list = {};
        static struct predict_input in, chosen;
        static struct prediction p;
        struct policy_options o = {};
        int r;

        if (parse_options(argc, argv, &o, t) < 0)
                return -1;
        if (o.common.wants_help)
                return fputs(usage, stdout) < 0 ? -1 : 0;
        /* Before --digests are written. */
        if (o.output && output_check(o.output, t) < 0)
                return -1;
        r = o.uki ? predict_uki(&o, &in, &p, t) : read_file(&o, &in, &chosen, &p, t);
        if (r == 0 && check_given(&o, &p, t) == 0 && pcr_policies_predict(&p, mask(&o.choice), &list, t) == 0 &&
            add_fingerprint(o.public_key, &list, t) == 0)
                r = write_result(&o, &list, t);
        else
                r = -1;
        if (o.uki) {
                predict_done(&p);
                uki_done(&in.uki);
        } else
                measurements_done(&in, &p);
        return r;
}
