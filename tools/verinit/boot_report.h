/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What is to be said of one boot, whatever it is printed as: from boot.json, or from the console of a boot that ended.
 */
#pragma once

#include "boot_console.h"
#include "json_value.h"
#include "log_values.h"

#define BOOT_JSON_PATH "/run/verinit/boot.json"

enum {
        BOOT_JSON_MAX_BYTES = 1024 * 1024,
        BOOT_CONSOLE_MAX_BYTES = 64 * 1024 * 1024,
        BOOT_MAX_STAGES = 32,
        BOOT_MAX_FACTS = 128,
        BOOT_MAX_NOTES = 48,
};

enum boot_verdict { BOOT_UNDECIDED = 0, BOOT_FAILED, BOOT_VERIFIED };

enum tone { TONE_PLAIN = 0, TONE_GOOD, TONE_RELAXED, TONE_BAD };

struct boot_stage {
        const char *name, *verdict, *reason; /* as the evidence has them: bytes of others */
        bool is_timed;
        uint64_t start_us, duration_us;
        char *note; /* what belongs beside its bar; NULL: nothing */
};

struct fact {
        const char *group, *label;
        const char *path; /* of its key; NULL: it has none */
        char *value;
        enum tone tone;
        bool is_code; /* a digest, a path, a word: no prose */
};

struct boot_failure {
        const char *stage, *class, *code, *message, *action, *remedy; /* NULL: not known */
        bool has_time;
        uint64_t at_us;
        char *poison;
};

struct boot_report {
        enum boot_verdict verdict;
        char *headline;
        char *notes[BOOT_MAX_NOTES]; /* why it is not, or cannot be said to be, a verified boot */
        size_t n_notes;
        char *relaxed[BOOT_MAX_NOTES];
        size_t n_relaxed;
        struct boot_stage stages[BOOT_MAX_STAGES];
        size_t n_stages;
        uint64_t end_us; /* of the last stage, or of the verdict; 0: no times are known */
        bool is_failed;
        bool is_refuted; /* by the TPM */
        struct boot_failure failure;
        struct fact facts[BOOT_MAX_FACTS];
        size_t n_facts;
        struct json_object *evidence; /* boot.json; or the verdict line's object */
        struct console console;
        bool is_console;
        struct buffer bytes;
};

extern const char boot_report_footer[];

/* boot.json, or a text with a verdict line; told apart by the first byte that is not white space. values may be NULL. */
int boot_report_read(const char *path, const struct log_values *values, struct boot_report *ret, struct trouble *t);
void boot_report_done(struct boot_report *r);

/* For the parts of it. Too many are left out, and said once. */
void boot_report_note(struct boot_report *r, const char *fmt, ...) _printf_(2, 3);
void boot_report_relaxed(struct boot_report *r, const char *fmt, ...) _printf_(2, 3);
struct fact *boot_report_fact(struct boot_report *r, const char *group, const char *label, char *value); /* takes value */

/* boot_facts.c: each key of the evidence is a fact, in groups; one of a later version too. */
void boot_facts_collect(struct boot_report *r);
struct json_object *boot_facts_find(struct json_object *evidence, const char *path); /* "tpm.state" */
char *boot_number(uint64_t value); /* "12 345 678" */

/* boot_values.c: what is there, and what it says. */
const char *boot_value_text(const struct boot_report *r, const char *path); /* a boolean: "yes", "no"; none: "" */
void boot_values_relaxed(struct boot_report *r);
bool boot_values_say_all(struct boot_report *r); /* false: notes say which do not */

/* boot_judge.c: verdict, notes, headline. */
int boot_judge_words(struct boot_report *r, const struct log_values *values, struct trouble *t);
void boot_judge(struct boot_report *r);
void boot_judge_console(struct boot_report *r);

/* Each appends to page. */
void boot_report_text(const struct boot_report *r, bool is_coloured, bool has_blocks, struct buffer *page);
int boot_report_json(const struct boot_report *r, bool is_pretty, struct buffer *page, struct trouble *t);
void boot_report_svg(const struct boot_report *r, struct buffer *page);
void boot_report_html(const struct boot_report *r, struct buffer *page);

/* boot_report_svg.c, within HTML: the timeline alone. */
void boot_report_timeline(const struct boot_report *r, struct buffer *page);
extern const char boot_report_style[]; /* colours, light and dark */

/* What is said behind a fact, for who sees no colours; "" of most. */
const char *boot_fact_mark(const struct fact *f);
/* "8.438 s, after 4.956 s of the kernel; 6.12…"; to be freed. */
char *boot_report_subtitle(const struct boot_report *r);
const char *boot_stage_sign(const struct boot_stage *s); /* "ok", "--", "NO", "?" */
/* "passed", "skipped: no-tpm": printable and bounded. To be freed. */
char *boot_stage_says(const struct boot_stage *s);
