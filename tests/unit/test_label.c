/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Which label what PID 1 makes gets: the policy's own, or that of the nearest parent that has one.
 */
#include <errno.h>
#include <sys/stat.h>

#include "fake_sepolicy.h"
#include "fakes.h"
#include "temp_dir.h"
#include "unit.h"
#include "verinit/fsat.h"
#include "verinit/label.h"

static struct boot boot;
static struct temp_dir dir;

/* "/run" has a label, "/top" and all else none; what was asked for is in the fakes' list. */
static int only_run(const char *path, _unused_ mode_t mode, char *ret_text, size_t size)
{
        if (!str_equal(path, "/run"))
                return 1;
        return str_copy(ret_text, size, "run_t") ? 0 : -ENOBUFS;
}

static int only_root(const char *path, _unused_ mode_t mode, char *ret_text, size_t size)
{
        return str_equal(path, "/") && str_copy(ret_text, size, "root_t:s0,c1,c2") ? 0 : 1;
}

static int none(_unused_ const char *path, _unused_ mode_t mode, _unused_ char *ret_text, _unused_ size_t size)
{
        return 1;
}

static int setup(_unused_ void **state)
{
        struct error err = {};

        boot = (struct boot) {};
        fake_reset();
        fake_sepolicy_reset();
        return sepolicy_open_labels("/policy", &err);
}

static int setup_tree(void **state)
{
        if (setup(state) < 0 || temp_dir_make(&dir) < 0)
                return -1;
        boot.root_fd = dir.fd;
        return 0;
}

static int teardown_tree(_unused_ void **state)
{
        return temp_dir_remove(&dir);
}

static void make_tree(void)
{
        assert_int_equal(fsat_mkdir_p(dir.fd, "run/a", 0755), 0);
        assert_int_equal(fsat_create(dir.fd, "run/a/b", "", 0, 0644), 0);
        assert_int_equal(symlinkat("/etc", dir.fd, "run/a/link"), 0);
        assert_int_equal(fsat_create(dir.fd, "run/c", "", 0, 0644), 0);
}

static void assert_applied(const char *host_path, const char *wanted)
{
        struct error err = {};
        const struct fake_entry *set;

        if (label_apply(&boot, "/proc/self/fd/7/x", host_path, S_IFREG, &err) < 0)
                fail_msg("%s", err.msg);
        set = fake_find("sepolicy_set_label", fake_count("sepolicy_set_label") - 1);
        assert_non_null(set);
        assert_string_equal(set->detail, wanted);
}

static void test_its_own(_unused_ void **state)
{
        assert_applied("/run/verinit", "/proc/self/fd/7/x system_u:object_r:fake_t:s0");
        assert_int_equal(fake_count("sepolicy_lookup_label"), 1);
}

static void test_the_nearest_parents(_unused_ void **state)
{
        fake_sepolicy.lookup = only_run;
        assert_applied("/run/a/b", "/proc/self/fd/7/x run_t");
        assert_int_equal(fake_count("sepolicy_lookup_label"), 3);
        assert_string_equal(fake_find("sepolicy_lookup_label", 1)->detail, "/run/a");
        fake_sepolicy.lookup = only_root;
        assert_applied("/top", "/proc/self/fd/7/x root_t:s0,c1,c2");
}

static void test_none_at_all(_unused_ void **state)
{
        struct error err = {};
        char text[64];

        fake_sepolicy.lookup = none;
        assert_int_equal(label_apply(&boot, "/x", "/run/a", S_IFDIR, &err), -ENOENT);
        assert_int_equal(err.code, FAIL_LABEL_FAILED_CODE);
        assert_non_null(strstr(err.msg, "no label for /run/a"));
        assert_int_equal(fake_count("sepolicy_set_label"), 0);
        err = (struct error) {};
        assert_int_equal(label_mount_option(&boot, "/", text, sizeof(text), &err), -ENOENT);
}

