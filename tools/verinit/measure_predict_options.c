/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <stdio.h>

#include "measure_predict.h"
#include "predict_choice.h"

static const char usage[] =
        "Usage: verinit measure predict --uki FILE [--policy FILE] [OPTION]...\n"
        "\n"
        "Says what PCRs 4, 7, 9, 11, 12 and 13 will hold after a boot of a unified kernel image, from files alone.\n"
        "\n"
        "  --uki FILE                the image\n"
        "  --profile N               which of its profiles is booted (default 0)\n"
        "  --policy FILE|none        the SELinux policy in /usr, which PCR 13 needs\n"
        "  --floor FILE              what the image demands; default: the floor in the image's .initrd\n"
        "  --variables PATH          the firmware's variables, which PCR 7 needs: EDK2's store, or a directory of efivarfs\n"
        "  --loader FILE             a program that is started before the image; may be repeated, in their order\n"
        "  --addon FILE              a signed add-on; may be repeated, in the order of systemd-stub\n"
        "  --credential FILE         of the image's own directory (IMAGE.extra.d/); may be repeated\n"
        "  --global-credential FILE  of /loader/credentials; may be repeated\n"
        "  --sysext FILE             a system extension of IMAGE.extra.d/; may be repeated\n"
        "  --confext FILE            a configuration extension of IMAGE.extra.d/; may be repeated\n"
        "  --secure-boot on|off      PCR 4 for this alone (default: both)\n"
        "  --pcr N[,N]...            these PCRs (default: all that the files allow for)\n"
        "  --bank NAME[,NAME]...     sha1, sha256, sha384, sha512 (default: all four)\n"
        "  --phase WORD[:WORD]...    PCR 11 after these words; may be repeated (default: the four of a whole boot)\n"
        "  --output FILE             write measurements.json, in one line\n"
        "  --json=HOW                to standard output: short (one line), pretty, or off (default: a table)\n"
        "  --quiet                   no table, and no talk on stderr but errors\n"
        "  --help                    this text\n"
        "\n"
        "Exit status: 0 predicted, 1 trouble, 2 wrong usage, 3 would not boot so, 4 some of it cannot be decided.\n"
        "\n"
        "Examples:\n"
        "  verinit measure predict --uki node.efi --policy policy.33 --output measurements.json\n"
        "  verinit measure predict --uki node.efi --pcr 11 --bank sha256 --phase enter-initrd:leave-initrd\n"
        "  verinit measure predict --uki node.efi --policy policy.33 --loader shimx64.efi --loader systemd-bootx64.efi \\\n"
        "      --secure-boot on --json=pretty\n";

#define VERB "measure predict"

static const struct option long_options[] = {
        { "uki", required_argument, NULL, 'u' }, { "profile", required_argument, NULL, 'n' },
        { "policy", required_argument, NULL, 's' }, { "variables", required_argument, NULL, 'v' }, { "floor", required_argument, NULL, 'f' },
        { "loader", required_argument, NULL, 'l' }, { "addon", required_argument, NULL, 'a' },
        { "credential", required_argument, NULL, 'c' }, { "global-credential", required_argument, NULL, 'g' },
        { "sysext", required_argument, NULL, 'y' }, { "confext", required_argument, NULL, 'x' },
        { "secure-boot", required_argument, NULL, 'b' }, { "pcr", required_argument, NULL, 'p' },
        { "bank", required_argument, NULL, 'k' }, { "phase", required_argument, NULL, 'w' },
        { "output", required_argument, NULL, 'o' }, OPTION_JSON, OPTION_QUIET, OPTION_HELP, {},
};

struct asked {
        struct predict_options *options;
        struct predict_input *in;
};

static int take_secure_boot(struct predict_options *o, struct predict_input *in, struct trouble *t)
{
        if (o->has_secure_boot)
                return trouble_set_usage(t, VERB, "option given twice", "--secure-boot");
        o->has_secure_boot = true;
        in->secure_boot[true] = str_equal(optarg, "on");
        in->secure_boot[false] = str_equal(optarg, "off");
        return in->secure_boot[true] || in->secure_boot[false] ? 0 :
               trouble_set_usage(t, VERB, "on or off is wanted, not", optarg);
}

static int take_profile(struct predict_options *o, struct trouble *t)
{
        if (o->has_profile)
                return trouble_set_usage(t, VERB, "option given twice", "--profile");
        o->has_profile = true;
        return choose_number(optarg, strlen(optarg), PE_MAX_SECTIONS, &o->profile) ? 0 :
               trouble_set_usage(t, VERB, "no profile's number", optarg);
}

static int take(int id, void *userdata, struct trouble *t)
{
        const struct asked *asked = userdata;
        struct predict_options *o = asked->options;
        struct predict_input *in = asked->in;

        switch (id) {
        case 'u':
                return options_take_once(&o->uki, VERB, "--uki", t);
        case 's':
                return options_take_once(&o->policy, VERB, "--policy", t);
        case 'v':
                return options_take_once(&o->variables, VERB, "--variables", t);
        case 'f':
                return options_take_once(&o->floor, VERB, "--floor", t);
        case 'o':
                return options_take_once(&o->output, VERB, "--output", t);
        case 'n':
                return take_profile(o, t);
        case 'l':
                return options_take_listed(&o->loaders, VERB, "--loader", t);
        case 'a':
                return options_take_listed(&o->addons, VERB, "--addon", t);
        case 'c':
                return options_take_listed(&o->credentials, VERB, "--credential", t);
        case 'g':
                return options_take_listed(&o->global_credentials, VERB, "--global-credential", t);
        case 'y':
                return options_take_listed(&o->sysexts, VERB, "--sysext", t);
        case 'x':
                return options_take_listed(&o->confexts, VERB, "--confext", t);
        case 'b':
                return take_secure_boot(o, in, t);
        case 'p':
                o->has_pcrs = true;
                return choose_pcrs(in, VERB, t);
        case 'k':
                o->has_banks = true;
                return choose_banks(in, VERB, t);
        default:
                return choose_phase(in, VERB, t);
        }
}

static void set_defaults(const struct predict_options *o, struct predict_input *in)
{
        for (size_t i = 0; !o->has_pcrs && i < PREDICT_N_KNOWN; i++)
                in->pcrs[predict_known[i]] = predict_known[i] != 7 || o->variables;
        for (enum digest_alg alg = DIGEST_SHA1; !o->has_banks && alg < _DIGEST_ALG_MAX; alg++)
                in->banks[alg] = true;
        if (!o->has_secure_boot)
                in->secure_boot[false] = in->secure_boot[true] = true;
        choose_default_phases(in);
}

int measure_predict_parse(int argc, char *argv[], struct predict_options *ret, struct predict_input *in, struct trouble *t)
{
        struct predict_options o = { .common = { .verb = VERB } };

        if (options_parse(&o.common, argc, argv, long_options, false, take, &(struct asked) { &o, in }, t) < 0 ||
            options_demand(&o.common, o.uki, "--uki", t) < 0)
                return -1;
        if (o.common.wants_help)
                (void) fputs(usage, stdout);
        set_defaults(&o, in);
        *ret = o;
        return 0;
}
