/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A directory of our own for the files of a program that is wrapped: what it writes is looked at in memory before it becomes a result.
 */
#pragma once

#include "tool.h"

struct scratch {
        char *path; /* NULL: there is none */
};

/* In TMPDIR, or else /tmp. */
int scratch_make(struct scratch *ret, struct trouble *t);
/* With the files in it, in which no directories are. */
void scratch_done(struct scratch *s);
#define _cleanup_scratch_ _cleanup_(scratch_done)

char *scratch_path(const struct scratch *s, const char *name); /* to be freed */
/* *ret_path, to be freed, may be NULL. */
int scratch_write(const struct scratch *s, const char *name, const struct buffer *data, char **ret_path, struct trouble *t);