static void test_faults_are_passed_on(_unused_ void **state)
{
        char path[300] = "/", text[24];
        struct error err = {};

        memset(path + 1, 'a', sizeof(path) - 2);
        assert_int_equal(label_apply(&boot, "/x", path, S_IFDIR, &err), -ENAMETOOLONG);
        err = (struct error) {};
        assert_int_equal(label_mount_option(&boot, "/run", text, sizeof(text), &err), -ENOBUFS);
        err = (struct error) {};
        fake_fail_name("sepolicy_lookup_label");
        assert_true(label_apply(&boot, "/x", "/run", S_IFDIR, &err) < 0);
        assert_int_equal(err.code, FAIL_LABEL_FAILED_CODE);
        assert_int_equal(fake_count("sepolicy_set_label"), 0);
}

/* A comma would end the option: the text stands in quotes. */
static void test_mount_option(_unused_ void **state)
{
        struct error err = {};
        char text[64];

        fake_sepolicy.lookup = only_root;
        assert_int_equal(label_mount_option(&boot, "/", text, sizeof(text), &err), 0);
        assert_string_equal(text, ",rootcontext=\"root_t:s0,c1,c2\"");
}

/* All of it, links as links; what the policy has no label for, its parent's. */
static void test_a_tree(_unused_ void **state)
{
        static const char *const wanted[] = {
                "/run run_t", "/run/a run_t", "/run/a/b run_t", "/run/a/link run_t", "/run/c run_t",
        };
        struct error err = {};

        make_tree();
        fake_sepolicy.lookup = only_run;
        if (label_tree(&boot, "/run", &err) < 0)
                fail_msg("%s", err.msg);
        assert_int_equal(fake_count("sepolicy_set_label"), ARRAY_SIZE(wanted));
        for (size_t i = 0; i < ARRAY_SIZE(wanted); i++)
                assert_string_equal(fake_find("sepolicy_set_label", i)->detail, wanted[i]);
}

static void test_faults_of_a_tree(_unused_ void **state)
{
        struct error err = {};

        assert_int_equal(label_tree(&boot, "/run", &err), -ENOENT);
        assert_int_equal(err.code, FAIL_LABEL_FAILED_CODE);

        make_tree();
        err = (struct error) {};
        fake_fail_at(5);
        assert_true(label_tree(&boot, "/run", &err) < 0);
        assert_int_equal(err.code, FAIL_LABEL_FAILED_CODE);
        assert_non_null(strstr(err.msg, "fake sepolicy_set_label"));
}

/* No tree of ours is that deep; what is, does not end the stack. */
static void test_a_tree_that_is_too_deep(_unused_ void **state)
{
        struct error err = {};

        make_tree();
        assert_int_equal(fsat_mkdir_p(dir.fd, "run/1/2/3/4/5/6/7/8/9", 0755), 0);
        assert_int_equal(label_tree(&boot, "/run", &err), -ELOOP);
        assert_int_equal(err.code, FAIL_LABEL_FAILED_CODE);
}

static void test_a_tree_without_mac(_unused_ void **state)
{
        struct error err = {};

        make_tree();
        boot.plan.steps[STAGE_MAC].is_skipped = true;
        assert_int_equal(label_tree(&boot, "/run", &err), 0);
        assert_int_equal(fake_count("sepolicy_set_label"), 0);
}

static void test_without_mac(_unused_ void **state)
{
        struct error err = {};
        char text[8] = "junk";

        boot.plan.steps[STAGE_MAC].is_skipped = true;
        assert_int_equal(label_apply(&boot, "/x", "/run", S_IFDIR, &err), 0);
        assert_int_equal(label_mount_option(&boot, "/", text, sizeof(text), &err), 0);
        assert_string_equal(text, "");
        assert_int_equal(fake_count("sepolicy_lookup_label") + fake_count("sepolicy_set_label"), 0);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test_setup(test_its_own, setup),
                cmocka_unit_test_setup(test_the_nearest_parents, setup),
                cmocka_unit_test_setup(test_none_at_all, setup),
                cmocka_unit_test_setup(test_faults_are_passed_on, setup),
                cmocka_unit_test_setup(test_mount_option, setup),
                cmocka_unit_test_setup(test_without_mac, setup),
                cmocka_unit_test_setup_teardown(test_a_tree, setup_tree, teardown_tree),
                cmocka_unit_test_setup_teardown(test_faults_of_a_tree, setup_tree, teardown_tree),
                cmocka_unit_test_setup_teardown(test_a_tree_that_is_too_deep, setup_tree, teardown_tree),
                cmocka_unit_test_setup_teardown(test_a_tree_without_mac, setup_tree, teardown_tree),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
