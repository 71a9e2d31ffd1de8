/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What PID 1 has left on a console: a boot that ended has no boot.json. Bytes of anybody, so a pure parser.
 */
#pragma once

#include "verinit/stage.h"

#include "tool.h"

enum { CONSOLE_MAX_LINES = 48, CONSOLE_MAX_TEXT = 400 };

struct console_line {
        enum stage_id stage;
        bool has_time;
        uint64_t at_us; /* of the kernel's stamp */
        char text[CONSOLE_MAX_TEXT];
};

struct console_stage {
        bool is_timed, is_skipped;
        uint64_t end_us, duration_us; /* of a boot with init.debug=1 */
};

struct console {
        bool has_verdict, has_verdict_time;
        uint64_t verdict_us;
        size_t verdict_offset, verdict_size; /* the JSON object of the last verdict line, in the bytes that were given */
        size_t n_lines;                      /* PID 1's own lines; what is too many is left out at the end */
        struct console_line lines[CONSOLE_MAX_LINES];
        struct console_stage stages[_STAGE_MAX];
};

/* False: there is no verdict line. A second boot in the same text begins anew: the last one counts. */
bool console_parse(const uint8_t *data, size_t size, struct console *ret);
