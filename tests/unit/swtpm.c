/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "swtpm.h"

#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/wait.h>

extern char **environ;

/* It is given one end of a socket pair, so there is nothing to wait for and no path to collide with. */
static int spawn(const struct swtpm *s, int fd)
{
        char state[80], log[80];
        char *const argv[] = {
                (char[]) { "swtpm" },      (char[]) { "socket" },
                (char[]) { "--tpm2" },     (char[]) { "--terminate" },
                (char[]) { "--fd" },       (char[]) { "9" },
                (char[]) { "--tpmstate" }, state,
                (char[]) { "--log" },      log,
                (char[]) { "--flags" },    (char[]) { "not-need-init,startup-clear" },
                NULL,
        };
        posix_spawn_file_actions_t actions;
        pid_t pid = -1;
        int r;

        (void) snprintf(state, sizeof(state), "dir=%s", s->dir.path);
        (void) snprintf(log, sizeof(log), "file=%s/log", s->dir.path);
        assert_int_equal(setenv("PATH", "/usr/sbin:/usr/bin:/sbin:/bin", 1), 0);
        assert_int_equal(posix_spawn_file_actions_init(&actions), 0);
        assert_int_equal(posix_spawn_file_actions_adddup2(&actions, fd, 9), 0);
        r = posix_spawnp(&pid, "swtpm", &actions, NULL, argv, environ);
        if (r != 0)
                fail_msg("swtpm cannot be run: %s: run tools/setup", strerror(r));
        (void) posix_spawn_file_actions_destroy(&actions);
        return pid;
}

void swtpm_open(struct swtpm *s)
{
        struct error err = {};

        if (tpm_open("/dev/test", &s->tpm, &err) < 0)
                fail_msg("%s", err.msg);
}

int swtpm_start(struct swtpm *s)
{
        int pair[2];

        if (temp_dir_make(&s->dir) < 0 || socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) < 0)
                return -1;
        tcti_swtpm = (struct tcti_swtpm) { .fd = pair[0] };
        s->pid = spawn(s, pair[1]);
        (void) close(pair[1]);
        swtpm_open(s);
        return 0;
}

int swtpm_stop(struct swtpm *s)
{
        tpm_close(s->tpm);
        tcti_swtpm.fd = fd_close(tcti_swtpm.fd);
        (void) waitpid(s->pid, NULL, 0); /* it ends with its connection */
        return temp_dir_remove(&s->dir);
}

int swtpm_read_pcr(struct tpm *tpm, unsigned pcr, enum digest_alg alg, struct digest *ret, struct error *err)
{
        const struct tpm_banks bank = { .n = 1, .algs = { alg } };
        struct digest values[1][TPM_MAX_BANKS] = { { *ret } };
        int r = tpm_read_pcrs(tpm, &pcr, 1, &bank, values, err);

        *ret = values[0][0];
        return r;
}
