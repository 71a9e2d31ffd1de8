/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "boot_console.h"

#define VERDICT "verinit: verdict "
#define STAMP_DIGITS 10 /* seconds of more digits are no uptime */

/* "[   12.345678] " of printk; 0: none. */
static size_t parse_stamp(const char *line, size_t n, uint64_t *ret_us)
{
        uint64_t seconds = 0, us = 0;
        size_t i = 1, digits = 0;

        if (n < 2 || line[0] != '[')
                return 0;
        while (i < n && line[i] == ' ')
                i++;
        for (; i < n && line[i] >= '0' && line[i] <= '9' && digits <= STAMP_DIGITS; i++, digits++)
                seconds = seconds * 10 + (uint64_t) (line[i] - '0');
        if (digits == 0 || digits > STAMP_DIGITS || i >= n || line[i++] != '.')
                return 0;
        for (digits = 0; i < n && line[i] >= '0' && line[i] <= '9' && digits <= 6; i++, digits++)
                us = us * 10 + (uint64_t) (line[i] - '0');
        if (digits != 6 || n - i < 2 || line[i] != ']' || line[i + 1] != ' ')
                return 0;
        *ret_us = seconds * 1000000 + us;
        return i + 2;
}

static bool starts_with(const char *text, size_t n, const char *with)
{
        size_t m = strlen(with);

        return n >= m && memcmp(text, with, m) == 0;
}

/* "passed after N us" and "skipped: …", which a boot with init.debug=1 says of each stage. */
static void take_stage(struct console_stage *s, const struct console_line *line)
{
        static const char after[] = "passed after ";
        uint64_t us = 0;
        const char *p;

        if (strncmp(line->text, "skipped: ", strlen("skipped: ")) == 0)
                s->is_skipped = true;
        if (!line->has_time || strncmp(line->text, after, sizeof(after) - 1) != 0)
                return;
        for (p = line->text + sizeof(after) - 1; *p >= '0' && *p <= '9' && us < UINT64_MAX / 100; p++)
                us = us * 10 + (uint64_t) (*p - '0');
        if (!str_equal(p, " us") || us > line->at_us)
                return;
        *s = (struct console_stage) { .is_timed = true, .end_us = line->at_us, .duration_us = us };
}

static void take_line(struct console *c, const char *text, size_t n, bool has_time, uint64_t at_us)
{
        static const char prefix[] = "verinit[";
        struct console_line *line = &c->lines[c->n_lines];
        const char *end = memchr(text, ']', n);
        size_t name;

        if (!starts_with(text, n, prefix) || !end || c->n_lines == CONSOLE_MAX_LINES)
                return;
        text += sizeof(prefix) - 1;
        n -= sizeof(prefix) - 1;
        name = (size_t) (end - text);
        if (n - name < 3 || memcmp(end, "]: ", 3) != 0)
                return;
        for (unsigned i = 0; i < _STAGE_MAX; i++) {
                const char *known = stage_name((enum stage_id) i);

                if (strlen(known) != name || memcmp(known, text, name) != 0)
                        continue;
                *line = (struct console_line) { .stage = (enum stage_id) i, .has_time = has_time, .at_us = at_us };
                n -= name + 3;
                n = n < sizeof(line->text) ? n : sizeof(line->text) - 1;
                for (size_t k = 0; k < n; k++)
                        line->text[k] = end[3 + k] != '\0' ? end[3 + k] : '?';
                c->n_lines++;
                take_stage(&c->stages[i], line);
                return;
        }
}

bool console_parse(const uint8_t *data, size_t size, struct console *ret)
{
        const char *text = (const char *) data;
        uint64_t last_us = 0;

        *ret = (struct console) {};
        for (size_t at = 0; at < size;) {
                const char *end = memchr(text + at, '\n', size - at);
                size_t n = end ? (size_t) (end - text) - at : size - at, next = at + n + 1, skip;
                uint64_t us = 0;
                const char *stamp = memchr(text + at, '[', n);

                while (n > 0 && text[at + n - 1] == '\r')
                        n--;
                /* A terminal's line may begin with what the firmware has left on it. */
                skip = stamp ? parse_stamp(stamp, n - (size_t) (stamp - (text + at)), &us) : 0;
                if (skip > 0) {
                        skip += (size_t) (stamp - (text + at));
                        /* The clock of one boot does not go back by much: a new boot. */
                        if (us + 1000000 < last_us && starts_with(text + at + skip, n - skip, "verinit"))
                                *ret = (struct console) {};
                        if (starts_with(text + at + skip, n - skip, "verinit"))
                                last_us = us;
                }
                if (starts_with(text + at + skip, n - skip, VERDICT)) {
                        ret->has_verdict = true;
                        ret->has_verdict_time = skip > 0;
                        ret->verdict_us = us;
                        ret->verdict_offset = at + skip + strlen(VERDICT);
                        ret->verdict_size = n - skip - strlen(VERDICT);
                } else
                        take_line(ret, text + at + skip, n - skip, skip > 0, us);
                at = next;
        }
        return ret->has_verdict;
}
