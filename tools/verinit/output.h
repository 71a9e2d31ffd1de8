/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "tool.h"

/*
 * The whole file or nothing: what stood at path stays until the new one is on the disk. Only a regular file is
 * replaced; a device, a directory, a FIFO or a symbolic link is refused.
 */
int output_check(const char *path, struct trouble *t);
int output_write(const char *path, const struct buffer *data, struct trouble *t);

/* The same for what somebody else writes by name: into temporary, which lies beside path, and which nobody takes for the file. */
struct output {
        const char *path; /* borrowed */
        char *temporary;
};

int output_begin(struct output *o, const char *path, struct trouble *t);
int output_commit(struct output *o, struct trouble *t); /* to the disk, and then to its name */
void output_done(struct output *o);                     /* removes what was not committed */
#define _cleanup_output_ _cleanup_(output_done)

/*
 * For verbs that have --force: with it the path may be a block device that nobody uses, and has room; its first bytes become the
 * data, and what stood there is lost even if that fails.
 */
int output_check_forced(const char *path, bool is_forced, struct trouble *t);
int output_write_forced(const char *path, const struct buffer *data, bool is_forced, struct trouble *t);
