/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <stdio.h>

#include "measure_export.h"
#include "options.h"
#include "output.h"

static const char usage[] =
        "Usage: verinit measure export --format FORMAT --measurements FILE [OPTION]...\n"
        "\n"
        "Writes what `verinit measure predict --output` has found for those who check it.\n"
        "\n"
        "  --measurements FILE   measurements.json\n"
        "  --format pcrlock      components for systemd-pcrlock, into the directory --output\n"
        "  --format keylime      a TPM policy of keylime: allowed values for each PCR\n"
        "  --format rvps         reference values of the trustee's RVPS, for its extractor `sample`\n"
        "  --format comid        a CoMID tag (draft-ietf-rats-corim), in the JSON of the tool cocli\n"
        "  --format in-toto      an in-toto statement about image, loaders and add-ons, to be signed\n"
        "  --secure-boot on|off  PCRs 4 and 7 in this state (default: on)\n"
        "  --bank NAME           the bank of keylime and rvps (default: sha256)\n"
        "  --phase WORD[:WORD]   PCR 11 of all but pcrlock after these words (default: the last in the file)\n"
        "  --prefix TEXT         before the names of rvps (default: snp_)\n"
        "  --vendor TEXT         of the environment of comid (default: none)\n"
        "  --output PATH         the directory of pcrlock, or a file (default: standard output)\n"
        "  --quiet               no talk on stderr but errors\n"
        "  --help                this text\n"
        "\n"
        "Exit status: 0 written, 1 trouble, 2 wrong usage, 3 the file contradicts itself, 4 it does not say.\n"
        "\n"
        "Examples:\n"
        "  verinit measure export --format pcrlock --measurements measurements.json --output pcrlock.d\n"
        "  verinit measure export --format rvps --measurements measurements.json --prefix tdx_ >reference-values.json\n";

#define VERB "measure export"

enum { PREFIX_MAX = 32 };

enum format { FORMAT_NONE = 0, FORMAT_PCRLOCK, FORMAT_KEYLIME, FORMAT_RVPS, FORMAT_COMID, FORMAT_IN_TOTO };

static const char *const format_names[] = {
        [FORMAT_PCRLOCK] = "pcrlock", [FORMAT_KEYLIME] = "keylime", [FORMAT_RVPS] = "rvps",
        [FORMAT_COMID] = "comid",     [FORMAT_IN_TOTO] = "in-toto",
};

struct export_options {
        struct options common;
        const char *measurements, *format, *secure_boot, *bank, *phase, *prefix, *vendor, *output;
};

static int take(int id, void *userdata, struct trouble *t)
{
        struct export_options *o = userdata;

        switch (id) {
        case 'm':
                return options_take_once(&o->measurements, VERB, "--measurements", t);
        case 'f':
                return options_take_once(&o->format, VERB, "--format", t);
        case 'b':
                return options_take_once(&o->secure_boot, VERB, "--secure-boot", t);
        case 'k':
                return options_take_once(&o->bank, VERB, "--bank", t);
        case 'w':
                return options_take_once(&o->phase, VERB, "--phase", t);
        case 'x':
                return options_take_once(&o->prefix, VERB, "--prefix", t);
        case 'v':
                return options_take_once(&o->vendor, VERB, "--vendor", t);
        default:
                return options_take_once(&o->output, VERB, "--output", t);
        }
}

static int parse_options(int argc, char *argv[], struct export_options *o, struct trouble *t)
{
        static const struct option list[] = {
                { "measurements", required_argument, NULL, 'm' }, { "format", required_argument, NULL, 'f' },
                { "secure-boot", required_argument, NULL, 'b' }, { "bank", required_argument, NULL, 'k' },
                { "phase", required_argument, NULL, 'w' }, { "prefix", required_argument, NULL, 'x' },
                { "vendor", required_argument, NULL, 'v' },
                { "output", required_argument, NULL, 'o' }, OPTION_QUIET, OPTION_HELP, {},
        };

        o->common.verb = VERB;
        if (options_parse(&o->common, argc, argv, list, false, take, o, t) < 0 ||
            options_demand(&o->common, o->format, "--format", t) < 0)
                return -1;
        return options_demand(&o->common, o->measurements, "--measurements", t);
}

