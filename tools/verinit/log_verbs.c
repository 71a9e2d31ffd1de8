/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tool.h"

static const char usage[] =
        "Usage: verinit log VERB...\n"
        "\n"
        "Examples:\n"
        "  verinit log show\n"
        "  verinit log replay binary_bios_measurements tpm2-measure.log --pcrs pcrs.yaml\n";

static const struct verb log_verbs[] = {
        { "cel", log_cel, "write the logs as canonical event log records" },
        { "join", log_join, "write both logs as one of the firmware's format" },
        { "replay", log_replay, "compare what the logs say with the PCRs of a TPM" },
        { "show", log_show, "list what was measured" },
};

int verb_log(int argc, char *argv[], struct trouble *t)
{
        return verb_dispatch(log_verbs, ARRAY_SIZE(log_verbs), usage, argc, argv, t);
}
