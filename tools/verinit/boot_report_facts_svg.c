/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The picture as a file of its own: what is beside the timeline in text.
 */
#include <stdio.h>

#include "boot_drawing.h"

enum {
        LINE = 18,
        MARGIN = 24,
        COLUMN = 504, /* from one column of facts to the next */
        VALUE_X = 190, /* of a value, from its column on */
        VALUE_COLUMNS = 42,
        WIDE_COLUMNS = 66, /* of a value without a label */
        PROSE_COLUMNS = 120,
        MAX_LINES = 10,
};

size_t boot_draw_line_length(const char *text, size_t columns)
{
        size_t n = strnlen(text, columns + 1);

        if (n <= columns)
                return n;
        for (size_t i = columns; i > columns * 2 / 3; i--)
                if (text[i] == ' ')
                        return i;
        return columns;
}

/* Where the next line would begin. */
static double add_lines(const char *class, double x, double y, const char *text, size_t columns, struct buffer *page)
{
        for (unsigned i = 0; i < MAX_LINES && (*text || i == 0); i++) {
                size_t n = boot_draw_line_length(text, columns);
                _cleanup_free_ char *line = tool_format("%.*s", (int) n, text);

                page_add(page, "<text class=\"%s\" x=\"%.1f\" y=\"%.1f\" xml:space=\"preserve\">", class, x, y);
                page_add_markup(page, line, columns);
                page_add(page, "%s</text>\n", i + 1 == MAX_LINES && text[n] ? " ..." : "");
                text += n;
                while (*text == ' ')
                        text++;
                y += LINE;
        }
        return y;
}

static const char *class_of(const struct fact *f)
{
        static const char *const prose[] = { [TONE_PLAIN] = "s", [TONE_GOOD] = "s good", [TONE_RELAXED] = "s relaxed",
                                             [TONE_BAD] = "s bad" };
        static const char *const code[] = { [TONE_PLAIN] = "m", [TONE_GOOD] = "m good", [TONE_RELAXED] = "m relaxed",
                                            [TONE_BAD] = "m bad" };

        return f->is_code ? code[f->tone] : prose[f->tone];
}

static bool is_first_of_group(const struct boot_report *r, size_t at)
{
        for (size_t i = 0; i < at; i++)
                if (str_equal(r->facts[i].group, r->facts[at].group))
                        return false;
        return true;
}

static double draw_group(const struct boot_report *r, size_t first, double x, double y, struct buffer *page)
{
        y = add_lines("h", x, y, r->facts[first].group, VALUE_COLUMNS, page) + 2;
        for (size_t i = first; i < r->n_facts; i++) {
                const struct fact *f = &r->facts[i];
                _cleanup_free_ char *said = tool_format("%s%s", f->value, boot_fact_mark(f));

                if (!str_equal(f->group, r->facts[first].group))
                        continue;
                if (*f->label) {
                        (void) add_lines("s f", x, y, f->label, 32, page);
                        y = add_lines(class_of(f), x + VALUE_X, y, said, VALUE_COLUMNS, page);
                } else
                        y = add_lines(class_of(f), x, y, said, WIDE_COLUMNS, page);
        }
        return y + 16;
}

/* Each group goes below the shorter column. */
double boot_draw_facts(const struct boot_report *r, double y, struct buffer *page)
{
        double ends[2] = { y, y };

        for (size_t i = 0; i < r->n_facts; i++)
                if (is_first_of_group(r, i)) {
                        unsigned at = ends[1] < ends[0];

                        ends[at] = draw_group(r, i, MARGIN + at * COLUMN, ends[at], page);
                }
        return ends[0] > ends[1] ? ends[0] : ends[1];
}

