/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What a feature is made of. Dependencies and softdeps are not written here: libkmod knows them.
 */
#pragma once

#include "verinit/base.h"

enum { FEATURE_MAX_MEMBERS = 6 };

struct feature {
        const char *name;
        /* Its members are drivers: PID 1 loads them because a device's modalias matches. */
        bool is_bus;
        /* A kernel has these as modules or built in, or it cannot do what the feature is for. */
        const char *needs[FEATURE_MAX_MEMBERS];
        /* Loaded before the others where the kernel has them as modules. */
        const char *helpers[FEATURE_MAX_MEMBERS];
};

/* NULL name at the end. */
extern const struct feature features[];

const struct feature *feature_find(const char *name); /* NULL if there is none of that name */

/* What is packed where none is named; NULL at the end. */
extern const char *const default_features[];
