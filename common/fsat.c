/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Small files relative to a directory descriptor.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>

#include "verinit/fsat.h"

enum { FSAT_PATH_MAX = 512, FSAT_CHUNK = 64 * 1024 };

/* Fills at most size bytes; fewer only at the end of the file. */
static ssize_t read_full(int fd, char *data, size_t size)
{
        size_t n = 0;

        while (n < size) {
                ssize_t r = read(fd, data + n, size - n);

                if (r < 0 && errno == EINTR)
                        continue;
                if (r < 0)
                        return -errno;
                if (r == 0)
                        break;
                n += (size_t) r;
        }
        return (ssize_t) n;
}

static int write_full(int fd, const char *data, size_t size)
{
        size_t n = 0;

        while (n < size) {
                ssize_t r = write(fd, data + n, size - n);

                if (r < 0 && errno == EINTR)
                        continue;
                if (r < 0)
                        return -errno;
                n += (size_t) r;
        }
        return 0;
}

ssize_t fsat_read(int dir_fd, const char *path, void *ret_data, size_t size)
{
        _cleanup_fd_ int fd = openat(dir_fd, path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
        char *data = ret_data;
        ssize_t n;

        if (fd < 0)
                return -errno;
        if (size == 0)
                return -EINVAL;
        /* The last byte, kept for the NUL, serves to see whether there is more. */
        n = read_full(fd, data, size);
        if (n < 0)
                return n;
        if ((size_t) n == size)
                return -EFBIG;
        data[n] = '\0';
        return n;
}

ssize_t fsat_read_line(int dir_fd, const char *path, char *ret_text, size_t size)
{
        ssize_t n = fsat_read(dir_fd, path, ret_text, size);

        if (n > 0 && ret_text[n - 1] == '\n')
                ret_text[--n] = '\0';
        return n;
}

int fsat_read_u64(int dir_fd, const char *path, uint64_t *ret)
{
        char text[32];
        uint64_t value = 0;
        ssize_t n = fsat_read_line(dir_fd, path, text, sizeof(text));

        if (n < 0)
                return (int) n;
        if (n == 0)
                return -EINVAL;
        for (ssize_t i = 0; i < n; i++) {
                if (text[i] < '0' || text[i] > '9')
                        return -EINVAL;
                if (__builtin_mul_overflow(value, 10, &value) ||
                    __builtin_add_overflow(value, (uint64_t) (text[i] - '0'), &value))
                        return -EINVAL;
        }
        *ret = value;
        return 0;
}

int fsat_read_alloc(int dir_fd, const char *path, size_t max, void **ret_data, size_t *ret_size)
{
        _cleanup_fd_ int fd = openat(dir_fd, path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
        _cleanup_free_ char *data = NULL;
        size_t size = 0;

        if (fd < 0)
                return -errno;
        for (;;) {
                size_t room = max - size < FSAT_CHUNK ? max - size + 1 : FSAT_CHUNK;
                char *grown = realloc(data, size + room);
                ssize_t n;

                if (!grown)
                        return -ENOMEM;
                data = grown;
                n = read_full(fd, data + size, room);
                if (n < 0)
                        return (int) n;
                size += (size_t) n;
                if (size > max)
                        return -EFBIG;
                if ((size_t) n < room)
                        break;
        }
        /* There is room: the last read was short of it. */
        data[size] = '\0';
        *ret_data = data;
        *ret_size = size;
        data = NULL;
        return 0;
}

size_t fsat_read_at(int fd, uint64_t offset_bytes, void *ret, size_t size, int *ret_errno)
{
        uint8_t *bytes = ret;
        size_t done = 0;

        *ret_errno = 0;
        while (done < size) {
                ssize_t n = pread(fd, bytes + done, size - done, (off_t) (offset_bytes + done));

                if (n < 0 && errno == EINTR)
                        continue;
                if (n < 0)
                        *ret_errno = errno;
                if (n <= 0)
                        break;
                done += (size_t) n;
        }
        return done;
}

int fsat_write(int dir_fd, const char *path, const char *text)
{
        _cleanup_fd_ int fd = openat(dir_fd, path, O_WRONLY | O_CLOEXEC | O_NOCTTY);
        size_t size = strlen(text);
        ssize_t n;

        if (fd < 0)
                return -errno;
        do
                n = write(fd, text, size);
        while (n < 0 && errno == EINTR);
        if (n < 0)
                return -errno;
        return (size_t) n == size ? 0 : -EIO;
}

int fsat_create(int dir_fd, const char *path, const void *data, size_t size, mode_t mode)
{
        _cleanup_fd_ int fd = -1;
        char temporary[FSAT_PATH_MAX];
        int n, r;

        n = snprintf(temporary, sizeof(temporary), "%s.new", path);
        if (n < 0 || (size_t) n >= sizeof(temporary))
                return -ENAMETOOLONG;
        if (unlinkat(dir_fd, temporary, 0) < 0 && errno != ENOENT)
                return -errno;
        fd = openat(dir_fd, temporary, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
        if (fd < 0)
                return -errno;

        r = write_full(fd, data, size);
        if (r == 0 && fchmod(fd, mode) < 0)
                r = -errno;
        if (r == 0 && renameat(dir_fd, temporary, dir_fd, path) < 0)
                r = -errno;
        if (r < 0)
                (void) unlinkat(dir_fd, temporary, 0);
        return r;
}

/* Only a directory that we made gets the mode; one that was there keeps its own. */
static int mkdir_one(int dir_fd, const char *path, mode_t mode)
{
        struct stat st;

        if (mkdirat(dir_fd, path, mode) == 0)
                return fchmodat(dir_fd, path, mode, /* flags= */ 0) < 0 ? -errno : 0;
        if (errno != EEXIST)
                return -errno;
        if (fstatat(dir_fd, path, &st, /* flags= */ 0) < 0)
                return -errno;
        return S_ISDIR(st.st_mode) ? 0 : -ENOTDIR;
}

int fsat_mkdir_p(int dir_fd, const char *path, mode_t mode)
{
        char partial[FSAT_PATH_MAX];

        if (!str_copy(partial, sizeof(partial), path))
                return -ENAMETOOLONG;
        if (partial[0] == '\0')
                return -EINVAL;
        for (char *p = partial + 1; *p; p++) {
                int r;

                if (*p != '/')
                        continue;
                *p = '\0';
                r = mkdir_one(dir_fd, partial, mode);
                if (r < 0)
                        return r;
                *p = '/';
        }
        return mkdir_one(dir_fd, partial, mode);
}

int fsat_open_dir(int dir_fd, const char *path)
{
        int fd = openat(dir_fd, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

        return fd < 0 ? -errno : fd;
}

bool fsat_exists(int dir_fd, const char *path)
{
        struct stat st;

        return fstatat(dir_fd, path, &st, AT_SYMLINK_NOFOLLOW) == 0;
}

static int name_is_real(const struct dirent *d)
{
        return !str_equal(d->d_name, ".") && !str_equal(d->d_name, "..");
}

static int name_compare(const struct dirent **a, const struct dirent **b)
{
        return strcmp((*a)->d_name, (*b)->d_name);
}

int fsat_each(int dir_fd, const char *path, int (*f)(const char *name, void *userdata), void *userdata)
{
        struct dirent **names = NULL;
        int n, r = 0;

        n = scandirat(dir_fd, path, &names, name_is_real, name_compare);
        if (n < 0)
                return -errno;
        for (int i = 0; i < n; i++) {
                if (r == 0)
                        r = f(names[i]->d_name, userdata);
                free(names[i]);
        }
        free(names);
        return r;
}
