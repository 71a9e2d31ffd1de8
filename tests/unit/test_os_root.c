/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * init/os_root.c in a mount namespace. A root that cannot be pivoted, as an initramfs before Linux 7.3, is made by a
 * shared mount above it: pivot_root(2) answers EINVAL to both.
 */
#include <fcntl.h>
#include <sys/mount.h>
#include <sys/stat.h>

#include "namespaces.h"
#include "verinit/fsat.h"
#include "verinit/os.h"

static void make_file(const char *path, size_t size)
{
        static const char zeros[8192];

        CHECK(size <= sizeof(zeros));
        CHECK(fsat_create(AT_FDCWD, path, zeros, size, 0644) == 0);
}

static void mount_tmpfs(const char *path)
{
        CHECK(mkdir(path, 0755) == 0 || errno == EEXIST);
        CHECK(mount("t", path, "tmpfs", 0, NULL) == 0);
}

/*
 * /old (a file), the four API directories as mounts with one mount below /sys, and /sysroot with where they go. The
 * parent's propagation is what decides between pivot and move.
 */
static void make_old_root(unsigned long parent_propagation)
{
        CHECK(mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0);
        mount_tmpfs("/tmp");
        CHECK(mount(NULL, "/tmp", NULL, parent_propagation, NULL) == 0);
        mount_tmpfs("/tmp/root");
        CHECK(chdir("/tmp/root") == 0 && chroot(".") == 0);
        make_file("old", 100);
        mount_tmpfs("dev");
        mount_tmpfs("proc");
        mount_tmpfs("sys");
        mount_tmpfs("sys/fs");
        mount_tmpfs("run");
        make_file("dev/is-dev", 1);
        make_file("proc/is-proc", 1);
        make_file("sys/fs/is-below-sys", 1);
        make_file("run/is-run", 1);
        mount_tmpfs("sysroot");
        CHECK(mkdir("sysroot/dev", 0755) == 0 && mkdir("sysroot/proc", 0755) == 0);
        CHECK(mkdir("sysroot/sys", 0755) == 0 && mkdir("sysroot/run", 0755) == 0);
        make_file("sysroot/new", 200);
}

static void check_new_root(int old_root_fd)
{
        char cwd[8];

        CHECK(fsat_exists(AT_FDCWD, "/new") && !fsat_exists(AT_FDCWD, "/old"));
        CHECK(fsat_exists(AT_FDCWD, "/dev/is-dev") && fsat_exists(AT_FDCWD, "/proc/is-proc"));
        CHECK(fsat_exists(AT_FDCWD, "/sys/fs/is-below-sys") && fsat_exists(AT_FDCWD, "/run/is-run"));
        CHECK(getcwd(cwd, sizeof(cwd)) && str_equal(cwd, "/"));
        CHECK(fsat_exists(AT_FDCWD, "/../new"));
        CHECK(fsat_exists(old_root_fd, "old") && !fsat_exists(old_root_fd, "new"));
        CHECK(fcntl(old_root_fd, F_GETFD) == FD_CLOEXEC);
}

/* Is the mount of this directory still somewhere in the tree? mountinfo was opened before the root changed. */
static bool is_mounted(FILE *mountinfo, int dir_fd)
{
        unsigned long long id;
        struct statx stx;
        char line[1024];

        CHECK(statx(dir_fd, "", AT_EMPTY_PATH, STATX_MNT_ID, &stx) == 0);
        while (fgets(line, sizeof(line), mountinfo))
                if (sscanf(line, "%llu ", &id) == 1 && id == stx.stx_mnt_id)
                        return true;
        return false;
}

static FILE *open_mountinfo(void)
{
        FILE *f = fopen("/proc/self/mountinfo", "re");

        CHECK(f);
        return f;
}

static void switch_by_pivot(void)
{
        FILE *mountinfo = open_mountinfo(), *again = open_mountinfo();
        enum os_switch how = OS_SWITCH_MOVE;
        int fd = -1;

        make_old_root(MS_PRIVATE);
        CHECK(os_switch_root("/sysroot", &how, &fd) == 0);
        CHECK(how == OS_SWITCH_PIVOT);
        check_new_root(fd);
        CHECK(is_mounted(again, open("/", O_PATH | O_CLOEXEC)));
        CHECK(!is_mounted(mountinfo, fd)); /* so that its memory goes with the descriptor */
}

