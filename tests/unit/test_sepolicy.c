/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * selinux/sepolicy_selinux.c as far as a kernel without SELinux goes: labels from a policy's file_contexts, written to
 * files. Loading and enforcing are for the machines in tests/qemu.
 */
#include <sys/mount.h>
#include <sys/xattr.h>

#include "namespaces.h"
#include "temp_dir.h"
#include "verinit/fsat.h"
#include "verinit/sepolicy.h"

#define FILES "contexts/files"

static const char contexts[] = "/etc(/.*)?\tsystem_u:object_r:etc_t:s0\n"
                               "/etc/shadow.*\t--\tsystem_u:object_r:shadow_t:s0\n"
                               "/run\t-d\tsystem_u:object_r:var_run_t:s0\n"
                               "/run/.*\t<<none>>\n"
                               "/run/verinit(/.*)?\tsystem_u:object_r:init_runtime_t:s0\n";

static struct temp_dir dir;

static void make(const char *path, const char *text)
{
        assert_int_equal(fsat_create(dir.fd, path, text, strlen(text), 0644), 0);
}

static int setup(_unused_ void **state)
{
        if (temp_dir_make(&dir) < 0 || fsat_mkdir_p(dir.fd, FILES, 0755) < 0)
                return -1;
        make(FILES "/file_contexts", contexts);
        return 0;
}

static int teardown(_unused_ void **state)
{
        sepolicy_close_labels();
        return temp_dir_remove(&dir);
}

static void open_labels(void)
{
        struct error err = {};

        if (sepolicy_open_labels(dir.path, &err) < 0)
                fail_msg("%s", err.msg);
}

/* want NULL: none. */
static void assert_label(const char *path, mode_t type, const char *want)
{
        char label[SEPOLICY_CONTEXT_MAX] = "untouched";
        struct error err = {};
        int r = sepolicy_lookup_label(path, type | 0755, label, sizeof(label), &err);

        if (r < 0)
                fail_msg("%s", err.msg);
        assert_int_equal(r, want ? 0 : 1);
        assert_string_equal(label, want ? want : "untouched");
}

static void assert_all_labels(void)
{
        assert_label("/etc", S_IFDIR, "system_u:object_r:etc_t:s0");
        assert_label("/etc/passwd", S_IFREG, "system_u:object_r:etc_t:s0");
        assert_label("/etc/shadow", S_IFREG, "system_u:object_r:shadow_t:s0");
        assert_label("/etc/shadow", S_IFDIR, "system_u:object_r:etc_t:s0");
        assert_label("/run", S_IFDIR, "system_u:object_r:var_run_t:s0");
        assert_label("/run", S_IFLNK, NULL);
        assert_label("/run/other", S_IFREG, NULL);
        assert_label("/run/verinit/boot.json", S_IFREG, "system_u:object_r:init_runtime_t:s0");
        assert_label("/", S_IFDIR, NULL);
}

static void test_lookups(_unused_ void **state)
{
        open_labels();
        assert_all_labels();
}

static void test_substitutions_count(_unused_ void **state)
{
        make(FILES "/file_contexts.subs_dist", "/var/run /run\n/usr/etc /etc\n");
        open_labels();
        assert_all_labels();
        assert_label("/var/run/verinit", S_IFDIR, "system_u:object_r:init_runtime_t:s0");
        assert_label("/usr/etc/shadow", S_IFREG, "system_u:object_r:shadow_t:s0");
}

/* Written by another version of library or of pcre2: the text is read instead. */
static void test_a_foreign_bin_is_passed_over(_unused_ void **state)
{
        static const char magic[] = "\x8a\xff\x7c\xf9\xff\0\0\0\x0a\0\0\0" "99.99 2099";

        assert_int_equal(fsat_create(dir.fd, FILES "/file_contexts.bin", magic, sizeof(magic), 0644), 0);
        open_labels();
        assert_all_labels();
}

static void refused(int r, const struct error *err, enum fail_code code, const char *in_message)
{
        assert_true(r < 0);
        if (err->code != code)
                fail_msg("%s instead of %s: %s", fail_code_name(err->code), fail_code_name(code), err->msg);
        if (!strstr(err->msg, in_message))
                fail_msg("'%s' is not in '%s'", in_message, err->msg);
}

