/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The baked command line against the one that was read: equal, or longer by words that the floor lists.
 */
#include <errno.h>

#include "unit.h"
#include "verinit/proof.h"

static struct floor with_extras;

static int setup(_unused_ void **state)
{
        floor_init(&with_extras);
        with_extras.n_extra_words = 2;
        (void) str_copy(with_extras.extra_words[0], FLOOR_WORD_MAX, "systemd.unit=rescue.target");
        (void) str_copy(with_extras.extra_words[1], FLOOR_WORD_MAX, "debug");
        return 0;
}

static void assert_proved(const char *read, const char *baked, size_t wanted)
{
        struct error err = {};
        size_t n = 77;

        if (proof_cmdline(read, baked, 0, &with_extras, &n, &err) < 0)
                fail_msg("%s", err.msg);
        assert_int_equal(n, wanted);
}

/* The message names the words: it is what a person at the console has to go by. */
static void assert_disproved(const char *read, const char *baked, const char *in_message)
{
        struct error err = {};
        size_t n = 77;

        assert_int_equal(proof_cmdline(read, baked, 0, &with_extras, &n, &err), -EBADMSG);
        assert_int_equal(err.code, FAIL_CMDLINE_NOT_BAKED_CODE);
        if (!strstr(err.msg, in_message))
                fail_msg("'%s' is not in '%s'", in_message, err.msg);
        assert_int_equal(n, 77);
}

static void test_equal(_unused_ void **state)
{
        assert_proved("quiet root=tmpfs", "quiet root=tmpfs", 0);
        assert_proved("", "", 0);
}

static void test_listed_words_may_follow(_unused_ void **state)
{
        assert_proved("quiet debug", "quiet", 1);
        assert_proved("quiet debug systemd.unit=rescue.target debug", "quiet", 3);
        assert_proved("quiet  debug ", "quiet", 1);
        assert_proved("quiet ", "quiet", 0);
        assert_proved(" debug", "", 1);
}

static void test_other_words_may_not(_unused_ void **state)
{
        assert_disproved("quiet init=/bin/sh", "quiet", "'init=/bin/sh' was added");
        assert_disproved("quiet debug init=/bin/sh debug", "quiet", "'init=/bin/sh' was added");
        assert_disproved("quiet debugger", "quiet", "'debugger' was added");
        assert_disproved("quiet debu", "quiet", "'debu' was added");
        assert_disproved("quiet debug=1", "quiet", "'debug=1' was added");
        assert_disproved("quiet \tdebug", "quiet", "was added");
}

/* Words in front count for some keys as much as words behind: a listed one is listed for behind only. */
static void test_the_baked_text_comes_first(_unused_ void **state)
{
        assert_disproved("debug quiet", "quiet", "has 'debug' where 'quiet' was signed");
        assert_disproved("quietdebug", "quiet", "has 'quietdebug' where 'quiet' was signed");
        assert_disproved("debug", "", "has 'debug' where '' was signed");
}

static void test_a_difference_is_named_by_its_word(_unused_ void **state)
{
        assert_disproved("quiet usrhash=aa root=tmpfs", "quiet usrhash=ab root=tmpfs",
                         "has 'usrhash=aa' where 'usrhash=ab' was signed");
        assert_disproved("quiet root=tmp", "quiet root=tmpfs", "has 'root=tmp' where 'root=tmpfs' was signed");
        assert_disproved("quiet", "quiet root=tmpfs", "ends where 'root=tmpfs' was signed");
        assert_disproved("quiet ", "quiet root=tmpfs", "ends where 'root=tmpfs' was signed");
        assert_disproved("", "quiet root=tmpfs", "ends where 'quiet' was signed");
}

/* What systemd-stub appends by itself, and only where there is no console= yet. */
static void test_console_words_of_the_stub(_unused_ void **state)
{
        assert_proved("quiet console=hvc0", "quiet", 1);
        assert_proved("quiet debug console=uart,io,0x3f8 console=tty0", "quiet", 3);
        assert_disproved("quiet console=ttyS0", "quiet", "'console=ttyS0' was added");
        assert_disproved("quiet console=tty0 console=hvc0", "quiet", "'console=hvc0' was added");
        assert_disproved("console=ttyS0 console=hvc0", "console=ttyS0", "'console=hvc0' was added");
        assert_disproved("console=hvc0 quiet", "quiet", "has 'console=hvc0' where 'quiet' was signed");
        assert_proved("netconsole=x console=hvc0", "netconsole=x", 1);
}

/* As many bytes as the second witness has shown to be an add-on's, and not one more. */
static void test_words_of_addons(_unused_ void **state)
{
        struct error err = {};
        size_t n = 77;

        assert_int_equal(proof_cmdline("quiet slot=a debug", "quiet", strlen(" slot=a"), &with_extras, &n, &err), 0);
        assert_int_equal(n, 1);
        assert_int_equal(proof_cmdline("quiet slot=a", "quiet", strlen(" slot=a"), &with_extras, &n, &err), 0);
        assert_int_equal(n, 0);
        assert_true(proof_cmdline("quiet slot=a x", "quiet", strlen(" slot=a"), &with_extras, &n, &err) < 0);
        assert_int_equal(err.code, FAIL_CMDLINE_NOT_BAKED_CODE);
        assert_true(proof_cmdline("quiet slot=a", "quiet", strlen(" slot="), &with_extras, &n, &err) < 0);
        assert_int_equal(err.code, FAIL_BUG_CODE);
        assert_true(proof_cmdline("quiet slot=a", "quiet", 100, &with_extras, &n, &err) < 0);
        assert_int_equal(err.code, FAIL_BUG_CODE);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_equal),
                cmocka_unit_test(test_listed_words_may_follow),
                cmocka_unit_test(test_other_words_may_not),
                cmocka_unit_test(test_console_words_of_the_stub),
                cmocka_unit_test(test_words_of_addons),
                cmocka_unit_test(test_the_baked_text_comes_first),
                cmocka_unit_test(test_a_difference_is_named_by_its_word),
        };

        return cmocka_run_group_tests(tests, setup, NULL);
}
