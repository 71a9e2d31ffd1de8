/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <stdarg.h>
#include <stdio.h>

#include "page.h"

static void add(struct buffer *page, const char *text, size_t n)
{
        if (buffer_append(page, text, n) == 0)
                return;
        (void) fputs("verinit: out of memory\n", stderr);
        exit(tool_exit_status(OUTCOME_TROUBLE));
}

void page_add(struct buffer *page, const char *fmt, ...)
{
        _cleanup_free_ char *text = NULL;
        va_list args;
        int n;

        va_start(args, fmt);
        n = vasprintf(&text, fmt, args);
        va_end(args);
        if (n < 0)
                text = NULL;
        add(page, text ? text : "", n < 0 ? 0 : (size_t) n);
}

static const char *entity(char c)
{
        switch (c) {
        case '&':
                return "&amp;";
        case '<':
                return "&lt;";
        case '>':
                return "&gt;";
        case '"':
                return "&quot;";
        case '\'':
                return "&#39;";
        default:
                return NULL;
        }
}

static void add_bounded(struct buffer *page, const char *text, size_t max, bool is_markup)
{
        size_t n = strnlen(text, max + 1), kept = n <= max ? n : max > 3 ? max - 3 : 0;

        for (size_t i = 0; i < kept; i++) {
                /* One character of UTF-8 is one mark; the dots of PID 1's own messages stay dots. */
                if (kept - i >= 3 && memcmp(text + i, "\342\200\246", 3) == 0) {
                        add(page, "...", 3);
                        i += 2;
                        continue;
                }
                if (i > 0 && ((unsigned char) text[i] & 0xc0) == 0x80 && ((unsigned char) text[i - 1] & 0x80) != 0)
                        continue;
                char c = text[i] >= 0x20 && text[i] <= 0x7e ? text[i] : '?';
                const char *name = is_markup ? entity(c) : NULL;

                if (name)
                        add(page, name, strlen(name));
                else
                        add(page, &c, 1);
        }
        if (n > max)
                add(page, "...", 3);
}

void page_add_text(struct buffer *page, const char *text, size_t max)
{
        add_bounded(page, text, max, false);
}

void page_add_markup(struct buffer *page, const char *text, size_t max)
{
        add_bounded(page, text, max, true);
}
