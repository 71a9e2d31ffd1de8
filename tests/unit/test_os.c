/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * init/os_linux.c on the kernel that runs here: devices, time, the next program, the end.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include "namespaces.h"
#include "verinit/fsat.h"
#include "verinit/os.h"

static void test_sizes_of_files_and_devices(_unused_ void **state)
{
        _cleanup_fd_ int file = memfd_create("file", MFD_CLOEXEC), null = open("/dev/null", O_RDONLY | O_CLOEXEC);
        uint64_t bytes = 7;
        dev_t dev = 7;

        assert_int_equal(ftruncate(file, 12345), 0);
        assert_int_equal(os_block_size(null, &bytes), -ENOTBLK);
        assert_int_equal(os_block_dev(null, &dev), -ENOTBLK);
        assert_int_equal(os_block_size(-1, &bytes), -EBADF);
        assert_int_equal(bytes, 7);
        assert_int_equal(dev, 7);
        assert_int_equal(os_block_size(file, &bytes), 0);
        assert_int_equal(bytes, 12345);
        assert_int_equal(os_block_dev(file, &dev), 0);
        assert_int_equal(dev, 0);
}

/* As where the kernel found no console. */
static void test_root_stays_clear_of_the_standard_descriptors(_unused_ void **state)
{
        int status = 0;
        pid_t pid = fork();

        assert_true(pid >= 0);
        if (pid == 0) {
                (void) syscall(SYS_close_range, 0U, ~0U, 0);
                if (os_open_root() != 3 || write(1, "x", 1) >= 0 || write(2, "x", 1) >= 0 || os_open_root() != 4)
                        _exit(1);
                _exit(0);
        }
        assert_int_equal(waitpid(pid, &status, 0), pid);
        assert_int_equal(status, 0);
}

static int compare_block_device(const char *name, void *userdata)
{
        unsigned *n = userdata;
        _cleanup_fd_ int fd = -1, sys = open("/sys/class/block", O_PATH | O_DIRECTORY | O_CLOEXEC);
        uint64_t sectors, bytes;
        char path[300];
        struct stat st;
        dev_t dev;

        (void) snprintf(path, sizeof(path), "/dev/%s", name);
        fd = open(path, O_RDONLY | O_CLOEXEC);
        (void) snprintf(path, sizeof(path), "%s/size", name);
        if (fd < 0 || fsat_read_u64(sys, path, &sectors) < 0)
                return 0; /* a drive without a medium, or gone */
        assert_int_equal(os_block_size(fd, &bytes), 0);
        assert_int_equal(bytes, sectors * 512);
        assert_int_equal(fstat(fd, &st), 0);
        assert_int_equal(os_block_dev(fd, &dev), 0);
        assert_int_equal(dev, st.st_rdev);
        ++*n;
        return 0;
}

static void test_block_devices_are_as_large_as_sysfs_says(_unused_ void **state)
{
        unsigned n = 0;

        assert_int_equal(fsat_each(AT_FDCWD, "/sys/class/block", compare_block_device, &n), 0);
        if (n == 0)
                fail_msg("no block device here can be opened: run this as root");
}

static void test_refusals_are_negative_errno(_unused_ void **state)
{
        assert_true(os_load_module(-1, "x.ko.xz", NULL) < 0); /* ENOSYS where the kernel has no modules */
        assert_int_equal(os_mount("x", "/does/not/exist", "tmpfs", 0, NULL), -ENOENT);
        assert_int_equal(os_umount_detached("/does/not/exist"), -ENOENT);
}

static void on_one_processor(void)
{
        cpu_set_t all, one;
        size_t first = 0;

        CHECK(sched_getaffinity(0, sizeof(all), &all) == 0);
        CHECK(os_processors() == (unsigned) CPU_COUNT(&all));
        while (!CPU_ISSET(first, &all))
                first++;
        CPU_ZERO(&one);
        CPU_SET(first, &one);
        CHECK(sched_setaffinity(0, sizeof(one), &one) == 0 && os_processors() == 1);
}

static void test_processors(_unused_ void **state)
{
        run_in_child(0, on_one_processor);
}

/* What finit_module(2) answers here, whatever it is, said by the other process. */
static void test_a_worker_says_what_the_kernel_says(_unused_ void **state)
{
        const int wanted = os_load_module(-1, "x.ko", NULL);
        uint64_t left_us = 10 * 1000 * 1000;
        int worker = -1, answer = 0;
        size_t which = 7;

        assert_int_equal(os_load_module_beside(-1, "x.ko", NULL, &worker), 0);
        assert_true((fcntl(worker, F_GETFD) & FD_CLOEXEC) != 0);
        assert_int_equal(os_wait_worker(&worker, 1, &left_us, &which, &answer), 1);
        assert_int_equal(which, 0);
        assert_int_equal(answer, wanted);
        assert_true(left_us < 10 * 1000 * 1000);
        /* Reaped, and closed. */
        assert_int_equal(fcntl(worker, F_GETFD), -1);
        assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
        assert_int_equal(os_wait_worker(&worker, 1, &left_us, &which, &answer), -EBADF);
}

