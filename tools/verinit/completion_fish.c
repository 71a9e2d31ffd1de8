/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <stdio.h>

#include "completion.h"

static void begin(void)
{
        (void) fputs("# fish completion for verinit; written by 'verinit completion fish'\n"
                     "function __verinit_at # these words stand behind the command, and no other\n"
                     "        set -l words (commandline -opc)\n"
                     "        set -e words[1]\n"
                     "        test \"$words\" = \"$argv\"\n"
                     "end\n"
                     "function __verinit_in # these words are the first\n"
                     "        set -l words (commandline -opc)\n"
                     "        set -e words[1]\n"
                     "        string match -q -- \"$argv *\" \"$words \"\n"
                     "end\n"
                     "complete -c verinit -f\n", stdout);
}

static void put_group(void *userdata, const char *name, const struct verb *verbs, size_t n_verbs)
{
        (void) userdata;
        for (size_t i = 0; i < n_verbs; i++) {
                _cleanup_free_ char *text = completion_quote(verbs[i].summary);

                printf("complete -c verinit -n '__verinit_at %s' -a %s -d %s\n", name, verbs[i].name, text);
        }
        printf("complete -c verinit -n '__verinit_at %s' -l help\n", name);
        if (!*name)
                printf("complete -c verinit -n '__verinit_at' -l version\n");
}

static void put_argument(struct argument a)
{
        switch (a.kind) {
        case ARGUMENT_DIRECTORY:
                printf(" -x -a '(__fish_complete_directories)'");
                return;
        case ARGUMENT_CHOICE:
                printf(" -x -a '%s'", a.choices);
                return;
        case ARGUMENT_TEXT:
                printf(" -x");
                return;
        case ARGUMENT_FILE:
        default:
                printf(" -r -F");
        }
}

static void put_leaf(void *userdata, const char *name, const struct option *list, bool takes_words)
{
        (void) userdata;
        for (const struct option *o = list; o->name; o++) {
                printf("complete -c verinit -n '__verinit_in %s' -l %s", name, o->name);
                if (o->has_arg != no_argument)
                        put_argument(completion_argument(name, o->name));
                printf("\n");
        }
        if (takes_words) {
                struct argument a = completion_argument(name, "");

                printf("complete -c verinit -n '__verinit_in %s' %s%s%s\n", name, a.kind == ARGUMENT_CHOICE ? "-a '" : "-F",
                       a.kind == ARGUMENT_CHOICE ? a.choices : "", a.kind == ARGUMENT_CHOICE ? "'" : "");
        }
}

const struct completion_shell completion_fish = {
        .name = "fish", .begin = begin, .visitor = { .group = put_group, .leaf = put_leaf },
};
