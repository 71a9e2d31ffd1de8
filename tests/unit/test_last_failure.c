/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * VerinitLastFailure and LoaderBootCountPath: both come from outside, so each form that is not exactly ours is none.
 */
#include <errno.h>
#include <stdio.h>

#include "fakes.h"
#include "temp_dir.h"
#include "unit.h"
#include "verinit/boot_counter.h"
#include "verinit/fsat.h"
#include "verinit/last_failure.h"

static struct temp_dir tree;

static int setup(_unused_ void **state)
{
        fake_reset();
        if (temp_dir_make(&tree) < 0)
                return -1;
        return fsat_mkdir_p(tree.fd, EFIVARS_DIR, 0755);
}

static int teardown(_unused_ void **state)
{
        return temp_dir_remove(&tree);
}

static int parse(const char *bytes, size_t size, struct last_failure *ret)
{
        return last_failure_parse((const uint8_t *) bytes, size, ret);
}

static void test_every_failure_is_read_as_it_was_written(_unused_ void **state)
{
        uint8_t variable[256];
        size_t longest = 0;

        for (unsigned stage = 0; stage < _STAGE_MAX; stage++)
                for (unsigned code = 0; code < _FAIL_CODE_MAX; code++) {
                        struct last_failure last = {};
                        ssize_t n = last_failure_format((enum stage_id) stage, (enum fail_code) code, variable,
                                                        sizeof(variable));

                        assert_true(n > 4);
                        assert_int_equal(last_failure_parse(variable, (size_t) n, &last), 0);
                        assert_int_equal(last.state, LAST_FAILURE_KNOWN);
                        assert_int_equal(last.stage, stage);
                        assert_int_equal(last.code, code);
                        longest = (size_t) n > longest ? (size_t) n : longest;
                        /* Each byte counts: one less is another text. */
                        assert_int_equal(last_failure_parse(variable, (size_t) n - 1, &last), -EBADMSG);
                }
        assert_true(longest <= 4 + LAST_FAILURE_MAX_BYTES);
        assert_int_equal(last_failure_format(STAGE_VERIFY, FAIL_DATA_CORRUPT_CODE, variable, 10), -ENOBUFS);
}

static void test_the_form(_unused_ void **state)
{
        static const char wanted[] = "\7\0\0\0001 verify root-hash-mismatch\n";
        uint8_t variable[256];

        assert_int_equal(last_failure_format(STAGE_VERIFY, FAIL_ROOT_HASH_MISMATCH_CODE, variable, sizeof(variable)),
                         sizeof(wanted) - 1);
        assert_memory_equal(variable, wanted, sizeof(wanted) - 1);
}

#define BYTES(text) (text), sizeof(text) - 1

static void test_nothing_else_is_read(_unused_ void **state)
{
        static const struct {
                const char *bytes;
                size_t size;
        } list[] = {
                { BYTES("") },
                { BYTES("\7\0\0\0") },
                { BYTES("\7\0\0\0\n") },
                { BYTES("\6\0\0\0001 verify root-hash-mismatch\n") },
                { BYTES("\47\0\0\0001 verify root-hash-mismatch\n") },
                { BYTES("\7\0\0\0002 verify root-hash-mismatch\n") },
                { BYTES("\7\0\0\0001 verify root-hash-mismatch") },
                { BYTES("\7\0\0\0001 verify root-hash-mismatch\n\n") },
                { BYTES("\7\0\0\0001 verify root-hash-mismatch \n") },
                { BYTES("\7\0\0\0001 verify root-hash-mismatch\0\n") },
                { BYTES("\7\0\0\0001 verify  root-hash-mismatch\n") },
                { BYTES("\7\0\0\0001 verify\n") },
                { BYTES("\7\0\0\0001 verify \n") },
                { BYTES("\7\0\0\0001  bug\n") },
                { BYTES("\7\0\0\0001 verify nonsense\n") },
                { BYTES("\7\0\0\0001 nowhere bug\n") },
                { BYTES("\7\0\0\0001 verif bug\n") },
        };
        char longer[4 + LAST_FAILURE_MAX_BYTES + 1];

        for (size_t i = 0; i < ARRAY_SIZE(list); i++) {
                struct last_failure last = { .state = LAST_FAILURE_NONE };

                if (parse(list[i].bytes, list[i].size, &last) != -EBADMSG)
                        fail_msg("%zu: '%s' was read", i, list[i].bytes + 4);
                assert_int_equal(last.state, LAST_FAILURE_NONE);
        }
        memset(longer, 'x', sizeof(longer));
        memcpy(longer, "\7\0\0\0001 verify bug\n", 17);
        assert_int_equal(parse(longer, sizeof(longer), &(struct last_failure) {}), -EBADMSG);
}

static void put(const char *bytes, size_t size)
{
        assert_int_equal(fsat_create(tree.fd, LAST_FAILURE_PATH, bytes, size, 0644), 0);
}

static void assert_holds(const char *text)
{
        char seen[256];
        ssize_t n = fsat_read(tree.fd, LAST_FAILURE_PATH, seen, sizeof(seen));

        assert_int_equal(n, 4 + strlen(text));
        assert_memory_equal(seen, "\7\0\0\0", 4);
        assert_string_equal(seen + 4, text);
}

static void test_load(_unused_ void **state)
{
        struct last_failure last = {};

        last_failure_load(tree.fd, &last);
        assert_int_equal(last.state, LAST_FAILURE_NONE);
        assert_string_equal(last_failure_stage_name(&last), "");
        assert_string_equal(last_failure_code_name(&last), "");

        put(BYTES("\7\0\0\0001 find device-absent\n"));
        last_failure_load(tree.fd, &last);
        assert_int_equal(last.state, LAST_FAILURE_KNOWN);
        assert_string_equal(last_failure_stage_name(&last), "find");
        assert_string_equal(last_failure_code_name(&last), "device-absent");

        put(BYTES("\7\0\0\0anything"));
        last_failure_load(tree.fd, &last);
        assert_int_equal(last.state, LAST_FAILURE_UNREADABLE);
        assert_string_equal(last_failure_stage_name(&last), "unknown");
        assert_string_equal(last_failure_code_name(&last), "unknown");
}

