/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <stdarg.h>
#include <stdio.h>

#include "boot_report.h"

const char boot_report_footer[] = "This is what the machine says of itself: whoever was root on it may have written it. "
                                  "What proves a boot is a quote of its TPM: verinit attest check.";

static char *format(const char *fmt, va_list args)
{
        char *text;

        if (vasprintf(&text, fmt, args) < 0)
                return tool_strdup("?");
        return text;
}

static void add_note(char *list[static BOOT_MAX_NOTES], size_t *n, char *text)
{
        if (*n < BOOT_MAX_NOTES - 1) {
                list[(*n)++] = text;
                return;
        }
        free(text);
        if (*n == BOOT_MAX_NOTES - 1)
                list[(*n)++] = tool_strdup("and more");
}

void boot_report_note(struct boot_report *r, const char *fmt, ...)
{
        va_list args;

        va_start(args, fmt);
        add_note(r->notes, &r->n_notes, format(fmt, args));
        va_end(args);
}

void boot_report_relaxed(struct boot_report *r, const char *fmt, ...)
{
        va_list args;

        va_start(args, fmt);
        add_note(r->relaxed, &r->n_relaxed, format(fmt, args));
        va_end(args);
}

struct fact *boot_report_fact(struct boot_report *r, const char *group, const char *label, char *value)
{
        struct fact *f = &r->facts[r->n_facts < BOOT_MAX_FACTS ? r->n_facts : BOOT_MAX_FACTS - 1];

        if (r->n_facts < BOOT_MAX_FACTS)
                r->n_facts++;
        else {
                free(f->value);
                free(value);
                group = "Not shown";
                label = "more";
                value = tool_strdup("there is more in the file than fits here");
        }
        *f = (struct fact) { .group = group, .label = label, .value = value };
        return f;
}

const char *boot_stage_sign(const struct boot_stage *s)
{
        if (str_equal(s->verdict, "passed") || str_equal(s->verdict, "passed or skipped"))
                return "ok";
        if (str_equal(s->verdict, "skipped"))
                return "--";
        return str_equal(s->verdict, "failed") ? "NO" : "?";
}

const char *boot_fact_mark(const struct fact *f)
{
        switch (f->tone) {
        case TONE_GOOD:
                return "  (what the words lead to)";
        case TONE_BAD:
                return "  (not what the words lead to)";
        case TONE_RELAXED:
                return "  (relaxed)";
        case TONE_PLAIN:
        default:
                return "";
        }
}

char *boot_report_subtitle(const struct boot_report *r)
{
        const char *kernel = json_value_as_text(json_value_get(r->evidence, "kernel"));
        uint64_t first = 0;

        for (size_t i = 0; i < r->n_stages; i++)
                if (r->stages[i].is_timed && (first == 0 || r->stages[i].start_us < first))
                        first = r->stages[i].start_us;
        if (first > 0)
                return tool_format("%.3f s in the initramfs, after %.3f s of the kernel%s%.64s", (double) (r->end_us - first) / 1e6,
                                   (double) first / 1e6, kernel && *kernel ? " " : "", kernel ? kernel : "");
        if (r->failure.has_time)
                return tool_format("%.3f s after the kernel's start", (double) r->failure.at_us / 1e6);
        return tool_strdup("");
}

char *boot_stage_says(const struct boot_stage *s)
{
        return tool_printable(tool_format("%.32s%s%.96s", s->verdict, *s->reason ? ": " : "", s->reason));
}

static const char *text_of(struct json_object *object, const char *key)
{
        const char *text = json_value_as_text(json_value_get(object, key));

        return text ? text : "";
}

static void read_stages(struct boot_report *r)
{
        struct json_object *list = json_value_get(r->evidence, "stages");

        for (size_t i = 0; i < json_value_count(list); i++) {
                struct json_object *entry = json_value_at(list, i);
                struct boot_stage *s = &r->stages[r->n_stages];

                if (r->n_stages == BOOT_MAX_STAGES) {
                        boot_report_note(r, "more than %d stages", BOOT_MAX_STAGES);
                        return;
                }
                *s = (struct boot_stage) { .name = text_of(entry, "name"), .verdict = text_of(entry, "verdict"),
                                           .reason = text_of(entry, "reason") };
                /* Above this a sum could wrap; no machine boots for a year. */
                s->is_timed = json_value_as_u64(json_value_get(entry, "start_us"), &s->start_us) &&
                              json_value_as_u64(json_value_get(entry, "duration_us"), &s->duration_us) && s->start_us > 0 &&
                              s->start_us < UINT64_C(1) << 45 && s->duration_us < UINT64_C(1) << 45;
                if (s->is_timed && s->start_us + s->duration_us > r->end_us)
                        r->end_us = s->start_us + s->duration_us;
                r->n_stages++;
        }
}

