/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * tools/verinit/child.c with programs of every system.
 */
#include <signal.h>

#include "../../tools/verinit/child.h"
#include "unit.h"

/* Of more than a pipe holds, so that who writes all before he reads waits for ever. */
enum { MUCH = 1024 * 1024 };

static int run_words(const char *const *list, struct child c, int *ret_status, struct trouble *t)
{
        _cleanup_child_words_ struct child_words words = {};

        for (; *list; list++)
                child_add(&words, *list);
        c.words = &words;
        return child_run(&c, ret_status, t);
}

#define RUN(c, status, t, ...) run_words((const char *const[]) { __VA_ARGS__, NULL }, c, status, t)

static void test_much_goes_through(void **state _unused_)
{
        _cleanup_buffer_ struct buffer in = { .data = calloc(1, MUCH), .size = MUCH }, out = {};
        struct trouble t = {};

        assert_non_null(in.data);
        for (size_t i = 0; i < MUCH; i++)
                in.data[i] = (uint8_t) (i * 7);
        assert_int_equal(RUN(((struct child) { .input = &in, .output = &out, .output_max = MUCH }), NULL, &t, "cat"), 0);
        assert_int_equal(out.size, MUCH);
        assert_memory_equal(out.data, in.data, MUCH);
}

static void test_no_more_than_its_bound(void **state _unused_)
{
        _cleanup_buffer_ struct buffer out = {};
        struct trouble t = {};

        assert_int_equal(RUN(((struct child) { .output = &out, .output_max = 100 }), NULL, &t, "cat", "/dev/zero"), -1);
        assert_int_equal(t.outcome, OUTCOME_TROUBLE);
        assert_string_equal(t.msg, "cat says more than 100 bytes");
        assert_true(out.size <= 100);
}

static void test_input_that_nobody_reads(void **state _unused_)
{
        _cleanup_buffer_ struct buffer in = { .data = calloc(1, MUCH), .size = MUCH };
        struct trouble t = {};

        assert_int_equal(RUN(((struct child) { .input = &in }), NULL, &t, "true"), 0);
}

static void test_words_are_not_read_by_a_shell(void **state _unused_)
{
        _cleanup_buffer_ struct buffer out = {};
        struct trouble t = {};

        assert_int_equal(RUN(((struct child) { .output = &out, .output_max = 100 }), NULL, &t, "printf", "%s|", "a b", "$HOME;"), 0);
        assert_int_equal(out.size, strlen("a b|$HOME;|"));
        assert_memory_equal(out.data, "a b|$HOME;|", out.size);
}

static void test_nothing_to_read(void **state _unused_)
{
        _cleanup_buffer_ struct buffer out = {};
        struct trouble t = {};

        assert_int_equal(RUN(((struct child) { .output = &out, .output_max = 100 }), NULL, &t, "cat"), 0);
        assert_int_equal(out.size, 0);
}

static void test_exit_status(void **state _unused_)
{
        struct trouble t = {};
        int status = -1;

        assert_int_equal(RUN((struct child) {}, &status, &t, "sh", "-c", "exit 7"), 0);
        assert_int_equal(status, 7);
        assert_int_equal(RUN((struct child) {}, NULL, &t, "sh", "-c", "exit 7"), -1);
        assert_int_equal(t.outcome, OUTCOME_TROUBLE);
        assert_string_equal(t.msg, "sh failed with exit status 7");
}

/* A death is never an answer, whoever asks for the exit status. */
static void test_killed(void **state _unused_)
{
        struct trouble t = {};
        int status = -1;

        assert_int_equal(RUN((struct child) {}, &status, &t, "sh", "-c", "kill -9 $$"), -1);
        assert_string_equal(t.msg, "sh was killed by signal 9");
        assert_int_equal(status, -1);
}

static void test_not_there(void **state _unused_)
{
        struct trouble t = {};

        assert_int_equal(RUN((struct child) {}, NULL, &t, "/nonexistent/program"), -1);
        assert_string_equal(t.msg, "cannot start /nonexistent/program: No such file or directory (ENOENT)");
}

/* A program that writes into a pipe which nobody reads any more has to die of it, as it would under a shell. */
static void test_sigpipe_is_not_ignored(void **state _unused_)
{
        struct trouble t = {};
        int status = -1;

        (void) signal(SIGPIPE, SIG_IGN);
        assert_int_equal(RUN((struct child) {}, &status, &t, "sh", "-c", "kill -PIPE $$; exit 0"), -1);
        (void) signal(SIGPIPE, SIG_DFL);
        assert_string_equal(t.msg, "sh was killed by signal 13");
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_much_goes_through), cmocka_unit_test(test_no_more_than_its_bound),
                cmocka_unit_test(test_input_that_nobody_reads), cmocka_unit_test(test_words_are_not_read_by_a_shell),
                cmocka_unit_test(test_nothing_to_read), cmocka_unit_test(test_exit_status), cmocka_unit_test(test_killed),
                cmocka_unit_test(test_not_there), cmocka_unit_test(test_sigpipe_is_not_ignored),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
