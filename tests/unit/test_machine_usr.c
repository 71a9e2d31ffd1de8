/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * tools/verinit/machine_usr_ext4.c: what it takes out of an ext4 of somebody who means ill. e2fsprogs makes one.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "verinit/fsat.h"

#include "../../tools/verinit/child.h"
#include "../../tools/verinit/machine.h"
#include "unit.h"

struct fixture {
        char dir[64];
        struct machine m;
};

void machine_leave_out(struct machine *m, const char *fmt, ...)
{
        if (!m->left_out)
                m->left_out = tool_strdup(fmt);
}

static void run(const char *script, const char *dir)
{
        _cleanup_child_words_ struct child_words words = {};
        const struct child child = { .words = &words, .is_silent = true };
        struct trouble t = {};

        child_add(&words, "/bin/sh");
        child_add(&words, "-ec");
        child_add_format(&words, "PATH=$PATH:/usr/sbin:/sbin; cd %s; %s", dir, script);
        assert_int_equal(child_run(&child, NULL, &t), 0);
}

static int setup(void **state)
{
        struct fixture *f = tool_alloc(1, sizeof(*f));

        (void) setenv("PATH", "/usr/bin:/bin:/usr/sbin:/sbin", 1);
        (void) snprintf(f->dir, sizeof(f->dir), "/tmp/machine-usr.XXXXXX");
        assert_non_null(mkdtemp(f->dir));
        (void) snprintf(f->m.path, sizeof(f->m.path), "%s/scratch", f->dir);
        f->m.selinux_dir = "etc/selinux";
        run("mkdir -p scratch/root t/etc/selinux/default/policy t/etc/selinux/default/contexts/files;"
            "printf 'SELINUX=enforcing\\nSELINUXTYPE=default\\n' >t/etc/selinux/config; echo p >t/etc/selinux/default/policy/policy.33;"
            "echo l >t/etc/selinux/default/contexts/files/file_contexts; echo x >t/etc/selinux/default/up.up.up.up.up.escaped", f->dir);
        f->m.fd = open(f->m.path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        f->m.root_fd = openat(f->m.fd, "root", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        f->m.usr_fd = -1;
        *state = f;
        return 0;
}

static int teardown(void **state)
{
        struct fixture *f = *state;

        run("rm -rf -- scratch t image", f->dir);
        fd_closep(&f->m.usr_fd);
        fd_closep(&f->m.root_fd);
        fd_closep(&f->m.fd);
        (void) rmdir(f->dir);
        free(f->m.left_out);
        free(f);
        return 0;
}

/* MORE: a line of a shell, after the file system was made. */
static void mount_usr(struct fixture *f, const char *more)
{
        char path[128];

        run("truncate -s 4M image; mke2fs -q -t ext4 -O ^metadata_csum -d t image", f->dir);
        run(more, f->dir);
        (void) snprintf(path, sizeof(path), "%s/image", f->dir);
        f->m.usr_fd = open(path, O_RDONLY | O_CLOEXEC);
        assert_int_equal(machine_mount_usr(&f->m, "ext4"), 0);
}

#define SEEN USR_MOUNT_DIR "/etc/selinux/"

static void test_what_is_asked_for(void **state)
{
        struct fixture *f = *state;
        char text[64];

        mount_usr(f, ":");
        assert_null(f->m.left_out);
        assert_true(fsat_read(f->m.root_fd, SEEN "default/policy/policy.33", text, sizeof(text)) == 2);
        assert_string_equal(text, "p\n");
        assert_true(fsat_exists(f->m.root_fd, SEEN "config"));
        assert_true(fsat_exists(f->m.root_fd, SEEN "default/contexts/files/file_contexts"));
}

/* rdump of debugfs would make "escaped" beside the scratch directory. */
static void test_names_stay_in_the_image(void **state)
{
        struct fixture *f = *state;
        int fd = open(f->dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

        mount_usr(f, "LC_ALL=C sed -i 's|up.up.up.up.up.escaped|../../../../../escaped|' image;"
                     "debugfs -R 'ls -p /etc/selinux/default' image | grep -F /../../../../../escaped/ >&2");
        assert_false(fsat_exists(fd, "escaped"));
        assert_null(f->m.left_out);
        assert_true(fsat_exists(f->m.root_fd, SEEN "default/policy/policy.33"));
        (void) close(fd);
}

static void test_links_are_not_followed(void **state)
{
        struct fixture *f = *state;

        mount_usr(f, "printf 'cd /etc/selinux/default/policy\\nrm policy.33\\nsymlink policy.33 /etc/passwd\\n' | debugfs -w -f - image >&2");
        assert_non_null(f->m.left_out);
        assert_false(fsat_exists(f->m.root_fd, SEEN "default/policy/policy.33"));
}

static void test_plain_paths(_unused_ void **state)
{
        static const char *const good[] = { "etc/selinux", "a", "a.b/c_d-e" };
        static const char *const bad[] = { "", "/etc", "etc//selinux", "etc/", "..", "../x", "a/../b", "a/.", "a b", "a\"b", "a\nb" };

        for (size_t i = 0; i < ARRAY_SIZE(good); i++)
                assert_true(machine_is_plain_path(good[i]));
        for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
                assert_false(machine_is_plain_path(bad[i]));
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
        const struct CMUnitTest tests[] = {
                TEST(test_what_is_asked_for), TEST(test_names_stay_in_the_image), TEST(test_links_are_not_followed),
                cmocka_unit_test(test_plain_paths),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
