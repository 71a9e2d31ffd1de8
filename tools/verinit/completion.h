/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The completion scripts, from what the verbs tell of themselves (describe.h).
 */
#pragma once

#include "describe.h"

enum argument_kind { ARGUMENT_FILE = 0, ARGUMENT_DIRECTORY, ARGUMENT_CHOICE, ARGUMENT_TEXT };

struct argument {
        enum argument_kind kind;
        const char *choices; /* with blanks between them; NULL unless kind says so */
};

/* Of an option that takes one; option "": of the words beside the options. */
struct argument completion_argument(const char *verb, const char *option);

/* 'text', safe for each of the shells. To be freed. */
char *completion_quote(const char *text);

/* How a shell's script begins, says a group and a verb, and ends. begin and end may be NULL. */
struct completion_shell {
        const char *name;
        void (*begin)(void);
        struct verb_visitor visitor;
        void (*end)(void);
};

extern const struct completion_shell completion_bash, completion_zsh, completion_fish;
