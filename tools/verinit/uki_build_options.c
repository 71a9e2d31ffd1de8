/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "uki_build.h"

const char uki_build_usage[] =
        "Usage: verinit uki build --linux FILE --initrd FILE --cmdline TEXT|@FILE --os-release TEXT|@FILE [OPTION]... --output FILE\n"
        "\n"
        "Writes a unified kernel image by ukify, and keeps it only if it is what was asked for: every section is its input, nothing\n"
        "lies between them, kernel and modules fit, and PID 1 would take the command line with the floor that is packed.\n"
        "\n"
        "  --linux FILE               the kernel\n"
        "  --initrd FILE              what `verinit initrd build` has written\n"
        "  --cmdline TEXT|@FILE       the text that is packed into the initramfs\n"
        "  --os-release TEXT|@FILE    what the image is\n"
        "  --uname RELEASE            of the kernel (default: what the kernel says of itself)\n"
        "  --stub FILE                systemd-stub (default: where systemd installs it)\n"
        "  --splash FILE              a picture\n"
        "  --microcode FILE           of the processor; in front of the initramfs\n"
        "  --sbat TEXT|@FILE          in place of ukify's own line\n"
        "  --profile TEXT|@FILE       what the section .profile says\n"
        "  --join-profile FILE        one more profile, made by `ukify build --profile`; may be repeated\n"
        "  --pcrpkey FILE             the public half of the key that signs PCR policies\n"
        "  --pcrsig FILE              signed PCR policies, as `systemd-measure sign` writes them\n"
        "  --pcr-private-key FILE     sign PCR policies within ukify; may be repeated, as the two that follow\n"
        "  --pcr-public-key FILE      the other half\n"
        "  --phases WORD[:WORD]...    for which phases\n"
        "  --pcr-banks NAME[,NAME]... for which banks (default: ukify's)\n"
        "  --ukify PATH               the program (default: ukify, looked for in PATH)\n"
        "  --ukify-argument WORD      one more word for it; may be repeated\n"
        "  --output FILE              the image, not signed for Secure Boot\n"
        "  --quiet                    no talk on stderr but errors, and what ukify says\n"
        "  --help                     this text\n"
        "\n"
        "Exit status: 0 written, 1 trouble, 2 wrong usage, 3 not what was asked, or PID 1 would refuse it; nothing is written but for 0.\n"
        "\n"
        "Examples:\n"
        "  verinit uki build --linux vmlinuz --initrd initrd --cmdline @cmdline --os-release @os-release --output node.efi\n"
        "  verinit uki build --linux vmlinuz --initrd initrd --cmdline @cmdline --os-release @os-release --pcrpkey pcr.pub \\\n"
        "      --output node.efi && verinit measure policy --uki node.efi --public-key pcr.pub\n";

#define VERB "uki build"

enum {
        OPT_LINUX = 256, OPT_INITRD, OPT_CMDLINE, OPT_OSREL, OPT_UNAME, OPT_STUB, OPT_SPLASH, OPT_MICROCODE, OPT_SBAT, OPT_PROFILE, OPT_JOIN,
        OPT_PCRPKEY, OPT_PCRSIG, OPT_PRIVATE, OPT_PUBLIC, OPT_PHASES, OPT_BANKS, OPT_UKIFY, OPT_ARGUMENT, OPT_OUTPUT,
};

static const struct option list[] = {
        { "linux", required_argument, NULL, OPT_LINUX }, { "initrd", required_argument, NULL, OPT_INITRD },
        { "cmdline", required_argument, NULL, OPT_CMDLINE }, { "os-release", required_argument, NULL, OPT_OSREL },
        { "uname", required_argument, NULL, OPT_UNAME }, { "stub", required_argument, NULL, OPT_STUB },
        { "splash", required_argument, NULL, OPT_SPLASH }, { "microcode", required_argument, NULL, OPT_MICROCODE },
        { "sbat", required_argument, NULL, OPT_SBAT }, { "profile", required_argument, NULL, OPT_PROFILE },
        { "join-profile", required_argument, NULL, OPT_JOIN }, { "pcrpkey", required_argument, NULL, OPT_PCRPKEY },
        { "pcrsig", required_argument, NULL, OPT_PCRSIG }, { "pcr-private-key", required_argument, NULL, OPT_PRIVATE },
        { "pcr-public-key", required_argument, NULL, OPT_PUBLIC }, { "phases", required_argument, NULL, OPT_PHASES },
        { "pcr-banks", required_argument, NULL, OPT_BANKS }, { "ukify", required_argument, NULL, OPT_UKIFY },
        { "ukify-argument", required_argument, NULL, OPT_ARGUMENT }, { "output", required_argument, NULL, OPT_OUTPUT },
        OPTION_QUIET, OPTION_HELP, {},
};

