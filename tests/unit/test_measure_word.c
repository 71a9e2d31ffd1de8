/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <stdio.h>

#include "unit.h"
#include "verinit/measure.h"

static void test_the_grammar(_unused_ void **state)
{
        static const char *const good[] = { "a", "0", "enter-initrd", "leave-initrd", "verinit.usr-verity=sha256-00ff",
                                            "a_b", "a=", "9.-_=" };
        static const char *const bad[] = { "",     ".a",   "-a",    "=a",     "_a",      "A",     "aB",  "a b",
                                           "a:b",  "a\n",  "a\"b",  "a\\b",   "a/b",     "a,b",   "a\xc3\xa4",
                                           "a\x7f", "a\x1e" };
        char word[MEASURE_WORD_MAX + 2];

        for (size_t i = 0; i < ARRAY_SIZE(good); i++)
                if (!measure_word_is_valid(good[i]))
                        fail_msg("'%s' is refused", good[i]);
        for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
                if (measure_word_is_valid(bad[i]))
                        fail_msg("'%s' is taken", bad[i]);

        memset(word, 'a', sizeof(word));
        word[MEASURE_WORD_MAX + 1] = 0;
        assert_false(measure_word_is_valid(word));
        word[MEASURE_WORD_MAX] = 0;
        assert_true(measure_word_is_valid(word));
}

static void test_the_longest_digest_fits(_unused_ void **state)
{
        struct digest d = { .alg = DIGEST_SHA512 };
        char word[MEASURE_WORD_MAX + 1];

        memset(d.bytes, 0xa5, sizeof(d.bytes));
        measure_format_digest_word("verinit.usr-verity", &d, word);
        assert_int_equal(strlen(word), strlen("verinit.usr-verity=sha512-") + 128);
        assert_true(measure_word_is_valid(word));
        assert_non_null(strstr(word, "verity=sha512-a5a5"));

        d.alg = DIGEST_SHA1;
        measure_format_digest_word("k", &d, word);
        assert_string_equal(word, "k=sha1-a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5");
}

/* The order of keys and the framing are those of systemd 257's own record. */
static const char want[] =
        "\x1e{\"pcr\":11,\"digests\":["
        "{\"hashAlg\":\"sha1\",\"digest\":\"1111111111111111111111111111111111111111\"},"
        "{\"hashAlg\":\"sha256\",\"digest\":\"2222222222222222222222222222222222222222222222222222222222222222\"}],"
        "\"content_type\":\"systemd\",\"content\":{\"string\":\"enter-initrd\","
        "\"bootId\":\"0123456789abcdef0123456789abcdef\",\"timestamp\":4242,\"eventType\":\"phase\"}}\n";

static ssize_t format(char *text, size_t size)
{
        struct digest digests[2] = { { .alg = DIGEST_SHA1 }, { .alg = DIGEST_SHA256 } };

        memset(digests[0].bytes, 0x11, 20);
        memset(digests[1].bytes, 0x22, 32);
        return measure_record_format(11, digests, 2, "enter-initrd", "phase", "0123456789abcdef0123456789abcdef", 4242,
                                     text, size);
}

static void test_a_record(_unused_ void **state)
{
        char text[1024];

        assert_int_equal(format(text, sizeof(text)), sizeof(want) - 1);
        assert_memory_equal(text, want, sizeof(want));
}

/* Every size that is too small is refused, and nothing is written behind it. */
static void test_a_record_is_whole_or_refused(_unused_ void **state)
{
        for (size_t size = 0; size < sizeof(want); size++) {
                char *text = malloc(size + 1);

                assert_non_null(text);
                text[size] = '#';
                assert_int_equal(format(text, size), -ENOBUFS);
                assert_int_equal(text[size], '#');
                free(text);
        }
}

static void test_a_record_of_all_banks_has_room(_unused_ void **state)
{
        struct digest digests[TPM_MAX_BANKS];
        char text[4096], word[MEASURE_WORD_MAX + 1];

        memset(word, 'w', sizeof(word));
        word[MEASURE_WORD_MAX] = 0;
        for (size_t i = 0; i < ARRAY_SIZE(digests); i++)
                digests[i] = (struct digest) { .alg = DIGEST_SHA512 };
        assert_true(measure_record_format(23, digests, ARRAY_SIZE(digests), word, "os-separator",
                                          "0123456789abcdef0123456789abcdef", UINT64_MAX, text, sizeof(text)) > 0);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_the_grammar),
                cmocka_unit_test(test_the_longest_digest_fits),
                cmocka_unit_test(test_a_record),
                cmocka_unit_test(test_a_record_is_whole_or_refused),
                cmocka_unit_test(test_a_record_of_all_banks_has_room),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
