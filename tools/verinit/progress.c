/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "progress.h"

#include <stdio.h>
#include <time.h>

enum { BAR_WIDTH = 20, SHOW_EVERY_MS = 100 };

static uint64_t now_ns(void)
{
        struct timespec ts = {};

        (void) clock_gettime(CLOCK_MONOTONIC, &ts);
        return (uint64_t) ts.tv_sec * 1000000000 + (uint64_t) ts.tv_nsec;
}

void progress_begin(struct progress *p, const char *what)
{
        *p = (struct progress) { .what = what, .is_on = !tool_is_quiet() && isatty(STDERR_FILENO), .began_ns = now_ns() };
}

void progress_format(const char *what, uint64_t done_bytes, uint64_t total_bytes, uint64_t elapsed_ns, char *ret_text, size_t size)
{
        static const char *const units[] = { "B", "KiB", "MiB", "GiB", "TiB" };
        double seconds = (double) elapsed_ns / 1e9, rate = seconds > 0 ? (double) done_bytes / seconds : 0, divisor = 1;
        double share = total_bytes > 0 ? (double) done_bytes / (double) total_bytes : 1;
        char bar[BAR_WIDTH + 1] = "", left[32] = "";
        size_t unit = 0;

        while (unit + 1 < ARRAY_SIZE(units) && (double) total_bytes / divisor >= 1024) {
                divisor *= 1024;
                unit++;
        }
        for (int i = 0; i < BAR_WIDTH; i++)
                bar[i] = share * BAR_WIDTH >= i + 1 ? '#' : '.';
        /* Of the first moments nothing can be told. */
        if (rate > 0 && seconds >= 1) {
                double rest = (double) (total_bytes - done_bytes) / rate;
                unsigned long s = rest < 3600 * 1000 ? (unsigned long) (rest + 0.5) : 3600 * 1000;

                (void) snprintf(left, sizeof(left), ", %lu:%02lu left", s / 60, s % 60);
        }
        (void) snprintf(ret_text, size, "%s %3u%% [%s] %.1f of %.1f %s, %.0f MiB/s%s", what, (unsigned) (share * 100), bar,
                        (double) done_bytes / divisor, (double) total_bytes / divisor, units[unit], rate / (1024 * 1024), left);
}

void progress_show(struct progress *p, uint64_t done_bytes, uint64_t total_bytes)
{
        uint64_t now;
        char text[160];

        if (!p->is_on)
                return;
        now = now_ns();
        if (p->is_shown && done_bytes < total_bytes && now - p->shown_ns < (uint64_t) SHOW_EVERY_MS * 1000000)
                return;
        progress_format(p->what, done_bytes, total_bytes, now - p->began_ns, text, sizeof(text));
        /* To the begin of the line; what is left of a longer one is erased (ECMA-48, EL). */
        (void) fprintf(stderr, "\r%s\033[K", text);
        p->is_shown = true;
        p->shown_ns = now;
}

void progress_end(struct progress *p)
{
        if (p->is_shown)
                (void) fputs("\r\033[K", stderr);
        p->is_on = p->is_shown = false;
}
