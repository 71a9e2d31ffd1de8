/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <string.h>

#include "describe.h"

static const struct verb_visitor *asked;
static bool is_told; /* the verb that was asked last has answered */

bool describe_is_asked(void)
{
        return asked;
}

/* Behind the name of the program. */
static const char *bare_name(const char *full)
{
        const char *blank = strchr(full, ' ');

        return blank ? blank + 1 : "";
}

int describe_group(const char *full, const struct verb *verbs, size_t n_verbs, struct trouble *t)
{
        asked->group(asked->userdata, bare_name(full), verbs, n_verbs);
        for (size_t i = 0; i < n_verbs; i++) {
                _cleanup_free_ char *name = tool_format("%s %s", full, verbs[i].name);
                char *argv[] = { name, NULL };

                is_told = false;
                (void) verbs[i].run(1, argv, t);
                if (!is_told)
                        return trouble_set(t, OUTCOME_TROUBLE, "'%s' does not tell its options", name);
        }
        is_told = true;
        return 0;
}

int describe_leaf(const char *full, const struct option *list, bool takes_words, struct trouble *t)
{
        asked->leaf(asked->userdata, bare_name(full), list, takes_words);
        is_told = true;
        return trouble_set(t, OUTCOME_UNDECIDED, "%s was asked for its options, and not run", full);
}

int describe_verbs(verb_function *root, const struct verb_visitor *visitor, struct trouble *t)
{
        static char name[] = "verinit";
        char *argv[] = { name, NULL };
        int r;

        asked = visitor;
        r = root(1, argv, t);
        asked = NULL;
        return r;
}
