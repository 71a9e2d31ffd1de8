/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include "verinit/fsat.h"
#include "verinit/label.h"
#include "verinit/log.h"
#include "verinit/new_root.h"

static int open_directory(struct boot *boot, const char *path)
{
        const struct open_how how = {
                .flags = O_PATH | O_DIRECTORY | O_CLOEXEC,
                .resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS,
        };
        _cleanup_fd_ int root = -1;
        long fd;

        root = openat(boot->root_fd, NEW_ROOT_DIR, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        if (root < 0)
                return -errno;
        if (path[0] == '\0')
                return fd_steal(&root);
        fd = syscall(SYS_openat2, root, path, &how, sizeof(how));
        return fd < 0 ? -errno : (int) fd;
}

/* The directory that holds the last component of path; *ret_name points into path. */
static int open_parent(struct boot *boot, const char *path, const char **ret_name)
{
        const char *slash = strrchr(path, '/');
        char parent[128];

        *ret_name = slash ? slash + 1 : path;
        if (!slash)
                return open_directory(boot, "");
        if ((size_t) (slash - path) >= sizeof(parent))
                return -ENAMETOOLONG;
        memcpy(parent, path, (size_t) (slash - path));
        parent[slash - path] = '\0';
        return open_directory(boot, parent);
}

static int label_new(struct boot *boot, int parent, const char *name, const char *path, mode_t type,
                     struct error *err)
{
        char now[192], host[160];

        snprintf(now, sizeof(now), "/proc/self/fd/%d/%s", parent, name);
        snprintf(host, sizeof(host), "/%s", path);
        return label_apply(boot, now, host, type, err);
}

int new_root_make_directory(struct boot *boot, const char *path, mode_t mode, struct error *err)
{
        _cleanup_fd_ int parent = -1, made = -1;
        const char *name;

        made = open_directory(boot, path);
        if (made >= 0)
                return 0;
        if (made != -ENOENT)
                return error_set(err, FAIL_NEW_ROOT_FAILED_CODE, -made,
                                 "/%s of the new root is not a plain directory", path);
        parent = open_parent(boot, path, &name);
        if (parent < 0)
                return error_set(err, FAIL_NEW_ROOT_FAILED_CODE, -parent, "cannot open the parent of /%s", path);
        if (mkdirat(parent, name, mode) < 0 || fchmodat(parent, name, mode, 0) < 0)
                return error_set(err, FAIL_NEW_ROOT_FAILED_CODE, errno, "cannot make /%s in the new root", path);
        return label_new(boot, parent, name, path, S_IFDIR, err);
}

int new_root_open_target(struct boot *boot, const char *path, char ret_target[static 32], struct error *err)
{
        int fd = open_directory(boot, path);

        if (fd < 0)
                return error_set(err, FAIL_NEW_ROOT_FAILED_CODE, -fd, "/%s of the new root is not a plain directory",
                                 path);
        snprintf(ret_target, 32, "/proc/self/fd/%d", fd);
        return fd;
}

static const struct {
        const char *path;
        mode_t mode;
        bool is_mount_point;
} directories[] = {
        { "usr", 0755, true }, { "etc", 0755, true }, { "proc", 0555, true }, { "sys", 0555, true },
        { "dev", 0555, true }, { "run", 0555, true }, { "var", 0755, false }, { "root", 0700, false },
        /*
         * On a tmpfs the host's first services would make these before tmpfiles does, with the label of /var: then
         * systemd-tpm2-setup may not write there (refpolicy 2.20250213, systemd 257).
         */
        { "var/lib", 0755, false }, { "var/lib/systemd", 0755, false },
};

/* What a verified program needs of the root to start at all: /lib64 holds the ELF interpreter. */
static const struct {
        const char *path;
        const char *target;
        const char *condition; /* made only if the verified /usr has this */
} links[] = {
        { "bin",   "usr/bin",   "bin" },
        { "sbin",  "usr/sbin",  "sbin" },
        { "lib",   "usr/lib",   "lib" },
        { "lib64", "usr/lib64", "lib64" },
        { "lib64", "usr/lib",   "lib/ld-linux-x86-64.so.2" },
};

static bool is_link_to_usr(const char *path, const char *target)
{
        if (target[0] == '/')
                target++;
        for (size_t i = 0; i < ARRAY_SIZE(links); i++)
                if (str_equal(links[i].path, path) && str_equal(links[i].target, target))
                        return true;
        return false;
}

/*
 * An unverified root brings its own. A directory or a foreign link there would give the verified init an interpreter
 * and libraries that nobody verified, and it would run them as PID 1.
 */
static int check_link(int root, const char *path, struct error *err)
{
        char target[64] = "";
        ssize_t n = readlinkat(root, path, target, sizeof(target) - 1);

        if (n < 0 && errno == ENOENT)
                return 0;
        if (n < 0 && errno != EINVAL)
                return error_set(err, FAIL_NEW_ROOT_FAILED_CODE, errno, "cannot read the link /%s", path);
        if (n < 0 || !is_link_to_usr(path, target))
                return error_set(err, FAIL_ROOT_UNSAFE_CODE, EPERM,
                                 "/%s of the root is %s%s, not a link into the verified /usr", path,
                                 n < 0 ? "a file or directory" : "a link to ", target);
        return 0;
}

static int make_link(struct boot *boot, int root, size_t i, struct error *err)
{
        char condition[96];
        int r;

        r = check_link(root, links[i].path, err);
        if (r < 0)
                return r;
        snprintf(condition, sizeof(condition), "%s/%s", USR_MOUNT_DIR, links[i].condition);
        if (!fsat_exists(boot->root_fd, condition))
                return 0;
        if (symlinkat(links[i].target, root, links[i].path) < 0)
                return errno == EEXIST ? 0 : error_set(err, FAIL_NEW_ROOT_FAILED_CODE, errno,
                                                       "cannot make the link /%s", links[i].path);
        return label_new(boot, root, links[i].path, links[i].path, S_IFLNK, err);
}

/* A root that has its own idea of /root or /var, or is read-only, goes without: nothing is mounted there. */
static int make_directories(struct boot *boot, struct error *err)
{
        for (size_t i = 0; i < ARRAY_SIZE(directories); i++) {
                struct error ignored = {};
                bool is_needed = directories[i].is_mount_point || boot->plan.root_kind == ROOT_TMPFS;
                int r = new_root_make_directory(boot, directories[i].path, directories[i].mode,
                                                is_needed ? err : &ignored);

                if (r < 0 && is_needed)
                        return r;
                if (r < 0)
                        log_debug("%s", ignored.msg);
        }
        return 0;
}

int new_root_make_skeleton(struct boot *boot, struct error *err)
{
        _cleanup_fd_ int root = -1;
        int r;

        r = make_directories(boot, err);
        if (r < 0)
                return r;
        root = open_directory(boot, "");
        if (root < 0)
                return error_set(err, FAIL_NEW_ROOT_FAILED_CODE, -root, "cannot open the new root");
        for (size_t i = 0; i < ARRAY_SIZE(links); i++) {
                r = make_link(boot, root, i, err);
                if (r < 0)
                        return r;
        }
        return 0;
}
