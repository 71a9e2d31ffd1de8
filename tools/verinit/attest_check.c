/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * verinit attest check: is this machine one that booted this release? From a quote, the logs that explain it, and what was predicted.
 */
#include <stdio.h>

#include "attest.h"
#include "options.h"

static const char usage[] =
        "Usage: verinit attest check --quote FILE --signature FILE --public-key FILE --nonce HEX --log FILE [--userspace-log FILE]\n"
        "                            --measurements FILE [OPTION]...\n"
        "\n"
        "Says whether a TPM's quote is of a boot of the release that measurements.json predicts. Every deviation is named.\n"
        "\n"
        "  --quote FILE          what the TPM attests (TPMS_ATTEST, `tpm2_quote --message`)\n"
        "  --signature FILE      its signature (TPMT_SIGNATURE, `tpm2_quote --signature`)\n"
        "  --public-key FILE     the attestation key of a machine that is known, in PEM\n"
        "  --nonce HEX           what the machine was asked with, for this quote alone\n"
        "  --log FILE            the firmware's log, or what `verinit log join` made of both\n"
        "  --userspace-log FILE  systemd's, which the initramfs began\n"
        "  --measurements FILE   measurements.json of `verinit measure predict`\n"
        "  --secure-boot on|off  the only state that is right (default: either)\n"
        "  --phase WORD[:WORD]   the only phase of PCR 11 that is right (default: each that is predicted)\n"
        "  --json=HOW            short (one line), pretty, or off (default: text for people)\n"
        "  --quiet               print nothing but errors\n"
        "  --help                this text\n"
        "\n"
        "Exit status: 0 it is, 1 trouble, 2 wrong usage, 3 it is not, 4 cannot be decided: a PCR that is predicted is not quoted,\n"
        "say, or a log is missing.\n"
        "\n"
        "Examples:\n"
        "  verinit attest check --quote quote.bin --signature quote.sig --public-key ak.pem --nonce 6b3c0f... \\\n"
        "      --log binary_bios_measurements --userspace-log tpm2-measure.log --measurements measurements.json\n"
        "  verinit attest check --quote quote.bin --signature quote.sig --public-key ak.pem --nonce 6b3c0f... \\\n"
        "      --log eventlog.tcg2 --measurements measurements.json --secure-boot on --json=pretty\n";

#define VERB "attest check"

struct check_options {
        struct options common;
        const char *quote, *signature, *public_key, *nonce, *log, *userspace_log, *measurements;
        struct attest_demand demand;
        size_t nonce_size;
        uint8_t nonce_bytes[QUOTE_NONCE_MAX];
};

static const struct option list[] = {
        { "quote", required_argument, NULL, 'Q' }, { "signature", required_argument, NULL, 's' },
        { "public-key", required_argument, NULL, 'k' }, { "nonce", required_argument, NULL, 'n' },
        { "log", required_argument, NULL, 'l' }, { "userspace-log", required_argument, NULL, 'u' },
        { "measurements", required_argument, NULL, 'm' }, { "secure-boot", required_argument, NULL, 'b' },
        { "phase", required_argument, NULL, 'w' }, OPTION_JSON, OPTION_QUIET, OPTION_HELP, {},
};

static int take(int id, void *userdata, struct trouble *t)
{
        struct check_options *o = userdata;
        const char **fields[] = { &o->quote, &o->signature, &o->public_key, &o->nonce, &o->log, &o->userspace_log, &o->measurements,
                                  &o->demand.secure_boot, &o->demand.phase };

        for (size_t i = 0; i < ARRAY_SIZE(fields); i++)
                if (list[i].val == id) {
                        _cleanup_free_ char *name = tool_format("--%s", list[i].name);

                        return options_take_once(fields[i], VERB, name, t);
                }
        return 0;
}

