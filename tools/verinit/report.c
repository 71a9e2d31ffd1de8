/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <langinfo.h>
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "boot_report.h"
#include "options.h"
#include "output.h"

static const char usage[] =
        "Usage: verinit report [FILE] [--live] [--format text|json|svg|html] [--output FILE] [--pcrs FILE | --tpm DIRECTORY]\n"
        "                      [--json=short|pretty|off] [--quiet]\n"
        "\n"
        "Says what verinit did in a boot, and whether that was all that it had to prove. FILE is a boot.json, or the console of\n"
        "a boot that failed; without it, " BOOT_JSON_PATH " of this machine.\n"
        "\n"
        "  --live           this machine's boot.json, and the PCRs of its TPM beside it\n"
        "  --format text    for a terminal (default)\n"
        "  --format json    the verdict, and the evidence as it is\n"
        "  --format svg     one picture: the timeline, and the facts below it\n"
        "  --format html    one page, with the same\n"
        "  --output FILE    there, instead of standard output\n"
        "  --pcrs FILE      PCR values as `verinit log replay` takes them; PCR 13 is compared with the words\n"
        "  --tpm DIRECTORY  values that the kernel shows, such as /sys/class/tpm/tpm0\n"
        "  --json=HOW       --format json on one line (short) or many (pretty)\n"
        "  --quiet          no talk on stderr but errors\n"
        "  --help           this text\n"
        "\n"
        "Exit status: 0 a verified boot, be it with things that the floor let pass, which are listed; 1 trouble; 2 wrong usage;\n"
        "3 the boot failed, something was not verified, or the evidence contradicts itself or the TPM; 4 it does not say.\n"
        "\n"
        "Examples:\n"
        "  verinit report\n"
        "  verinit report boot.json --format svg --output boot.svg\n"
        "  verinit report serial.log\n";

#define VERB "report"

enum format { FORMAT_TEXT = 0, FORMAT_JSON, FORMAT_SVG, FORMAT_HTML };

struct report_options {
        struct options common;
        const char *format_name, *output;
        enum format format;
        bool is_live, has_values;
        struct log_values values;
};

static int take(int id, void *userdata, struct trouble *t)
{
        struct report_options *o = userdata;

        switch (id) {
        case 'l':
                o->is_live = true;
                return 0;
        case 'f':
                return options_take_once(&o->format_name, VERB, "--format", t);
        case 'o':
                return options_take_once(&o->output, VERB, "--output", t);
        case 'p':
                o->has_values = true;
                return log_values_add_file(&o->values, optarg, t);
        default:
                o->has_values = true;
                return log_values_add_tpm(&o->values, optarg, t);
        }
}

static int parse_options(int argc, char *argv[], struct report_options *o, struct trouble *t)
{
        static const struct option list[] = {
                { "live", no_argument, NULL, 'l' }, { "format", required_argument, NULL, 'f' },
                { "output", required_argument, NULL, 'o' }, { "pcrs", required_argument, NULL, 'p' },
                { "tpm", required_argument, NULL, 't' }, OPTION_JSON, OPTION_QUIET, OPTION_HELP, {},
        };
        static const char *const names[] = { [FORMAT_TEXT] = "text", [FORMAT_JSON] = "json", [FORMAT_SVG] = "svg",
                                             [FORMAT_HTML] = "html" };
        size_t i = 0;

        o->common.verb = VERB;
        if (options_parse(&o->common, argc, argv, list, true, take, o, t) < 0)
                return -1;
        if (o->common.wants_help)
                return 0;
        if (o->common.n_words > 1)
                return trouble_set_usage(t, VERB, "one FILE is wanted, and not also", o->common.words[1]);
        if (o->is_live && (o->common.n_words > 0 || o->has_values))
                return trouble_set_usage(t, VERB, "a file is given, and not looked at by", "--live");
        while (o->format_name && i < ARRAY_SIZE(names) && !str_equal(names[i], o->format_name))
                i++;
        if (i == ARRAY_SIZE(names))
                return trouble_set_usage(t, VERB, "text, json, svg or html is wanted, not", o->format_name);
        o->format = (enum format) i;
        if (o->common.json != JSON_OFF && o->format_name && o->format != FORMAT_JSON)
                return trouble_set_usage(t, VERB, "--json= is not for --format", o->format_name);
        if (o->common.json != JSON_OFF)
                o->format = FORMAT_JSON;
        return o->output ? output_check(o->output, t) : 0;
}

static int write_report(const struct report_options *o, const struct boot_report *r, struct trouble *t)
{
        _cleanup_buffer_ struct buffer page = {};
        const char *terminal = getenv("TERM"), *no_colour = getenv("NO_COLOR");
        bool is_terminal = !o->output && isatty(STDOUT_FILENO) && terminal && !str_equal(terminal, "dumb");

        switch (o->format) {
        case FORMAT_JSON:
                if (boot_report_json(r, o->common.json != JSON_SHORT, &page, t) < 0)
                        return -1;
                break;
        case FORMAT_SVG:
                boot_report_svg(r, &page);
                break;
        case FORMAT_HTML:
                boot_report_html(r, &page);
                break;
        case FORMAT_TEXT:
        default:
                /* How characters are encoded, and nothing else of the locale. */
                (void) setlocale(LC_CTYPE, "");
                boot_report_text(r, is_terminal && !(no_colour && *no_colour), str_equal(nl_langinfo(CODESET), "UTF-8"), &page);
        }
        if (o->output)
                return output_write(o->output, &page, t);
        if (fwrite(page.data, 1, page.size, stdout) != page.size)
                return trouble_set(t, OUTCOME_TROUBLE, "cannot write to standard output");
        return 0;
}

/* A machine may have no TPM, or not show it: that is talk, and the report goes on without. */
static void take_live(struct report_options *o)
{
        struct trouble ignored = {};

        if (log_values_add_tpm(&o->values, LOG_TPM_PATH, &ignored) == 0)
                o->has_values = true;
        else
                tool_say("PCRs are not shown: %s", ignored.msg);
}

int verb_report(int argc, char *argv[], struct trouble *t)
{
        /* Static: the tables are too large for a stack. */
        static struct report_options o;
        static struct boot_report r;
        int ret;

        if (parse_options(argc, argv, &o, t) < 0)
                return -1;
        if (o.common.wants_help)
                return fputs(usage, stdout) < 0 ? -1 : 0;
        if (o.is_live)
                take_live(&o);
        ret = boot_report_read(o.common.n_words > 0 ? o.common.words[0] : BOOT_JSON_PATH, o.has_values ? &o.values : NULL, &r, t);
        if (ret == 0)
                ret = write_report(&o, &r, t);
        if (ret == 0 && r.verdict != BOOT_VERIFIED)
                ret = trouble_set(t, r.verdict == BOOT_FAILED ? OUTCOME_FALSE : OUTCOME_UNDECIDED, "%s: %s",
                                  o.common.n_words > 0 ? o.common.words[0] : BOOT_JSON_PATH, tool_printable(r.headline));
        boot_report_done(&r);
        return ret;
}
