/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The kernel command line as text: split into words as the kernel and systemd do (blanks, double quotes;
 * UAPI: systemd proc-cmdline.c, kernel lib/cmdline.c next_arg()). Pure; the text is untrusted.
 */
#pragma once

#include "verinit/base.h"

enum {
        CMDLINE_MAX_BYTES = 4096, /* x86 COMMAND_LINE_SIZE is 2048 including the NUL; others 4096 */
        CMDLINE_MAX_WORDS = 512,
        /* COMMAND_LINE_SIZE of x86 and arm64 less the NUL (arch/.../include/asm/setup.h): the kernel cuts there, silently. */
        CMDLINE_KERNEL_LIMIT = 2047,
};

struct cmdline_word {
        const char *key;   /* without quotes; never empty */
        const char *value; /* NULL if the word has no '='; otherwise without quotes, maybe empty */
};

struct cmdline {
        size_t n_words;
        struct cmdline_word words[CMDLINE_MAX_WORDS];
        char storage[2 * CMDLINE_MAX_BYTES];
};

enum cmdline_result {
        CMDLINE_OK = 0,
        CMDLINE_E_TOO_LONG,   /* at or beyond the kernel's limit: it may have been cut off */
        CMDLINE_E_CONTROL,    /* a byte below 0x20 other than a final newline, 0x7f, or 0xa0: a blank to the kernel */
        CMDLINE_E_QUOTE,      /* a double quote is never closed, or a single one groups words for systemd alone */
        CMDLINE_E_WORDS,      /* more than CMDLINE_MAX_WORDS words */
};

/*
 * Splits text of size bytes (a final newline is dropped). limit is the kernel's limit in bytes without the
 * NUL (2047 on x86): a text of that length or more is refused, since its end may be missing.
 * On failure *ret_offset is where.
 */
enum cmdline_result cmdline_parse(const char *text, size_t size, size_t limit, struct cmdline *ret,
                                  size_t *ret_offset);

/* In base 10, at most 18 digits, without a sign or a leading zero: one text for each number. Pure. */
bool cmdline_number_parse(const char *text, uint64_t *ret);

/* '-' and '_' are the same to the kernel's module parameters and to systemd.verity_* keys. */
bool cmdline_key_equal(const char *a, const char *b);
bool cmdline_key_begins(const char *key, const char *prefix);

/*
 * "name=value name=value" of the words "module.name=value" in their order, as finit_module(2) takes them: a value with a
 * blank is quoted. False: they do not fit. Pure.
 */
bool cmdline_module_params(const struct cmdline *cmdline, const char *module, char *ret_text, size_t size);

/*
 * A word of the command line for the console: at most 80 bytes of it, and without the value where the key says that it is a
 * secret (a credential, a password, …). size: of word, which need not end there. Pure.
 */
enum { CMDLINE_SHOWN_MAX = 80 };
bool cmdline_key_is_secret(const char *key, size_t size);
void cmdline_word_show(const char *word, size_t size, char ret_text[static CMDLINE_SHOWN_MAX + 1]);
