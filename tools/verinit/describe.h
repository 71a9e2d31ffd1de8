/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What verbs and options there are, asked of the verbs themselves: the list that getopt_long(3) parses by is the one
 * that is told, so no second one can differ from it.
 */
#pragma once

#include <getopt.h>

#include "tool.h"

struct verb_visitor {
        void *userdata;
        /* name: "" for the command itself, "measure" for a group. */
        void (*group)(void *userdata, const char *name, const struct verb *verbs, size_t n_verbs);
        /* name: "measure predict". The list ends with an entry without a name. */
        void (*leaf)(void *userdata, const char *name, const struct option *list, bool takes_words);
};

/* Goes through all that root dispatches to. A verb that does not tell its list is trouble. */
int describe_verbs(verb_function *root, const struct verb_visitor *visitor, struct trouble *t);

/* For verb_dispatch() and options_parse(): while verbs are being described, none of them runs. */
bool describe_is_asked(void);
int describe_group(const char *full, const struct verb *verbs, size_t n_verbs, struct trouble *t);
/* Always -1, so that the verb ends. */
int describe_leaf(const char *full, const struct option *list, bool takes_words, struct trouble *t);
