/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * For tests of the kernel adapter: a child in namespaces of its own, where it may mount, send and reboot without anybody
 * else noticing. Inside a user namespace too, so that a mistake has no power outside.
 */
#pragma once

#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <sys/wait.h>

#include "unit.h"

/* How a child ends in which something was not so: nothing else here ends like that. */
enum { CHECK_FAILED = 90 };

/* cmocka's own assertions jump back into the parent's loop of tests: not for a child. */
#define CHECK(condition)                                                                                   \
        do {                                                                                               \
                if (!(condition)) {                                                                        \
                        (void) dprintf(2, "%s:%d: not so: %s (errno %s)\n", __FILE__, __LINE__, #condition, \
                                       strerrorname_np(errno));                                            \
                        _exit(CHECK_FAILED);                                                               \
                }                                                                                          \
        } while (0)

static inline void write_file(const char *path, const char *text)
{
        FILE *f = fopen(path, "we");

        CHECK(f && fputs(text, f) >= 0 && fclose(f) == 0);
}

static inline void enter_namespaces(int flags)
{
        unsigned uid = getuid(), gid = getgid();
        char map[32];

        if (unshare(CLONE_NEWUSER | flags) < 0) {
                (void) dprintf(2,
                               "no namespaces here (unshare: %s): a container may forbid them, and so do a chroot, "
                               "/proc/sys/user/max_user_namespaces and kernel.unprivileged_userns_clone; "
                               "run this as root outside of one\n", strerrorname_np(errno));
                _exit(CHECK_FAILED);
        }
        write_file("/proc/self/setgroups", "deny");
        (void) snprintf(map, sizeof(map), "0 %u 1", uid);
        write_file("/proc/self/uid_map", map);
        (void) snprintf(map, sizeof(map), "0 %u 1", gid);
        write_file("/proc/self/gid_map", map);
}

/* Its wait status. With CLONE_NEWPID f runs as PID 1, and how that ended is told as 0 or, for a signal, 128 + it. */
static inline int status_in_child(int flags, void (*f)(void))
{
        pid_t pid = fork(), inner;
        int status;

        assert_true(pid >= 0);
        if (pid == 0) {
                enter_namespaces(flags);
                if ((flags & CLONE_NEWPID) == 0) {
                        f();
                        _exit(0);
                }
                inner = fork();
                CHECK(inner >= 0);
                if (inner == 0) {
                        CHECK(getpid() == 1);
                        f();
                        _exit(0);
                }
                CHECK(waitpid(inner, &status, 0) == inner);
                _exit(WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status));
        }
        assert_int_equal(waitpid(pid, &status, 0), pid);
        assert_true(WIFEXITED(status));
        return WEXITSTATUS(status);
}

static inline void run_in_child(int flags, void (*f)(void))
{
        assert_int_equal(status_in_child(flags, f), 0);
}