/* In place of a worker: it ends by a signal, by a status, or not at all. Of a test that failed nothing may stay: ctest waits for it. */
static int start(int sig, int status)
{
        pid_t pid = fork();

        assert_true(pid >= 0);
        if (pid == 0) {
                (void) prctl(PR_SET_PDEATHSIG, SIGKILL);
                if (sig != 0)
                        (void) raise(sig);
                while (status < 0)
                        (void) pause();
                _exit(status);
        }
        return (int) syscall(SYS_pidfd_open, pid, 0);
}

static void test_ends_of_workers(_unused_ void **state)
{
        static const struct {
                int sig, status, wanted;
        } rows[] = { { 0, 0, 0 }, { 0, 8, -8 }, { 0, 254, -254 }, { 0, 255, OS_WORKER_MUTE }, { SIGKILL, 0, OS_WORKER_DIED } };

        for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
                const int workers[] = { start(0, -1), start(rows[i].sig, rows[i].status) };
                uint64_t left_us = 10 * 1000 * 1000;
                size_t which = 0;
                int answer = 77;

                assert_int_equal(os_wait_worker(workers, 2, &left_us, &which, &answer), 1);
                assert_int_equal(which, 1);
                assert_int_equal(answer, rows[i].wanted);
                os_drop_worker(workers[0]);
                assert_true(wait(NULL) > 0);
        }
}

static void test_a_worker_that_does_not_end(_unused_ void **state)
{
        const int worker = start(0, -1);
        uint64_t left_us = 20 * 1000;
        int answer = 77, status = 0;
        size_t which = 7;
        pid_t other;

        assert_int_equal(os_wait_worker(&worker, 1, &left_us, &which, &answer), 0);
        assert_int_equal(left_us, 0);
        assert_true(which == 7 && answer == 77);
        os_drop_worker(worker);
        assert_true(wait(&status) > 0);
        assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
        /* Somebody else's end is neither an answer nor reaped. */
        other = fork();
        assert_true(other >= 0);
        if (other == 0)
                _exit(0);
        left_us = 10 * 1000 * 1000;
        assert_int_equal(os_wait_worker((int[]) { start(0, 3) }, 1, &left_us, &which, &answer), 1);
        assert_int_equal(answer, -3);
        assert_int_equal(waitpid(other, &status, 0), other);
}

/* What is neither a watchdog nor a file with flags. The real ones are rows: the variable of a failed boot, QEMU's i6300esb. */
static void test_watchdog_and_flags(_unused_ void **state)
{
        _cleanup_fd_ int null = open("/dev/null", O_WRONLY | O_CLOEXEC);
        unsigned seconds = 30;

        assert_int_equal(os_watchdog_set(null, &seconds), -ENOTTY);
        assert_int_equal(os_watchdog_set(-1, &seconds), -EBADF);
        assert_int_equal(seconds, 30);
        assert_int_equal(os_watchdog_feed(null), -ENOTTY);
        assert_int_equal(os_watchdog_feed(-1), -EBADF);
        assert_int_equal(os_clear_immutable(null), -ENOTTY);
        assert_int_equal(os_clear_immutable(-1), -EBADF);
}

static void mount_and_umount(void)
{
        struct stat before, after;

        CHECK(stat("/tmp", &before) == 0);
        CHECK(os_mount("t", "/tmp", "tmpfs", MS_NOSUID, "mode=0711,size=64k") == 0);
        CHECK(stat("/tmp", &after) == 0 && after.st_dev != before.st_dev && (after.st_mode & 07777) == 0711);
        CHECK(os_umount_detached("/tmp") == 0);
        CHECK(stat("/tmp", &after) == 0 && after.st_dev == before.st_dev);
}

static void test_mount(_unused_ void **state)
{
        run_in_child(CLONE_NEWNS, mount_and_umount);
}

static void test_sleep_takes_its_time(_unused_ void **state)
{
        uint64_t start_us = os_boottime_us();

        os_sleep_us(20 * 1000);
        assert_true(os_boottime_us() - start_us >= 20 * 1000);
        os_sleep_us(0);
}

