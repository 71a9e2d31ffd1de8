/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <stdio.h>
#include <string.h>

#include "completion.h"

/*
 * bash cuts "--json=short" into three words. Nothing here needs the package bash-completion.
 */
static void begin(void)
{
        (void) fputs("# bash completion for verinit; written by 'verinit completion bash'\n"
                     "_verinit_words() {\n"
                     "        mapfile -t COMPREPLY < <(compgen -W \"$1\" -- \"$cur\")\n"
                     "}\n"
                     "_verinit_files() {\n"
                     "        compopt -o filenames 2>/dev/null\n"
                     "        mapfile -t COMPREPLY < <(compgen \"$1\" -- \"$cur\")\n"
                     "}\n"
                     "_verinit() {\n"
                     "        local cur=${COMP_WORDS[COMP_CWORD]} option=${COMP_WORDS[COMP_CWORD - 1]} path\n"
                     "        COMPREPLY=()\n"
                     "        if [[ $cur == = ]]; then\n"
                     "                cur=\n"
                     "        elif [[ $option == = ]]; then\n"
                     "                option=${COMP_WORDS[COMP_CWORD - 2]}\n"
                     "        fi\n"
                     "        path=\"${COMP_WORDS[*]:1:COMP_CWORD - 1}\"\n"
                     "        case \" $path \" in\n", stdout);
}

static void put_group(void *userdata, const char *name, const struct verb *verbs, size_t n_verbs)
{
        (void) userdata;
        printf("        ' %s ')\n                _verinit_words '", name);
        for (size_t i = 0; i < n_verbs; i++)
                printf("%s ", verbs[i].name);
        printf("--help%s'\n                return ;;\n", *name ? "" : " --version");
}

static void put_argument(struct argument a, const char *pattern)
{
        switch (a.kind) {
        case ARGUMENT_DIRECTORY:
                printf("                %s) _verinit_files -d; return ;;\n", pattern);
                return;
        case ARGUMENT_CHOICE:
                printf("                %s) _verinit_words '%s'; return ;;\n", pattern, a.choices);
                return;
        case ARGUMENT_TEXT:
                printf("                %s) return ;;\n", pattern);
                return;
        case ARGUMENT_FILE:
        default:
                printf("                %s) _verinit_files -f; return ;;\n", pattern);
        }
}

static void put_leaf(void *userdata, const char *name, const struct option *list, bool takes_words)
{
        (void) userdata;
        printf("        ' %s '*)\n                case $option in\n", name);
        for (const struct option *o = list; o->name; o++) {
                _cleanup_free_ char *pattern = tool_format("--%s", o->name);

                if (o->has_arg != no_argument)
                        put_argument(completion_argument(name, o->name), pattern);
        }
        printf("                esac\n                case $cur in\n                %s) _verinit_words '", takes_words ? "-*" : "*");
        for (const struct option *o = list; o->name; o++)
                printf("%s--%s", o == list ? "" : " ", o->name);
        printf("'; return ;;\n");
        if (takes_words)
                put_argument(completion_argument(name, ""), "*");
        printf("                esac ;;\n");
}

static void end(void)
{
        (void) fputs("        esac\n}\ncomplete -F _verinit verinit\n", stdout);
}

const struct completion_shell completion_bash = {
        .name = "bash", .begin = begin, .visitor = { .group = put_group, .leaf = put_leaf }, .end = end,
};
