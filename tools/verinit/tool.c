/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/stat.h>

#include "tool.h"

static bool is_quiet;

int tool_exit_status(enum outcome outcome)
{
        switch (outcome) {
        case OUTCOME_YES:
                return 0;
        case OUTCOME_USAGE:
                return 2;
        case OUTCOME_FALSE:
                return 3;
        case OUTCOME_UNDECIDED:
                return 4;
        case OUTCOME_TROUBLE:
                break;
        }
        return 1;
}

int trouble_set(struct trouble *t, enum outcome outcome, const char *fmt, ...)
{
        va_list args;

        t->outcome = outcome;
        va_start(args, fmt);
        (void) vsnprintf(t->msg, sizeof(t->msg), fmt, args);
        va_end(args);
        return -1;
}

int trouble_set_errno(struct trouble *t, int errno_value, const char *fmt, ...)
{
        char text[1024];
        va_list args;

        va_start(args, fmt);
        (void) vsnprintf(text, sizeof(text), fmt, args);
        va_end(args);
        return trouble_set(t, OUTCOME_TROUBLE, "%s: %s (%s)", text, strerror(errno_value), errno_name(errno_value));
}

int trouble_prefix(struct trouble *t, const char *fmt, ...)
{
        char text[sizeof(t->msg)], old[sizeof(t->msg)];
        va_list args;

        va_start(args, fmt);
        (void) vsnprintf(text, sizeof(text), fmt, args);
        va_end(args);
        memcpy(old, t->msg, sizeof(old));
        /* A message that outgrows the field loses its end, which is the remedy, not the cause. */
        if (snprintf(t->msg, sizeof(t->msg), "%s: %s", text, old) < 0)
                t->msg[0] = '\0';
        return -1;
}

int trouble_set_usage(struct trouble *t, const char *verb, const char *what, const char *value)
{
        return trouble_set(t, OUTCOME_USAGE, "%s: %s '%s': see 'verinit %s --help'", verb, what, value, verb);
}

int trouble_set_option(struct trouble *t, const char *verb, int id, const char *word)
{
        return trouble_set_usage(t, verb, id == ':' ? "option without its argument" : "no such option", word);
}

int trouble_from_error(struct trouble *t, const struct error *err)
{
        return trouble_set(t, OUTCOME_FALSE, "PID 1 would refuse this with %s: %s; %s", fail_code_name(err->code),
                           err->msg, fail_code_remedy(err->code));
}

void tool_set_quiet(bool on)
{
        is_quiet = on;
}

bool tool_is_quiet(void)
{
        return is_quiet;
}

void tool_say(const char *fmt, ...)
{
        va_list args;

        if (is_quiet)
                return;
        va_start(args, fmt);
        (void) vfprintf(stderr, fmt, args);
        va_end(args);
        (void) fputc('\n', stderr);
}

char *tool_printable(char *text)
{
        for (char *p = text; *p; p++)
                if ((unsigned char) *p < 0x20 || (unsigned char) *p > 0x7e)
                        *p = '?';
        return text;
}

void buffer_done(struct buffer *b)
{
        free(b->data);
        *b = (struct buffer) {};
}

int buffer_append(struct buffer *b, const void *data, size_t size)
{
        if (size > b->allocated - b->size) {
                size_t wanted = b->allocated * 2;
                uint8_t *p;

                if (size > SIZE_MAX / 4 - b->size)
                        return -1;
                if (wanted < b->size + size)
                        wanted = b->size + size + 4096;
                p = realloc(b->data, wanted);
                if (!p)
                        return -1;
                b->data = p;
                b->allocated = wanted;
        }
        if (size > 0)
                memcpy(b->data + b->size, data, size);
        b->size += size;
        return 0;
}

static int read_all(int fd, const char *path, size_t max, struct buffer *b, struct trouble *t)
{
        char block[65536];

        for (;;) {
                ssize_t n = read(fd, block, sizeof(block));

                if (n < 0 && errno == EINTR)
                        continue;
                if (n < 0)
                        return trouble_set_errno(t, errno, "cannot read %s", path);
                if (n == 0)
                        return 0;
                if ((size_t) n > max - b->size)
                        return trouble_set(t, OUTCOME_TROUBLE, "%s is larger than %zu bytes, which is more than such "
                                           "a file can sensibly have", path, max);
                if (buffer_append(b, block, (size_t) n) < 0)
                        return trouble_set_errno(t, ENOMEM, "cannot read %s", path);
        }
}

int tool_read_file(const char *path, size_t max, struct buffer *ret, struct trouble *t)
{
        _cleanup_buffer_ struct buffer b = {};
        _cleanup_fd_ int fd = -1;
        struct stat st;

        /* A FIFO without a writer would block the open. */
        fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
        if (fd < 0)
                return trouble_set_errno(t, errno, "cannot open %s", path);
        if (fstat(fd, &st) < 0)
                return trouble_set_errno(t, errno, "cannot read %s", path);
        if (!S_ISREG(st.st_mode))
                return trouble_set(t, OUTCOME_TROUBLE, "%s is not a regular file", path);
        if (read_all(fd, path, max, &b, t) < 0)
                return -1;
        *ret = b;
        b = (struct buffer) {};
        return 0;
}

int tool_source_date_epoch(uint32_t *ret, struct trouble *t)
{
        const char *text = getenv("SOURCE_DATE_EPOCH");
        unsigned long long n;
        char *end;

        *ret = 0;
        if (!tool_is_reproducible())
                return 0;
        errno = 0;
        n = strtoull(text, &end, 10);
        if (errno != 0 || *end != '\0' || text[0] < '0' || text[0] > '9' || n > UINT32_MAX)
                return trouble_set(t, OUTCOME_USAGE, "SOURCE_DATE_EPOCH is '%s': seconds from 0 to %u are wanted", text,
                                   UINT32_MAX);
        *ret = (uint32_t) n;
        return 0;
}

bool tool_is_reproducible(void)
{
        const char *text = getenv("SOURCE_DATE_EPOCH");

        return text && text[0] != '\0';
}

static void *check_memory(void *p)
{
        if (p)
                return p;
        (void) fputs("verinit: out of memory\n", stderr);
        exit(tool_exit_status(OUTCOME_TROUBLE));
}

void *tool_alloc(size_t n, size_t size)
{
        return check_memory(calloc(n > 0 ? n : 1, size));
}

void *tool_grow(void *array, size_t n, size_t size)
{
        return check_memory(reallocarray(array, n + 1, size));
}

char *tool_strdup(const char *s)
{
        size_t n = strlen(s) + 1;

        return memcpy(tool_alloc(n, 1), s, n);
}

char *tool_format(const char *fmt, ...)
{
        va_list args;
        char *s;

        va_start(args, fmt);
        if (vasprintf(&s, fmt, args) < 0)
                s = NULL;
        va_end(args);
        return check_memory(s);
}
