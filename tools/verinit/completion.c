/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "completion.h"
#include "feature.h"
#include "options.h"

static const char usage[] =
        "Usage: verinit completion bash|zsh|fish\n"
        "\n"
        "Writes to standard output what the shell completes the words of this command by: its verbs, their options, and\n"
        "the values of those that have few.\n"
        "\n"
        "  --quiet   no talk on stderr but errors\n"
        "  --help    this text\n"
        "\n"
        "Exit status: 0 written, 1 trouble, 2 wrong usage.\n"
        "\n"
        "Examples:\n"
        "  . <(verinit completion bash)\n"
        "  verinit completion zsh >/usr/share/zsh/vendor-completions/_verinit\n"
        "  verinit completion fish >~/.config/fish/completions/verinit.fish\n";

#define VERB "completion"
#define BANKS "sha1 sha256 sha384 sha512"

/* What getopt_long(3) does not know of an argument. The first line that fits counts; what has none is a file. */
static const struct {
        const char *verb; /* NULL: any */
        const char *option;
        struct argument argument;
} arguments[] = {
        { VERB, "", { ARGUMENT_CHOICE, "bash zsh fish" } },
        { "log cel", "json", { ARGUMENT_CHOICE, "short pretty" } },
        { "log show", "bank", { ARGUMENT_CHOICE, BANKS " all" } },
        { "measure export", "format", { ARGUMENT_CHOICE, "pcrlock keylime rvps comid in-toto" } },
        { NULL, "allow", { ARGUMENT_CHOICE, "KEXEC_IMAGE KEXEC_INITRAMFS POLICY X509_CERT" } },
        { NULL, "append", { ARGUMENT_TEXT, NULL } },
        { "report", "format", { ARGUMENT_CHOICE, "text json svg html" } },
        { NULL, "bank", { ARGUMENT_CHOICE, BANKS } },
        { NULL, "cmdline", { ARGUMENT_TEXT, NULL } },
        { NULL, "compress", { ARGUMENT_CHOICE, "zstd xz none" } },
        { NULL, "feature", { ARGUMENT_CHOICE, NULL } }, /* feature.c has them */
        { NULL, "data-block-size", { ARGUMENT_TEXT, NULL } },
        { NULL, "data-blocks", { ARGUMENT_TEXT, NULL } },
        { NULL, "fec-roots", { ARGUMENT_TEXT, NULL } },
        { NULL, "hash", { ARGUMENT_CHOICE, "sha256 sha384 sha512" } },
        { NULL, "hash-block-size", { ARGUMENT_TEXT, NULL } },
        { NULL, "hash-offset", { ARGUMENT_TEXT, NULL } },
        { NULL, "json", { ARGUMENT_CHOICE, "short pretty off" } },
        { NULL, "level", { ARGUMENT_TEXT, NULL } },
        { NULL, "module", { ARGUMENT_TEXT, NULL } },
        { NULL, "modules-dir", { ARGUMENT_DIRECTORY, NULL } },
        { NULL, "name", { ARGUMENT_TEXT, NULL } },
        { NULL, "pcr", { ARGUMENT_TEXT, NULL } },
        { NULL, "phase", { ARGUMENT_TEXT, NULL } },
        { NULL, "policy-version", { ARGUMENT_TEXT, NULL } },
        { NULL, "prefix", { ARGUMENT_TEXT, NULL } },
        { NULL, "profile", { ARGUMENT_TEXT, NULL } },
        { NULL, "root-hash", { ARGUMENT_TEXT, NULL } },
        { NULL, "salt", { ARGUMENT_TEXT, NULL } },
        { NULL, "secure-boot", { ARGUMENT_CHOICE, "on off" } },
        { NULL, "signed", { ARGUMENT_CHOICE, "EXECUTE KMODULE FIRMWARE" } },
        { NULL, "uuid", { ARGUMENT_TEXT, NULL } },
        { NULL, "tpm", { ARGUMENT_DIRECTORY, NULL } },
        { NULL, "vendor", { ARGUMENT_TEXT, NULL } },
        { NULL, "uname", { ARGUMENT_TEXT, NULL } },
        { NULL, "without", { ARGUMENT_CHOICE, "tpm secure-boot" } },
};

static const char *feature_names(void)
{
        static char names[512];
        size_t n = 0;

        for (const struct feature *f = features; f->name; f++) {
                int m = snprintf(names + n, sizeof(names) - n, "%s%s", f == features ? "" : " ", f->name);

                if (m < 0 || (size_t) m >= sizeof(names) - n)
                        abort();
                n += (size_t) m;
        }
        return names;
}

struct argument completion_argument(const char *verb, const char *option)
{
        for (size_t i = 0; i < ARRAY_SIZE(arguments); i++)
                if (str_equal(arguments[i].option, option) && (!arguments[i].verb || str_equal(arguments[i].verb, verb))) {
                        struct argument a = arguments[i].argument;

                        if (a.kind == ARGUMENT_CHOICE && !a.choices)
                                a.choices = feature_names();
                        return a;
                }
        return (struct argument) { .kind = ARGUMENT_FILE };
}

char *completion_quote(const char *text)
{
        /* Each character may become four: '\''. */
        char *quoted = tool_alloc(strlen(text) * 4 + 3, 1), *p = quoted;

        *p++ = '\'';
        for (; *text; text++)
                if (*text == '\'')
                        p = stpcpy(p, "'\\''");
                else
                        *p++ = *text;
        *p = '\'';
        return quoted;
}

int verb_completion(int argc, char *argv[], struct trouble *t)
{
        static const struct completion_shell *const shells[] = { &completion_bash, &completion_zsh, &completion_fish };
        static const struct option list[] = { OPTION_QUIET, OPTION_HELP, {} };
        struct options o = { .verb = VERB };

        if (options_parse(&o, argc, argv, list, true, NULL, NULL, t) < 0)
                return -1;
        if (o.wants_help)
                return fputs(usage, stdout) < 0 ? -1 : 0;
        if (o.n_words != 1)
                return trouble_set(t, OUTCOME_USAGE, VERB ": one of bash, zsh and fish is wanted: see 'verinit " VERB " --help'");
        for (size_t i = 0; i < ARRAY_SIZE(shells); i++)
                if (str_equal(shells[i]->name, o.words[0])) {
                        int r;

                        if (shells[i]->begin)
                                shells[i]->begin();
                        r = describe_verbs(verb_root, &shells[i]->visitor, t);
                        if (shells[i]->end)
                                shells[i]->end();
                        return r;
                }
        return trouble_set_usage(t, VERB, "no such shell", o.words[0]);
}
