/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * verinit log replay: do the logs explain the TPM's PCRs?
 */
#include <stdio.h>

#include "log_replay.h"
#include "options.h"

static const char usage[] =
        "Usage: verinit log replay [FILE...] [--pcrs FILE] [--pcr NUMBER:BANK=HEX]... [--tpm DIRECTORY] [--print-only]\n"
        "                          [--json=short|pretty|off] [--quiet]\n"
        "\n"
        "Computes from the logs what each PCR has to be in each bank, and compares that with values of a TPM. Without FILE\n"
        "the logs of this machine are read, without values its TPM.\n"
        "\n"
        "  --pcrs FILE            values as tpm2_pcrread prints them, or as JSON: {BANK: {NUMBER: HEX}}\n"
        "  --pcr NUMBER:BANK=HEX  one value; may be given more than once\n"
        "  --tpm DIRECTORY        values that the kernel shows; default: /sys/class/tpm/tpm0\n"
        "  --print-only           compare with nothing\n"
        "  --json=HOW             short (one line), pretty, or off (default: text for people)\n"
        "  --quiet                print nothing but errors\n"
        "  --help                 this text\n"
        "\n"
        "Exit status: 0 equal, 1 trouble, 2 wrong usage, 3 not equal, 4 cannot be decided.\n"
        "\n"
        "Examples:\n"
        "  verinit log replay\n"
        "  tpm2_pcrread >pcrs.yaml && verinit log replay binary_bios_measurements tpm2-measure.log --pcrs pcrs.yaml\n"
        "  verinit log replay tpm2-measure.log --pcr 13:sha256=$(cat pcr13.expected)\n";

#define VERB "log replay"

/* A host that boots measures a word now and then: that many in a row while a TPM is read are something else. */
enum { READ_TRIES = 5 };

struct replay_options {
        struct options common;
        bool is_print_only, has_values;
        const char *tpm; /* read beside the logs */
        struct log_values values;
};

static int take(int id, void *userdata, struct trouble *t)
{
        struct replay_options *o = userdata;

        if (id == 'n') {
                o->is_print_only = true;
                return 0;
        }
        o->has_values = true;
        switch (id) {
        case 'f':
                return log_values_add_file(&o->values, optarg, t);
        case 'p':
                return log_values_add_word(&o->values, optarg, t);
        default:
                if (o->tpm)
                        return trouble_set_usage(t, VERB, "given twice:", "--tpm");
                o->tpm = optarg;
                return 0;
        }
}

static int parse_options(int argc, char *argv[], struct replay_options *o, struct trouble *t)
{
        static const struct option list[] = {
                { "pcrs", required_argument, NULL, 'f' }, { "pcr", required_argument, NULL, 'p' },
                { "tpm", required_argument, NULL, 't' }, { "print-only", no_argument, NULL, 'n' },
                OPTION_JSON, OPTION_QUIET, OPTION_HELP, {},
        };

        o->common.verb = VERB;
        if (options_parse(&o->common, argc, argv, list, true, take, o, t) < 0)
                return -1;
        return o->is_print_only && o->has_values ?
               trouble_set_usage(t, VERB, "values are given, and compared with nothing by", "--print-only") : 0;
}

static const char *verdict_name(enum log_verdict verdict)
{
        static const char *const names[] = {
                [LOG_UNDECIDED] = "undecided", [LOG_DIFFERS] = "differs", [LOG_EQUAL] = "equal",
                [LOG_NOT_COMPARED] = "not-compared",
        };

        return names[verdict];
}

/* What nobody extended and nobody asked about is not listed. */
static bool is_listed(const struct log_pcr *p)
{
        return p->n_events > 0 || p->verdict == LOG_DIFFERS || p->verdict == LOG_UNDECIDED;
}

