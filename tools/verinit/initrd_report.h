/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What an initramfs holds, for verinit initrd inspect. All of it is untrusted; text in it is made printable.
 */
#pragma once

#include "verinit/boot_config.h"
#include "verinit/modtable.h"

#include "tree.h"

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
        bool has_floor;
        struct floor floor; /* with has_floor */
        char *cmdline;      /* NULL: none is baked in */
        bool has_table;
        struct modtable table; /* with has_table */
        /* Each would end a boot, or hides something from who reads this. */
        size_t n_problems;
        char *problems[REPORT_MAX_PROBLEMS];
};

int report_read(const char *path, struct report *ret, struct trouble *t);
void report_done(struct report *r);

void report_print_text(const struct report *r);
int report_print_json(const struct report *r, bool is_pretty, struct trouble *t);

const char *report_need_name(enum need need);
const char *report_root_name(enum floor_root root);
const char *report_etc_name(enum etc_mode etc);
