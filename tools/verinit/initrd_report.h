/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What an initramfs holds, for verinit initrd inspect. All of it is untrusted; text in it is made printable.
 */
#pragma once

#include "verinit/boot_config.h"
#include "verinit/modtable.h"

#include "tree.h"

struct json_object;

enum { REPORT_MAX_PROBLEMS = 16, REPORT_SHA256_HEX = 65 };

struct report {
        const char *path;
        size_t file_bytes;
        const char *compression; /* "zstd", "xz", "gzip", "none" */
        size_t unpacked_bytes;
        size_t content_bytes; /* of all files in it */
        struct tree tree;
        char (*sha256)[REPORT_SHA256_HEX]; /* one an entry; empty for what is no file */
        char *version;                     /* of PID 1; NULL: cannot be told */
        struct digest note;                /* what /init says of the floor; DIGEST_NONE: nothing */
        bool has_floor;
        struct floor floor; /* with has_floor */
        char *cmdline;      /* NULL: none is baked in */
        struct json_object *sbom; /* its packages; NULL: none that can be read */
        bool has_table;
        struct modtable table; /* with has_table */
        /* Each would end a boot, or hides something from who reads this. */
        size_t n_problems;
        char *problems[REPORT_MAX_PROBLEMS];
};

int report_read(const char *path, struct report *ret, struct trouble *t);
/* The same of bytes; path names them. */
int report_parse(const char *path, const struct buffer *file, struct report *ret, struct trouble *t);
void report_done(struct report *r);

/* For what fills a report. */
void report_problem(struct report *r, const char *fmt, ...) _printf_(2, 3);
void report_problem_from_error(struct report *r, const struct error *err);
const struct buffer *report_find_file(const struct report *r, const char *path); /* NULL: none, or no file */
void report_read_floor(struct report *r);
void report_check_files(struct report *r); /* after report_read_floor() */

void report_print_text(const struct report *r);
int report_print_json(const struct report *r, bool is_pretty, struct trouble *t);
struct json_object *report_format_json(const struct report *r); /* to be owned */

const char *report_need_name(enum need need);
const char *report_root_name(enum floor_root root);
const char *report_etc_name(enum etc_mode etc);

/* The require-or-allow keys, for both forms of the report; NULL at the end. */
struct report_need {
        const char *key;
        size_t offset; /* in struct floor */
};
extern const struct report_need report_needs[];
enum need report_need_of(const struct floor *f, const struct report_need *need);
/* "sha256-<hex>"; empty: none is given. */
void report_digest_text(const struct digest *d, char ret_text[static DIGEST_MAX_HEX + 8]);
