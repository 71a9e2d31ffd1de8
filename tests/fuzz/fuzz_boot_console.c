/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "boot_console.h"
#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        static struct console c;
        bool has_verdict = console_parse(data, size, &c);

        FUZZ_ASSERT(has_verdict == c.has_verdict);
        FUZZ_ASSERT(c.n_lines <= CONSOLE_MAX_LINES);
        for (size_t i = 0; i < c.n_lines; i++) {
                FUZZ_ASSERT((unsigned) c.lines[i].stage < _STAGE_MAX);
                FUZZ_ASSERT(memchr(c.lines[i].text, 0, sizeof(c.lines[i].text)));
        }
        /* A stage begins after the kernel does. */
        for (unsigned i = 0; i < _STAGE_MAX; i++)
                FUZZ_ASSERT(c.stages[i].duration_us <= c.stages[i].end_us);
        if (has_verdict) {
                FUZZ_ASSERT(c.verdict_offset <= size && c.verdict_size <= size - c.verdict_offset);
                FUZZ_ASSERT(!memchr(data + c.verdict_offset, '\n', c.verdict_size));
        }
        return 0;
}
