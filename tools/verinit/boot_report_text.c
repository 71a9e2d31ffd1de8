/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "boot_report.h"
#include "page.h"

enum { BAR_COLUMNS = 48, VALUE_COLUMNS = 400 };

struct ink {
        const char *good, *relaxed, *bad, *strong, *faint, *off;
};

static const struct ink coloured = { "\033[32m", "\033[33m", "\033[31m", "\033[1m", "\033[2m", "\033[0m" };
static const struct ink plain = { "", "", "", "", "", "" };

static void add_heading(struct buffer *page, const struct ink *ink, const char *text)
{
        page_add(page, "\n%s%s%s\n", ink->strong, text, ink->off);
}

static void add_list(struct buffer *page, const struct ink *ink, const char *heading, char *const *list, size_t n)
{
        if (n == 0)
                return;
        add_heading(page, ink, heading);
        for (size_t i = 0; i < n; i++) {
                page_add(page, "  - ");
                page_add_text(page, list[i], VALUE_COLUMNS);
                page_add(page, "\n");
        }
}

static const char *ink_of(const struct ink *ink, enum tone tone)
{
        switch (tone) {
        case TONE_GOOD:
                return ink->good;
        case TONE_RELAXED:
                return ink->relaxed;
        case TONE_BAD:
                return ink->bad;
        case TONE_PLAIN:
        default:
                return "";
        }
}

/* To scale, in eighths of a column where the characters are there; never nothing. */
static void add_bar(struct buffer *page, uint64_t us, uint64_t longest, bool has_blocks)
{
        static const char *const eighths[] = { "", "▏", "▎", "▍", "▌", "▋", "▊", "▉" };
        unsigned n = longest > 0 ? (unsigned) ((double) us / (double) longest * BAR_COLUMNS * 8 + 0.5) : 0;

        if (n == 0)
                n = 1;
        if (!has_blocks)
                n = n < 8 ? 8 : n;
        for (unsigned i = 0; i < n / 8; i++)
                page_add(page, "%s", has_blocks ? "█" : "#");
        if (has_blocks)
                page_add(page, "%s", eighths[n % 8]);
}

static void add_stages(const struct boot_report *r, const struct ink *ink, bool has_blocks, struct buffer *page)
{
        _cleanup_free_ char *subtitle = boot_report_subtitle(r);
        uint64_t longest = 0;

        for (size_t i = 0; i < r->n_stages; i++)
                if (r->stages[i].is_timed && r->stages[i].duration_us > longest)
                        longest = r->stages[i].duration_us;
        add_heading(page, ink, "Stages");
        for (size_t i = 0; i < r->n_stages; i++) {
                const struct boot_stage *s = &r->stages[i];
                const char *sign = boot_stage_sign(s);
                const char *colour = str_equal(sign, "ok") ? ink->good : str_equal(sign, "NO") ? ink->bad : ink->relaxed;
                _cleanup_free_ char *name = tool_printable(tool_format("%.24s", s->name));
                _cleanup_free_ char *says = boot_stage_says(s), *number = s->is_timed ? boot_number(s->duration_us) : NULL;

                page_add(page, "  %s%-2s%s  %-10s %12s %s  ", colour, sign, ink->off, name, number ? number : "", number ? "us" : "  ");
                if (s->is_timed)
                        add_bar(page, s->duration_us, longest, has_blocks);
                if (!str_equal(s->verdict, "passed"))
                        page_add(page, "%s%s", s->is_timed ? "  " : "", says);
                else if (s->note)
                        page_add(page, "  %s%s%s", ink->faint, s->note, ink->off);
                page_add(page, "\n");
        }
        if (*subtitle && longest > 0) {
                page_add(page, "      ");
                page_add_text(page, subtitle, 160);
                page_add(page, "\n");
        }
}

static void add_field(struct buffer *page, const char *label, const char *value)
{
        if (!value || !*value)
                return;
        page_add(page, "  %-9s ", label);
        page_add_text(page, value, 800);
        page_add(page, "\n");
}

static void add_failure(const struct boot_report *r, const struct ink *ink, struct buffer *page)
{
        const struct boot_failure *f = &r->failure;

        if (!f->code)
                return;
        add_heading(page, ink, "Failure");
        add_field(page, "stage", f->stage);
        add_field(page, "code", f->code);
        add_field(page, "class", f->class);
        add_field(page, "message", f->message);
        add_field(page, "remedy", f->remedy ? f->remedy : "this command does not know the code; that of the image may");
        add_field(page, "action", f->action);
        if (f->has_time)
                page_add(page, "  %-9s %.6f s after the kernel's start\n", "at", (double) f->at_us / 1e6);
        page_add(page, "  %-9s ", "poison");
        page_add_text(page, f->poison, 100);
        page_add(page, "\n            went into the PCRs, where there is a TPM; what is sealed to a good boot stays shut\n");
}

static void add_console(const struct boot_report *r, const struct ink *ink, struct buffer *page)
{
        if (r->console.n_lines == 0)
                return;
        add_heading(page, ink, "Console");
        for (size_t i = 0; i < r->console.n_lines; i++) {
                const struct console_line *line = &r->console.lines[i];

                if (line->has_time)
                        page_add(page, "  %12.6f  %-8s ", (double) line->at_us / 1e6, stage_name(line->stage));
                else
                        page_add(page, "  %12s  %-8s ", "", stage_name(line->stage));
                page_add_text(page, line->text, VALUE_COLUMNS);
                page_add(page, "\n");
        }
}

static bool is_first_of_group(const struct boot_report *r, size_t at)
{
        for (size_t i = 0; i < at; i++)
                if (str_equal(r->facts[i].group, r->facts[at].group))
                        return false;
        return true;
}

static void add_facts(const struct boot_report *r, const struct ink *ink, struct buffer *page)
{
        for (size_t first = 0; first < r->n_facts; first++) {
                if (!is_first_of_group(r, first))
                        continue;
                add_heading(page, ink, r->facts[first].group);
                for (size_t i = first; i < r->n_facts; i++) {
                        const struct fact *f = &r->facts[i];

                        if (!str_equal(f->group, r->facts[first].group))
                                continue;
                        if (*f->label)
                                page_add(page, "  %s%-30s%s ", ink->faint, f->label, ink->off);
                        else
                                page_add(page, "  ");
                        page_add(page, "%s", ink_of(ink, f->tone));
                        page_add_text(page, f->value, VALUE_COLUMNS);
                        page_add(page, "%s%s\n", boot_fact_mark(f), f->tone == TONE_PLAIN ? "" : ink->off);
                }
        }
}

void boot_report_text(const struct boot_report *r, bool is_coloured, bool has_blocks, struct buffer *page)
{
        const struct ink *ink = is_coloured ? &coloured : &plain;

        page_add(page, "%s%s", ink->strong, r->verdict == BOOT_VERIFIED ? ink->good : r->verdict == BOOT_FAILED ? ink->bad : ink->relaxed);
        page_add_text(page, r->headline, VALUE_COLUMNS);
        page_add(page, "%s\n", ink->off);
        add_failure(r, ink, page);
        if (!r->failure.code)
                add_list(page, ink, "Not so", r->notes, r->n_notes);
        add_list(page, ink, "Relaxed", r->relaxed, r->n_relaxed);
        add_stages(r, ink, has_blocks, page);
        add_console(r, ink, page);
        add_facts(r, ink, page);
        page_add(page, "\n%s%s%s\n", ink->faint, boot_report_footer, ink->off);
}
