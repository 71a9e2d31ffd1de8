/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <stdio.h>

#include "unit.h"
#include "verinit/policy.h"

static void parse_ok(const char *text, enum policy_mode mode, const char *type)
{
        struct policy_config config;
        struct error err = {};

        if (policy_config_parse(text, strlen(text), &config, &err) < 0)
                fail_msg("refused: %s", err.msg);
        assert_int_equal(config.mode, mode);
        assert_string_equal(config.type, type);
}

static void refused_sized(const char *text, size_t size, const char *in_message)
{
        struct policy_config config = { .type = "kept" };
        struct error err = {};

        if (policy_config_parse(text, size, &config, &err) == 0)
                fail_msg("taken: %s", text);
        assert_int_equal(err.code, FAIL_POLICY_CONFIG_WEAK_CODE);
        if (!strstr(err.msg, in_message))
                fail_msg("'%s' is not in '%s'", in_message, err.msg);
        assert_string_equal(config.type, "kept");
}

static void refused(const char *text, const char *in_message)
{
        refused_sized(text, strlen(text), in_message);
}

static void test_what_distributions_ship(_unused_ void **state)
{
        parse_ok("# This file controls the state of SELinux on the system.\n"
                 "# SELINUX= can take one of these three values:\n"
                 "SELINUX=permissive\n"
                 "# SELINUXTYPE= can take one of these two values:\n"
                 "SELINUXTYPE=default\n\n"
                 "# SETLOCALDEFS= Check local definition changes\n"
                 "SETLOCALDEFS=0\n",
                 POLICY_MODE_PERMISSIVE, "default");
        parse_ok("SELINUX=enforcing\nSELINUXTYPE=targeted", POLICY_MODE_ENFORCING, "targeted");
        parse_ok("SELINUXTYPE=mls-2_x\r\nSELINUX=disabled \t\r\n", POLICY_MODE_DISABLED, "mls-2_x");
}

static void test_each_key_once(_unused_ void **state)
{
        refused("", "SELINUX=");
        refused("SELINUXTYPE=default\n", "SELINUX=");
        refused("SELINUX=enforcing\n", "SELINUXTYPE=");
        refused("SELINUX=enforcing\nSELINUXTYPE=a\nSELINUX=enforcing\n", "twice");
        refused("SELINUX=enforcing\nSELINUXTYPE=a\nSELINUXTYPE=a\n", "twice");
        refused("#SELINUX=enforcing\nSELINUXTYPE=a\n", "SELINUX=");
}

/* libselinux would take each of these in its own way. */
static void test_only_one_spelling(_unused_ void **state)
{
        static const char *const lines[] = {
                " SELINUX=enforcing", "\tSELINUXTYPE=b", "SelinuxType=b", "selinux=permissive", "SELINUX =enforcing",
                "SELINUXTYPE = b",    "SELINUX",         "SELINUXTYPE",   "SELINUXFOO=1",
        };
        char text[256];

        for (size_t i = 0; i < ARRAY_SIZE(lines); i++) {
                (void) snprintf(text, sizeof(text), "SELINUX=enforcing\nSELINUXTYPE=a\n%s\n", lines[i]);
                refused(text, "at the start of a line");
        }
}

static void test_values(_unused_ void **state)
{
        static const char *const modes[] = { "", "Enforcing", "enforcingfoo", " enforcing", "1", "none", "enforcing#" };
        static const char *const types[] = { "../x", "a/b", ".", "a b", "a\"", " a" };
        char text[256], longest[POLICY_TYPE_MAX + 1];

        for (size_t i = 0; i < ARRAY_SIZE(modes); i++) {
                (void) snprintf(text, sizeof(text), "SELINUX=%s\nSELINUXTYPE=a\n", modes[i]);
                refused(text, "none of");
        }
        for (size_t i = 0; i < ARRAY_SIZE(types); i++) {
                (void) snprintf(text, sizeof(text), "SELINUX=enforcing\nSELINUXTYPE=%s\n", types[i]);
                refused(text, "plain name");
        }
        refused("SELINUX=enforcing\nSELINUXTYPE=\n", "empty");

        memset(longest, 'a', sizeof(longest));
        longest[POLICY_TYPE_MAX] = 0;
        (void) snprintf(text, sizeof(text), "SELINUX=enforcing\nSELINUXTYPE=%s\n", longest);
        refused(text, "longer than 63");
        longest[POLICY_TYPE_MAX - 1] = 0;
        (void) snprintf(text, sizeof(text), "SELINUX=enforcing\nSELINUXTYPE=%s\n", longest);
        parse_ok(text, POLICY_MODE_ENFORCING, longest);
}

static void test_bounds(_unused_ void **state)
{
        static const char with_nul[] = "SELINUX=enforcing\nSELINUXTYPE=a\n\0SELINUX=disabled\n";
        static char big[POLICY_CONFIG_MAX_BYTES + 1];
        char line[300];

        refused_sized(with_nul, sizeof(with_nul) - 1, "NUL");
        memset(big, '\n', sizeof(big));
        refused_sized(big, sizeof(big), "16384");
        refused_sized(big, sizeof(big) - 1, "SELINUX=");
        memset(line, '#', sizeof(line));
        refused_sized(line, sizeof(line), "a line is longer");
}

static void test_mode_names(_unused_ void **state)
{
        assert_string_equal(policy_mode_name(POLICY_MODE_ENFORCING), "enforcing");
        assert_string_equal(policy_mode_name((enum policy_mode) 99), "none");
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_what_distributions_ship),
                cmocka_unit_test(test_each_key_once),
                cmocka_unit_test(test_only_one_spelling),
                cmocka_unit_test(test_values),
                cmocka_unit_test(test_bounds),
                cmocka_unit_test(test_mode_names),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
