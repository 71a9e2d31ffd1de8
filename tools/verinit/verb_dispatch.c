/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * From the words of the command to the verb that they name, and from its answer to the exit status.
 */
#include <stdio.h>

#include "verinit/version_string.h"

#include "describe.h"
#include "tool.h"

int verb_dispatch(const struct verb *verbs, size_t n_verbs, const char *usage, int argc, char *argv[],
                  struct trouble *t)
{
        const char *name = argc > 1 ? argv[1] : NULL;

        if (describe_is_asked())
                return describe_group(argv[0], verbs, n_verbs, t);
        if (!name)
                return trouble_set(t, OUTCOME_USAGE, "%s: a verb is missing: see '%s --help'", argv[0], argv[0]);
        if (str_equal(name, "--help") || str_equal(name, "-h")) {
                printf("%s\nVerbs:\n", usage);
                for (size_t i = 0; i < n_verbs; i++)
                        printf("  %-10s %s\n", verbs[i].name, verbs[i].summary);
                return 0;
        }
        for (size_t i = 0; i < n_verbs; i++)
                if (str_equal(name, verbs[i].name)) {
                        _cleanup_free_ char *full = tool_format("%s %s", argv[0], name);

                        argv[1] = full;
                        return verbs[i].run(argc - 1, argv + 1, t);
                }
        return trouble_set(t, OUTCOME_USAGE, "%s: no verb '%s': see '%s --help'", argv[0], name, argv[0]);
}

int tool_main(int argc, char *argv[])
{
        static struct trouble t;
        static char name[] = "verinit";

        if (argc < 1)
                return tool_exit_status(OUTCOME_USAGE);
        argv[0] = name;
        if (argc == 2 && str_equal(argv[1], "--version")) {
                printf("verinit %s\n", verinit_version);
        } else if (verb_root(argc, argv, &t) < 0) {
                fprintf(stderr, "verinit: %s\n", t.msg);
                return tool_exit_status(t.outcome);
        }
        /* A full disk behind a redirected stdout is trouble, not a yes. */
        if (fflush(stdout) != 0 || ferror(stdout)) {
                fputs("verinit: cannot write to standard output\n", stderr);
                return tool_exit_status(OUTCOME_TROUBLE);
        }
        return tool_exit_status(OUTCOME_YES);
}
