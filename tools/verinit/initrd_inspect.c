/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <getopt.h>
#include <stdio.h>

#include "initrd_report.h"
#include "json_value.h"

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

struct inspect_options {
        enum json_how json;
        bool wants_help;
        const char *path;
};

static const struct option long_options[] = {
        { "json", required_argument, NULL, 'j' },
        { "quiet", no_argument, NULL, 'q' },
        { "help", no_argument, NULL, 'h' },
        {},
};

static int parse_options(int argc, char *argv[], struct inspect_options *ret, struct trouble *t)
{
        struct inspect_options o = {};
        int id;

        optind = 0;
        opterr = 0;
        while ((id = getopt_long(argc, argv, ":", long_options, NULL)) != -1)
                switch (id) {
                case 'j':
                        if (json_how_parse("initrd inspect", optarg, &o.json, t) < 0)
                                return -1;
                        break;
                case 'q':
                        tool_set_quiet(true);
                        break;
                case 'h':
                        o.wants_help = true;
                        break;
                default:
                        return trouble_set_option(t, "initrd inspect", id, argv[optind - 1]);
                }
        if (!o.wants_help && argc - optind != 1)
                return trouble_set(t, OUTCOME_USAGE, "initrd inspect: one FILE is wanted: see 'verinit initrd inspect "
                                   "--help'");
        o.path = argv[optind];
        *ret = o;
        return 0;
}

int initrd_inspect(int argc, char *argv[], struct trouble *t)
{
        static struct report report;
        struct inspect_options o = {};
        int r = 0;

        if (parse_options(argc, argv, &o, t) < 0)
                return -1;
        if (o.wants_help)
                return fputs(usage, stdout) < 0 ? -1 : 0;
        if (report_read(o.path, &report, t) < 0)
                return -1;
        if (o.json == JSON_OFF)
                report_print_text(&report);
        else
                r = report_print_json(&report, o.json == JSON_PRETTY, t);
        if (r == 0 && report.n_problems > 0)
                r = trouble_set(t, OUTCOME_FALSE, "%s has %zu problem%s; the first: %s", o.path, report.n_problems,
                                report.n_problems > 1 ? "s" : "", report.problems[0]);
        report_done(&report);
        return r;
}
