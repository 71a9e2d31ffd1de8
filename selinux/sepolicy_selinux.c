/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The adapter to libselinux. Only calls that look at selinuxfs, at /proc/thread-self and at the one directory they are
 * given: /etc/selinux of the initramfs does not exist, and what selinux_init_load_policy() would read there is not
 * ours to obey.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <selinux/label.h>
#include <selinux/selinux.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/vfs.h>

#include "verinit/fsat.h"
#include "verinit/log.h"
#include "verinit/sepolicy.h"

#define SELINUXFS "/sys/fs/selinux"

static struct selabel_handle *labels;

/*
 * libselinux writes to stderr, which is the console and says no stage. Its words are kept for the error that may follow,
 * and are no warning by themselves: it complains of each file_contexts.bin of another version, then reads the text.
 */
static char last_words[256];

static int keep_words(int type, const char *fmt, ...) _printf_(2, 3);

static int keep_words(int type _unused_, const char *fmt, ...)
{
        va_list ap;

        va_start(ap, fmt);
        (void) vsnprintf(last_words, sizeof(last_words), fmt, ap);
        va_end(ap);
        last_words[strcspn(last_words, "\n")] = 0;
        log_debug("libselinux: %s", last_words);
        return 0;
}

static void listen_to_libselinux(void)
{
        selinux_set_callback(SELINUX_CB_LOG, (union selinux_callback) { .func_log = keep_words });
        last_words[0] = 0;
}

int sepolicy_open(struct error *err)
{
        struct statfs fs;

        listen_to_libselinux();
        if (statfs(SELINUXFS, &fs) < 0)
                return error_set(err, FAIL_SELINUX_ABSENT_CODE, errno, "%s: %s", SELINUXFS, errno_name(errno));
        if (fs.f_type != SELINUX_MAGIC)
                return error_set(err, FAIL_SELINUX_ABSENT_CODE, ENOENT, "%s: selinuxfs is not mounted there",
                                 SELINUXFS);
        set_selinuxmnt(SELINUXFS);
        return 0;
}

int sepolicy_max_version(unsigned *ret, struct error *err)
{
        int version = security_policyvers();

        if (version <= 0)
                return error_set(err, FAIL_POLICY_LOAD_FAILED_CODE, errno,
                                 "%s/policyvers: the kernel does not say which policy version it takes: %s",
                                 SELINUXFS, errno_name(errno));
        *ret = (unsigned) version;
        return 0;
}

int sepolicy_load(const void *data, size_t size, struct error *err)
{
        /* libselinux writes from there and forgot the const. */
        if (security_load_policy((void *) (uintptr_t) data, size) < 0)
                return error_set(err, FAIL_POLICY_LOAD_FAILED_CODE, errno,
                                 "%s/load: the kernel refused a policy of %zu bytes: %s", SELINUXFS, size,
                                 errno_name(errno));
        return 0;
}

int sepolicy_enforce(struct error *err)
{
        bool is_enforcing;
        int r;

        if (security_setenforce(1) < 0)
                return error_set(err, FAIL_ENFORCE_FAILED_CODE, errno, "%s/enforce: 1 cannot be written: %s",
                                 SELINUXFS, errno_name(errno));
        r = sepolicy_is_enforcing(&is_enforcing, err);
        if (r < 0)
                return r;
        if (!is_enforcing)
                return error_set(err, FAIL_ENFORCE_FAILED_CODE, EPERM, "%s/enforce: 1 was written, 0 is read back",
                                 SELINUXFS);
        return 0;
}

int sepolicy_is_enforcing(bool *ret, struct error *err)
{
        int r = security_getenforce();

        if (r < 0)
                return error_set(err, FAIL_ENFORCE_FAILED_CODE, errno, "%s/enforce: cannot be read: %s", SELINUXFS,
                                 errno_name(errno));
        *ret = r == 1;
        return 0;
}

static void freeconp(char **context)
{
        freecon(*context);
}

#define BOOLEANS SELINUXFS "/booleans/"

