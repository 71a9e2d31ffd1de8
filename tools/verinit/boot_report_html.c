/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * One page that needs nothing else: no script, no font, no link, no picture of others.
 */
#include <stdio.h>

#include "boot_report.h"
#include "page.h"

enum { VALUE_MAX = 800 };

static const char style[] =
        "body{margin:0;font:15px/1.5 system-ui,'Liberation Sans','DejaVu Sans',sans-serif}\n"
        "main{max-width:1040px;margin:0 auto;padding:28px 24px 40px}\n"
        "h1{font-size:24px;line-height:1.25;margin:0 0 4px}h2{font-size:15px;margin:28px 0 6px}\n"
        "svg{display:block;width:100%;height:auto;margin:16px 0 0}\n"
        "table{border-collapse:collapse;width:100%}th,td{text-align:left;vertical-align:top;padding:3px 16px 3px 0;"
        "border-bottom-width:1px;border-bottom-style:solid}\n"
        "th{font-weight:400;width:12em}td.n{text-align:right;font-variant-numeric:tabular-nums}\n"
        "code{font:13px/1.45 ui-monospace,'Liberation Mono','DejaVu Sans Mono',monospace;overflow-wrap:anywhere;white-space:pre-wrap}\n"
        "ul{margin:0;padding-left:1.3em}.groups{columns:2 420px;column-gap:40px}\n"
        "section{break-inside:avoid;overflow:hidden}footer{margin-top:32px;padding-top:12px;border-top-width:1px;border-top-style:solid}\n"
        "@media (max-width:520px){th{width:8em}}\n"
        "@media print{main{max-width:none;padding:0}details{display:none}}\n";

static void add_row(struct buffer *page, const char *label, const char *value, const char *class, bool is_code)
{
        page_add(page, *label ? "<tr><th scope=\"row\">" : "<tr>");
        page_add_markup(page, label, 64);
        page_add(page, "%s%s>%s", *label ? "</th><td" : "<td colspan=\"2\"", class, is_code ? "<code>" : "");
        page_add_markup(page, value, VALUE_MAX);
        page_add(page, "%s</td></tr>\n", is_code ? "</code>" : "");
}

static void add_list(struct buffer *page, const char *heading, char *const *list, size_t n)
{
        if (n == 0)
                return;
        page_add(page, "<h2>%s</h2>\n<ul>\n", heading);
        for (size_t i = 0; i < n; i++) {
                page_add(page, "<li>");
                page_add_markup(page, list[i], VALUE_MAX);
                page_add(page, "</li>\n");
        }
        page_add(page, "</ul>\n");
}

static void add_failure(const struct boot_report *r, struct buffer *page)
{
        const struct boot_failure *f = &r->failure;

        if (!f->code)
                return;
        page_add(page, "<h2>Failure</h2>\n<table>\n");
        add_row(page, "stage", f->stage, "", false);
        add_row(page, "code", f->code, "", true);
        add_row(page, "class", f->class, "", false);
        add_row(page, "message", f->message, "", false);
        add_row(page, "remedy", f->remedy ? f->remedy : "this command does not know the code", "", false);
        add_row(page, "action", f->action, "", false);
        add_row(page, "poison", f->poison, "", true);
        page_add(page, "</table>\n");
}

/* For who cannot see the picture, or wants to copy from it. */
static void add_stages(const struct boot_report *r, struct buffer *page)
{
        page_add(page, "<details><summary class=\"faint\">the stages as a table</summary>\n<table>\n"
                 "<tr><th scope=\"col\">stage</th><th scope=\"col\">verdict</th><th scope=\"col\">start, \302\265s</th>"
                 "<th scope=\"col\">duration, \302\265s</th></tr>\n");
        for (size_t i = 0; i < r->n_stages; i++) {
                const struct boot_stage *s = &r->stages[i];
                _cleanup_free_ char *says = boot_stage_says(s), *start = s->is_timed ? boot_number(s->start_us) : NULL;
                _cleanup_free_ char *duration = s->is_timed ? boot_number(s->duration_us) : NULL;

                page_add(page, "<tr><th scope=\"row\">");
                page_add_markup(page, s->name, 32);
                page_add(page, "</th><td>");
                page_add_markup(page, says, 160);
                page_add(page, "</td><td class=\"n\">%s</td><td class=\"n\">%s</td></tr>\n", start ? start : "", duration ? duration : "");
        }
        page_add(page, "</table></details>\n");
}