static void test_store_writes_only_what_changes(_unused_ void **state)
{
        struct last_failure last = { .state = LAST_FAILURE_NONE };
        struct error err = { .stage = STAGE_VERIFY, .code = FAIL_DATA_CORRUPT_CODE };

        assert_int_equal(last_failure_store(tree.fd, &last, &err), 0);
        assert_holds("1 verify data-corrupt\n");
        assert_int_equal(fake_count("os_clear_immutable"), 0);

        /* The file is another by now: what was read of it decides. */
        last_failure_load(tree.fd, &last);
        put(BYTES("\7\0\0\0left alone"));
        assert_int_equal(last_failure_store(tree.fd, &last, &err), 0);
        assert_holds("left alone");
        assert_int_equal(fake_count("os_clear_immutable"), 0);

        /* The same code of another stage is another failure. */
        err = (struct error) { .stage = STAGE_FIND, .code = FAIL_DATA_CORRUPT_CODE };
        assert_int_equal(last_failure_store(tree.fd, &last, &err), 0);
        assert_holds("1 find data-corrupt\n");
        assert_int_equal(fake_count("os_clear_immutable"), 1);

        put(BYTES("\7\0\0\0garbage that is longer than what replaces it, and by a good deal"));
        last_failure_load(tree.fd, &last);
        assert_int_equal(last_failure_store(tree.fd, &last, &err), 0);
        assert_holds("1 find data-corrupt\n");
}

static void test_store_that_cannot(_unused_ void **state)
{
        struct error err = { .stage = STAGE_VERIFY, .code = FAIL_DATA_CORRUPT_CODE };
        struct last_failure last = {};

        /* No EFI variables: nothing is tried. */
        assert_int_equal(last_failure_store(tree.fd, &last, &err), -EOPNOTSUPP);
        assert_false(fsat_exists(tree.fd, LAST_FAILURE_PATH));

        put(BYTES("\7\0\0\0001 find device-absent\n"));
        last_failure_load(tree.fd, &last);
        fake_fail_name("os_clear_immutable");
        assert_int_equal(last_failure_store(tree.fd, &last, &err), -EPERM);
        assert_int_equal(last_failure_clear(tree.fd, &last), -EPERM);
        assert_holds("1 find device-absent\n");
}

static void test_clear(_unused_ void **state)
{
        struct last_failure last = { .state = LAST_FAILURE_NONE };

        assert_int_equal(last_failure_clear(tree.fd, &last), 0);
        put(BYTES("\7\0\0\0001 find device-absent\n"));
        last_failure_load(tree.fd, &last);
        assert_int_equal(last_failure_clear(tree.fd, &last), 0);
        assert_int_equal(fake_count("os_clear_immutable"), 1);
        assert_false(fsat_exists(tree.fd, LAST_FAILURE_PATH));
}

/* As the loader writes it: UTF-16LE with its NUL, behind these attributes. */
static bool counts_with(uint8_t attributes, const char *path)
{
        uint8_t variable[2048] = { attributes };
        size_t n = strlen(path) + 1;

        for (size_t i = 0; i < n; i++)
                variable[4 + 2 * i] = (uint8_t) path[i];
        return boot_counter_has_tries(variable, 4 + 2 * n);
}

static void test_boot_counter(_unused_ void **state)
{
        static const char *const counted[] = {
                "\\EFI\\Linux\\node_2+1-1.efi", "\\EFI\\Linux\\node+3.efi", "\\loader\\entries\\a+b+10-0.conf", "x+01.efi",
        };
        static const char *const not[] = {
                "", "\\EFI\\Linux\\node.efi", "\\EFI\\Linux\\node+0-3.efi", "\\EFI\\Linux\\node+00.efi",
                "\\EFI\\Linux+3\\node.efi", "\\EFI\\Linux\\node+.efi", "\\EFI\\Linux\\node+-1.efi",
                "\\EFI\\Linux\\node+3-.efi", "\\EFI\\Linux\\node+3.efi.old", "\\EFI\\Linux\\node+3", "node+3x.efi",
                "node+1234567890.efi", "node+3-1-1.efi",
        };
        uint8_t odd[] = { 6, 0, 0, 0, '+', 0, '3', 0, '.', 0, 'e', 0, 'f', 0, 'i', 0, 0 };

        for (size_t i = 0; i < ARRAY_SIZE(counted); i++)
                if (!counts_with(6, counted[i]))
                        fail_msg("%s: not counted", counted[i]);
        for (size_t i = 0; i < ARRAY_SIZE(not); i++)
                if (counts_with(6, not[i]))
                        fail_msg("%s: counted", not[i]);
        /* What the last boot's root has planted is not volatile. */
        assert_false(counts_with(7, counted[0]));
        assert_false(boot_counter_has_tries(odd, sizeof(odd)));
        assert_false(boot_counter_has_tries(odd, 4));
        assert_false(boot_counter_has_tries(odd, 0));
        assert_false(boot_counter_is_running(tree.fd));
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
        const struct CMUnitTest tests[] = {
                TEST(test_every_failure_is_read_as_it_was_written),
                TEST(test_the_form),
                TEST(test_nothing_else_is_read),
                TEST(test_load),
                TEST(test_store_writes_only_what_changes),
                TEST(test_store_that_cannot),
                TEST(test_clear),
                TEST(test_boot_counter),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
