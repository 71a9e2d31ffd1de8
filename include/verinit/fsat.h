/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Small files relative to a directory descriptor. In PID 1 the descriptor is "/", in a unit test it is a
 * temporary tree: no code of ours names an absolute path, except to the mount calls.
 */
#pragma once

#include "verinit/base.h"

/*
 * Reads the whole file, at most size - 1 bytes, and appends a NUL. The number of bytes, or -errno; -EFBIG if
 * there is more. st_size is not looked at: procfs and securityfs say 0.
 */
ssize_t fsat_read(int dir_fd, const char *path, void *ret_data, size_t size);

/* As fsat_read(), less one final newline: for sysfs. */
ssize_t fsat_read_line(int dir_fd, const char *path, char *ret_text, size_t size);

/* One unsigned number in base 10, alone on its line. 0 or -errno; -EINVAL for anything else. */
int fsat_read_u64(int dir_fd, const char *path, uint64_t *ret);

/* Reads a file of unknown size into new memory (caller frees), at most max bytes, and puts a NUL behind them: 0, -errno, -EFBIG. */
int fsat_read_alloc(int dir_fd, const char *path, size_t max, void **ret_data, size_t *ret_size);

/* Of an open file or device, from this byte on. How many bytes; fewer: *ret_errno says why, 0 where it ends there. */
size_t fsat_read_at(int fd, uint64_t offset_bytes, void *ret, size_t size, int *ret_errno);

/* One write() into an existing file (sysfs, procfs, sysctl): 0 or -errno. */
int fsat_write(int dir_fd, const char *path, const char *text);

/* A new file with these bytes and this mode, whatever the umask; an old one is replaced. 0 or -errno. */
int fsat_create(int dir_fd, const char *path, const void *data, size_t size, mode_t mode);

/* mkdir -p with this mode for what is missing; 0 or -errno. */
int fsat_mkdir_p(int dir_fd, const char *path, mode_t mode);

/* For what is asked of one directory more than once; links are followed, as those of /sys/class. A descriptor or -errno. */
int fsat_open_dir(int dir_fd, const char *path);

bool fsat_exists(int dir_fd, const char *path); /* does not follow a final symbolic link */

/* A monotonic list of names in a directory, without "." and "..": calls f for each until it answers non-zero. */
int fsat_each(int dir_fd, const char *path, int (*f)(const char *name, void *userdata), void *userdata);
