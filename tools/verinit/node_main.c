/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The command as a node has it: what is said of the logs there, and nothing of what builds an image. It needs no library but the C
 * library, so that an immutable /usr of any distribution can carry it.
 */
#include "tool.h"

static const char usage[] =
        "Usage: verinit VERB...\n"
        "       verinit --version\n"
        "\n"
        "The verbs of a node; the host command of image builders has more.\n"
        "\n"
        "Examples:\n"
        "  verinit log join --output eventlog.tcg2\n";

static const struct verb verbs[] = {
        { "log", verb_log, "show, convert and replay the measurement logs" },
};

int verb_root(int argc, char *argv[], struct trouble *t)
{
        return verb_dispatch(verbs, ARRAY_SIZE(verbs), usage, argc, argv, t);
}

int main(int argc, char *argv[])
{
        return tool_main(argc, argv);
}
