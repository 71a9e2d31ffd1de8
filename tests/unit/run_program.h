/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * For tests that compare with another program: run one, and know that it did not fail. A program that is missing is a
 * failure, not a skip: tools/setup installs it.
 */
#pragma once

#include <fcntl.h>
#include <spawn.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "unit.h"

extern char **environ;

/* Its standard output goes to this descriptor if it is not -1, its standard input comes from that one. */
static inline void run_program(const char *const argv[], int stdin_fd, int stdout_fd)
{
        posix_spawn_file_actions_t actions;
        int status = 0, r;
        pid_t pid;

        assert_int_equal(setenv("PATH", "/usr/sbin:/usr/bin:/sbin:/bin", 1), 0);
        assert_int_equal(posix_spawn_file_actions_init(&actions), 0);
        if (stdin_fd >= 0)
                assert_int_equal(posix_spawn_file_actions_adddup2(&actions, stdin_fd, 0), 0);
        if (stdout_fd >= 0)
                assert_int_equal(posix_spawn_file_actions_adddup2(&actions, stdout_fd, 1), 0);
        r = posix_spawnp(&pid, argv[0], &actions, NULL, (char *const *) (uintptr_t) argv, environ);
        if (r != 0)
                fail_msg("%s cannot be run: %s: run tools/setup", argv[0], strerror(r));
        (void) posix_spawn_file_actions_destroy(&actions);
        assert_int_equal(waitpid(pid, &status, 0), pid);
        if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
                fail_msg("%s failed: wait status 0x%x", argv[0], (unsigned) status);
}

/* A new file of this size; the caller unlinks it. */
static inline int temporary_file(char path[static 64], off_t size)
{
        int fd;

        (void) str_copy(path, 64, "/tmp/verinit-test.XXXXXX");
        fd = mkostemp(path, O_CLOEXEC);
        assert_true(fd >= 0);
        assert_int_equal(ftruncate(fd, size), 0);
        return fd;
}

/* "openssl …", words parted by one blank; what it prints is dropped. */
static inline void run_openssl(const char *words)
{
        const char *argv[64];
        char text[1024];
        size_t n = 0;
        int devnull = open("/dev/null", O_WRONLY | O_CLOEXEC);

        assert_true(str_copy(text, sizeof(text), words));
        argv[n++] = "openssl";
        for (char *word = strtok(text, " "); word && n < ARRAY_SIZE(argv) - 1; word = strtok(NULL, " "))
                argv[n++] = word;
        argv[n] = NULL;
        run_program(argv, -1, devnull);
        (void) close(devnull);
}
