/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What every file may use: array size, cleanup attributes, bounded text. Nothing here has state.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

#define _cleanup_(f) __attribute__((cleanup(f)))
#define _printf_(a, b) __attribute__((format(printf, a, b)))
#define _must_check_ __attribute__((warn_unused_result))
#define _noreturn_ __attribute__((noreturn))
#define _unused_ __attribute__((unused))

/* fd 0 is a valid descriptor; -1 means none. Returns -1, so that an owner is emptied in one line. */
static inline int fd_close(int fd)
{
        if (fd >= 0)
                (void) close(fd);
        return -1;
}

static inline void fd_closep(int *fd)
{
        *fd = fd_close(*fd);
}

static inline int fd_steal(int *fd)
{
        int r = *fd;

        *fd = -1;
        return r;
}

static inline void freep(void *p)
{
        void **q = p;

        free(*q);
        *q = NULL;
}

#define _cleanup_fd_ _cleanup_(fd_closep)
#define _cleanup_free_ _cleanup_(freep)

static inline bool str_equal(const char *a, const char *b)
{
        return strcmp(a, b) == 0;
}

/* NULL, or what follows the prefix. */
static inline const char *str_after(const char *s, const char *prefix)
{
        size_t n = strlen(prefix);

        return strncmp(s, prefix, n) == 0 ? s + n : NULL;
}

/* Copies all of src or nothing: silent truncation would turn one name into another. */
static inline bool str_copy(char *dst, size_t size, const char *src)
{
        size_t n = strlen(src);

        if (n >= size)
                return false;
        memcpy(dst, src, n + 1);
        return true;
}
