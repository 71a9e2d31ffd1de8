/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What an initramfs holds, in memory. Nothing of the building machine gets in: no owner, time, umask or inode.
 */
#pragma once

#include <sys/types.h>

#include "tool.h"

struct tree_entry {
        char *path; /* relative, normalised: "etc/verinit/modules" */
        mode_t mode; /* type and permissions; S_IFREG or S_IFDIR in a tree that was built here */
        struct buffer content;
};

struct tree {
        size_t n_entries;
        struct tree_entry *entries;
};

void tree_done(struct tree *tree);

/* Relative, no "", "." or ".." as a component. */
bool tree_path_is_normalised(const char *path);

/* No check at all: for what was read from an archive. Valid until the next is added. */
struct tree_entry *tree_append(struct tree *tree, const char *path, mode_t mode);

/* With all directories above it; one that is there already stays. */
int tree_add_directory(struct tree *tree, const char *path, struct trouble *t);
/* Takes what *content holds. A path that is there already is refused. */
int tree_add_file(struct tree *tree, const char *path, mode_t permissions, struct buffer *content,
                  struct trouble *t);

struct tree_entry *tree_find(const struct tree *tree, const char *path); /* NULL: not there */

/* Bytewise by path: a directory stands before what is in it. */
void tree_sort(struct tree *tree);