static void switch_by_move(void)
{
        enum os_switch how = OS_SWITCH_PIVOT;
        uint64_t bytes = 0;
        int fd = -1;

        make_old_root(MS_SHARED);
        CHECK(os_switch_root("/sysroot", &how, &fd) == 0);
        CHECK(how == OS_SWITCH_MOVE);
        check_new_root(fd);
        CHECK(os_empty_directory(fd, &bytes) == 0);
        CHECK(bytes == 100);
        CHECK(!fsat_exists(fd, "old") && !fsat_exists(fd, "sysroot"));
        CHECK(fsat_exists(AT_FDCWD, "/new") && fsat_exists(AT_FDCWD, "/run/is-run"));
}

static void switch_without_a_place_for_run(void)
{
        enum os_switch how = OS_SWITCH_PIVOT;
        int fd = -7;

        make_old_root(MS_PRIVATE);
        CHECK(rmdir("/sysroot/run") == 0);
        CHECK(os_switch_root("/sysroot", &how, &fd) == -ENOENT);
        CHECK(fd == -7);
}

static void switch_to_what_is_no_mount(void)
{
        enum os_switch how = OS_SWITCH_PIVOT;
        int fd = -7;

        make_old_root(MS_PRIVATE);
        CHECK(umount2("/sysroot", MNT_DETACH) == 0);
        CHECK(mkdir("sysroot/dev", 0755) == 0 && mkdir("sysroot/proc", 0755) == 0);
        CHECK(mkdir("sysroot/sys", 0755) == 0 && mkdir("sysroot/run", 0755) == 0);
        CHECK(os_switch_root("/sysroot", &how, &fd) == -EBUSY); /* it is on the very mount to be replaced */
        CHECK(fd == -7);
}

static void test_switch(_unused_ void **state)
{
        run_in_child(CLONE_NEWNS, switch_by_pivot);
        run_in_child(CLONE_NEWNS, switch_by_move);
        run_in_child(CLONE_NEWNS, switch_without_a_place_for_run);
        run_in_child(CLONE_NEWNS, switch_to_what_is_no_mount);
}

static int open_dir(const char *path)
{
        int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

        CHECK(fd >= 0);
        return fd;
}

static void empty_all_but_mounts(void)
{
        uint64_t bytes = 0;
        int fd;

        mount_tmpfs("/tmp");
        CHECK(mkdir("/tmp/d", 0755) == 0 && mkdir("/tmp/d/e", 0) == 0 && mkdir("/tmp/keep", 0755) == 0);
        make_file("/tmp/a", 1000);
        make_file("/tmp/d/b", 2000);
        make_file("/tmp/keep/mine", 4000);
        CHECK(symlink("/tmp/keep/mine", "/tmp/d/link") == 0 && symlink("/tmp/keep", "/tmp/d/dirlink") == 0);
        CHECK(mkfifo("/tmp/d/fifo", 0600) == 0);
        mount_tmpfs("/tmp/d/mounted");
        make_file("/tmp/d/mounted/inner", 8000);

        fd = open_dir("/tmp/d");
        CHECK(os_empty_directory(fd, &bytes) == 0);
        CHECK(bytes == 2000);
        CHECK(fsat_exists(fd, "mounted/inner") && !fsat_exists(fd, "b") && !fsat_exists(fd, "e"));
        CHECK(!fsat_exists(fd, "link") && !fsat_exists(fd, "fifo"));
        CHECK(fsat_exists(AT_FDCWD, "/tmp/keep/mine") && fsat_exists(AT_FDCWD, "/tmp/a"));
}

/* Too deep for the bound: said, and the rest is freed all the same. */
static void empty_goes_on(void)
{
        uint64_t bytes = 0;

        mount_tmpfs("/tmp");
        CHECK(chdir("/tmp") == 0);
        for (unsigned i = 0; i < 70; i++)
                CHECK(mkdir("a", 0755) == 0 && chdir("a") == 0);
        CHECK(chdir("/tmp") == 0);
        make_file("/tmp/z", 3000);
        CHECK(os_empty_directory(open_dir("/tmp"), &bytes) == -ELOOP);
        CHECK(bytes == 3000 && !fsat_exists(AT_FDCWD, "/tmp/z") && fsat_exists(AT_FDCWD, "/tmp/a/a"));
}

static void test_empty_directory(_unused_ void **state)
{
        uint64_t bytes;

        run_in_child(CLONE_NEWNS, empty_all_but_mounts);
        run_in_child(CLONE_NEWNS, empty_goes_on);
        assert_int_equal(os_empty_directory(-1, &bytes), -EBADF);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_switch),
                cmocka_unit_test(test_empty_directory),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