static void test_faults(_unused_ void **state)
{
        char label[SEPOLICY_CONTEXT_MAX] = "untouched";
        struct error err = {};

        refused(sepolicy_lookup_label("/etc", S_IFDIR, label, sizeof(label), &err), &err, FAIL_BUG_CODE, "/etc");
        refused(sepolicy_open_labels("/does/not/exist", &err), &err, FAIL_LABEL_FAILED_CODE, "ENOENT");
        open_labels();
        refused(sepolicy_open_labels(dir.path, &err), &err, FAIL_BUG_CODE, "open already");
        refused(sepolicy_lookup_label("/etc", S_IFDIR, label, 10, &err), &err, FAIL_LABEL_FAILED_CODE, "too long");
        refused(sepolicy_set_label("/does/not/exist", "x", &err), &err, FAIL_LABEL_FAILED_CODE, "ENOENT");
        assert_string_equal(label, "untouched");
        sepolicy_close_labels();
        sepolicy_close_labels();
        refused(sepolicy_lookup_label("/etc", S_IFDIR, label, sizeof(label), &err), &err, FAIL_BUG_CODE, "/etc");
}

static void test_a_damaged_file_is_refused_in_words(_unused_ void **state)
{
        struct error err = {};

        make(FILES "/file_contexts", "/etc\n");
        refused(sepolicy_open_labels(dir.path, &err), &err, FAIL_LABEL_FAILED_CODE, "missing fields");
        make(FILES "/file_contexts", "/etc -x system_u:object_r:etc_t:s0\n");
        refused(sepolicy_open_labels(dir.path, &err), &err, FAIL_LABEL_FAILED_CODE, "invalid");
}

/* A tmpfs of its own user namespace takes security.* from anybody. */
static void label_files(void)
{
        static const char want[] = "system_u:object_r:etc_t:s0";
        struct error err = {};
        char label[64] = "";

        CHECK(mount("t", "/tmp", "tmpfs", 0, NULL) == 0 && chdir("/tmp") == 0);
        CHECK(fsat_create(AT_FDCWD, "file", "", 0, 0600) == 0 && symlink("file", "link") == 0);
        CHECK(sepolicy_set_label("/tmp/link", want, &err) == 0);
        CHECK(lgetxattr("link", "security.selinux", label, sizeof(label)) == sizeof(want));
        CHECK(str_equal(label, want));
        CHECK(lgetxattr("file", "security.selinux", label, sizeof(label)) < 0 && errno == ENODATA);
}

static void test_a_label_is_written_to_the_link_itself(_unused_ void **state)
{
        run_in_child(CLONE_NEWNS, label_files);
}

static void look_for_selinuxfs(void)
{
        struct error err = {};

        CHECK(mount("t", "/sys", "tmpfs", 0, NULL) == 0);
        CHECK(sepolicy_open(&err) == -ENOENT && err.code == FAIL_SELINUX_ABSENT_CODE);
        CHECK(mkdir("/sys/fs", 0755) == 0 && mkdir("/sys/fs/selinux", 0755) == 0);
        err = (struct error) {};
        CHECK(sepolicy_open(&err) < 0 && err.code == FAIL_SELINUX_ABSENT_CODE);
        CHECK(strstr(err.msg, "not mounted"));
}

static void test_without_selinux(_unused_ void **state)
{
        run_in_child(CLONE_NEWNS, look_for_selinuxfs);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test_setup_teardown(test_lookups, setup, teardown),
                cmocka_unit_test_setup_teardown(test_substitutions_count, setup, teardown),
                cmocka_unit_test_setup_teardown(test_a_foreign_bin_is_passed_over, setup, teardown),
                cmocka_unit_test_setup_teardown(test_faults, setup, teardown),
                cmocka_unit_test_setup_teardown(test_a_damaged_file_is_refused_in_words, setup, teardown),
                cmocka_unit_test(test_a_label_is_written_to_the_link_itself),
                cmocka_unit_test(test_without_selinux),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
