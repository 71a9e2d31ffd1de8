/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Programs of others that are wrapped: started without a shell, with the words that they get and nothing between.
 */
#pragma once

#include "tool.h"

/* argv, to be filled word by word; NULL-terminated at any time but when it is empty. */
struct child_words {
        char **words;
        size_t n;
};

void child_add(struct child_words *w, const char *word);
void child_add_format(struct child_words *w, const char *fmt, ...) _printf_(2, 3);
void child_add_option(struct child_words *w, const char *option, const char *value); /* two words; of NULL none */
void child_words_done(struct child_words *w);
#define _cleanup_child_words_ _cleanup_(child_words_done)

struct child {
        const struct child_words *words; /* the first is looked for in PATH, unless there is a '/' in it */
        const struct buffer *input;      /* its standard input; NULL: /dev/null */
        struct buffer *output; /* what it prints is appended; NULL: that goes to stderr, since stdout is for our own result */
        size_t output_max;     /* of output, with what is there already */
        bool is_silent;        /* its stderr goes to /dev/null */
};

/*
 * Until it has ended. Its exit status is in *ret_status; where that is NULL, all but 0 is TROUBLE. TROUBLE too: it cannot be started,
 * it was killed, it says more than output_max.
 */
int child_run(const struct child *c, int *ret_status, struct trouble *t);
