/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The one kind of process that PID 1 starts, at most one a processor: a copy of itself that makes one finit_module(2) and ends with
 * the answer. It shares no memory and no descriptor table, calls no library, and cannot come back into the code that made it. Part of
 * the adapter os.h.
 */
#include <errno.h>
#include <linux/sched.h>
#include <sched.h>
#include <signal.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "os_poll.h"
#include "verinit/os.h"

/* An exit status has eight bits. Numbers that are the kernel's own (EPROBE_DEFER is 517) come back from some modules. */
enum { STATUS_MUTE = 255 };

/* As many as Debian's kernels are built for. */
enum { MAX_PROCESSORS = 8192 };

unsigned os_processors(void)
{
        cpu_set_t sets[MAX_PROCESSORS / CPU_SETSIZE];
        int n;

        if (sched_getaffinity(0, sizeof(sets), sets) < 0)
                return 1;
        n = CPU_COUNT_S(sizeof(sets), sets);
        return n > 1 ? (unsigned) n : 1;
}

static _noreturn_ void work(int file_fd, const char *name, const char *params)
{
        int r = os_load_module(file_fd, name, params);

        _exit(-r < STATUS_MUTE ? -r : STATUS_MUTE);
}

/* By the system call: libc's fork() is refused.c's, since libraries would use it. */
int os_load_module_beside(int file_fd, const char *name, const char *params, int *ret_worker)
{
        int worker = -1;
        const struct clone_args args = {
                .flags = CLONE_PIDFD, .pidfd = (uint64_t) (uintptr_t) &worker, .exit_signal = SIGCHLD,
        };
        long pid = syscall(SYS_clone3, &args, sizeof(args));

        if (pid < 0)
                return -errno;
        if (pid == 0)
                work(file_fd, name, params);
        *ret_worker = worker;
        return 0;
}

/* By its descriptor: another process that ends is not ours to reap. */
static int reap(int worker, int *ret_answer)
{
        siginfo_t info = {};

        if (waitid(P_PIDFD, (id_t) worker, &info, WEXITED) < 0)
                return -errno;
        (void) close(worker);
        if (info.si_code != CLD_EXITED)
                *ret_answer = OS_WORKER_DIED;
        else
                *ret_answer = info.si_status == STATUS_MUTE ? OS_WORKER_MUTE : -info.si_status;
        return 1;
}

int os_wait_worker(const int *workers, size_t n, uint64_t *timeout_us, size_t *ret_which, int *ret_answer)
{
        uint64_t end_us = os_boottime_us() + *timeout_us;
        struct pollfd polls[OS_MAX_WORKERS];
        int r;

        if (n > OS_MAX_WORKERS)
                return -E2BIG;
        for (size_t i = 0; i < n; i++)
                polls[i] = (struct pollfd) { .fd = workers[i], .events = POLLIN };
        do
                r = os_poll_until(polls, n, end_us);
        while (r == -EINTR || (r == 0 && os_time_left_us(end_us) > 0));
        *timeout_us = os_time_left_us(end_us);
        if (r <= 0)
                return r;
        for (size_t i = 0; i < n; i++)
                if (polls[i].revents != 0) {
                        *ret_which = i;
                        return reap(workers[i], ret_answer);
                }
        return -EIO;
}

void os_drop_worker(int worker)
{
        (void) syscall(SYS_pidfd_send_signal, worker, SIGKILL, NULL, 0);
        (void) close(worker);
}
