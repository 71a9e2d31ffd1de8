/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What verinit measure predict was asked.
 */
#pragma once

#include "json_value.h"
#include "predict.h"

enum { PREDICT_MAX_FILES = 64 };

struct paths {
        size_t n;
        const char *paths[PREDICT_MAX_FILES];
};

struct predict_options {
        const char *uki, *variables, *policy, *floor, *output;
        struct paths loaders, addons, credentials, global_credentials, sysexts, confexts;
        unsigned profile;
        enum json_how json;
        bool is_quiet, wants_help;
        bool has_pcrs, has_banks, has_secure_boot, has_profile;
};

/* What concerns the computation goes into *in, with its defaults. --help has been printed where wants_help is set. */
int measure_predict_parse(int argc, char *argv[], struct predict_options *ret, struct predict_input *in, struct trouble *t);
