/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The bytes of a log. systemd's userspace log is written under a lock, and marked by the sticky bit of its mode while a record
 * is under way.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>

#include "log_events.h"

enum { USERSPACE_MAX = 8 << 20, RECORD_SEPARATOR = 0x1e };
enum { LOCK_TRIES = 500, LOCK_PAUSE_MS = 10 };

/* A writer waits for the TPM, which may hang. */
static int lock_shared(int fd, const char *path, struct trouble *t)
{
        const struct timespec pause = { .tv_nsec = LOCK_PAUSE_MS * 1000000L };

        for (unsigned i = 0; flock(fd, LOCK_SH | LOCK_NB) < 0; i++) {
                if (errno != EWOULDBLOCK && errno != EINTR)
                        return trouble_set_errno(t, errno, "cannot lock %s", path);
                if (i == LOCK_TRIES)
                        return trouble_set(t, OUTCOME_TROUBLE, "%s has been locked by a writer for %d s", path,
                                           LOCK_TRIES * LOCK_PAUSE_MS / 1000);
                (void) nanosleep(&pause, NULL);
        }
        return 0;
}

/* By the first byte. A file without one is a userspace log that was made and not yet written to. */
static int find_source(int fd, const char *path, enum log_source *ret, struct trouble *t)
{
        uint8_t first = RECORD_SEPARATOR;

        if (pread(fd, &first, 1, 0) < 0)
                return trouble_set_errno(t, errno, "cannot read %s", path);
        *ret = first == RECORD_SEPARATOR ? LOG_USERSPACE : LOG_FIRMWARE;
        return 0;
}

int log_read(const char *path, struct buffer *ret, enum log_source *ret_source, bool *ret_is_marked, struct trouble *t)
{
        _cleanup_fd_ int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
        struct stat st;

        if (fd < 0)
                return trouble_set_errno(t, errno, "cannot open %s", path);
        if (fstat(fd, &st) < 0)
                return trouble_set_errno(t, errno, "cannot read %s", path);
        if (!S_ISREG(st.st_mode))
                return trouble_set(t, OUTCOME_TROUBLE, "%s is not a regular file", path);
        if (find_source(fd, path, ret_source, t) < 0)
                return -1;
        if (*ret_source == LOG_USERSPACE && lock_shared(fd, path, t) < 0)
                return -1;
        if (fstat(fd, &st) < 0)
                return trouble_set_errno(t, errno, "cannot read %s", path);
        *ret_is_marked = *ret_source == LOG_USERSPACE && (st.st_mode & S_ISVTX) != 0;
        return tool_read_file(path, *ret_source == LOG_USERSPACE ? (size_t) USERSPACE_MAX : (size_t) TCG2_LOG_MAX_BYTES,
                              ret, t);
}