static int parse_options(int argc, char *argv[], struct check_options *o, struct trouble *t)
{
        ssize_t n;

        o->common.verb = VERB;
        if (options_parse(&o->common, argc, argv, list, false, take, o, t) < 0)
                return -1;
        if (o->common.wants_help)
                return 0;
        if (options_demand(&o->common, o->quote, "--quote", t) < 0 || options_demand(&o->common, o->signature, "--signature", t) < 0 ||
            options_demand(&o->common, o->public_key, "--public-key", t) < 0 || options_demand(&o->common, o->nonce, "--nonce", t) < 0 ||
            options_demand(&o->common, o->log, "--log", t) < 0 || options_demand(&o->common, o->measurements, "--measurements", t) < 0)
                return -1;
        n = hex_decode(o->nonce, o->nonce_bytes, sizeof(o->nonce_bytes));
        if (n <= 0)
                return trouble_set_usage(t, VERB, "1 to 64 bytes in hexadecimal are wanted, not", o->nonce);
        o->nonce_size = (size_t) n;
        if (o->demand.secure_boot && !str_equal(o->demand.secure_boot, "on") && !str_equal(o->demand.secure_boot, "off"))
                return trouble_set_usage(t, VERB, "on or off is wanted, not", o->demand.secure_boot);
        return 0;
}

/* A demand for what nobody predicted could only be met by accident. */
static int check_demand(const struct check_options *o, const struct prediction *p, struct trouble *t)
{
        const struct predict_input *in = p->in;
        bool is_on = o->demand.secure_boot && str_equal(o->demand.secure_boot, "on");

        if (o->demand.secure_boot && !(in->pcrs[4] && in->secure_boot[is_on]))
                return trouble_set(t, OUTCOME_UNDECIDED, "%s has no value of PCR 4 with Secure Boot %s", o->measurements,
                                   o->demand.secure_boot);
        if (!o->demand.phase)
                return 0;
        for (size_t i = 0; i < in->n_phases; i++)
                if (str_equal(in->phases[i], o->demand.phase))
                        return 0;
        return trouble_set(t, OUTCOME_UNDECIDED, "%s has no phase %s", o->measurements, o->demand.phase);
}

/* 1: a signature of the key; 0: not, and there is a finding. */
static int read_quote(const struct check_options *o, struct attest *a, struct quote *ret, enum digest_alg *ret_alg, struct trouble *t)
{
        _cleanup_buffer_ struct buffer quote = {}, signature = {};
        static struct quote_signature s;

        if (tool_read_file(o->quote, QUOTE_MAX_BYTES, &quote, t) < 0 ||
            tool_read_file(o->signature, QUOTE_MAX_BYTES, &signature, t) < 0)
                return -1;
        if (quote_signature_parse(&signature, &s, t) < 0)
                (void) trouble_prefix(t, "%s", o->signature);
        else if (quote_verify(o->public_key, &quote, &s, t) == 0) {
                (void) attest_add(a, "signature", ATTEST_TRUE, tool_strdup("made by this key"));
                if (quote_parse(&quote, ret, t) == 0) {
                        *ret_alg = s.alg;
                        return 1;
                }
                (void) trouble_prefix(t, "%s", o->quote);
        }
        if (t->outcome != OUTCOME_FALSE)
                return -1;
        (void) attest_add(a, "signature", ATTEST_FALSE, tool_format("%s", t->msg));
        return 0;
}

static int examine(const struct check_options *o, const struct prediction *p, const struct log_events *l, const struct log_replay *r,
                   struct attest *a, struct trouble *t)
{
        static struct quote q;
        enum digest_alg alg = DIGEST_NONE;
        int is_signed = read_quote(o, a, &q, &alg, t);

        /* Of a quote that nobody signed, nothing is worth to be looked at. */
        if (is_signed <= 0)
                return is_signed;
        if (q.nonce_size == o->nonce_size && bytes_equal(q.nonce, o->nonce_bytes, q.nonce_size))
                (void) attest_add(a, "nonce", ATTEST_TRUE, tool_strdup("the one that was asked with"));
        else
                (void) attest_add(a, "nonce", ATTEST_FALSE, tool_strdup("the quote was made for another nonce: it is of another time"));
        if (attest_compare_logs(a, &q, alg, l, r, t) < 0)
                return -1;
        return a->has_values ? attest_compare_values(a, &q, r, p, &o->demand, t) : 0;
}

static const char *verdict_name(enum attest_verdict verdict)
{
        static const char *const names[] = { [ATTEST_UNDECIDED] = "undecided", [ATTEST_FALSE] = "false", [ATTEST_TRUE] = "true" };

        return names[verdict];
}