static int choose(const struct export_options *o, enum format *ret_format, struct export_choice *ret, struct trouble *t)
{
        struct export_choice c = { .secure_boot = true, .bank = DIGEST_SHA256, .phase = o->phase, .prefix = "",
                                   .vendor = o->vendor };
        enum format format = FORMAT_NONE;

        for (size_t i = FORMAT_PCRLOCK; i < ARRAY_SIZE(format_names); i++)
                if (str_equal(o->format, format_names[i]))
                        format = (enum format) i;
        if (format == FORMAT_NONE)
                return trouble_set_usage(t, VERB, "pcrlock, keylime, rvps, comid or in-toto is wanted, not", o->format);
        if (format == FORMAT_PCRLOCK && !o->output)
                return trouble_set_usage(t, VERB, "option missing", "--output");
        if (o->secure_boot && !str_equal(o->secure_boot, "on") && !str_equal(o->secure_boot, "off"))
                return trouble_set_usage(t, VERB, "on or off is wanted, not", o->secure_boot);
        c.secure_boot = !o->secure_boot || str_equal(o->secure_boot, "on");
        if (o->bank)
                c.bank = digest_from_name(o->bank);
        if (c.bank == DIGEST_NONE)
                return trouble_set_usage(t, VERB, "no bank", o->bank);
        if (format == FORMAT_RVPS)
                c.prefix = o->prefix ? o->prefix : "snp_";
        if (strlen(c.prefix) > PREFIX_MAX)
                return trouble_set_usage(t, VERB, "too long a prefix", c.prefix);
        *ret = c;
        *ret_format = format;
        return 0;
}

/* Of what was left out when it was predicted, nothing can be said. */
static int check_choice(const struct prediction *p, const char *path, enum format format, struct export_choice *c,
                        struct trouble *t)
{
        const struct predict_input *in = p->in;

        if (in->pcrs[4] && !in->secure_boot[c->secure_boot])
                return trouble_set(t, OUTCOME_UNDECIDED, "%s has no value of PCR 4 with Secure Boot %s", path,
                                   c->secure_boot ? "on" : "off");
        if (format == FORMAT_PCRLOCK)
                return 0;
        if (in->pcrs[7] && !predict_knows_state(p, c->secure_boot))
                return trouble_set(t, OUTCOME_UNDECIDED, "%s has no value of PCR 7 with Secure Boot %s", path,
                                   c->secure_boot ? "on" : "off");
        if ((format == FORMAT_KEYLIME || format == FORMAT_RVPS) && !in->banks[c->bank])
                return trouble_set(t, OUTCOME_UNDECIDED, "%s has no bank %s", path, digest_name(c->bank));
        if (format == FORMAT_COMID && !in->banks[DIGEST_SHA256] && !in->banks[DIGEST_SHA384] && !in->banks[DIGEST_SHA512])
                return trouble_set(t, OUTCOME_UNDECIDED, "%s has no bank that CoMID has a name for", path);
        if (!in->pcrs[11])
                return 0;
        if (!c->phase && in->n_phases > 0)
                c->phase = in->phases[in->n_phases - 1];
        for (size_t i = 0; i < in->n_phases; i++)
                if (str_equal(in->phases[i], c->phase))
                        return 0;
        return trouble_set(t, OUTCOME_UNDECIDED, "%s has no phase %s", path, c->phase ? c->phase : "at all");
}

static int export(const struct prediction *p, enum format format, const struct export_choice *c, const char *output,
                  struct trouble *t)
{
        static int (*const formatters[])(const struct prediction *, const struct export_choice *, struct buffer *, struct trouble *) = {
                [FORMAT_KEYLIME] = export_keylime, [FORMAT_RVPS] = export_rvps, [FORMAT_COMID] = export_comid,
                [FORMAT_IN_TOTO] = export_in_toto,
        };
        _cleanup_buffer_ struct buffer text = {};
        int r;

        if (format == FORMAT_PCRLOCK)
                return export_pcrlock(p, c, output, t);
        r = formatters[format](p, c, &text, t);
        if (r < 0)
                return -1;
        if (output)
                return output_write(output, &text, t);
        (void) fwrite(text.data, 1, text.size, stdout);
        return 0;
}

int measure_export(int argc, char *argv[], struct trouble *t)
{
        static struct predict_input in;
        static struct prediction p;
        struct export_options o = {};
        struct export_choice choice;
        enum format format;
        int r = -1;

        if (parse_options(argc, argv, &o, t) < 0)
                return -1;
        if (o.common.wants_help)
                return fputs(usage, stdout) < 0 ? -1 : 0;
        if (choose(&o, &format, &choice, t) < 0)
                return -1;
        if (measurements_read(o.measurements, &in, &p, t) == 0 && check_choice(&p, o.measurements, format, &choice, t) == 0)
                r = export(&p, format, &choice, o.output, t);
        measurements_done(&in, &p);
        return r;
}