/* Which stage extends a word: docs/MEASUREMENTS.md. */
static const char *stage_of_word(const char *word)
{
        static const struct {
                const char *prefix, *stage;
        } words[] = {
                { "os-separator", "enter" }, { "enter-initrd", "enter" }, { "verinit.usr-verity=", "measure" },
                { "verinit.ipe=", "mac" }, { "verinit.selinux=", "mac" }, { "verinit.root=", "root" }, { "leave-initrd", "handoff" },
        };

        for (size_t i = 0; i < ARRAY_SIZE(words); i++)
                if (strncmp(word, words[i].prefix, strlen(words[i].prefix)) == 0)
                        return words[i].stage;
        return "";
}

static void note_stages(struct boot_report *r)
{
        struct json_object *words = boot_facts_find(r->evidence, "tpm.words");
        uint64_t n;

        for (size_t i = 0; i < r->n_stages; i++) {
                struct boot_stage *s = &r->stages[i];

                if (str_equal(s->name, "probe") && json_value_as_u64(json_value_get(r->evidence, "modules"), &n))
                        s->note = tool_format("%u modules", (unsigned) n);
                for (size_t k = 0; k < json_value_count(words) && !s->note; k++) {
                        struct json_object *entry = json_value_at(words, k);

                        if (str_equal(s->name, stage_of_word(text_of(entry, "word"))) &&
                            json_value_as_u64(json_value_get(entry, "pcr"), &n) && n < TPM_PCRS)
                                s->note = tool_format("extends PCR %u", (unsigned) n);
                }
        }
}

/* A console says little of the stages before the last, unless it was a talkative boot. */
static void read_console_stages(struct boot_report *r)
{
        bool is_before = true;
        uint64_t end = 0;

        for (unsigned i = 0; i < _STAGE_MAX; i++) {
                const struct console_stage *c = &r->console.stages[i];
                struct boot_stage *s = &r->stages[r->n_stages++];

                *s = (struct boot_stage) { .name = stage_name((enum stage_id) i), .reason = "", .verdict = "not-reached" };
                if (str_equal(s->name, r->failure.stage)) {
                        is_before = false;
                        s->verdict = "failed";
                        s->is_timed = end > 0 && r->failure.has_time && r->failure.at_us >= end;
                        s->start_us = end;
                        s->duration_us = s->is_timed ? r->failure.at_us - end : 0;
                } else if (is_before) {
                        s->verdict = c->is_skipped ? "skipped" : c->is_timed ? "passed" : "passed or skipped";
                        s->is_timed = c->is_timed;
                        s->start_us = c->end_us - c->duration_us;
                        s->duration_us = c->duration_us;
                        end = c->end_us;
                }
        }
        if (r->failure.has_time)
                r->end_us = r->failure.at_us;
}

static int read_console(struct boot_report *r, const char *path, struct trouble *t)
{
        if (!console_parse(r->bytes.data, r->bytes.size, &r->console))
                return trouble_set(t, OUTCOME_UNDECIDED, "%s is no boot.json, and has no verdict line of PID 1 "
                                   "('verinit: verdict {...}') as a boot that failed leaves on the console", path);
        r->is_console = true;
        r->evidence = json_value_parse((const char *) r->bytes.data + r->console.verdict_offset, r->console.verdict_size);
        if (!json_value_is_object(r->evidence))
                return trouble_set(t, OUTCOME_UNDECIDED, "%s: the verdict line is not whole", path);
        boot_judge_console(r);
        read_console_stages(r);
        return 0;
}

int boot_report_read(const char *path, const struct log_values *values, struct boot_report *r, struct trouble *t)
{
        size_t i = 0;

        if (tool_read_file(path, BOOT_CONSOLE_MAX_BYTES, &r->bytes, t) < 0)
                return -1;
        while (i < r->bytes.size && strchr(" \t\r\n", r->bytes.data[i]) && r->bytes.data[i] != '\0')
                i++;
        if (i >= r->bytes.size || r->bytes.data[i] != '{')
                return read_console(r, path, t);
        if (r->bytes.size <= BOOT_JSON_MAX_BYTES)
                r->evidence = json_value_parse((const char *) r->bytes.data, r->bytes.size);
        if (!json_value_is_object(r->evidence))
                return trouble_set(t, OUTCOME_TROUBLE, "%s is no JSON object, in UTF-8 and of at most %d bytes", path, BOOT_JSON_MAX_BYTES);
        read_stages(r);
        note_stages(r);
        boot_facts_collect(r);
        if (values && boot_judge_words(r, values, t) < 0)
                return -1;
        boot_judge(r);
        return 0;
}

void boot_report_done(struct boot_report *r)
{
        for (size_t i = 0; i < r->n_notes; i++)
                free(r->notes[i]);
        for (size_t i = 0; i < r->n_relaxed; i++)
                free(r->relaxed[i]);
        for (size_t i = 0; i < r->n_stages; i++)
                free(r->stages[i].note);
        for (size_t i = 0; i < r->n_facts; i++)
                free(r->facts[i].value);
        free(r->headline);
        free(r->failure.poison);
        json_value_done(&r->evidence);
        buffer_done(&r->bytes);
        *r = (struct boot_report) {};
}
