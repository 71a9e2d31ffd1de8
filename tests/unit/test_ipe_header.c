/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <stdio.h>

#include "unit.h"
#include "verinit/ipe_policy.h"

static void parse_ok(const char *text, const char *name, const char *version)
{
        struct ipe_header h;
        struct error err = {};

        if (ipe_header_parse(text, strlen(text), &h, &err) < 0)
                fail_msg("refused: %s", err.msg);
        assert_string_equal(h.name, name);
        assert_string_equal(h.version, version);
}

static void refused_sized(const char *text, size_t size, const char *in_message)
{
        struct ipe_header h = { .name = "kept" };
        struct error err = {};

        if (ipe_header_parse(text, size, &h, &err) == 0)
                fail_msg("taken: %s", text);
        assert_int_equal(err.code, FAIL_IPE_POLICY_MALFORMED_CODE);
        if (!strstr(err.msg, in_message))
                fail_msg("'%s' is not in '%s'", in_message, err.msg);
        assert_string_equal(h.name, "kept");
}

static void refused(const char *text, const char *in_message)
{
        refused_sized(text, strlen(text), in_message);
}

static void test_good_ones(_unused_ void **state)
{
        parse_ok("policy_name=a policy_version=0.0.0", "a", "0.0.0");
        parse_ok("policy_name=Node_1.boot-x policy_version=1.20.65535\nDEFAULT action=DENY\n", "Node_1.boot-x", "1.20.65535");
        /* As the kernel reads it: comments, empty lines, either end of a line, blanks. */
        parse_ok("# of the image\r\n\n \t\n  policy_name=a\t  policy_version=1.2.3  # first\nrest", "a", "1.2.3");
        parse_ok("policy_name=a policy_version=1.2.3# next", "a", "1.2.3");
        parse_ok("policy_name=aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa policy_version=1.2.3",
                 "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", "1.2.3");
}

static void test_no_first_line(_unused_ void **state)
{
        refused("", "the text is empty");
        refused("\n\r # nothing\n#\n \t", "the text is empty");
        refused("DEFAULT action=DENY\npolicy_name=a policy_version=1.2.3\n", "does not begin with policy_name=");
        refused("policy_version=1.2.3 policy_name=a", "does not begin with policy_name=");
        refused("policy_nam", "does not begin with policy_name=");
        refused("policy_name=a", "policy_version= does not follow");
        refused("policy_name=a\npolicy_version=1.2.3", "policy_version= does not follow");
        refused("policy_name=a # policy_version=1.2.3", "policy_version= does not follow");
        refused("policy_name=a policy_version=1.2.3 op=EXECUTE", "something behind");
        refused_sized("policy_name=a policy_version=1.2.3\0", 35, "a NUL byte");
        refused_sized("policy_name=a policy_version=1.2.3\nDEFAULT\0 action=DENY", 55, "a NUL byte");
}

/* It becomes a directory. */
static void test_names(_unused_ void **state)
{
        static const char *const names[] = { "", ".", "..", ".a", "a/b", "/", "a\"b", "a%b", "\xc3\xb6", "a=b",
                                             "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa" };
        char text[128];

        for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
                snprintf(text, sizeof(text), "policy_name=%s policy_version=1.2.3\n", names[i]);
                refused(text, "policy_name= is not 1 to 63");
        }
}

static void test_versions(_unused_ void **state)
{
        static const char *const versions[] = { "", "1", "1.2", "1.2.", "1.2.3.", "1.2.3.4", ".1.2", "1..2", "01.2.3", "1.2.03", "1.2.65536",
                                                "1.2.99999", "1.2.100000", "+1.2.3", "-1.2.3", "1.2.x", "1.2.3x", "0x1.2.3", "1,2,3" };
        char text[128];

        for (size_t i = 0; i < ARRAY_SIZE(versions); i++) {
                snprintf(text, sizeof(text), "policy_name=a policy_version=%s\n", versions[i]);
                refused(text, "policy_version= is not three numbers");
        }
}

static void test_too_long(_unused_ void **state)
{
        static char text[IPE_POLICY_MAX_BYTES + 1];

        memset(text, '\n', sizeof(text));
        memcpy(text, "policy_name=a policy_version=1.2.3", 34);
        refused_sized(text, sizeof(text), "too long");
        assert_int_equal(ipe_header_parse(text, sizeof(text) - 1, &(struct ipe_header) {}, &(struct error) {}), 0);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_good_ones),
                cmocka_unit_test(test_no_first_line),
                cmocka_unit_test(test_names),
                cmocka_unit_test(test_versions),
                cmocka_unit_test(test_too_long),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
