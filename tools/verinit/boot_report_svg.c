/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The timeline: one row a stage, so that no label meets another, bars to scale, figures in a column of their own.
 */
#include <stdio.h>

#include "boot_drawing.h"

/* Twice the same, light and dark; no variables, which programs that are no browsers do not know. */
#define COLOURS(bg, ink, faint, rule, band, bar, kernel, good, relaxed, bad)                                               \
        "svg text{fill:" ink "}svg .f{fill:" faint "}svg .good{fill:" good "}svg .relaxed{fill:" relaxed "}svg .bad{fill:" bad "}\n" \
        "svg .bg{fill:" bg "}svg .band{fill:" band "}svg .rule{stroke:" rule "}svg .bar{fill:" bar "}svg .kernel{fill:" kernel "}\n" \
        "svg .skip{stroke:" relaxed "}svg .mark{stroke:" bad "}\n"                                                            \
        "body{background:" bg ";color:" ink "}.good{color:" good "}.relaxed{color:" relaxed "}.bad{color:" bad "}\n"           \
        ".faint,th{color:" faint "}th,td,footer{border-color:" rule "}\n"

const char boot_report_style[] =
        "svg text{font:13px system-ui,'Liberation Sans','DejaVu Sans',sans-serif}\n"
        "svg .n{font-variant-numeric:tabular-nums}\n"
        "svg .m{font:11.5px ui-monospace,'Liberation Mono','DejaVu Sans Mono',monospace}\n"
        "svg .s{font-size:11.5px}svg .h{font-weight:600}svg .t{font-size:21px;font-weight:600}\n"
        "svg .rule{stroke-width:1}svg .skip{fill:none;stroke-width:1.5;stroke-dasharray:3 2}svg .mark{fill:none;stroke-width:2}\n"
        COLOURS("#ffffff", "#1c2127", "#5f6b78", "#e0e5ea", "#f6f8fa", "#2f6f9f", "#b3bec9", "#1b7a4b", "#9a5b00", "#bd2c2c")
        "@media (prefers-color-scheme:dark){@media not print{\n"
        COLOURS("#14181d", "#e6eaee", "#98a4b1", "#2b323a", "#1a1f25", "#6aaedb", "#4d5966", "#62c792", "#dfa94f", "#f17c7c")
        "}}\n";

enum { ROW = 26, LABEL_X = 44, BARS_X = 130, BARS_END = 716, FIGURE_X = 846, NOTE_X = 860, NOTE_COLUMNS = 24 };

static double x_of(const struct boot_report *r, uint64_t us)
{
        return r->end_us == 0 ? BARS_X : BARS_X + (double) us / (double) r->end_us * (BARS_END - BARS_X);
}

/* At most eight, at round figures. */
static void add_axis(const struct boot_report *r, double y, double height, struct buffer *page)
{
        static const double bases[] = { 1, 2, 5 };
        double seconds = (double) r->end_us / 1e6, step = 0.001, power = 0.001;

        if (r->end_us == 0)
                return;
        for (size_t i = 0; seconds / step > 8; i++) {
                if (i > 0 && i % 3 == 0)
                        power *= 10;
                step = power * bases[i % 3];
        }
        for (unsigned i = 0; i <= 8 && i * step <= seconds; i++) {
                double x = x_of(r, (uint64_t) (i * step * 1e6));

                page_add(page, "<line class=\"rule\" x1=\"%.1f\" y1=\"%.1f\" x2=\"%.1f\" y2=\"%.1f\"/>\n", x, y, x, y + height);
                page_add(page, "<text class=\"f s n\" x=\"%.1f\" y=\"%.1f\" text-anchor=\"middle\">%g s</text>\n", x, y - 6, i * step);
        }
}

static void add_bar(const char *class, double x, double end, double y, struct buffer *page)
{
        page_add(page, "<rect class=\"%s\" x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"12\" rx=\"2\"/>\n", class, x, y + 7,
                 end - x < 2 ? 2 : end - x);
}

static void add_figure(uint64_t us, double y, struct buffer *page)
{
        _cleanup_free_ char *number = boot_number(us);

        page_add(page, "<text class=\"n\" x=\"%d\" y=\"%.1f\" text-anchor=\"end\">%s \302\265s</text>\n", FIGURE_X, y, number);
}

/* What somebody reads who sees no colours: a sign and a word. */
static const char *class_of(const struct boot_stage *s)
{
        const char *sign = boot_stage_sign(s);

        return str_equal(sign, "ok") ? "good" : str_equal(sign, "NO") ? "bad" : str_equal(sign, "--") ? "relaxed" : "f";
}

static const char *sign_of(const struct boot_stage *s)
{
        const char *sign = boot_stage_sign(s);

        return str_equal(sign, "ok") ? "\342\234\223" : str_equal(sign, "NO") ? "\342\234\225" :
               str_equal(sign, "--") ? "\342\200\223" : "\302\267";
}

