/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What all fakes of the ports share: one list of the calls made, and the one call that shall fail.
 *
 * A fake begins with `if (fake_call("dm_create")) return error_set(err, …);`, then answers from its own settable
 * globals. The flow test first runs with nothing failing, reads fake_log.n_calls, and then repeats the run with
 * fake_fail_at(1), fake_fail_at(2), …
 */
#pragma once

#include "verinit/base.h"

enum { FAKE_LOG_MAX = 1024, FAKE_DETAIL_MAX = 160 };

struct fake_entry {
        const char *name; /* a literal: the port function's own name */
        char detail[FAKE_DETAIL_MAX];
};

struct fake_log {
        size_t n_calls; /* made so far; may be more than the list holds */
        size_t fail_at; /* 1…: this call fails; 0: none by number */
        const char *fail_name; /* or every call of this name; NULL: none by name */
        size_t n_failed;
        struct fake_entry calls[FAKE_LOG_MAX];
};

extern struct fake_log fake_log;

/* Forgets all calls and all wishes for failure. */
void fake_reset(void);
void fake_fail_at(size_t n);
void fake_fail_name(const char *name);

/* Writes the call down; true if it must fail. */
bool fake_call(const char *name);
bool fake_callf(const char *name, const char *fmt, ...) _printf_(2, 3);

size_t fake_count(const char *name);
/* The nth call of this name (from 0), or NULL. */
const struct fake_entry *fake_find(const char *name, size_t nth);
/* Its number in the whole list (from 1), or 0: to compare the order of two calls. */
size_t fake_position(const char *name, size_t nth);
