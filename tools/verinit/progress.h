/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A line on stderr that says how far a long work is: if stderr is a terminal, and not after --quiet. It is gone when the work is done.
 */
#pragma once

#include "tool.h"

struct progress {
        const char *what; /* two or three words */
        bool is_on, is_shown;
        uint64_t began_ns, shown_ns;
};

void progress_begin(struct progress *p, const char *what);
void progress_show(struct progress *p, uint64_t done_bytes, uint64_t total_bytes); /* as often as you like */
void progress_end(struct progress *p);

/* Pure. "what  42% [########............]  1.2 of 3.4 GiB, 850 MiB/s, 0:02 left" */
void progress_format(const char *what, uint64_t done_bytes, uint64_t total_bytes, uint64_t elapsed_ns, char *ret_text, size_t size);