/* What own may do to target, of these permissions; a domain that the policy calls permissive may do all, which only the "flags" one tells. */
static int check_may_not(const char *own, const char *target, const char *class_name, const char *const *names, struct error *err)
{
        security_class_t class = string_to_security_class(class_name);

        for (; *names; names++) {
                access_vector_t asked = class ? string_to_av_perm(class, *names) : 0;
                struct av_decision decision = {};

                if (asked == 0)
                        return error_set(err, FAIL_SELINUX_LOCK_FAILED_CODE, EINVAL, "the policy has no permission %s of %s",
                                         *names, class_name);
                if (security_compute_av_flags_raw(own, target, class, asked, &decision) < 0)
                        return error_set(err, FAIL_SELINUX_LOCK_FAILED_CODE, errno, "%s/access: cannot ask for %s of %s: %s",
                                         SELINUXFS, *names, class_name, errno_name(errno));
                if (decision.allowed & asked || decision.flags & SELINUX_AVD_FLAGS_PERMISSIVE)
                        return error_set(err, FAIL_SELINUX_LOCK_FAILED_CODE, EPERM, "the policy still lets %s do %s on %s", own,
                                         *names, target);
        }
        return 0;
}

/* Asked, not tried: a refused try would stand in the audit log of each boot, and one that is not refused would be done. */
static int check_locked(bool has_booleans, struct error *err)
{
        static const char *const of_policy[] = { "load_policy", "setenforce", NULL };
        static const char *const of_booleans[] = { "setbool", NULL }, *const of_file[] = { "write", NULL };
        _cleanup_(freeconp) char *own = NULL, *boolean = NULL;
        char security[SEPOLICY_CONTEXT_MAX];
        ssize_t n;
        int r;

        n = fsat_read_line(AT_FDCWD, SELINUXFS "/initial_contexts/security", security, sizeof(security));
        if (n < 0 || getcon_raw(&own) < 0 || getfilecon_raw(BOOLEANS SEPOLICY_LOCK, &boolean) < 0)
                return error_set(err, FAIL_SELINUX_LOCK_FAILED_CODE, n < 0 ? (int) -n : errno,
                                 "%s: the labels to ask about cannot be read", SELINUXFS);
        r = check_may_not(own, security, "security", of_policy, err);
        if (r == 0 && has_booleans)
                r = check_may_not(own, security, "security", of_booleans, err);
        if (r == 0)
                r = check_may_not(own, boolean, "file", of_file, err);
        return r;
}

static int set_boolean(const char *path, struct error *err)
{
        int r = fsat_write(AT_FDCWD, path, "1");

        return r < 0 ? error_set(err, FAIL_SELINUX_LOCK_FAILED_CODE, -r, "%s: 1 cannot be written: %s", path, errno_name(-r)) : 0;
}

/* "1 1": what counts, and what a next commit would make count. */
static int check_boolean(const char *path, struct error *err)
{
        char state[8] = "";
        ssize_t n = fsat_read_line(AT_FDCWD, path, state, sizeof(state));

        if (n < 0 || !str_equal(state, "1 1"))
                return error_set(err, FAIL_SELINUX_LOCK_FAILED_CODE, n < 0 ? (int) -n : EPERM,
                                 "%s: 1 was written, '%s' is read back", path, state);
        return 0;
}

/* 1: the policy has it, 0: it has not. Whatever else is wrong with it is an error: it may be there, and would have to be set. */
static int look_for_boolean(const char *path, struct error *err)
{
        struct stat st;

        if (stat(path, &st) == 0)
                return 1;
        if (errno == ENOENT)
                return 0;
        return error_set(err, FAIL_SELINUX_LOCK_FAILED_CODE, errno, "%s: %s", path, errno_name(errno));
}

int sepolicy_check_lockable(struct error *err)
{
        int r = look_for_boolean(BOOLEANS SEPOLICY_LOCK, err);

        if (r == 0)
                return error_set(err, FAIL_SELINUX_LOCK_FAILED_CODE, ENOENT, "the policy has no boolean " SEPOLICY_LOCK);
        return r < 0 ? r : 0;
}

