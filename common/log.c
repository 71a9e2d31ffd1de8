/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The kernel log as the only sink. A record is one write(): /dev/kmsg makes one record of each, and refuses one
 * of more than 1024 bytes with EINVAL (kernel/printk/printk.c devkmsg_write(), PRINTKRB_RECORD_MAX).
 */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>

#include "verinit/log.h"

enum { LOG_RECORD_MAX = 960, LOG_TEXT_MAX = 4096, DIGEST_HEX_MIN = 40, DIGEST_HEX_SHOWN = 16 };

static struct {
        int fd;
        bool is_debug;
        enum stage_id stage;
} sink = { .fd = -1 };

void log_open(int kmsg_fd)
{
        (void) fd_close(sink.fd);
        sink.fd = kmsg_fd;
}

bool log_is_open(void)
{
        return sink.fd >= 0;
}

void log_set_debug(bool on)
{
        sink.is_debug = on;
}

bool log_debug_enabled(void)
{
        return sink.is_debug;
}

void log_set_stage(enum stage_id id)
{
        sink.stage = id;
}

static const char ellipsis[] = "\xe2\x80\xa6"; /* the one character beyond ASCII that messages of ours have */

/*
 * Names of disks, partitions and files and the command line reach the log: none may forge a record or drive a terminal. Beyond
 * ASCII are controls, too, and characters that turn the direction of what follows.
 */
static void replace_unprintable(char *text)
{
        for (char *p = text; *p; p++)
                if (strncmp(p, ellipsis, sizeof(ellipsis) - 1) == 0)
                        p += sizeof(ellipsis) - 2;
                else if (*p < 0x20 || *p > 0x7e)
                        *p = '?';
}

static bool is_hex(char c)
{
        return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

/*
 * A console is seen by others, and shows no root hash whole: the first 16 digits tell which of two it is. All of them are in
 * boot.json after a boot that went well; of one that failed, only where the floor allows debugging. Here, so that no message can
 * forget it.
 */
static void shorten_digests(char *text)
{
        char *to = text;

        for (const char *from = text; *from;) {
                size_t n = 0;

                while (is_hex(from[n]))
                        n++;
                if (n >= DIGEST_HEX_MIN) {
                        memmove(to, from, DIGEST_HEX_SHOWN);
                        memcpy(to + DIGEST_HEX_SHOWN, ellipsis, sizeof(ellipsis) - 1);
                        to += DIGEST_HEX_SHOWN + sizeof(ellipsis) - 1;
                } else {
                        n = n > 0 ? n : 1;
                        memmove(to, from, n);
                        to += n;
                }
                from += n;
        }
        *to = '\0';
}

static void make_presentable(char *text)
{
        replace_unprintable(text);
        if (!sink.is_debug)
                shorten_digests(text);
}

static void write_record(const char *record, size_t n)
{
        ssize_t r;

        /* Nobody can be told that the log cannot be written. */
        do
                r = write(sink.fd, record, n);
        while (r < 0 && errno == EINTR);
}

static void write_split(enum log_level level, const char *prefix, const char *text)
{
        char record[LOG_RECORD_MAX + 1];

        do {
                int head = snprintf(record, sizeof(record), "<%d>%s", (int) level, prefix);
                size_t n = strlen(text), room = LOG_RECORD_MAX - (size_t) head - 1;

                if (n > room)
                        n = room;
                memcpy(record + head, text, n);
                record[(size_t) head + n] = '\n';
                write_record(record, (size_t) head + n + 1);
                text += n;
        } while (*text);
}

void log_line(enum log_level level, const char *fmt, ...)
{
        char text[LOG_TEXT_MAX], prefix[64];
        va_list ap;
        int n;

        if (sink.fd < 0 || (level == LOG_LEVEL_DEBUG && !sink.is_debug))
                return;

        va_start(ap, fmt);
        n = vsnprintf(text, sizeof(text), fmt, ap);
        va_end(ap);
        if (n < 0)
                return;
        make_presentable(text);
        (void) snprintf(prefix, sizeof(prefix), "verinit[%s]: ", stage_name(sink.stage));
        write_split(level == LOG_LEVEL_DEBUG ? LOG_LEVEL_INFO : level, prefix, text);
}

void log_raw(enum log_level level, const char *text)
{
        char clean[LOG_TEXT_MAX];

        if (sink.fd < 0)
                return;
        (void) snprintf(clean, sizeof(clean), "%s", text);
        make_presentable(clean);
        write_split(level, "", clean);
}
