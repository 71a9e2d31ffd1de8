/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "unit.h"

#include <stdio.h>

#include "boot_console.h"

static struct console c;

static bool parse(const char *text)
{
        return console_parse((const uint8_t *) text, strlen(text), &c);
}

static void test_a_boot_that_failed(void **state)
{
        static const char text[] = "[    1.000000] Linux\r\n[   12.500000] verinit[probe]: 16 modules\r\n"
                                   "[   12.868137] verinit: verdict {\"stage\":\"prove\"}\r\n";

        (void) state;
        assert_true(parse(text));
        assert_int_equal(c.n_lines, 1);
        assert_int_equal(c.lines[0].stage, STAGE_PROBE);
        assert_int_equal(c.lines[0].at_us, 12500000);
        assert_string_equal(c.lines[0].text, "16 modules");
        assert_true(c.has_verdict_time);
        assert_int_equal(c.verdict_us, 12868137);
        assert_memory_equal(text + c.verdict_offset, "{\"stage\":\"prove\"}", c.verdict_size);
        assert_int_equal(c.verdict_size, 17);
}

static void test_durations_of_a_talkative_boot(void **state)
{
        (void) state;
        assert_true(parse("[    5.000000] verinit[early]: passed after 20000 us\n[    5.100000] verinit[enter]: skipped: no-tpm\n"
                          "verinit: verdict {}"));
        assert_true(c.stages[STAGE_EARLY].is_timed);
        assert_int_equal(c.stages[STAGE_EARLY].end_us, 5000000);
        assert_int_equal(c.stages[STAGE_EARLY].duration_us, 20000);
        assert_true(c.stages[STAGE_ENTER].is_skipped);
        assert_false(c.has_verdict_time);
}

static void test_what_is_no_duration(void **state)
{
        static const char *const lines[] = {
                "verinit[early]: passed after 20000 us\n",                      /* no stamp */
                "[    5.000000] verinit[early]: passed after 6000000 us\n",     /* before the kernel's start */
                "[    5.000000] verinit[early]: passed after 20000 ms\n",
                "[    5.000000] verinit[early]: passed after 99999999999999999999999 us\n",
                "[    5.000000] verinit[odd]: passed after 1 us\n",
                "[5] verinit[early]: passed after 1 us\n",
                "[99999999999.000000] verinit[early]: passed after 1 us\n",
                "[    5.000000] verinit[early: passed after 1 us\n",
        };

        (void) state;
        for (size_t i = 0; i < ARRAY_SIZE(lines); i++) {
                assert_false(parse(lines[i]));
                for (unsigned k = 0; k < _STAGE_MAX; k++)
                        assert_false(c.stages[k].is_timed);
        }
}

static void test_the_last_boot_counts(void **state)
{
        (void) state;
        assert_true(parse("[    9.000000] verinit[find]: one\n[    9.100000] verinit: verdict {1}\n"
                          "[    2.000000] verinit[early]: two\n[    3.000000] verinit: verdict {2}\n"));
        assert_int_equal(c.n_lines, 1);
        assert_string_equal(c.lines[0].text, "two");
        assert_int_equal(c.verdict_us, 3000000);
        /* The one behind it came up: there is no failure to tell of. */
        assert_false(parse("[    9.100000] verinit: verdict {1}\n[    2.000000] verinit[early]: two\n"));
}

static void test_too_much(void **state)
{
        static char text[CONSOLE_MAX_LINES * 32 + 4096];
        size_t n = 0;

        (void) state;
        for (unsigned i = 0; i < CONSOLE_MAX_LINES + 8; i++)
                n += (size_t) sprintf(text + n, "verinit[mac]: line\n");
        assert_false(parse(text));
        assert_int_equal(c.n_lines, CONSOLE_MAX_LINES);
        n = (size_t) sprintf(text, "verinit[mac]: ");
        memset(text + n, 'a', 2000);
        text[n + 2000] = '\0';
        assert_false(parse(text));
        assert_int_equal(strlen(c.lines[0].text), CONSOLE_MAX_TEXT - 1);
}

static void test_nothing(void **state)
{
        static const char *const texts[] = { "", "\n\n", "verinit: verdict", "verinit:verdict {}", "[", "[ ", "[1.", "verinit[", "verinit[]: ",
                                             "xverinit: verdict {}" };

        (void) state;
        for (size_t i = 0; i < ARRAY_SIZE(texts); i++)
                assert_false(parse(texts[i]));
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_a_boot_that_failed),
                cmocka_unit_test(test_durations_of_a_talkative_boot),
                cmocka_unit_test(test_what_is_no_duration),
                cmocka_unit_test(test_the_last_boot_counts),
                cmocka_unit_test(test_too_much),
                cmocka_unit_test(test_nothing),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