static void print_text(const struct log_replay *r)
{
        for (unsigned pcr = 0; pcr < TPM_PCRS; pcr++)
                for (enum digest_alg alg = DIGEST_NONE + 1; alg < _DIGEST_ALG_MAX; alg++) {
                        const struct log_pcr *p = &r->pcrs[pcr][alg];
                        char hex[DIGEST_MAX_HEX] = "-";

                        if (!is_listed(p))
                                continue;
                        if (p->value.alg != DIGEST_NONE && !p->incomplete)
                                digest_hex(&p->value, hex);
                        printf("%2u  %-6s  %3zu  %-12s  %s\n", pcr, digest_name(alg), p->n_events, verdict_name(p->verdict), hex);
                        if (p->why)
                                printf("      %s\n", p->why);
                }
}

static struct json_object *format_pcr(unsigned pcr, enum digest_alg alg, const struct log_pcr *p, const struct log_value *given)
{
        struct json_object *o = json_value_object();
        char value[DIGEST_MAX_HEX] = "", tpm[DIGEST_MAX_HEX] = "";

        if (p->value.alg != DIGEST_NONE && !p->incomplete)
                digest_hex(&p->value, value);
        if (given->digest.alg != DIGEST_NONE)
                digest_hex(&given->digest, tpm);
        json_value_add(o, "pcr", json_value_u64(pcr));
        json_value_add_text(o, "bank", digest_name(alg));
        json_value_add(o, "events", json_value_u64(p->n_events));
        json_value_add_text(o, "value", value[0] ? value : NULL);
        json_value_add_text(o, "tpm", tpm[0] ? tpm : NULL);
        json_value_add_text(o, "verdict", verdict_name(p->verdict));
        json_value_add_text(o, "why", p->why);
        json_value_add_text(o, "log", p->culprit ? log_source_name(p->culprit->source) : NULL);
        json_value_add(o, "record", p->culprit ? json_value_u64(p->culprit->number) : NULL);
        return o;
}

static int print_json(const struct log_replay *r, const struct log_values *v, enum log_verdict verdict, bool is_pretty,
                      struct trouble *t)
{
        _cleanup_json_ struct json_object *o = json_value_object();
        struct json_object *array = json_value_array();

        for (unsigned pcr = 0; pcr < TPM_PCRS; pcr++)
                for (enum digest_alg alg = DIGEST_NONE + 1; alg < _DIGEST_ALG_MAX; alg++)
                        if (is_listed(&r->pcrs[pcr][alg]))
                                json_value_append(array, format_pcr(pcr, alg, &r->pcrs[pcr][alg], &v->pcrs[pcr][alg]));
        json_value_add_text(o, "verdict", verdict_name(verdict));
        json_value_add_text(o, "lie", r->lie);
        json_value_add(o, "pcrs", array);
        return json_value_print(o, is_pretty, t);
}

/* Of all PCRs; *ret_pcr and *ret_alg say where it was met first. */
static enum log_verdict sum_up(const struct log_replay *r, unsigned *ret_pcr, enum digest_alg *ret_alg)
{
        enum log_verdict sum = LOG_NOT_COMPARED;

        for (unsigned pcr = 0; pcr < TPM_PCRS; pcr++)
                for (enum digest_alg alg = DIGEST_NONE + 1; alg < _DIGEST_ALG_MAX; alg++) {
                        enum log_verdict v = r->pcrs[pcr][alg].verdict;

                        if (v == sum || v == LOG_NOT_COMPARED || sum == LOG_DIFFERS)
                                continue;
                        if (v == LOG_EQUAL && sum == LOG_UNDECIDED)
                                continue;
                        sum = v;
                        *ret_pcr = pcr;
                        *ret_alg = alg;
                }
        return sum;
}