/* Not by libselinux: it would look for another name of a boolean in /etc/selinux. */
int sepolicy_lock(struct error *err)
{
        int r = look_for_boolean(BOOLEANS SEPOLICY_LOCK_BOOLEANS, err);
        bool has_booleans = r > 0;

        if (r >= 0)
                r = sepolicy_check_lockable(err);
        if (r == 0)
                r = set_boolean(BOOLEANS SEPOLICY_LOCK, err);
        if (r == 0 && has_booleans)
                r = set_boolean(BOOLEANS SEPOLICY_LOCK_BOOLEANS, err);
        if (r == 0)
                r = set_boolean(SELINUXFS "/commit_pending_bools", err);
        if (r == 0)
                r = check_boolean(BOOLEANS SEPOLICY_LOCK, err);
        if (r == 0 && has_booleans)
                r = check_boolean(BOOLEANS SEPOLICY_LOCK_BOOLEANS, err);
        return r < 0 ? r : check_locked(has_booleans, err);
}

int sepolicy_own_context(char *ret_text, size_t size, struct error *err)
{
        _cleanup_(freeconp) char *context = NULL;

        if (getcon_raw(&context) < 0 || !context)
                return error_set(err, FAIL_POLICY_LOAD_FAILED_CODE, errno, "own SELinux context cannot be read: %s",
                                 errno_name(errno));
        if (!str_copy(ret_text, size, context))
                return error_set(err, FAIL_POLICY_LOAD_FAILED_CODE, ENOBUFS, "own SELinux context is too long: %s",
                                 context);
        return 0;
}

/* The path is given, so the library asks no configuration for it; the .bin beside it is taken only if it fits. */
int sepolicy_open_labels(const char *policy_dir, struct error *err)
{
        char path[4096];
        const struct selinux_opt options[] = { { .type = SELABEL_OPT_PATH, .value = path } };
        int n = snprintf(path, sizeof(path), "%s/contexts/files/file_contexts", policy_dir);

        if (n < 0 || (size_t) n >= sizeof(path))
                return error_set(err, FAIL_LABEL_FAILED_CODE, ENAMETOOLONG, "%s: path too long", policy_dir);
        if (labels)
                return error_set(err, FAIL_BUG_CODE, EBUSY, "%s: file contexts are open already", path);
        listen_to_libselinux();
        labels = selabel_open(SELABEL_CTX_FILE, options, ARRAY_SIZE(options));
        if (!labels)
                return error_set(err, FAIL_LABEL_FAILED_CODE, errno, "%s: cannot be read: %s%s%s", path,
                                 errno_name(errno), last_words[0] != '\0' ? ": " : "", last_words);
        return 0;
}

void sepolicy_close_labels(void)
{
        if (labels)
                selabel_close(labels);
        labels = NULL;
}

int sepolicy_lookup_label(const char *path, mode_t mode, char *ret_text, size_t size, struct error *err)
{
        _cleanup_(freeconp) char *context = NULL;

        if (!labels)
                return error_set(err, FAIL_BUG_CODE, EBADF, "%s: no file contexts are open", path);
        listen_to_libselinux();
        if (selabel_lookup_raw(labels, &context, path, (int) mode) < 0) {
                /* No rule, or one that says <<none>>. A rule that is no regular expression looks the same (3.4). */
                if (errno == ENOENT)
                        return 1;
                return error_set(err, FAIL_LABEL_FAILED_CODE, errno,
                                 "%s: its SELinux label cannot be looked up: %s (%s)", path, errno_name(errno),
                                 last_words);
        }
        if (!str_copy(ret_text, size, context))
                return error_set(err, FAIL_LABEL_FAILED_CODE, ENOBUFS, "%s: its SELinux label is too long: %s", path,
                                 context);
        return 0;
}

int sepolicy_set_label(const char *path, const char *context, struct error *err)
{
        if (lsetfilecon_raw(path, context) < 0)
                return error_set(err, FAIL_LABEL_FAILED_CODE, errno, "%s: cannot be labelled %s: %s", path, context,
                                 errno_name(errno));
        return 0;
}
