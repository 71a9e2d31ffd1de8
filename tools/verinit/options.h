/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What the options of the verbs have in common: getopt_long(3) begun anew, --json=, --quiet, --help, and the words beside them.
 */
#pragma once

#include <getopt.h>

#include "json_value.h"

/* The verb's name, and the default of json, are set before. */
struct options {
        const char *verb;
        enum json_how json;
        bool is_quiet, wants_help;
        char **words; /* that are no options; borrowed from argv */
        size_t n_words;
};

enum { OPTION_LIST_MAX = 64 };

/* The arguments of one that may be repeated, in their order; borrowed. */
struct option_list {
        size_t n;
        const char *list[OPTION_LIST_MAX];
};

#define OPTION_JSON { "json", required_argument, NULL, 'j' }
#define OPTION_QUIET { "quiet", no_argument, NULL, 'q' }
#define OPTION_HELP { "help", no_argument, NULL, 'h' }

/* An option of the verb's own; its argument is in optarg. */
typedef int options_take(int id, void *userdata, struct trouble *t);

/* takes_words: there may be some, before and behind the options; else one is wrong usage, unless help is wanted. */
int options_parse(struct options *o, int argc, char *argv[], const struct option *list, bool takes_words, options_take *take,
                  void *userdata, struct trouble *t);

/* optarg, for an option that may stand once. */
int options_take_once(const char **field, const char *verb, const char *name, struct trouble *t);

int options_take_listed(struct option_list *list, const char *verb, const char *name, struct trouble *t);

/* Wrong usage where value is NULL. */
int options_demand(const struct options *o, const char *value, const char *name, struct trouble *t);
