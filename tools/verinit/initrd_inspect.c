/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <stdio.h>

#include "initrd_report.h"
#include "options.h"

static const char usage[] =
        "Usage: verinit initrd inspect FILE [--json=short|pretty|off] [--quiet]\n"
        "\n"
        "Says what an initramfs holds: PID 1, command line, floor, module table, and each entry with its size and\n"
        "SHA-256. What PID 1 would refuse, and what hides from this list, is a problem and makes the answer 3.\n"
        "\n"
        "  --json=HOW    short (one line), pretty, or off (default: text for people)\n"
        "  --quiet       no talk on stderr but errors\n"
        "  --help        this text\n"
        "\n"
        "Exit status: 0 sound, 1 cannot be read, 2 wrong usage, 3 has problems.\n"
        "\n"
        "Examples:\n"
        "  verinit initrd inspect initrd.cpio.zst\n"
        "  verinit initrd inspect initrd.cpio.zst --json=short | jq .modules.features\n";

int initrd_inspect(int argc, char *argv[], struct trouble *t)
{
        static struct report report;
        static const struct option list[] = { OPTION_JSON, OPTION_QUIET, OPTION_HELP, {} };
        struct options o = { .verb = "initrd inspect" };
        const char *path;
        int r = 0;

        if (options_parse(&o, argc, argv, list, true, NULL, NULL, t) < 0)
                return -1;
        if (o.wants_help)
                return fputs(usage, stdout) < 0 ? -1 : 0;
        if (o.n_words != 1)
                return trouble_set(t, OUTCOME_USAGE, "initrd inspect: one FILE is wanted: see 'verinit initrd inspect "
                                   "--help'");
        path = o.words[0];
        if (report_read(path, &report, t) < 0)
                return -1;
        if (o.json == JSON_OFF)
                report_print_text(&report);
        else
                r = report_print_json(&report, o.json == JSON_PRETTY, t);
        if (r == 0 && report.n_problems > 0)
                r = trouble_set(t, OUTCOME_FALSE, "%s has %zu problem%s; the first: %s", path, report.n_problems,
                                report.n_problems > 1 ? "s" : "", report.problems[0]);
        report_done(&report);
        return r;
}