static void add_stage(const struct boot_report *r, const struct boot_stage *s, double y, struct buffer *page)
{
        _cleanup_free_ char *says = boot_stage_says(s);
        bool is_failed = str_equal(s->verdict, "failed"), is_passed = str_equal(s->verdict, "passed");
        const char *note = is_passed ? s->note : says;

        page_add(page, "<text class=\"%s h\" x=\"24\" y=\"%.1f\">%s</text>\n<text class=\"%s\" x=\"%d\" y=\"%.1f\">", class_of(s), y + 17,
                 sign_of(s), is_failed ? "bad h" : str_equal(s->verdict, "not-reached") ? "f" : "", LABEL_X, y + 17);
        page_add_markup(page, s->name, 11);
        page_add(page, "</text>\n");
        if (s->is_timed) {
                add_bar(is_failed ? "bad" : str_equal(s->verdict, "skipped") ? "skip" : "bar", x_of(r, s->start_us),
                        x_of(r, s->start_us + s->duration_us), y, page);
                add_figure(s->duration_us, y + 17, page);
        }
        if (!note)
                return;
        page_add(page, "<text class=\"s %s\" x=\"%d\" y=\"%.1f\">", str_equal(class_of(s), "good") ? "f" : class_of(s), NOTE_X, y + 17);
        page_add_markup(page, note, NOTE_COLUMNS);
        page_add(page, "</text>\n");
}

/* A console has moments instead of durations. */
static void add_moments(const struct boot_report *r, double y, struct buffer *page)
{
        for (size_t i = 0; i < r->console.n_lines; i++) {
                const struct console_line *line = &r->console.lines[i];

                if (line->has_time && line->at_us <= r->end_us)
                        page_add(page, "<circle class=\"bar\" cx=\"%.1f\" cy=\"%.1f\" r=\"3.5\"/>\n", x_of(r, line->at_us),
                                 y + ROW * (double) (line->stage + 1) + 13);
        }
        for (size_t i = 0; r->failure.has_time && i < r->n_stages; i++)
                if (str_equal(r->stages[i].verdict, "failed")) {
                        double x = x_of(r, r->failure.at_us), middle = y + ROW * (double) (i + 1) + 13;
                        _cleanup_free_ char *at = boot_number(r->failure.at_us);

                        page_add(page, "<path class=\"mark\" d=\"M%.1f %.1fl10 10m0 -10l-10 10\"/>\n", x - 5, middle - 5);
                        page_add(page, "<text class=\"n bad\" x=\"%d\" y=\"%.1f\" text-anchor=\"end\">at %s \302\265s</text>\n", FIGURE_X,
                                 middle + 4, at);
                }
}

double boot_draw_timeline(const struct boot_report *r, double y, struct buffer *page)
{
        double height = ROW * (double) (r->n_stages + 1), top = y + 22;
        uint64_t first = 0;

        for (size_t i = 0; i < r->n_stages; i++)
                if (r->stages[i].is_timed && (first == 0 || r->stages[i].start_us < first))
                        first = r->stages[i].start_us;
        for (size_t i = 0; i <= r->n_stages; i += 2)
                page_add(page, "<rect class=\"band\" x=\"16\" y=\"%.1f\" width=\"%d\" height=\"%d\"/>\n", top + (double) i * ROW,
                         DRAWING_WIDTH - 32, ROW);
        add_axis(r, top, height, page);
        page_add(page, "<text class=\"f\" x=\"%d\" y=\"%.1f\">kernel</text>\n", LABEL_X, top + 17);
        if (first > 0) {
                add_bar("kernel", BARS_X, x_of(r, first), top, page);
                add_figure(first, top + 17, page);
        } else if (r->end_us > 0)
                add_bar("kernel", BARS_X, x_of(r, r->end_us), top, page);
        page_add(page, "<text class=\"f s\" x=\"%d\" y=\"%.1f\">%s</text>\n", NOTE_X, top + 17,
                 first > 0 ? "before /init" : r->end_us > 0 ? "and /init, in all" : "");
        for (size_t i = 0; i < r->n_stages; i++)
                add_stage(r, &r->stages[i], top + ROW * (double) (i + 1), page);
        if (r->is_console)
                add_moments(r, top, page);
        return top + height;
}

void boot_draw_description(const struct boot_report *r, struct buffer *page)
{
        page_add(page, "<title>");
        page_add_markup(page, r->headline, 200);
        page_add(page, "</title>\n<desc>Timeline of the stages of a boot. ");
        for (size_t i = 0; i < r->n_stages; i++) {
                const struct boot_stage *s = &r->stages[i];
                _cleanup_free_ char *says = boot_stage_says(s), *number = s->is_timed ? boot_number(s->duration_us) : NULL;

                page_add_markup(page, s->name, 24);
                page_add(page, " ");
                page_add_markup(page, says, 140);
                page_add(page, "%s%s%s. ", number ? ", " : "", number ? number : "", number ? " microseconds" : "");
        }
        page_add(page, "</desc>\n");
}

void boot_report_timeline(const struct boot_report *r, struct buffer *page)
{
        _cleanup_buffer_ struct buffer body = {};
        double height = boot_draw_timeline(r, 0, &body);

        page_add(page, "<svg role=\"img\" viewBox=\"16 0 %d %.0f\" xmlns=\"http://www.w3.org/2000/svg\">\n", DRAWING_WIDTH - 32,
                 height + 8);
        boot_draw_description(r, page);
        page_add(page, "%.*s</svg>\n", (int) body.size, (const char *) body.data);
}
