/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What verinit measure predict was asked.
 */
#pragma once

#include "options.h"
#include "predict.h"

struct predict_options {
        struct options common;
        const char *uki, *variables, *policy, *floor, *output;
        struct option_list loaders, addons, credentials, global_credentials, sysexts, confexts;
        unsigned profile;
        bool has_pcrs, has_banks, has_secure_boot, has_profile;
};

/* What concerns the computation goes into *in, with its defaults. --help has been printed where wants_help is set. */
int measure_predict_parse(int argc, char *argv[], struct predict_options *ret, struct predict_input *in, struct trouble *t);
