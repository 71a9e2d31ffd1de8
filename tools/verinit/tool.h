/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What all verbs of the host command share: exit codes, one trouble value, bounded reading, talk on stderr.
 */
#pragma once

#include "verinit/error.h"

/* Zero is the strictest: a forgotten code is never a yes. The numbers for the shell are in tool_exit_status(). */
enum outcome {
        OUTCOME_TROUBLE = 0, /* could not find out, or could not do */
        OUTCOME_USAGE,
        OUTCOME_FALSE, /* found out: it is not so, or PID 1 would refuse it */
        OUTCOME_UNDECIDED, /* what there is does not say: a file, a part of a log or a bank is missing */
        OUTCOME_YES,
};

int tool_exit_status(enum outcome outcome); /* 1, 2, 3, 4, 0 */

/* Set once at the origin, prefixed on the way up, printed once by tool_main(). */
struct trouble {
        enum outcome outcome;
        char msg[1536];
};

/* All return -1, so that `return trouble_set(…)` fails. */
int trouble_set(struct trouble *t, enum outcome outcome, const char *fmt, ...) _printf_(3, 4);
int trouble_set_errno(struct trouble *t, int errno_value, const char *fmt, ...) _printf_(3, 4);
int trouble_prefix(struct trouble *t, const char *fmt, ...) _printf_(2, 3);
/* "VERB: WHAT 'VALUE': see 'verinit VERB --help'". */
int trouble_set_usage(struct trouble *t, const char *verb, const char *what, const char *value);
/* getopt_long(3), with "+:", has met an option that it does not know, or one without its argument. */
int trouble_set_option(struct trouble *t, const char *verb, int id, const char *word);
/* What PID 1 would say, with its stable code and its remedy: OUTCOME_FALSE. */
int trouble_from_error(struct trouble *t, const struct error *err);

/* Talk, on stderr; silent after tool_set_quiet(true). Trouble is not talk and is always printed. */
void tool_set_quiet(bool on);
bool tool_is_quiet(void);
void tool_say(const char *fmt, ...) _printf_(1, 2);

/* Bytes of others on a terminal: everything but printable ASCII becomes '?'. Changes text in place. */
char *tool_printable(char *text);

struct buffer {
        uint8_t *data;
        size_t size;
        size_t allocated;
};

void buffer_done(struct buffer *b); /* leaves an empty one */
#define _cleanup_buffer_ _cleanup_(buffer_done)

/* -1 where memory is short. */
int buffer_append(struct buffer *b, const void *data, size_t size);

/* A regular file of at most max bytes. */
int tool_read_file(const char *path, size_t max, struct buffer *ret, struct trouble *t);

/* https://reproducible-builds.org/specs/source-date-epoch/, within 32 bits; 0 where it is not set. */
int tool_source_date_epoch(uint32_t *ret, struct trouble *t);
bool tool_is_reproducible(void); /* it is set */

/* Memory for a program that ends at the next shortage anyway: never NULL. */
void *tool_alloc(size_t n, size_t size);
void *tool_grow(void *array, size_t n, size_t size); /* room for one more than n */
char *tool_strdup(const char *s);
char *tool_format(const char *fmt, ...) _printf_(1, 2);

/* A verb gets its own name in argv[0]. */
typedef int verb_function(int argc, char *argv[], struct trouble *t);

struct verb {
        const char *name;
        verb_function *run;
        const char *summary;
};

/* --help, or the verb that argv[1] names. usage is the text above the list of verbs. */
int verb_dispatch(const struct verb *verbs, size_t n_verbs, const char *usage, int argc, char *argv[],
                  struct trouble *t);

/* The whole of main(): --version, what verb_root() says, its trouble in one line, and the exit status. */
int tool_main(int argc, char *argv[]);

verb_function verb_root; /* what the words behind "verinit" say: of the program that was linked */
verb_function verb_completion, verb_report, verb_selftest;
verb_function verb_verity, verity_format_volume, verity_geometry, verity_verify_volume;
verb_function verb_measure, measure_predict, measure_export, measure_policy, measure_attach;
verb_function verb_uki, uki_build, uki_inspect, uki_sign;
verb_function verb_cmdline, verb_initrd, verb_log;
verb_function cmdline_check, initrd_build, initrd_inspect;
verb_function verb_image, image_verify;
verb_function verb_attest, attest_check;
verb_function verb_ipe, ipe_build, ipe_check;
verb_function log_cel, log_join, log_replay, log_show;
