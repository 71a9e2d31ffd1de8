/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * verinit ipe check: what a policy says, read as the kernel reads it.
 */
#include <stdio.h>

#include "ipe_options.h"
#include "ipe_report.h"
#include "ipe_sign.h"

static const char usage[] =
        "Usage: verinit ipe check FILE [OPTION]...\n"
        "\n"
        "Explains each line of a policy of IPE, signed or its text, and says what is wrong with it: a default that allows, a rule that\n"
        "lets in what nothing verifies or what is in the initramfs, a volume that nothing may be started from.\n"
        "\n"
        "  --cert FILE             who has to have signed it: an X.509 certificate, PEM or DER\n"
        "  --root-hash HEX         of a volume that programs have to be allowed of; may be repeated\n"
        "  --root-hash-file FILE   the same, read from a file; may be repeated\n"
        "  --cmdline TEXT          the same from a command line, as PID 1 reads it; @FILE from a file\n"
        "  --uki FILE              the same from the command line of a unified kernel image\n"
        "  --floor FILE            with --cmdline or --uki: what the image demands (verinit-floor(5)); default: everything\n"
        "  --json=HOW              short (one line), pretty, or off (default: text for people)\n"
        "  --quiet                 nothing but errors, and JSON\n"
        "  --help                  this text\n"
        "\n"
        "Exit status: 0 sound, 1 cannot be read, 2 wrong usage, 3 has problems, is no policy, or not signed so.\n"
        "\n"
        "Examples:\n"
        "  verinit ipe check node.p7b --cert db.crt --root-hash-file roothash\n"
        "  verinit ipe check node.ipe --json=short | jq '.problems[].problem'\n";

#define VERB "ipe check"

struct check_options {
        struct options common;
        struct ipe_volumes volumes;
        const char *certificate;
};

static int take(int id, void *userdata, struct trouble *t)
{
        struct check_options *o = userdata;
        int r = ipe_volumes_take(&o->volumes, VERB, id, t);

        return r <= 0 ? r : options_take_once(&o->certificate, VERB, "--cert", t);
}

static int check_signed(const struct check_options *o, struct ipe_report *report, struct trouble *t)
{
        if (!o->certificate)
                return 0;
        if (report->file.size == 0)
                return trouble_set(t, OUTCOME_FALSE, "%s is not signed: it is the text alone", report->path);
        if (ipe_check_signature(&report->file, o->certificate, t) < 0)
                return trouble_prefix(t, "%s", report->path);
        report->verified_by = o->certificate;
        return 0;
}

static int check(const struct check_options *o, struct ipe_report *report, struct trouble *t)
{
        struct digest root_hashes[IPE_WANTED_ROOT_HASHES];
        _cleanup_buffer_ struct buffer file = {};
        const char *path = o->common.words[0];
        int n = ipe_volumes_read(&o->volumes, VERB, root_hashes, t);

        if (n < 0 || tool_read_file(path, IPE_POLICY_MAX_BYTES, &file, t) < 0 || ipe_report_read(path, &file, report, t) < 0 ||
            check_signed(o, report, t) < 0 || ipe_report_judge(report, root_hashes, (size_t) n, t) < 0)
                return -1;
        if ((!o->common.is_quiet || o->common.json != JSON_OFF) && ipe_report_print(report, o->common.json, t) < 0)
                return -1;
        return ipe_report_verdict(report, t);
}

int ipe_check(int argc, char *argv[], struct trouble *t)
{
        static const struct option list[] = {
                IPE_OPTIONS_VOLUMES, { "cert", required_argument, NULL, 'c' }, OPTION_JSON, OPTION_QUIET, OPTION_HELP, {},
        };
        static struct ipe_report report;
        struct check_options o = { .common = { .verb = VERB } };
        int r;

        if (options_parse(&o.common, argc, argv, list, true, take, &o, t) < 0)
                return -1;
        if (o.common.wants_help)
                return fputs(usage, stdout) < 0 ? -1 : 0;
        if (o.common.n_words != 1)
                return trouble_set(t, OUTCOME_USAGE, VERB ": one FILE is wanted: see 'verinit " VERB " --help'");
        r = check(&o, &report, t);
        ipe_report_done(&report);
        return r;
}
