/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * /usr, "mounted": the files of it that PID 1 reads before it hands over, taken out by the tools of its file system. Which are the
 * SELinux configuration and policy, and what there is for IPE. No link comes out with them, since it would lead to files of this machine.
 */
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <sys/stat.h>

#include "verinit/fsat.h"
#include "verinit/ipe.h"

#include "child.h"
#include "machine.h"

/* Below the scratch directory. */
#define TAKEN_OUT "usr"

static int run(struct child_words *words)
{
        struct child child = { .words = words, .is_silent = true };
        _cleanup_buffer_ struct buffer talk = {};
        struct trouble t = {};

        child.output = &talk;
        child.output_max = 64 * 1024 * 1024;
        return child_run(&child, NULL, &t);
}

/* To a line of debugfs; and what nobody calls a directory of his. ".." would lead out of the scratch directory. */
bool machine_is_plain_path(const char *path)
{
        if (path[strspn(path, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789/._-")] != '\0' || path[0] == '/')
                return false;
        for (const char *name = path; name; name = strchr(name, '/') ? strchr(name, '/') + 1 : NULL)
                if (strcspn(name, "/") == 0 || (name[0] == '.' && strspn(name, ".") == strcspn(name, "/")))
                        return false;
        return true;
}

/* The first is SELinux's; the second may have the policy that the command line names; the others must not have any. */
static const char *const ipe_dirs[] = { IPE_USR_DIR, IPE_SYSTEMD_DIRS };

static int take_ext4(struct machine *m, const char *const *dirs, size_t n_dirs)
{
        for (size_t i = 0; i < n_dirs; i++) {
                _cleanup_free_ char *below = tool_format(TAKEN_OUT "/%s", dirs[i]);
                bool is_named = str_equal(dirs[i], IPE_USR_DIR);

                if (i == 0 ? machine_take_ext4(m, dirs[i], below) < 0 :
                    (!is_named || m->ipe_name[0]) &&
                            machine_take_ext4_policy(m, dirs[i], is_named ? m->ipe_name : NULL, below) < 0)
                        return -1;
        }
        return 0;
}

/*
 * fsck.erofs and unsquashfs write all that they find below TO. What they refuse of names and links is theirs; the man page says so.
 */
static int take_out(struct machine *m, const char *type, const char *const *dirs, size_t n_dirs)
{
        _cleanup_child_words_ struct child_words words = {};
        _cleanup_free_ char *from = tool_format("/proc/%d/fd/%d", (int) getpid(), m->usr_fd);
        _cleanup_free_ char *to = tool_format("%s/" TAKEN_OUT, m->path);

        if (str_equal(type, "erofs")) {
                child_add(&words, "fsck.erofs");
                child_add_format(&words, "--extract=%s", to);
                child_add(&words, "--no-preserve");
                child_add(&words, from);
        } else if (str_equal(type, "squashfs")) {
                child_add(&words, "unsquashfs");
                child_add(&words, "-quiet");
                child_add(&words, "-no-progress");
                child_add(&words, "-no-xattrs");
                child_add_option(&words, "-dest", to);
                child_add(&words, from);
                for (size_t i = 0; i < n_dirs; i++)
                        child_add(&words, dirs[i]);
        } else
                return take_ext4(m, dirs, n_dirs);
        return run(&words);
}

static bool has_link;

static int look_at(_unused_ const char *path, const struct stat *st, _unused_ int type, _unused_ struct FTW *ftw)
{
        has_link = has_link || (!S_ISREG(st->st_mode) && !S_ISDIR(st->st_mode));
        return 0;
}

/* Nothing on the way is a link: else it stays where it is. */
static bool is_reached_plainly(int fd, const char *path)
{
        _cleanup_free_ char *at = tool_strdup(path);
        struct stat st;

        for (char *slash = at; slash;) {
                slash = strchr(slash, '/');
                if (slash)
                        *slash = '\0';
                if (fstatat(fd, at, &st, AT_SYMLINK_NOFOLLOW) < 0)
                        return errno == ENOENT;
                if (!S_ISDIR(st.st_mode))
                        return false;
                if (slash)
                        *slash++ = '/';
        }
        return true;
}

static int move_in(struct machine *m, const char *dir)
{
        _cleanup_free_ char *from = tool_format(TAKEN_OUT "/%s", dir), *to = tool_format(USR_MOUNT_DIR "/%s", dir);
        _cleanup_free_ char *full = tool_format("%s/%s", m->path, from);
        struct stat st;
        int r;

        if (!is_reached_plainly(m->fd, from)) {
                machine_leave_out(m, "/usr/%s is reached over a link, which is not followed here", dir);
                return 0;
        }
        if (fstatat(m->fd, from, &st, AT_SYMLINK_NOFOLLOW) < 0)
                return 0; /* PID 1 says that there is no policy */
        has_link = false;
        (void) nftw(full, look_at, 16, FTW_PHYS);
        if (has_link) {
                machine_leave_out(m, "/usr/%s has links in it, which are not followed here", dir);
                return 0;
        }
        r = fsat_mkdir_p(m->root_fd, to, 0755);
        if (r < 0)
                return r;
        return renameat(m->fd, from, m->root_fd, to) < 0 ? -errno : 0;
}

/* As the kernel's file systems do: each looks for its own superblock. */
static bool is_of_type(int fd, const char *type)
{
        uint8_t head[FS_SIZE_HEAD_BYTES];
        struct fs_size fs;

        return pread(fd, head, sizeof(head), 0) == (ssize_t) sizeof(head) && fs_size_parse(head, sizeof(head), &fs) &&
               str_equal(fs.type, type);
}

int machine_mount_usr(struct machine *m, const char *fstype)
{
        const char *dirs[1 + ARRAY_SIZE(ipe_dirs)] = { m->selinux_dir };
        size_t n_dirs = m->loads_ipe ? ARRAY_SIZE(dirs) : 1;
        int r = 0;

        memcpy(dirs + 1, ipe_dirs, sizeof(ipe_dirs));
        if (!str_equal(fstype, "erofs") && !str_equal(fstype, "ext4") && !str_equal(fstype, "squashfs")) {
                machine_leave_out(m, "/usr is %s, which is not read here", fstype);
                return 0;
        }
        if (!is_of_type(m->usr_fd, fstype))
                return -EINVAL;
        if (!dirs[0] || !machine_is_plain_path(dirs[0])) {
                machine_leave_out(m, "the floor's selinux-dir is no plain path");
                return 0;
        }
        if (take_out(m, fstype, dirs, n_dirs) < 0) {
                machine_leave_out(m, "the files of /usr cannot be read: %s",
                                  str_equal(fstype, "erofs")    ? "fsck.erofs (erofs-utils) is missing, or refuses it" :
                                  str_equal(fstype, "squashfs") ? "unsquashfs (squashfs-tools) is missing, or refuses it" :
                                                                  "debugfs (e2fsprogs) is missing, or refuses it");
                return 0;
        }
        for (size_t i = 0; i < n_dirs && r == 0; i++)
                r = move_in(m, dirs[i]);
        return r;
}
