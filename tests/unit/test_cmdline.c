/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <stdio.h>

#include "unit.h"
#include "verinit/cmdline.h"

enum { LIMIT = 2047 };

static struct cmdline c;

static enum cmdline_result parse(const char *text, size_t *ret_offset)
{
        return cmdline_parse(text, strlen(text), LIMIT, &c, ret_offset);
}

static void parse_ok(const char *text)
{
        size_t offset;

        assert_int_equal(parse(text, &offset), CMDLINE_OK);
}

static void assert_word(size_t i, const char *key, const char *value)
{
        assert_true(i < c.n_words);
        assert_string_equal(c.words[i].key, key);
        if (value)
                assert_string_equal(c.words[i].value, value);
        else
                assert_null(c.words[i].value);
}

static void test_words_are_split_at_blanks(_unused_ void **state)
{
        parse_ok("  quiet root=LABEL=ROOT   x= \n");
        assert_int_equal(c.n_words, 3);
        assert_word(0, "quiet", NULL);
        assert_word(1, "root", "LABEL=ROOT"); /* at the first '=' */
        assert_word(2, "x", "");
        parse_ok("");
        assert_int_equal(c.n_words, 0);
        parse_ok("\n");
        assert_int_equal(c.n_words, 0);
}

static void test_double_quotes_group_and_vanish(_unused_ void **state)
{
        parse_ok("a=\"b c\" \"d=e f\" g\"h i\"j=\"\" \"it's\"");
        assert_int_equal(c.n_words, 4);
        assert_word(0, "a", "b c");
        assert_word(1, "d", "e f");
        assert_word(2, "gh ij", "");
        assert_word(3, "it's", NULL);
}

static void test_words_without_a_key_are_none(_unused_ void **state)
{
        parse_ok("\"\" =x a \"=y\"");
        assert_int_equal(c.n_words, 1);
        assert_word(0, "a", NULL);
}

static void test_quotes_that_two_readers_see_differently_are_refused(_unused_ void **state)
{
        size_t offset = 0;

        assert_int_equal(parse("a \"b c", &offset), CMDLINE_E_QUOTE);
        assert_int_equal(offset, 2);
        assert_int_equal(parse("a='b usrhash=x'", &offset), CMDLINE_E_QUOTE);
        assert_int_equal(offset, 2);
        assert_int_equal(parse("a=\"b\" '", &offset), CMDLINE_E_QUOTE);
}

static void test_control_bytes_are_refused_with_their_place(_unused_ void **state)
{
        static const unsigned char bad[] = { 0x00, 0x01, '\t', '\n', '\r', 0x1b, 0x1f, 0x7f, 0xa0 };

        for (size_t i = 0; i < sizeof(bad); i++) {
                char text[] = { 'a', (char) bad[i], 'b' };
                size_t offset = 0;

                assert_int_equal(cmdline_parse(text, 3, LIMIT, &c, &offset), CMDLINE_E_CONTROL);
                assert_int_equal(offset, 1);
        }
        parse_ok("name=\xc3\xb6");
        assert_word(0, "name", "\xc3\xb6");
}

static void test_only_one_final_newline_is_dropped(_unused_ void **state)
{
        size_t offset;

        assert_int_equal(parse("a\n\n", &offset), CMDLINE_E_CONTROL);
}

static void test_the_kernels_limit(_unused_ void **state)
{
        static char text[CMDLINE_MAX_BYTES + 2];
        size_t offset;

        memset(text, 'a', sizeof(text));
        assert_int_equal(cmdline_parse(text, LIMIT - 1, LIMIT, &c, &offset), CMDLINE_OK);
        assert_int_equal(cmdline_parse(text, LIMIT, LIMIT, &c, &offset), CMDLINE_E_TOO_LONG);
        assert_int_equal(cmdline_parse(text, CMDLINE_MAX_BYTES, SIZE_MAX, &c, &offset), CMDLINE_OK);
        assert_int_equal(cmdline_parse(text, CMDLINE_MAX_BYTES + 1, SIZE_MAX, &c, &offset), CMDLINE_E_TOO_LONG);
        text[LIMIT - 1] = '\n';
        assert_int_equal(cmdline_parse(text, LIMIT, LIMIT, &c, &offset), CMDLINE_OK);
}

static void test_too_many_words(_unused_ void **state)
{
        char text[2 * CMDLINE_MAX_WORDS + 2];
        size_t offset;

        for (size_t i = 0; i < sizeof(text); i++)
                text[i] = i % 2 == 0 ? 'a' : ' ';
        assert_int_equal(cmdline_parse(text, 2 * CMDLINE_MAX_WORDS, SIZE_MAX, &c, &offset), CMDLINE_OK);
        assert_int_equal(c.n_words, CMDLINE_MAX_WORDS);
        assert_int_equal(cmdline_parse(text, sizeof(text), SIZE_MAX, &c, &offset), CMDLINE_E_WORDS);
        assert_int_equal(offset, 2 * CMDLINE_MAX_WORDS);
}