static int answer(const struct log_events *l, const struct replay_options *o, const struct log_values *values,
                  const struct log_replay *r, struct trouble *t)
{
        enum digest_alg alg = DIGEST_NONE;
        unsigned pcr = 0;
        enum log_verdict verdict = sum_up(r, &pcr, &alg), stated = r->lie ? LOG_DIFFERS : verdict;

        /* What the exit status says, for those who read the output alone. */
        if (stated != LOG_DIFFERS && (l->damage || values->unknown_bank[0] != '\0'))
                stated = LOG_UNDECIDED;
        if (o->common.json != JSON_OFF && print_json(r, values, stated, o->common.json == JSON_PRETTY, t) < 0)
                return -1;
        if (o->common.json == JSON_OFF && !o->common.is_quiet)
                print_text(r);
        if (r->lie)
                return trouble_set(t, OUTCOME_FALSE, "%s", r->lie);
        if (verdict == LOG_DIFFERS)
                return trouble_set(t, OUTCOME_FALSE, "PCR %u, bank %s: the logs and the TPM differ: %s", pcr, digest_name(alg),
                                   r->pcrs[pcr][alg].why);
        if (l->damage)
                return trouble_set(t, OUTCOME_UNDECIDED, "%s", l->damage);
        if (verdict == LOG_UNDECIDED)
                return trouble_set(t, OUTCOME_UNDECIDED, "PCR %u, bank %s: %s", pcr, digest_name(alg), r->pcrs[pcr][alg].why);
        if (values->unknown_bank[0])
                return trouble_set(t, OUTCOME_UNDECIDED, "the bank '%s' cannot be computed here", values->unknown_bank);
        if (verdict == LOG_NOT_COMPARED && !o->is_print_only)
                return trouble_set(t, OUTCOME_UNDECIDED, "nothing was compared: no TPM at %s, and no --pcrs or --pcr",
                                   LOG_TPM_PATH);
        return 0;
}

static bool is_same(const struct buffer *a, const struct buffer *b)
{
        return a->size == b->size && (a->size == 0 || memcmp(a->data, b->data, a->size) == 0);
}

/*
 * A TPM that lives may be extended between the reading of its log and that of its PCRs. Who extends holds the log's lock until the
 * record is written, and the log is read under it: so if it is the same before and after, it is that of the PCRs between.
 */
static int read_in_step(const struct replay_options *o, struct log_events *ret, struct log_values *ret_values, struct trouble *t)
{
        for (unsigned i = 0; i < READ_TRIES; i++) {
                _cleanup_events_ struct log_events before = {}, after = {};

                *ret_values = o->values;
                if (log_events_read(o->common.words, o->common.n_words, &before, t) < 0 ||
                    (o->tpm && log_values_add_tpm(ret_values, o->tpm, t) < 0) ||
                    (o->tpm && log_events_read(o->common.words, o->common.n_words, &after, t) < 0))
                        return -1;
                if (o->tpm && (!is_same(&before.userspace, &after.userspace) || !is_same(&before.firmware, &after.firmware)))
                        continue;
                *ret = before;
                before = (struct log_events) {};
                return 0;
        }
        return trouble_set(t, OUTCOME_UNDECIDED, "the log changed each time while the TPM was read, %d times in a row", READ_TRIES);
}

int log_replay(int argc, char *argv[], struct trouble *t)
{
        _cleanup_(log_replay_done) struct log_replay r = {};
        _cleanup_events_ struct log_events l = {};
        static struct replay_options o;
        static struct log_values values;

        if (parse_options(argc, argv, &o, t) < 0)
                return -1;
        if (o.common.wants_help)
                return fputs(usage, stdout) < 0 ? -1 : 0;
        if (!o.is_print_only && !o.has_values && access(LOG_TPM_PATH, F_OK) == 0)
                o.tpm = LOG_TPM_PATH;
        if (read_in_step(&o, &l, &values, t) < 0)
                return -1;
        if (log_replay_run(&l, &r, t) < 0 || log_replay_judge(&l, &values, &r, t) < 0)
                return -1;
        return answer(&l, &o, &values, &r, t);
}
