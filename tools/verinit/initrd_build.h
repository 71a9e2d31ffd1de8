/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "compress.h"
#include "options.h"

struct build_options {
        struct options common;
        const char *init;
        const char *modules_dir;
        const char *cmdline; /* text, or "@FILE" */
        const char *floor;   /* NULL: no floor, everything is required */
        const char *output;
        const char *linux_image; /* NULL: not compared */
        const char *sbom;        /* NULL: what lies beside init, if it is there; "none" */
        size_t n_features, n_modules, n_files, n_addons, n_certificates, n_ipe_policies;
        const char **features;
        const char **modules;
        const char **files; /* "HOST=GUEST" */
        const char **addons; /* "FILE[,FILE...]" */
        const char **certificates;
        const char **ipe_policies;
        enum compression compression;
        int level; /* -1: the default */
        bool is_forced; /* over a block device */
};

/* From the command line alone: nothing is opened. */
int build_options_parse(int argc, char *argv[], struct build_options *ret, struct trouble *t);
void build_options_done(struct build_options *o);

extern const char build_usage[];
