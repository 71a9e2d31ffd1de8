/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "progress.h"
#include "unit.h"

#define MIB (UINT64_C(1) << 20)
#define SECOND UINT64_C(1000000000)

static void expect(uint64_t done, uint64_t total, uint64_t elapsed_ns, const char *wanted)
{
        char text[160];

        progress_format("reading", done, total, elapsed_ns, text, sizeof(text));
        assert_string_equal(text, wanted);
}

static void test_lines(_unused_ void **state)
{
        expect(0, 0, 0, "reading 100% [####################] 0.0 of 0.0 B, 0 MiB/s");
        expect(0, 1000, 0, "reading   0% [....................] 0.0 of 1000.0 B, 0 MiB/s");
        expect(512, 1024, SECOND / 2, "reading  50% [##########..........] 0.5 of 1.0 KiB, 0 MiB/s");
        expect(MIB, 64 * MIB, SECOND / 2, "reading   1% [....................] 1.0 of 64.0 MiB, 2 MiB/s");
        expect(32 * MIB, 64 * MIB, 2 * SECOND, "reading  50% [##########..........] 32.0 of 64.0 MiB, 16 MiB/s, 0:02 left");
        expect(4096 * MIB - 1, 4096 * MIB, 8 * SECOND, "reading  99% [###################.] 4.0 of 4.0 GiB, 512 MiB/s, 0:00 left");
        expect(4096 * MIB, 4096 * MIB, 8 * SECOND, "reading 100% [####################] 4.0 of 4.0 GiB, 512 MiB/s, 0:00 left");
        expect(100 * MIB, 16 * 1024 * 1024 * MIB, 1 * SECOND, "reading   0% [....................] 0.0 of 16.0 TiB, 100 MiB/s, 2796:11 left");
}

static void test_slow_and_large(_unused_ void **state)
{
        char text[160];

        progress_format("reading", 1, UINT64_MAX, UINT64_MAX, text, sizeof(text));
        assert_non_null(strstr(text, "16777216.0 TiB, 0 MiB/s, 60000:00 left"));
        progress_format("a name that is longer than the line has room for", 1, 2, 3, text, 20);
        assert_int_equal(strlen(text), 19);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_lines),
                cmocka_unit_test(test_slow_and_large),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
