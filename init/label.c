/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <stdio.h>
#include <sys/stat.h>

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