static void test_keys_equal_with_dash_or_underscore(_unused_ void **state)
{
        assert_true(cmdline_key_equal("a-b_c", "a_b-c"));
        assert_true(cmdline_key_equal("", ""));
        assert_false(cmdline_key_equal("a", "ab"));
        assert_false(cmdline_key_equal("ab", "a"));
        assert_false(cmdline_key_equal("a.b", "a_b"));
        assert_false(cmdline_key_equal("A", "a"));
}

static void assert_params(const char *text, const char *module, const char *wanted)
{
        struct cmdline parsed;
        size_t offset;
        char params[24];

        assert_int_equal(cmdline_parse(text, strlen(text), 2047, &parsed, &offset), CMDLINE_OK);
        assert_int_equal(cmdline_module_params(&parsed, module, params, sizeof(params)), wanted != NULL);
        if (wanted)
                assert_string_equal(params, wanted);
}

static void test_module_params(_unused_ void **state)
{
        static const char text[] = "quiet virtio-blk.depth=64 a.b=\"1 2\" virtio_blk.x a.c= ab.c=1 a. .a a";

        assert_params(text, "virtio_blk", "depth=64 x");
        assert_params(text, "virtio-blk", "depth=64 x");
        assert_params(text, "a", "b=\"1 2\" c=");
        assert_params(text, "ab", "c=1");
        assert_params(text, "virtio", "");
        assert_params(text, "quiet", "");
        assert_params("m.p=4567890123456789012", "m", "p=4567890123456789012");
        assert_params("m.p=45678901234567890123456", "m", NULL);
        assert_params("m.p=4567890123456 m.q=34567890123456", "m", NULL);
}

static const char *shown(const char *word)
{
        static char text[CMDLINE_SHOWN_MAX + 1];

        cmdline_word_show(word, strlen(word), text);
        return text;
}

static void test_what_is_shown_of_a_word(_unused_ void **state)
{
        char text[CMDLINE_SHOWN_MAX + 1], word[200];

        assert_string_equal(shown("quiet"), "quiet");
        assert_string_equal(shown("console=ttyS0"), "console=ttyS0");
        assert_string_equal(shown("systemd.set_credential=name:value"), "systemd.set_credential=...");
        assert_string_equal(shown("my.password=x"), "my.password=...");
        assert_string_equal(shown("credential"), "credential");
        assert_string_equal(shown("a=credential=b"), "a=credential=b");
        cmdline_word_show("quiet debug", 5, text);
        assert_string_equal(text, "quiet");

        memset(word, 'x', sizeof(word));
        word[CMDLINE_SHOWN_MAX] = '\0';
        assert_string_equal(shown(word), word);
        word[CMDLINE_SHOWN_MAX] = 'x';
        word[sizeof(word) - 1] = '\0';
        assert_int_equal(strlen(shown(word)), CMDLINE_SHOWN_MAX);
        assert_string_equal(shown(word) + CMDLINE_SHOWN_MAX - 4, "x...");
        memcpy(word + 100, "secret=", 7);
        assert_int_equal(strlen(shown(word)), CMDLINE_SHOWN_MAX);
}

static void test_numbers(_unused_ void **state)
{
        static const char *const bad[] = { "", "00", "01", "+1", "-1", " 1", "1 ", "0x1", "1K", "1000000000000000000" };
        uint64_t n = 4711;

        for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
                assert_false(cmdline_number_parse(bad[i], &n));
        assert_int_equal(n, 4711);
        assert_true(cmdline_number_parse("999999999999999999", &n));
        assert_int_equal(n, UINT64_C(999999999999999999));
        assert_true(cmdline_number_parse("0", &n));
        assert_int_equal(n, 0);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_words_are_split_at_blanks),
                cmocka_unit_test(test_numbers),
                cmocka_unit_test(test_double_quotes_group_and_vanish),
                cmocka_unit_test(test_words_without_a_key_are_none),
                cmocka_unit_test(test_quotes_that_two_readers_see_differently_are_refused),
                cmocka_unit_test(test_control_bytes_are_refused_with_their_place),
                cmocka_unit_test(test_only_one_final_newline_is_dropped),
                cmocka_unit_test(test_the_kernels_limit),
                cmocka_unit_test(test_too_many_words),
                cmocka_unit_test(test_keys_equal_with_dash_or_underscore),
                cmocka_unit_test(test_module_params),
                cmocka_unit_test(test_what_is_shown_of_a_word),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
