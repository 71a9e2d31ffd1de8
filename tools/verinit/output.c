/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>

#include "output.h"

static const char *kind_name(mode_t mode)
{
        switch (mode & S_IFMT) {
        case S_IFBLK:
                return "a block device";
        case S_IFCHR:
                return "a character device";
        case S_IFDIR:
                return "a directory";
        case S_IFLNK:
                return "a symbolic link";
        default:
                return "no regular file";
        }
}

/* remedy: of a block device. */
static int check(const char *path, const char *remedy, bool *ret_is_device, struct trouble *t)
{
        struct stat st;

        *ret_is_device = false;
        if (lstat(path, &st) < 0)
                return errno == ENOENT ? 0 : trouble_set_errno(t, errno, "cannot write %s", path);
        if (S_ISREG(st.st_mode))
                return 0;
        *ret_is_device = S_ISBLK(st.st_mode);
        return trouble_set(t, OUTCOME_TROUBLE, "%s is %s and is not overwritten%s: name a file", path, kind_name(st.st_mode),
                           *ret_is_device ? remedy : "");
}

int output_check(const char *path, struct trouble *t)
{
        bool is_device;

        return check(path, " (this verb has no --force)", &is_device, t);
}

int output_check_forced(const char *path, bool is_forced, struct trouble *t)
{
        bool is_device;

        return check(path, " without --force", &is_device, t) == 0 || (is_forced && is_device) ? 0 : -1;
}

static int write_all(int fd, const struct buffer *data)
{
        size_t done = 0;

        while (done < data->size) {
                ssize_t n = write(fd, data->data + done, data->size - done);

                if (n < 0 && errno == EINTR)
                        continue;
                if (n <= 0)
                        return -1;
                done += (size_t) n;
        }
        return 0;
}

static void sync_directory(const char *path)
{
        _cleanup_free_ char *directory = tool_strdup(path);
        char *slash = strrchr(directory, '/');
        _cleanup_fd_ int fd = -1;

        if (slash)
                slash[slash == directory] = '\0';
        fd = open(slash ? directory : ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        /* Not all file systems can; the file is complete either way. */
        if (fd >= 0)
                (void) fsync(fd);
}

/* The descriptor, to be closed by the caller. */
static int begin(struct output *o, const char *path, struct trouble *t)
{
        /* In the same directory: rename() does not cross file systems. */
        _cleanup_free_ char *temporary = tool_format("%s.XXXXXX", path);
        _cleanup_fd_ int fd = -1;

        if (output_check(path, t) < 0)
                return -1;
        fd = mkostemp(temporary, O_CLOEXEC);
        if (fd < 0)
                return trouble_set_errno(t, errno, "cannot make a file beside %s", path);
        *o = (struct output) { .path = path, .temporary = temporary };
        temporary = NULL;
        if (fchmod(fd, 0644) < 0)
                return trouble_set_errno(t, errno, "cannot write %s", path);
        return fd_steal(&fd);
}

int output_begin(struct output *o, const char *path, struct trouble *t)
{
        int fd = begin(o, path, t);

        if (fd < 0)
                return -1;
        (void) fd_close(fd);
        return 0;
}

int output_commit(struct output *o, struct trouble *t)
{
        /* Others may write in this directory: what the name has become is not followed. */
        _cleanup_fd_ int fd = open(o->temporary, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);

        /* Before the rename: a crash must not leave the new name with no bytes behind it. */
        if (fd < 0 || fsync(fd) < 0 || rename(o->temporary, o->path) < 0)
                return trouble_set_errno(t, errno, "cannot write %s (an old one was left as it is)", o->path);
        free(o->temporary);
        o->temporary = NULL;
        sync_directory(o->path);
        return 0;
}

void output_done(struct output *o)
{
        if (o->temporary)
                (void) unlink(o->temporary);
        free(o->temporary);
        o->temporary = NULL;
}

int output_write(const char *path, const struct buffer *data, struct trouble *t)
{
        _cleanup_output_ struct output o = {};
        _cleanup_fd_ int fd = begin(&o, path, t);

        if (fd < 0)
                return -1;
        if (write_all(fd, data) < 0)
                return trouble_set_errno(t, errno, "cannot write %s (an old one was left as it is)", path);
        return output_commit(&o, t);
}

static int write_device(const char *path, const struct buffer *data, struct trouble *t)
{
        /* O_EXCL: EBUSY for one that is mounted, or part of another device. */
        _cleanup_fd_ int fd = open(path, O_RDWR | O_EXCL | O_NOFOLLOW | O_CLOEXEC);
        struct stat st;
        off_t size;

        if (fd < 0 || fstat(fd, &st) < 0)
                return trouble_set_errno(t, errno, "cannot write %s", path);
        if (!S_ISBLK(st.st_mode))
                return trouble_set(t, OUTCOME_TROUBLE, "%s was a block device and is none any more: it is left alone", path);
        size = lseek(fd, 0, SEEK_END);
        if (size < 0 || lseek(fd, 0, SEEK_SET) < 0)
                return trouble_set_errno(t, errno, "cannot write %s", path);
        if ((size_t) size < data->size)
                return trouble_set(t, OUTCOME_TROUBLE, "%s has %jd bytes, and %zu are to be written: it is left alone", path,
                                   (intmax_t) size, data->size);
        if (write_all(fd, data) < 0 || fsync(fd) < 0)
                return trouble_set_errno(t, errno, "cannot write %s (what it held is lost)", path);
        return 0;
}

int output_write_forced(const char *path, const struct buffer *data, bool is_forced, struct trouble *t)
{
        bool is_device;

        if (check(path, " without --force", &is_device, t) == 0)
                return output_write(path, data, t);
        return is_forced && is_device ? write_device(path, data, t) : -1;
}
