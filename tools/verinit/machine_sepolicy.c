/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Port sepolicy.h, for the machine made of files, and the only file that includes libsepol: it reads a policy as the kernel would. What the
 * kernel then does with it, and labels, are not looked at.
 */
#include "verinit/sepolicy.h"

#include <errno.h>
#include <limits.h>

#include <sepol/boolean_record.h>
#include <sepol/booleans.h>
#include <sepol/debug.h>
#include <sepol/handle.h>
#include <sepol/policydb.h>

#include "verinit/fsat.h"
#include "verinit/policy.h"

#include "machine.h"

/* What a kernel may take that is not known here is let pass, and said to be undecided. */
int sepolicy_max_version(unsigned *ret, _unused_ struct error *err)
{
        *ret = the_machine->is_policy_max_exact ? the_machine->policy_max : UINT_MAX;
        return 0;
}

/* Of a policy that was loaded and not read, nobody knows. */
static bool lacks_lock;

int sepolicy_open(_unused_ struct error *err)
{
        lacks_lock = false;
        return 0;
}

static bool has_boolean(sepol_handle_t *handle, const sepol_policydb_t *db, const char *name)
{
        sepol_bool_key_t *key = NULL;
        int is_there = 0;

        if (sepol_bool_key_create(handle, name, &key) < 0)
                return false;
        if (sepol_bool_exists(handle, db, key, &is_there) < 0)
                is_there = 0;
        sepol_bool_key_free(key);
        return is_there != 0;
}

static bool is_readable(const void *data, size_t size)
{
        sepol_handle_t *handle = sepol_handle_create();
        sepol_policy_file_t *file = NULL;
        sepol_policydb_t *db = NULL;
        bool is_good = false;

        if (handle && sepol_policy_file_create(&file) == 0 && sepol_policydb_create(&db) == 0) {
                /* Its words go to stderr otherwise. */
                sepol_msg_set_callback(handle, NULL, NULL);
                sepol_policy_file_set_handle(file, handle);
                sepol_policy_file_set_mem(file, (char *) (uintptr_t) data, size);
                is_good = sepol_policydb_read(db, file) == 0;
                lacks_lock = is_good && !has_boolean(handle, db, SEPOLICY_LOCK);
        }
        if (db)
                sepol_policydb_free(db);
        if (file)
                sepol_policy_file_free(file);
        if (handle)
                sepol_handle_destroy(handle);
        return is_good;
}

int sepolicy_load(const void *data, size_t size, struct error *err)
{
        unsigned version = 0;
        int r;

        if (policy_read_version(data, size, &version) == 0 && version > the_machine->policy_max)
                machine_leave_out(the_machine, "the policy's version is %u, and kernel %s is known to take those up to %u", version,
                                  the_machine->release, the_machine->policy_max);
        if (version > (unsigned) sepol_policy_kern_vers_max())
                machine_leave_out(the_machine, "the policy's version is %u, and libsepol here reads those up to %d", version,
                                  sepol_policy_kern_vers_max());
        else if (!is_readable(data, size))
                return error_set(err, FAIL_POLICY_LOAD_FAILED_CODE, EINVAL, "libsepol cannot read the policy: no kernel would");
        r = fsat_create(the_machine->root_fd, "sys/fs/selinux/policy", data, size, 0600);
        return r < 0 ? error_set(err, FAIL_POLICY_LOAD_FAILED_CODE, -r, "cannot keep the policy") : 0;
}

int sepolicy_enforce(_unused_ struct error *err)
{
        return 0;
}

int sepolicy_check_lockable(struct error *err)
{
        return lacks_lock ? error_set(err, FAIL_SELINUX_LOCK_FAILED_CODE, ENOENT, "the policy has no boolean " SEPOLICY_LOCK) : 0;
}

/* Whether the policy then refuses what it should, the kernel says at boot. */
int sepolicy_lock(struct error *err)
{
        return sepolicy_check_lockable(err);
}

int sepolicy_own_context(char *ret_text, size_t size, _unused_ struct error *err)
{
        (void) str_copy(ret_text, size, "of the policy");
        return 0;
}

int sepolicy_open_labels(const char *policy_dir, struct error *err)
{
        _cleanup_free_ char *path = tool_format("%s/contexts/files/file_contexts", policy_dir + 1);

        if (!fsat_exists(the_machine->root_fd, path))
                return error_set(err, FAIL_LABEL_FAILED_CODE, ENOENT, "/%s: cannot be read: ENOENT", path);
        return 0;
}

/* Stage root and what follows it ask for labels, which image verify does not run. */
int sepolicy_is_enforcing(bool *ret, _unused_ struct error *err)
{
        *ret = true;
        return 0;
}

void sepolicy_close_labels(void)
{
}

int sepolicy_lookup_label(_unused_ const char *path, _unused_ mode_t mode, _unused_ char *ret_text, _unused_ size_t size,
                          _unused_ struct error *err)
{
        return 1;
}

int sepolicy_set_label(_unused_ const char *path, _unused_ const char *context, _unused_ struct error *err)
{
        return 0;
}