static int take(int id, void *userdata, struct trouble *t)
{
        struct uki_build_options *o = userdata;
        const char **const once[] = {
                [OPT_LINUX - OPT_LINUX] = &o->linux, [OPT_INITRD - OPT_LINUX] = &o->initrd, [OPT_CMDLINE - OPT_LINUX] = &o->cmdline,
                [OPT_OSREL - OPT_LINUX] = &o->osrel, [OPT_UNAME - OPT_LINUX] = &o->uname, [OPT_STUB - OPT_LINUX] = &o->stub,
                [OPT_SPLASH - OPT_LINUX] = &o->splash, [OPT_MICROCODE - OPT_LINUX] = &o->microcode, [OPT_SBAT - OPT_LINUX] = &o->sbat,
                [OPT_PROFILE - OPT_LINUX] = &o->profile, [OPT_PCRPKEY - OPT_LINUX] = &o->pcrpkey, [OPT_PCRSIG - OPT_LINUX] = &o->pcrsig,
                [OPT_BANKS - OPT_LINUX] = &o->pcr_banks, [OPT_UKIFY - OPT_LINUX] = &o->ukify, [OPT_OUTPUT - OPT_LINUX] = &o->output,
        };

        switch (id) {
        case OPT_JOIN:
                return options_take_listed(&o->join_profiles, VERB, "--join-profile", t);
        case OPT_PRIVATE:
                return options_take_listed(&o->private_keys, VERB, "--pcr-private-key", t);
        case OPT_PUBLIC:
                return options_take_listed(&o->public_keys, VERB, "--pcr-public-key", t);
        case OPT_PHASES:
                return options_take_listed(&o->phases, VERB, "--phases", t);
        case OPT_ARGUMENT:
                return options_take_listed(&o->arguments, VERB, "--ukify-argument", t);
        default: {
                _cleanup_free_ char *name = tool_format("--%s", list[id - OPT_LINUX].name);

                return options_take_once(once[id - OPT_LINUX], VERB, name, t);
        }
        }
}

static int check(const struct uki_build_options *o, struct trouble *t)
{
        if (o->pcrsig && o->private_keys.n > 0)
                return trouble_set(t, OUTCOME_USAGE, VERB ": --pcrsig and --pcr-private-key are two ways to the same section");
        if (o->join_profiles.n > 0 && !o->profile)
                return trouble_set(t, OUTCOME_USAGE, VERB ": --join-profile needs --profile, for the first");
        if (o->profile && o->join_profiles.n == 0)
                return trouble_set(t, OUTCOME_USAGE, VERB ": --profile needs --join-profile: one alone, ukify makes a part for another image of");
        return 0;
}

int uki_build_parse(int argc, char *argv[], struct uki_build_options *ret, struct trouble *t)
{
        struct uki_build_options o = { .common = { .verb = VERB } };
        const struct {
                const char **field;
                const char *name;
        } needed[] = {
                { &o.linux, "--linux" }, { &o.initrd, "--initrd" }, { &o.cmdline, "--cmdline" }, { &o.osrel, "--os-release" },
                { &o.output, "--output" },
        };

        if (options_parse(&o.common, argc, argv, list, false, take, &o, t) < 0)
                return -1;
        for (size_t i = 0; i < ARRAY_SIZE(needed); i++)
                if (options_demand(&o.common, *needed[i].field, needed[i].name, t) < 0)
                        return -1;
        if (!o.common.wants_help && check(&o, t) < 0)
                return -1;
        *ret = o;
        return 0;
}
