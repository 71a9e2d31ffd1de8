/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The sink is one end of a SOCK_SEQPACKET pair, which like /dev/kmsg keeps each write() apart.
 */
#include <errno.h>
#include <sys/socket.h>

#include "unit.h"
#include "verinit/log.h"

static int setup(void **state)
{
        static int reader;
        int pair[2];

        if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, pair) < 0)
                return -1;
        log_open(pair[0]);
        log_set_debug(false);
        log_set_stage(STAGE_VERIFY);
        reader = pair[1];
        *state = &reader;
        return 0;
}

static int teardown(void **state)
{
        log_open(-1);
        return close(*(int *) *state);
}

static char *next_record(void **state)
{
        static char record[8192];
        ssize_t n = recv(*(int *) *state, record, sizeof(record) - 1, 0);

        assert_true(n > 0);
        record[n] = '\0';
        return record;
}

static void assert_no_record(void **state)
{
        char byte;

        assert_int_equal(recv(*(int *) *state, &byte, 1, 0), -1);
        assert_int_equal(errno, EAGAIN);
}

static void test_line_has_level_and_stage(void **state)
{
        log_info("root hash %s", "ok");
        assert_string_equal(next_record(state), "<6>verinit[verify]: root hash ok\n");
        log_error("no");
        assert_string_equal(next_record(state), "<3>verinit[verify]: no\n");
        log_set_stage(STAGE_HANDOFF);
        log_warning("hm");
        assert_string_equal(next_record(state), "<4>verinit[handoff]: hm\n");
        assert_no_record(state);
}

static void test_debug_is_info_when_on_and_nothing_when_off(void **state)
{
        log_debug("hidden");
        log_line(LOG_LEVEL_DEBUG, "hidden");
        assert_no_record(state);
        assert_false(log_debug_enabled());
        log_set_debug(true);
        assert_true(log_debug_enabled());
        log_debug("shown");
        assert_string_equal(next_record(state), "<6>verinit[verify]: shown\n");
}

static void test_control_bytes_cannot_forge_a_record(void **state)
{
        log_info("a\n<0>b\x1b[2J\x7f");
        assert_string_equal(next_record(state), "<6>verinit[verify]: a?<0>b?[2J?\n");
        log_raw(LOG_LEVEL_ERROR, "x\ny");
        assert_string_equal(next_record(state), "<3>x?y\n");
        assert_no_record(state);
}

/* C1 controls, a character that turns the direction, half a character; our own ellipsis stays. */
static void test_beyond_ascii_is_only_what_is_ours(void **state)
{
        log_info("a\xc2\x9b" "2J b\xe2\x80\xae c\xff d\xe2\x80");
        assert_string_equal(next_record(state), "<6>verinit[verify]: a??2J b??? c? d??\n");
        log_info("usrhash 0123456789abcdef\xe2\x80\xa6, \xe2\x80\xa6");
        assert_string_equal(next_record(state), "<6>verinit[verify]: usrhash 0123456789abcdef\xe2\x80\xa6, \xe2\x80\xa6\n");
        assert_no_record(state);
}

static void test_long_lines_are_split_without_loss(void **state)
{
        char text[2500], seen[2600] = "";
        unsigned n = 0;

        for (size_t i = 0; i < sizeof(text) - 1; i++)
                text[i] = (char) ('a' + i % 26);
        text[sizeof(text) - 1] = '\0';
        log_info("%s", text);
        while (strlen(seen) < strlen(text)) {
                char *record = next_record(state), *rest;

                assert_true(strlen(record) <= 960);
                assert_int_equal(record[strlen(record) - 1], '\n');
                record[strlen(record) - 1] = '\0';
                rest = strstr(record, "<6>verinit[verify]: ");
                assert_ptr_equal(rest, record);
                strcat(seen, rest + strlen("<6>verinit[verify]: "));
                n++;
        }
        assert_int_equal(n, 3);
        assert_string_equal(seen, text);
        assert_no_record(state);
}

static void test_raw_has_no_stage_and_verdicts_stay_whole(void **state)
{
        char text[901];

        memset(text, 'v', 900);
        text[900] = '\0';
        log_raw(LOG_LEVEL_ERROR, text);
        assert_int_equal(strlen(next_record(state)), 3 + 900 + 1);
        assert_no_record(state);
}

static void test_closed_log_drops(void **state)
{
        log_open(-1);
        log_info("nowhere");
        log_raw(LOG_LEVEL_ERROR, "nowhere");
        assert_int_equal(recv(*(int *) *state, (char[1]) { 0 }, 1, 0), 0);
}

/* Sixteen digits tell two digests apart; the rest is for who debugs. */
static void test_digests_are_shortened(void **state)
{
        static const char hex[] = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789ABCDEF";

        log_error("vda3: %s, wanted %s%s.", hex, hex, hex);
        assert_string_equal(next_record(state), "<3>verinit[verify]: vda3: 0123456789abcdef…, wanted 0123456789abcdef….\n");
        log_raw(LOG_LEVEL_ERROR, hex);
        assert_string_equal(next_record(state), "<3>0123456789abcdef…\n");
        /* UUIDs and words of hex digits are left. */
        log_info("%.39s %.32s added", hex, hex);
        assert_string_equal(next_record(state), "<6>verinit[verify]: 0123456789abcdef0123456789abcdef0123456 "
                                                "0123456789abcdef0123456789abcdef added\n");
        log_set_debug(true);
        log_error("%s", hex);
        assert_non_null(strstr(next_record(state), hex));
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test_setup_teardown(test_line_has_level_and_stage, setup, teardown),
                cmocka_unit_test_setup_teardown(test_debug_is_info_when_on_and_nothing_when_off, setup, teardown),
                cmocka_unit_test_setup_teardown(test_control_bytes_cannot_forge_a_record, setup, teardown),
                cmocka_unit_test_setup_teardown(test_beyond_ascii_is_only_what_is_ours, setup, teardown),
                cmocka_unit_test_setup_teardown(test_long_lines_are_split_without_loss, setup, teardown),
                cmocka_unit_test_setup_teardown(test_raw_has_no_stage_and_verdicts_stay_whole, setup, teardown),
                cmocka_unit_test_setup_teardown(test_digests_are_shortened, setup, teardown),
                cmocka_unit_test_setup_teardown(test_closed_log_drops, setup, teardown),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
