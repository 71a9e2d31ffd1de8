/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <stdio.h>

#include "options.h"
#include "predict_choice.h"
#include "uki_report.h"
#include "uki_verify.h"

static const char usage[] =
        "Usage: verinit uki inspect FILE [OPTION]...\n"
        "\n"
        "Says what a unified kernel image holds: sections, Authenticode digests, signatures, command lines, initramfs, signed PCR\n"
        "policies. What PID 1 would refuse, what does not fit together and what no good build leaves is a problem, and makes the\n"
        "answer 3.\n"
        "\n"
        "  --cert FILE           verify its signature with this certificate (PEM), by sbverify\n"
        "  --phase WORD[:WORD]   compare .pcrsig with PCR 11 after these words; may be repeated (default: those of systemd-measure)\n"
        "  --json=HOW            short (one line), pretty, or off (default: text for people)\n"
        "  --quiet               no talk on stderr but errors\n"
        "  --help                this text\n"
        "\n"
        "Exit status: 0 sound, 1 cannot be read, 2 wrong usage, 3 has problems, or is no such image.\n"
        "\n"
        "Examples:\n"
        "  verinit uki inspect node.efi\n"
        "  verinit uki inspect node.signed.efi --cert db.crt --json=short | jq .authenticode.sha256\n";

#define VERB "uki inspect"

struct inspect_options {
        struct options common;
        const char *certificate;
        struct predict_input choice;
};

static int take(int id, void *userdata, struct trouble *t)
{
        struct inspect_options *o = userdata;

        return id == 'c' ? options_take_once(&o->certificate, VERB, "--cert", t) : choose_phase(&o->choice, VERB, t);
}

static int inspect(const struct inspect_options *o, const char *path, struct uki_report *report, struct trouble *t)
{
        _cleanup_buffer_ struct buffer file = {};
        struct trouble unverified = {};
        int r;

        if (tool_read_file(path, UKI_MAX_BYTES, &file, t) < 0 || uki_report_make(path, &file, &o->choice, report, t) < 0)
                return -1;
        if (o->certificate) {
                if (uki_verify(&report->uki.file, o->certificate, &unverified) == 0)
                        report->verified_by = o->certificate;
                else if (unverified.outcome == OUTCOME_FALSE)
                        uki_report_problem(report, "%s", unverified.msg);
                else {
                        *t = unverified;
                        return -1;
                }
        }
        if (o->common.json == JSON_OFF)
                uki_report_print_text(report);
        r = o->common.json == JSON_OFF ? 0 : uki_report_print_json(report, o->common.json == JSON_PRETTY, t);
        return r < 0 ? -1 : uki_report_verdict(report, t);
}

int uki_inspect(int argc, char *argv[], struct trouble *t)
{
        static struct uki_report report;
        static const struct option list[] = {
                { "cert", required_argument, NULL, 'c' }, { "phase", required_argument, NULL, 'w' }, OPTION_JSON, OPTION_QUIET, OPTION_HELP,
                {},
        };
        struct inspect_options o = { .common = { .verb = VERB } };
        int r;

        if (options_parse(&o.common, argc, argv, list, true, take, &o, t) < 0)
                return -1;
        if (o.common.wants_help)
                return fputs(usage, stdout) < 0 ? -1 : 0;
        if (o.common.n_words != 1)
                return trouble_set(t, OUTCOME_USAGE, VERB ": one FILE is wanted: see 'verinit " VERB " --help'");
        choose_default_phases(&o.choice);
        r = inspect(&o, o.common.words[0], &report, t);
        uki_report_done(&report);
        return r;
}