/* Waiting is not running; computing is. */
static void test_what_was_run_is_counted(_unused_ void **state)
{
        uint64_t before_us = os_ran_us(), start_us;

        os_sleep_us(50 * 1000);
        assert_true(os_ran_us() - before_us < 25 * 1000);
        start_us = os_boottime_us();
        while (os_ran_us() - before_us < 25 * 1000)
                ;
        assert_true(os_boottime_us() - start_us < 10 * 1000 * 1000);
}

/* Everything that a program inherits is spoiled first. */
static void spoil(void)
{
        sigset_t set;

        CHECK(signal(SIGPIPE, SIG_IGN) != SIG_ERR && signal(SIGTERM, SIG_IGN) != SIG_ERR);
        CHECK(signal(SIGRTMAX, SIG_IGN) != SIG_ERR);
        CHECK(sigfillset(&set) == 0 && sigprocmask(SIG_BLOCK, &set, NULL) == 0);
        (void) umask(0);
        CHECK(dup2(2, 3) == 3 && dup2(2, 99) == 99);
        CHECK(setenv("SPOILED", "1", 1) == 0);
}

static void exec_clean(void)
{
        char *const argv[] = {
                (char[]) { "name" }, (char[]) { "-c" },
                (char[]) { "[ \"$0 $1\" = 'zero one' ] && [ \"$KEY\" = value ] && [ -z \"$SPOILED\" ] &&"
                           "[ ! -e /proc/$$/fd/3 ] && [ ! -e /proc/$$/fd/99 ] && [ -e /proc/$$/fd/2 ] &&"
                           "[ \"$(umask)\" = 0022 ] &&"
                           "grep -q '^SigBlk:.0000000000000000$' /proc/self/status &&"
                           "grep -q '^SigIgn:.0000000000000000$' /proc/self/status" },
                (char[]) { "zero" }, (char[]) { "one" }, NULL,
        };
        char *const envp[] = { (char[]) { "KEY=value" }, (char[]) { "PATH=/usr/bin:/bin" }, NULL };

        spoil();
        CHECK(os_exec("/bin/sh", argv, envp) == 0);
}

/* Those who are told must still be able to say it: the log and the TPM are descriptors above 2. */
static void exec_fails(void)
{
        char *const none[] = { NULL };

        spoil();
        CHECK(os_exec("/does/not/exist", none, none) == -ENOENT);
        CHECK(fcntl(99, F_GETFD) == FD_CLOEXEC);
        CHECK(os_exec("/", none, none) == -EACCES);
}

static void test_exec(_unused_ void **state)
{
        run_in_child(0, exec_clean);
        run_in_child(0, exec_fails);
}

/* To the PID 1 of a namespace reboot(2) sends a signal (kernel/pid_namespace.c reboot_pid_ns()). */
static void end_reboot(void)
{
        os_end(OS_END_REBOOT);
}

static void end_poweroff(void)
{
        os_end(OS_END_POWEROFF);
}

static void end_halt(void)
{
        os_end(OS_END_HALT);
}

static void test_end(_unused_ void **state)
{
        assert_int_equal(status_in_child(CLONE_NEWPID, end_reboot), 128 + SIGHUP);
        assert_int_equal(status_in_child(CLONE_NEWPID, end_poweroff), 128 + SIGINT);
        assert_int_equal(status_in_child(CLONE_NEWPID, end_halt), 128 + SIGINT);
}

static void end_without_the_right_to(void)
{
        struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
        const struct __user_cap_data_struct none[2] = {};

        CHECK(syscall(SYS_capset, &header, none) == 0);
        os_end(OS_END_REBOOT);
}

/* Where the kernel refuses, PID 1 ends, and that is a panic. */
static void test_end_refused(_unused_ void **state)
{
        assert_int_equal(status_in_child(CLONE_NEWPID, end_without_the_right_to), 1);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_root_stays_clear_of_the_standard_descriptors),
                cmocka_unit_test(test_sizes_of_files_and_devices),
                cmocka_unit_test(test_block_devices_are_as_large_as_sysfs_says),
                cmocka_unit_test(test_refusals_are_negative_errno),
                cmocka_unit_test(test_processors),
                cmocka_unit_test(test_a_worker_says_what_the_kernel_says),
                cmocka_unit_test(test_ends_of_workers),
                cmocka_unit_test(test_a_worker_that_does_not_end),
                cmocka_unit_test(test_watchdog_and_flags),
                cmocka_unit_test(test_mount),
                cmocka_unit_test(test_sleep_takes_its_time),
                cmocka_unit_test(test_what_was_run_is_counted),
                cmocka_unit_test(test_exec),
                cmocka_unit_test(test_end),
                cmocka_unit_test(test_end_refused),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