static void name_finding(const struct attest_finding *f, char *ret, size_t size)
{
        if (!str_equal(f->check, "pcr") || f->pcr == 0)
                (void) snprintf(ret, size, "%s", f->check);
        else if (f->alg == DIGEST_NONE)
                (void) snprintf(ret, size, "PCR %u", f->pcr);
        else
                (void) snprintf(ret, size, "PCR %u %s", f->pcr, digest_name(f->alg));
}

static void print_text(const struct attest *a)
{
        for (size_t i = 0; i < a->n; i++) {
                char name[32];

                name_finding(&a->findings[i], name, sizeof(name));
                printf("%-13s  %-9s  %s\n", name, verdict_name(a->findings[i].verdict), a->findings[i].what);
        }
}

static const char *state_name(const struct attest *a)
{
        if (!a->is_state_known || a->secure_boot[false] == a->secure_boot[true])
                return NULL;
        return a->secure_boot[true] ? "on" : "off";
}

static int print_json(const struct attest *a, enum attest_verdict verdict, bool is_pretty, struct trouble *t)
{
        _cleanup_json_ struct json_object *o = json_value_object();
        struct json_object *findings = json_value_array();

        for (size_t i = 0; i < a->n; i++) {
                const struct attest_finding *f = &a->findings[i];
                bool is_pcr = str_equal(f->check, "pcr") && f->pcr > 0;
                struct json_object *one = json_value_object();

                json_value_add_text(one, "check", f->check);
                json_value_add(one, "pcr", is_pcr ? json_value_u64(f->pcr) : NULL);
                json_value_add_text(one, "bank", f->alg != DIGEST_NONE ? digest_name(f->alg) : NULL);
                json_value_add(one, "value", json_value_digest(&f->value));
                json_value_add_text(one, "verdict", verdict_name(f->verdict));
                json_value_add_text(one, "what", f->what);
                json_value_append(findings, one);
        }
        json_value_add_text(o, "verdict", verdict_name(verdict));
        json_value_add_text(o, "secure_boot", state_name(a));
        json_value_add_text(o, "phase", a->phase);
        json_value_add(o, "findings", findings);
        return json_value_print(o, is_pretty, t);
}

/* Who is wrong in one thing is not saved by another that cannot be seen. */
static const struct attest_finding *find_worst(const struct attest *a)
{
        const struct attest_finding *worst = NULL;

        for (size_t i = 0; i < a->n; i++) {
                if (a->findings[i].verdict == ATTEST_FALSE)
                        return &a->findings[i];
                if (a->findings[i].verdict == ATTEST_UNDECIDED && !worst)
                        worst = &a->findings[i];
        }
        return worst;
}

static int answer(const struct check_options *o, const struct attest *a, struct trouble *t)
{
        const struct attest_finding *worst = find_worst(a);
        enum attest_verdict verdict = worst ? worst->verdict : ATTEST_TRUE;
        char name[32];

        if (o->common.json != JSON_OFF && print_json(a, verdict, o->common.json == JSON_PRETTY, t) < 0)
                return -1;
        if (o->common.json == JSON_OFF && !o->common.is_quiet)
                print_text(a);
        if (!worst)
                return 0;
        name_finding(worst, name, sizeof(name));
        return trouble_set(t, verdict == ATTEST_FALSE ? OUTCOME_FALSE : OUTCOME_UNDECIDED, "%s: %s", name, worst->what);
}

int attest_check(int argc, char *argv[], struct trouble *t)
{
        static struct check_options o;
        static struct predict_input in;
        static struct prediction p;
        _cleanup_(log_replay_done) struct log_replay replay = {};
        _cleanup_events_ struct log_events l = {};
        _cleanup_(attest_done) struct attest a = {};
        char *paths[2];
        int r = -1;

        if (parse_options(argc, argv, &o, t) < 0)
                return -1;
        if (o.common.wants_help)
                return fputs(usage, stdout) < 0 ? -1 : 0;
        paths[0] = (char *) (uintptr_t) o.log;
        paths[1] = (char *) (uintptr_t) o.userspace_log;
        if (log_events_read(paths, o.userspace_log ? 2 : 1, &l, t) == 0 && log_replay_run(&l, &replay, t) == 0 &&
            measurements_read(o.measurements, &in, &p, t) == 0 && check_demand(&o, &p, t) == 0 &&
            examine(&o, &p, &l, &replay, &a, t) == 0)
                r = answer(&o, &a, t);
        measurements_done(&in, &p);
        return r;
}