static void add_console(const struct boot_report *r, struct buffer *page)
{
        if (r->console.n_lines == 0)
                return;
        page_add(page, "<h2>Console</h2>\n<table>\n");
        for (size_t i = 0; i < r->console.n_lines; i++) {
                const struct console_line *line = &r->console.lines[i];
                _cleanup_free_ char *number = line->has_time ? boot_number(line->at_us) : NULL;
                _cleanup_free_ char *label = tool_format("%s %s%s", stage_name(line->stage), number ? number : "", number ? " us" : "");

                add_row(page, label, line->text, "", true);
        }
        page_add(page, "</table>\n");
}

static bool is_first_of_group(const struct boot_report *r, size_t at)
{
        for (size_t i = 0; i < at; i++)
                if (str_equal(r->facts[i].group, r->facts[at].group))
                        return false;
        return true;
}

static void add_facts(const struct boot_report *r, struct buffer *page)
{
        static const char *const classes[] = { [TONE_PLAIN] = "", [TONE_GOOD] = " class=\"good\"", [TONE_RELAXED] = " class=\"relaxed\"",
                                               [TONE_BAD] = " class=\"bad\"" };

        page_add(page, "<div class=\"groups\">\n");
        for (size_t first = 0; first < r->n_facts; first++) {
                if (!is_first_of_group(r, first))
                        continue;
                page_add(page, "<section><h2>");
                page_add_markup(page, r->facts[first].group, 64);
                page_add(page, "</h2>\n<table>\n");
                for (size_t i = first; i < r->n_facts; i++) {
                        const struct fact *f = &r->facts[i];
                        _cleanup_free_ char *said = tool_format("%s%s", f->value, boot_fact_mark(f));

                        if (str_equal(f->group, r->facts[first].group))
                                add_row(page, f->label, said, classes[f->tone], f->is_code);
                }
                page_add(page, "</table></section>\n");
        }
        page_add(page, "</div>\n");
}

void boot_report_html(const struct boot_report *r, struct buffer *page)
{
        const char *class = r->verdict == BOOT_VERIFIED ? "good" : r->verdict == BOOT_FAILED ? "bad" : "relaxed";
        _cleanup_free_ char *subtitle = boot_report_subtitle(r);

        page_add(page, "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
                 "<meta name=\"viewport\" content=\"width=device-width\">\n<meta name=\"color-scheme\" content=\"light dark\">\n"
                 "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">\n<title>");
        page_add_markup(page, r->headline, 200);
        page_add(page, "</title>\n<style>\n%s%s</style>\n</head>\n<body>\n<main>\n<h1 class=\"%s\">%s ", boot_report_style, style, class,
                 r->verdict == BOOT_VERIFIED ? "\342\234\223" : r->verdict == BOOT_FAILED ? "\342\234\225" : "?");
        page_add_markup(page, r->headline, 200);
        page_add(page, "</h1>\n<div class=\"faint\">");
        page_add_markup(page, subtitle, 200);
        page_add(page, "</div>\n");
        add_failure(r, page);
        boot_report_timeline(r, page);
        add_stages(r, page);
        if (!r->failure.code)
                add_list(page, "Not so", r->notes, r->n_notes);
        add_list(page, "Relaxed", r->relaxed, r->n_relaxed);
        add_console(r, page);
        add_facts(r, page);
        page_add(page, "<footer class=\"faint\">%s</footer>\n</main>\n</body>\n</html>\n", boot_report_footer);
}