static double draw_list(const char *heading, const char *class, char *const *list, size_t n, double y, struct buffer *page)
{
        if (n == 0)
                return y;
        y = add_lines("h", MARGIN, y, heading, PROSE_COLUMNS, page) + 2;
        for (size_t i = 0; i < n; i++) {
                page_add(page, "<text class=\"%s h\" x=\"%d\" y=\"%.1f\">!</text>\n", class, MARGIN, y);
                y = add_lines("", MARGIN + 16, y, list[i], PROSE_COLUMNS, page);
        }
        return y + 16;
}

static double draw_failure(const struct boot_report *r, double y, struct buffer *page)
{
        const struct boot_failure *f = &r->failure;
        const struct {
                const char *label, *value;
        } fields[] = { { "message", f->message }, { "remedy", f->remedy }, { "class", f->class }, { "action", f->action },
                       { "poison", f->poison } };

        if (!f->code)
                return y;
        for (size_t i = 0; i < ARRAY_SIZE(fields); i++) {
                if (!fields[i].value || !*fields[i].value)
                        continue;
                (void) add_lines("f", MARGIN, y, fields[i].label, 16, page);
                y = add_lines(i == 4 ? "m" : "", MARGIN + 90, y, fields[i].value, PROSE_COLUMNS, page);
        }
        return y + 12;
}

static double draw_console(const struct boot_report *r, double y, struct buffer *page)
{
        if (r->console.n_lines == 0)
                return y;
        y = add_lines("h", MARGIN, y, "Console", PROSE_COLUMNS, page) + 2;
        for (size_t i = 0; i < r->console.n_lines; i++) {
                const struct console_line *line = &r->console.lines[i];

                if (line->has_time) {
                        _cleanup_free_ char *number = boot_number(line->at_us);

                        page_add(page, "<text class=\"n f s\" x=\"%d\" y=\"%.1f\" text-anchor=\"end\">%s \302\265s</text>\n", MARGIN + 100, y,
                                 number);
                }
                (void) add_lines("s", MARGIN + 116, y, stage_name(line->stage), 12, page);
                y = add_lines("m", MARGIN + 190, y, line->text, 112, page);
        }
        return y + 16;
}

void boot_report_svg(const struct boot_report *r, struct buffer *page)
{
        _cleanup_buffer_ struct buffer body = {};
        const char *class = r->verdict == BOOT_VERIFIED ? "good" : r->verdict == BOOT_FAILED ? "bad" : "relaxed";
        _cleanup_free_ char *subtitle = boot_report_subtitle(r);
        double y = 44;

        page_add(&body, "<text class=\"t %s\" x=\"%d\" y=\"%.1f\">%s ", class, MARGIN, y,
                 r->verdict == BOOT_VERIFIED ? "\342\234\223" : r->verdict == BOOT_FAILED ? "\342\234\225" : "?");
        page_add_markup(&body, r->headline, 80);
        page_add(&body, "</text>\n");
        (void) add_lines("f", MARGIN, y + 26, subtitle, PROSE_COLUMNS, &body);
        y = draw_failure(r, y + 58, &body);
        y = boot_draw_timeline(r, y, &body) + 40;
        if (!r->failure.code)
                y = draw_list("Not so", "bad", r->notes, r->n_notes, y, &body);
        y = draw_list("Relaxed", "relaxed", r->relaxed, r->n_relaxed, y, &body);
        y = draw_console(r, y, &body);
        y = boot_draw_facts(r, y, &body);
        y = add_lines("f s", MARGIN, y + 8, boot_report_footer, 150, &body);
        page_add(page, "<svg role=\"img\" xmlns=\"http://www.w3.org/2000/svg\" width=\"%d\" height=\"%.0f\" viewBox=\"0 0 %d %.0f\">\n",
                 DRAWING_WIDTH, y + 10, DRAWING_WIDTH, y + 10);
        boot_draw_description(r, page);
        page_add(page, "<style>\n%s</style>\n<rect class=\"bg\" width=\"100%%\" height=\"100%%\"/>\n", boot_report_style);
        page_add(page, "%.*s</svg>\n", (int) body.size, (const char *) body.data);
}
