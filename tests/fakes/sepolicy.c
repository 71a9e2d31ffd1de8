/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "fake_sepolicy.h"

#include <errno.h>

#include "fakes.h"

#define FAKE_SEPOLICY                                                                                      \
        {                                                                                                  \
                .max_version = 33, .own_context = "system_u:system_r:kernel_t:s0",                         \
                .label = "system_u:object_r:fake_t:s0"                                                     \
        }

struct fake_sepolicy fake_sepolicy = FAKE_SEPOLICY;

void fake_sepolicy_reset(void)
{
        fake_sepolicy = (struct fake_sepolicy) FAKE_SEPOLICY;
}

int sepolicy_open(struct error *err)
{
        if (fake_call("sepolicy_open"))
                return error_set(err, FAIL_SELINUX_ABSENT_CODE, ENOENT, "fake sepolicy_open");
        return 0;
}

int sepolicy_max_version(unsigned *ret, struct error *err)
{
        if (fake_call("sepolicy_max_version"))
                return error_set(err, FAIL_POLICY_LOAD_FAILED_CODE, EIO, "fake sepolicy_max_version");
        *ret = fake_sepolicy.max_version;
        return 0;
}

int sepolicy_load(_unused_ const void *data, size_t size, struct error *err)
{
        if (fake_callf("sepolicy_load", "%zu", size))
                return error_set(err, FAIL_POLICY_LOAD_FAILED_CODE, EINVAL, "fake sepolicy_load");
        fake_sepolicy.loaded_bytes = size;
        return 0;
}

int sepolicy_enforce(struct error *err)
{
        if (fake_call("sepolicy_enforce") || fake_sepolicy.ignores_enforce)
                return error_set(err, FAIL_ENFORCE_FAILED_CODE, EPERM, "fake sepolicy_enforce");
        fake_sepolicy.is_enforcing = true;
        return 0;
}

int sepolicy_is_enforcing(bool *ret, struct error *err)
{
        if (fake_call("sepolicy_is_enforcing"))
                return error_set(err, FAIL_ENFORCE_FAILED_CODE, EIO, "fake sepolicy_is_enforcing");
        *ret = fake_sepolicy.is_enforcing;
        return 0;
}

int sepolicy_lock(struct error *err)
{
        if (fake_call("sepolicy_lock") || !fake_sepolicy.is_enforcing)
                return error_set(err, FAIL_SELINUX_LOCK_FAILED_CODE, ENOENT, "fake sepolicy_lock");
        fake_sepolicy.is_locked = true;
        return 0;
}

int sepolicy_check_lockable(struct error *err)
{
        if (fake_call("sepolicy_check_lockable"))
                return error_set(err, FAIL_SELINUX_LOCK_FAILED_CODE, ENOENT, "fake sepolicy_check_lockable");
        return 0;
}

int sepolicy_own_context(char *ret_text, size_t size, struct error *err)
{
        const char *context = fake_sepolicy.loaded_bytes > 0 ? fake_sepolicy.own_context : "kernel";

        if (fake_call("sepolicy_own_context") || !str_copy(ret_text, size, context))
                return error_set(err, FAIL_POLICY_LOAD_FAILED_CODE, EIO, "fake sepolicy_own_context");
        return 0;
}

int sepolicy_open_labels(const char *policy_dir, struct error *err)
{
        if (fake_callf("sepolicy_open_labels", "%s", policy_dir))
                return error_set(err, FAIL_LABEL_FAILED_CODE, ENOENT, "fake sepolicy_open_labels");
        if (fake_sepolicy.has_labels_open)
                return error_set(err, FAIL_BUG_CODE, EBUSY, "fake labels opened twice");
        fake_sepolicy.has_labels_open = true;
        return 0;
}

void sepolicy_close_labels(void)
{
        fake_sepolicy.has_labels_open = false;
}

int sepolicy_lookup_label(const char *path, mode_t mode, char *ret_text, size_t size, struct error *err)
{
        int r;

        if (fake_callf("sepolicy_lookup_label", "%s", path))
                return error_set(err, FAIL_LABEL_FAILED_CODE, EIO, "fake sepolicy_lookup_label");
        if (!fake_sepolicy.has_labels_open)
                return error_set(err, FAIL_BUG_CODE, EBADF, "fake labels are not open");
        if (fake_sepolicy.lookup) {
                r = fake_sepolicy.lookup(path, mode, ret_text, size);
                return r < 0 ? error_set(err, FAIL_LABEL_FAILED_CODE, -r, "fake lookup of %s", path) : r;
        }
        if (fake_sepolicy.label[0] == '\0')
                return 1;
        return str_copy(ret_text, size, fake_sepolicy.label) ?
                       0 :
                       error_set(err, FAIL_LABEL_FAILED_CODE, ENOBUFS, "fake label too long");
}

int sepolicy_set_label(const char *path, const char *context, struct error *err)
{
        if (fake_callf("sepolicy_set_label", "%s %s", path, context))
                return error_set(err, FAIL_LABEL_FAILED_CODE, EPERM, "fake sepolicy_set_label");
        fake_sepolicy.n_labels_set++;
        return 0;
}
