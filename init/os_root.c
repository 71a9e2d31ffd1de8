/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The switch to the new root, and freeing the old one. Part of the adapter os.h.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include "verinit/os.h"

enum { EMPTY_MAX_DEPTH = 64 }; /* an open directory a level; deeper than PATH_MAX allows nobody packs an initramfs */

/* What is mounted below them (selinuxfs, efivarfs, pstore, …) moves along. */
static const char *const api_mounts[] = { "dev", "proc", "sys", "run" };

static int move_api_mounts(const char *path)
{
        for (size_t i = 0; i < ARRAY_SIZE(api_mounts); i++) {
                char from[16], to[PATH_MAX];
                int n;

                (void) snprintf(from, sizeof(from), "/%s", api_mounts[i]);
                n = snprintf(to, sizeof(to), "%s/%s", path, api_mounts[i]);
                if (n < 0 || (size_t) n >= sizeof(to))
                        return -ENAMETOOLONG;
                if (mount(from, to, NULL, MS_MOVE, NULL) < 0)
                        return -errno;
        }
        return 0;
}

/* The current directory becomes the root, and what was the root lies over it until it is detached. */
static int enter_by_pivot(void)
{
        if (syscall(SYS_pivot_root, ".", ".") < 0)
                return -errno;
        return umount2(".", MNT_DETACH) < 0 ? -errno : 0;
}

static int enter_by_move(void)
{
        if (mount(".", "/", NULL, MS_MOVE, NULL) < 0 || chroot(".") < 0)
                return -errno;
        return 0;
}

int os_switch_root(const char *path, enum os_switch *ret_how, int *ret_old_root_fd)
{
        _cleanup_fd_ int old_root_fd = -1;
        enum os_switch how = OS_SWITCH_PIVOT;
        int r;

        old_root_fd = open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        if (old_root_fd < 0)
                return -errno;

        /* The kernel neither moves nor pivots what is shared. */
        if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
                return -errno;

        r = move_api_mounts(path);
        if (r < 0)
                return r;
        if (chdir(path) < 0)
                return -errno;

        r = enter_by_pivot();
        if (r == -EINVAL) { /* before 7.3 rootfs is the bottom of the mount tree and cannot be exchanged */
                how = OS_SWITCH_MOVE;
                r = enter_by_move();
        }
        if (r < 0)
                return r;
        if (chdir("/") < 0)
                return -errno;

        *ret_how = how;
        *ret_old_root_fd = fd_steal(&old_root_fd);
        return 0;
}

static void closedirp(DIR **d)
{
        if (*d)
                (void) closedir(*d);
}

static void keep_first(int *first, int r)
{
        if (*first == 0)
                *first = r;
}

static int empty_directory(int dir_fd, dev_t dev, unsigned depth, uint64_t *bytes);

/* A directory is entered by descriptor and looked at again there: the name may mean a mount point. */
static int empty_subdirectory(int dir_fd, const char *name, dev_t dev, unsigned depth, uint64_t *bytes)
{
        _cleanup_fd_ int fd = -1;
        struct stat st;
        int r;

        if (depth >= EMPTY_MAX_DEPTH)
                return -ELOOP;
        fd = openat(dir_fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        if (fd < 0 || fstat(fd, &st) < 0)
                return -errno;
        if (st.st_dev != dev)
                return 0;
        r = empty_directory(fd, dev, depth + 1, bytes);
        if (unlinkat(dir_fd, name, AT_REMOVEDIR) < 0 && r == 0)
                r = -errno;
        return r;
}

static int remove_entry(int dir_fd, const char *name, dev_t dev, unsigned depth, uint64_t *bytes)
{
        struct stat st;

        if (fstatat(dir_fd, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
                return -errno;
        if (st.st_dev != dev)
                return 0;
        if (S_ISDIR(st.st_mode))
                return empty_subdirectory(dir_fd, name, dev, depth, bytes);
        if (unlinkat(dir_fd, name, 0) < 0)
                return -errno;
        if (S_ISREG(st.st_mode))
                *bytes += (uint64_t) st.st_size;
        return 0;
}

static int empty_directory(int dir_fd, dev_t dev, unsigned depth, uint64_t *bytes)
{
        _cleanup_(closedirp) DIR *d = NULL;
        int fd, first = 0;

        fd = openat(dir_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC); /* readdir wants one of its own */
        if (fd < 0)
                return -errno;
        d = fdopendir(fd);
        if (!d) {
                (void) fd_close(fd);
                return -ENOMEM;
        }

        for (;;) {
                struct dirent *e;

                errno = 0;
                e = readdir(d);
                if (!e) {
                        keep_first(&first, -errno);
                        return first;
                }
                if (!str_equal(e->d_name, ".") && !str_equal(e->d_name, ".."))
                        keep_first(&first, remove_entry(dir_fd, e->d_name, dev, depth, bytes));
        }
}

/*
 * It frees memory and proves nothing: it goes on after a failure, answers the first one, and says either way what
 * was freed.
 */
int os_empty_directory(int dir_fd, uint64_t *ret_bytes)
{
        struct stat st;
        uint64_t bytes = 0;
        int r;

        if (fstat(dir_fd, &st) < 0)
                return -errno;
        r = empty_directory(dir_fd, st.st_dev, 0, &bytes);
        *ret_bytes = bytes;
        return r;
}
