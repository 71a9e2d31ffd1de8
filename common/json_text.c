/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * JSON into fixed storage.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>

#include "verinit/json_text.h"

struct json_text json_text_begin(char *text, size_t size)
{
        return (struct json_text) { .text = text, .size = size };
}

ssize_t json_text_end(const struct json_text *j)
{
        if (j->n >= j->size)
                return -ENOBUFS;
        j->text[j->n] = '\0';
        return (ssize_t) j->n;
}

static void append(struct json_text *j, const char *bytes, size_t n)
{
        if (j->n < j->size && n < j->size - j->n)
                memcpy(j->text + j->n, bytes, n);
        j->n += n;
}

static void append_text(struct json_text *j, const char *text)
{
        append(j, text, strlen(text));
}

/* The length of the well-formed UTF-8 sequence at s (Unicode 15, table 3-7); 0 if there is none. */
static size_t utf8_length(const unsigned char *s)
{
        unsigned char low = 0x80, high = 0xbf;
        size_t n;

        if (s[0] < 0x80)
                return 1;
        if (s[0] >= 0xc2 && s[0] <= 0xdf)
                n = 2;
        else if (s[0] >= 0xe0 && s[0] <= 0xef)
                n = 3;
        else if (s[0] >= 0xf0 && s[0] <= 0xf4)
                n = 4;
        else
                return 0;

        if (s[0] == 0xe0)
                low = 0xa0;
        else if (s[0] == 0xed)
                high = 0x9f;
        else if (s[0] == 0xf0)
                low = 0x90;
        else if (s[0] == 0xf4)
                high = 0x8f;
        if (s[1] < low || s[1] > high)
                return 0;
        /* The NUL at the end of the string is no continuation byte, so nothing is read behind it. */
        for (size_t i = 2; i < n; i++)
                if (s[i] < 0x80 || s[i] > 0xbf)
                        return 0;
        return n;
}

static void append_quoted(struct json_text *j, const char *value)
{
        const unsigned char *s = (const unsigned char *) value;

        append_text(j, "\"");
        while (*s) {
                size_t n = utf8_length(s);
                char escape[8];

                if (n == 0) {
                        append_text(j, "\xef\xbf\xbd");
                        n = 1;
                } else if (*s == '"' || *s == '\\') {
                        append(j, (char[]) { '\\', (char) *s }, 2);
                } else if (*s < 0x20 || *s == 0x7f) {
                        (void) snprintf(escape, sizeof(escape), "\\u%04x", *s);
                        append_text(j, escape);
                } else {
                        append(j, (const char *) s, n);
                }
                s += n;
        }
        append_text(j, "\"");
}

static void begin_value(struct json_text *j, const char *key)
{
        if (j->needs_comma)
                append_text(j, ",");
        if (key) {
                append_quoted(j, key);
                append_text(j, ":");
        }
        j->needs_comma = true;
}

void json_open(struct json_text *j, const char *key, char bracket)
{
        begin_value(j, key);
        append(j, &bracket, 1);
        j->needs_comma = false;
}

void json_close(struct json_text *j, char bracket)
{
        append(j, &bracket, 1);
        j->needs_comma = true;
}

void json_string(struct json_text *j, const char *key, const char *value)
{
        begin_value(j, key);
        append_quoted(j, value);
}

void json_u64(struct json_text *j, const char *key, uint64_t value)
{
        char number[24];

        (void) snprintf(number, sizeof(number), "%" PRIu64, value);
        begin_value(j, key);
        append_text(j, number);
}

void json_bool(struct json_text *j, const char *key, bool value)
{
        begin_value(j, key);
        append_text(j, value ? "true" : "false");
}
