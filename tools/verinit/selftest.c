/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * verinit selftest: is this command, with the libraries of this machine, still able to compute what others have computed?
 */
#include <stdio.h>

#include "options.h"
#include "selftest.h"

static const char usage[] =
        "Usage: verinit selftest [--json=short|pretty|off] [--quiet]\n"
        "\n"
        "Computes what others have computed: digests, the words of PCR 13, an Authenticode digest, a verity volume, the\n"
        "replay of an event log, TPM policies, JSON. One line for each, with both values where they differ. Nothing but\n"
        "this program and its libraries is asked: no TPM, no file of yours.\n"
        "\n"
        "  --json=short|pretty|off   the results as JSON; default: off\n"
        "  --quiet                   as text, only those that failed\n"
        "  --help                    this text\n"
        "\n"
        "Exit status: 0 all are as expected, 1 trouble, 2 wrong usage, 3 one is not.\n"
        "\n"
        "Examples:\n"
        "  verinit selftest --quiet\n"
        "  verinit selftest --json=short | jq -r '.tests[] | select(.ok | not) | .name'\n";

#define VERB "selftest"

size_t selftest_run(const struct selftest *tests, size_t n, struct selftest_result *ret)
{
        size_t n_failed = 0;

        for (size_t i = 0; i < n; i++) {
                struct trouble t = {};

                ret[i] = (struct selftest_result) { .found = tests[i].compute(tests[i].input, &t) };
                if (!ret[i].found)
                        ret[i].why = tool_strdup(t.msg);
                ret[i].is_right = ret[i].found && str_equal(ret[i].found, tests[i].expected);
                if (!ret[i].is_right)
                        n_failed++;
        }
        return n_failed;
}

void selftest_done(struct selftest_result *results, size_t n)
{
        for (size_t i = 0; i < n; i++) {
                free(results[i].found);
                free(results[i].why);
        }
}

static void print_text(const struct selftest *tests, const struct selftest_result *results, size_t n, bool is_quiet)
{
        for (size_t i = 0; i < n; i++)
                if (!results[i].is_right)
                        printf("FAILED %s: expected %s, found %s\n", tests[i].name, tests[i].expected,
                               results[i].found ? results[i].found : results[i].why);
                else if (!is_quiet)
                        printf("ok %s\n", tests[i].name);
}

static int print_json(const struct selftest *tests, const struct selftest_result *results, size_t n, bool is_pretty,
                      struct trouble *t)
{
        _cleanup_json_ struct json_object *o = json_value_object();
        struct json_object *list = json_value_array();

        json_value_add(o, "tests", list);
        for (size_t i = 0; i < n; i++) {
                struct json_object *one = json_value_object();

                json_value_add_text(one, "name", tests[i].name);
                json_value_add(one, "ok", json_value_bool(results[i].is_right));
                json_value_add_text(one, "expected", tests[i].expected);
                json_value_add_text(one, "found", results[i].found);
                if (results[i].why)
                        json_value_add_text(one, "why", results[i].why);
                json_value_append(list, one);
        }
        return json_value_print(o, is_pretty, t);
}

int verb_selftest(int argc, char *argv[], struct trouble *t)
{
        static const struct option list[] = { OPTION_JSON, OPTION_QUIET, OPTION_HELP, {} };
        _cleanup_free_ struct selftest_result *results = NULL;
        struct options o = { .verb = VERB };
        size_t n_failed;
        int r = 0;

        if (options_parse(&o, argc, argv, list, false, NULL, NULL, t) < 0)
                return -1;
        if (o.wants_help)
                return fputs(usage, stdout) < 0 ? -1 : 0;
        results = tool_alloc(selftests_n, sizeof(*results));
        n_failed = selftest_run(selftests, selftests_n, results);
        if (o.json == JSON_OFF)
                print_text(selftests, results, selftests_n, o.is_quiet);
        else
                r = print_json(selftests, results, selftests_n, o.json == JSON_PRETTY, t);
        selftest_done(results, selftests_n);
        if (r == 0 && n_failed > 0)
                return trouble_set(t, OUTCOME_FALSE, VERB ": %zu of %zu known answers were not found", n_failed, selftests_n);
        return r;
}
