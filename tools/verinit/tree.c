/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <sys/stat.h>

#include "tree.h"

/* The kernel's own limit is PATH_MAX (init/initramfs.c do_header()); a longer name is skipped there in silence. */
enum { TREE_MAX_PATH = 1024 };

void tree_done(struct tree *tree)
{
        for (size_t i = 0; i < tree->n_entries; i++) {
                free(tree->entries[i].path);
                buffer_done(&tree->entries[i].content);
        }
        free(tree->entries);
        *tree = (struct tree) {};
}

bool tree_path_is_normalised(const char *path)
{
        for (;;) {
                size_t n = strcspn(path, "/");

                if (n == 0 || (n <= 2 && strspn(path, ".") == n))
                        return false;
                if (path[n] == '\0')
                        return true;
                path += n + 1;
        }
}

/* Printable ASCII, so that no locale has a say in what is written. */
static int check_path(const char *path, struct trouble *t)
{
        size_t n = strlen(path);

        if (n == 0 || n > TREE_MAX_PATH)
                return trouble_set(t, OUTCOME_TROUBLE, "a path in the initramfs has %zu bytes: 1 to %d are allowed", n,
                                   TREE_MAX_PATH);
        for (const char *p = path; *p; p++)
                if (*p < 0x21 || *p > 0x7e)
                        return trouble_set(t, OUTCOME_TROUBLE, "the path of a file in the initramfs has a byte that is "
                                           "not printable ASCII: rename it");
        if (!tree_path_is_normalised(path))
                return trouble_set(t, OUTCOME_TROUBLE, "'%s' is no normalised path: it has an empty component, '.' or "
                                   "'..'", path);
        return 0;
}

struct tree_entry *tree_append(struct tree *tree, const char *path, mode_t mode)
{
        struct tree_entry *e;

        tree->entries = tool_grow(tree->entries, tree->n_entries, sizeof(struct tree_entry));
        e = &tree->entries[tree->n_entries++];
        *e = (struct tree_entry) { .path = tool_strdup(path), .mode = mode };
        return e;
}

static int add_one_directory(struct tree *tree, const char *path, struct trouble *t)
{
        struct tree_entry *e = tree_find(tree, path);

        if (e && !S_ISDIR(e->mode))
                return trouble_set(t, OUTCOME_TROUBLE, "/%s would be both a file and a directory in the initramfs",
                                   path);
        if (!e)
                (void) tree_append(tree, path, S_IFDIR | 0755);
        return 0;
}

static int add_directories_above(struct tree *tree, const char *path, struct trouble *t)
{
        _cleanup_free_ char *copy = tool_strdup(path);

        for (char *p = strchr(copy, '/'); p; p = strchr(p + 1, '/')) {
                *p = '\0';
                if (add_one_directory(tree, copy, t) < 0)
                        return -1;
                *p = '/';
        }
        return 0;
}

int tree_add_directory(struct tree *tree, const char *path, struct trouble *t)
{
        if (check_path(path, t) < 0 || add_directories_above(tree, path, t) < 0)
                return -1;
        return add_one_directory(tree, path, t);
}

int tree_add_file(struct tree *tree, const char *path, mode_t permissions, struct buffer *content,
                  struct trouble *t)
{
        struct tree_entry *e;

        if (check_path(path, t) < 0 || add_directories_above(tree, path, t) < 0)
                return -1;
        if (tree_find(tree, path))
                return trouble_set(t, OUTCOME_TROUBLE, "/%s is in the initramfs already: choose another place", path);
        e = tree_append(tree, path, S_IFREG | permissions);
        e->content = *content;
        *content = (struct buffer) {};
        return 0;
}

static int compare_entries(const void *a, const void *b)
{
        const struct tree_entry *x = a, *y = b;

        return strcmp(x->path, y->path);
}

void tree_sort(struct tree *tree)
{
        qsort(tree->entries, tree->n_entries, sizeof(struct tree_entry), compare_entries);
}

struct tree_entry *tree_find(const struct tree *tree, const char *path)
{
        for (size_t i = 0; i < tree->n_entries; i++)
                if (str_equal(tree->entries[i].path, path))
                        return &tree->entries[i];
        return NULL;
}
