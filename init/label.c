/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>

#include "verinit/fsat.h"
#include "verinit/label.h"
#include "verinit/sepolicy.h"

/* "/run/verinit" to "/run" to "/"; false when there is nothing above. */
static bool cut_to_parent(char *path)
{
        char *slash = strrchr(path, '/');

        if (!slash || str_equal(path, "/"))
                return false;
        slash[slash == path ? 1 : 0] = '\0';
        return true;
}

static int look_up(const char *host_path, mode_t mode, char *ret_text, size_t size, struct error *err)
{
        char path[256];
        int r;

        if (!str_copy(path, sizeof(path), host_path))
                return error_set(err, FAIL_LABEL_FAILED_CODE, ENAMETOOLONG, "%s", host_path);
        r = sepolicy_lookup_label(path, mode, ret_text, size, err);
        while (r > 0) {
                if (!cut_to_parent(path))
                        return error_set(err, FAIL_LABEL_FAILED_CODE, ENOENT, "the policy has no label for %s",
                                         host_path);
                r = sepolicy_lookup_label(path, S_IFDIR, ret_text, size, err);
        }
        return r;
}

int label_apply(struct boot *boot, const char *path, const char *host_path, mode_t mode, struct error *err)
{
        char context[SEPOLICY_CONTEXT_MAX];
        int r;

        if (boot->plan.steps[STAGE_MAC].is_skipped)
                return 0;
        r = look_up(host_path, mode, context, sizeof(context), err);
        if (r < 0)
                return r;
        return sepolicy_set_label(path, context, err);
}

/* Deeper than anything that the kernel or PID 1 makes. */
enum { TREE_MAX_DEPTH = 8 };

struct tree {
        struct boot *boot;
        const char *path;
        dev_t device;
        unsigned depth;
        struct error *err;
};

static int label_subtree(struct tree *tree);

static int label_entry(const char *name, void *userdata)
{
        const struct tree *tree = userdata;
        char path[256];
        struct tree below = { .boot = tree->boot, .path = path, .device = tree->device, .depth = tree->depth + 1, .err = tree->err };
        int r = snprintf(path, sizeof(path), "%s/%s", tree->path, name);

        if (r < 0 || (size_t) r >= sizeof(path))
                return error_set(tree->err, FAIL_LABEL_FAILED_CODE, ENAMETOOLONG, "%s/%s", tree->path, name);
        r = label_subtree(&below);
        if (r == -ENOENT && !fsat_exists(tree->boot->root_fd, path + 1)) {
                /* The kernel takes a device away when it likes. Whatever else keeps it from being looked at ends the boot. */
                *tree->err = (struct error) {};
                return 0;
        }
        return r;
}

static int label_subtree(struct tree *tree)
{
        struct stat st;
        int r;

        if (fstatat(tree->boot->root_fd, tree->path + 1, &st, AT_SYMLINK_NOFOLLOW) < 0)
                return error_set(tree->err, FAIL_LABEL_FAILED_CODE, errno, "cannot look at %s", tree->path);
        if (tree->depth == 0)
                tree->device = st.st_dev;
        else if (st.st_dev != tree->device)
                return 0;
        if (tree->depth > TREE_MAX_DEPTH)
                return error_set(tree->err, FAIL_LABEL_FAILED_CODE, ELOOP, "%s is deeper than %d", tree->path, TREE_MAX_DEPTH);
        r = label_apply(tree->boot, tree->path, tree->path, st.st_mode, tree->err);
        if (r < 0 || !S_ISDIR(st.st_mode))
                return r;
        r = fsat_each(tree->boot->root_fd, tree->path + 1, label_entry, tree);
        if (r < 0 && tree->err->msg[0] == '\0')
                return error_set(tree->err, FAIL_LABEL_FAILED_CODE, -r, "cannot list %s", tree->path);
        return r;
}

int label_tree(struct boot *boot, const char *path, struct error *err)
{
        struct tree tree = { .boot = boot, .path = path, .err = err };

        if (boot->plan.steps[STAGE_MAC].is_skipped)
                return 0;
        return label_subtree(&tree);
}

int label_mount_option(struct boot *boot, const char *host_path, char *ret_text, size_t size, struct error *err)
{
        char context[SEPOLICY_CONTEXT_MAX];
        int r;

        ret_text[0] = '\0';
        if (boot->plan.steps[STAGE_MAC].is_skipped)
                return 0;
        r = look_up(host_path, S_IFDIR, context, sizeof(context), err);
        if (r < 0)
                return r;
        /* Quoted: a label with categories has commas. */
        r = snprintf(ret_text, size, ",rootcontext=\"%s\"", context);
        if (r < 0 || (size_t) r >= size)
                return error_set(err, FAIL_LABEL_FAILED_CODE, ENOBUFS, "the label of %s is too long", host_path);
        return 0;
}
