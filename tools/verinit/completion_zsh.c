/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <stdio.h>

#include "completion.h"

static void begin(void)
{
        (void) fputs("#compdef verinit\n"
                     "# zsh completion for verinit; written by 'verinit completion zsh'\n"
                     "_verinit() {\n"
                     "        local -a verbs\n"
                     "        case \"${(j: :)words[2,CURRENT-1]} \" in\n", stdout);
}

/* _describe takes "name:text". */
static void put_group(void *userdata, const char *name, const struct verb *verbs, size_t n_verbs)
{
        (void) userdata;
        printf("        ('%s ')\n                verbs=(", name);
        for (size_t i = 0; i < n_verbs; i++) {
                _cleanup_free_ char *text = tool_format("%s:%s", verbs[i].name, verbs[i].summary);
                _cleanup_free_ char *quoted = completion_quote(text);

                printf("\n                        %s", quoted);
        }
        printf("\n                )\n"
               "                _describe verb verbs\n"
               "                _arguments '--help'%s ;;\n", *name ? "" : " '--version'");
}

static char *action(struct argument a)
{
        switch (a.kind) {
        case ARGUMENT_DIRECTORY:
                return tool_strdup("directory:_files -/");
        case ARGUMENT_CHOICE:
                return tool_format("word:(%s)", a.choices);
        case ARGUMENT_TEXT:
                return tool_strdup("text: ");
        case ARGUMENT_FILE:
        default:
                return tool_strdup("file:_files");
        }
}

static void put_leaf(void *userdata, const char *name, const struct option *list, bool takes_words)
{
        size_t n = 2;

        (void) userdata;
        for (const char *p = name; *p; p++)
                n += *p == ' ';
        /* _arguments sees the verb as the command. */
        printf("        ('%s '*)\n"
               "                words=(\"${(@)words[%zu,-1]}\")\n"
               "                (( CURRENT -= %zu ))\n"
               "                _arguments", name, n, n - 1);
        for (const struct option *o = list; o->name; o++) {
                _cleanup_free_ char *how = o->has_arg == no_argument ? NULL : action(completion_argument(name, o->name));

                if (how)
                        printf(" \\\n                        '*--%s=:%s'", o->name, how);
                else
                        printf(" \\\n                        '--%s'", o->name);
        }
        if (takes_words) {
                _cleanup_free_ char *how = action(completion_argument(name, ""));

                printf(" \\\n                        '*:%s'", how);
        }
        printf(" ;;\n");
}

/* Both as a file of $fpath, which is run as the function, and sourced. */
static void end(void)
{
        (void) fputs("        esac\n"
                     "}\n"
                     "if [[ $funcstack[1] == _verinit ]]; then\n"
                     "        _verinit \"$@\"\n"
                     "else\n"
                     "        compdef _verinit verinit\n"
                     "fi\n", stdout);
}

const struct completion_shell completion_zsh = {
        .name = "zsh", .begin = begin, .visitor = { .group = put_group, .leaf = put_leaf }, .end = end,
};
