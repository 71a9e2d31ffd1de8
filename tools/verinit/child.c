/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/wait.h>

#include "child.h"

enum { CHUNK_BYTES = 65536 };

static void take_word(struct child_words *w, char *word)
{
        w->words = tool_grow(w->words, w->n + 1, sizeof(*w->words));
        w->words[w->n++] = word;
        w->words[w->n] = NULL;
}

void child_add(struct child_words *w, const char *word)
{
        take_word(w, tool_strdup(word));
}

void child_add_format(struct child_words *w, const char *fmt, ...)
{
        va_list args;
        char *word;
        int n;

        va_start(args, fmt);
        n = vasprintf(&word, fmt, args);
        va_end(args);
        if (n < 0)
                abort();
        take_word(w, word);
}

void child_add_option(struct child_words *w, const char *option, const char *value)
{
        if (!value)
                return;
        child_add(w, option);
        child_add(w, value);
}

void child_words_done(struct child_words *w)
{
        for (size_t i = 0; i < w->n; i++)
                free(w->words[i]);
        free(w->words);
        *w = (struct child_words) {};
}

/* Our ends are not blocking: who writes and reads at once must never wait for one of the two. */
struct pipes {
        int to_child, from_child; /* -1: none, or closed */
        int child_reads, child_writes;
};

static void pipes_done(struct pipes *p)
{
        fd_closep(&p->to_child);
        fd_closep(&p->from_child);
        fd_closep(&p->child_reads);
        fd_closep(&p->child_writes);
}

static int make_pipe(int *ret_read, int *ret_write, bool we_read, struct trouble *t)
{
        int fds[2];

        if (pipe2(fds, O_CLOEXEC) < 0)
                return trouble_set_errno(t, errno, "cannot make a pipe");
        *ret_read = fds[0];
        *ret_write = fds[1];
        if (fcntl(we_read ? fds[0] : fds[1], F_SETFL, O_NONBLOCK) < 0)
                return trouble_set_errno(t, errno, "cannot make a pipe");
        return 0;
}

static int make_pipes(const struct child *c, struct pipes *p, struct trouble *t)
{
        if (c->input && make_pipe(&p->child_reads, &p->to_child, false, t) < 0)
                return -1;
        return c->output ? make_pipe(&p->from_child, &p->child_writes, true, t) : 0;
}

static int set_files(const struct child *c, const struct pipes *p, posix_spawn_file_actions_t *a)
{
        int r = p->child_reads >= 0 ? posix_spawn_file_actions_adddup2(a, p->child_reads, STDIN_FILENO) :
                posix_spawn_file_actions_addopen(a, STDIN_FILENO, "/dev/null", O_RDONLY, 0);

        if (r == 0 && c->is_silent)
                r = posix_spawn_file_actions_addopen(a, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
        if (r == 0)
                r = posix_spawn_file_actions_adddup2(a, p->child_writes >= 0 ? p->child_writes : STDERR_FILENO, STDOUT_FILENO);
        return r;
}

/* What our own caller ignores would be inherited. */
static int set_signals(posix_spawnattr_t *attributes)
{
        sigset_t defaults;
        int r;

        (void) sigemptyset(&defaults);
        (void) sigaddset(&defaults, SIGPIPE);
        r = posix_spawnattr_setsigdefault(attributes, &defaults);
        return r == 0 ? posix_spawnattr_setflags(attributes, POSIX_SPAWN_SETSIGDEF) : r;
}

static int start(const struct child *c, const struct pipes *p, pid_t *ret, struct trouble *t)
{
        posix_spawn_file_actions_t files;
        posix_spawnattr_t attributes;
        int r;

        (void) posix_spawn_file_actions_init(&files);
        (void) posix_spawnattr_init(&attributes);
        r = set_files(c, p, &files);
        if (r == 0)
                r = set_signals(&attributes);
        if (r == 0)
                r = posix_spawnp(ret, c->words->words[0], &files, &attributes, c->words->words, environ);
        (void) posix_spawnattr_destroy(&attributes);
        (void) posix_spawn_file_actions_destroy(&files);
        return r == 0 ? 0 : trouble_set_errno(t, r, "cannot start %s", c->words->words[0]);
}

/* A child that does not read to the end is none of our business: its exit status says how it went. */
static void feed(const struct buffer *input, size_t *done, int *fd)
{
        ssize_t n = *done < input->size ? write(*fd, input->data + *done, input->size - *done) : 0;

        if (n < 0 && (errno == EAGAIN || errno == EINTR))
                return;
        if (n > 0)
                *done += (size_t) n;
        if (n < 0 || *done == input->size)
                fd_closep(fd);
}

static int drain(const struct child *c, int *fd, struct trouble *t)
{
        static uint8_t chunk[CHUNK_BYTES];
        ssize_t n = read(*fd, chunk, sizeof(chunk));

        if (n < 0 && (errno == EAGAIN || errno == EINTR))
                return 0;
        if (n < 0)
                return trouble_set_errno(t, errno, "cannot read from %s", c->words->words[0]);
        if (n == 0) {
                fd_closep(fd);
                return 0;
        }
        if (c->output->size > c->output_max || (size_t) n > c->output_max - c->output->size)
                return trouble_set(t, OUTCOME_TROUBLE, "%s says more than %zu bytes", c->words->words[0], c->output_max);
        return buffer_append(c->output, chunk, (size_t) n) < 0 ? trouble_set_errno(t, ENOMEM, "cannot read") : 0;
}

static int talk(const struct child *c, struct pipes *p, struct trouble *t)
{
        size_t done = 0;

        while (p->to_child >= 0 || p->from_child >= 0) {
                struct pollfd fds[] = { { .fd = p->to_child, .events = POLLOUT }, { .fd = p->from_child, .events = POLLIN } };

                if (poll(fds, ARRAY_SIZE(fds), -1) < 0 && errno != EINTR)
                        return trouble_set_errno(t, errno, "cannot wait for %s", c->words->words[0]);
                if (fds[0].revents != 0)
                        feed(c->input, &done, &p->to_child);
                if (fds[1].revents != 0 && drain(c, &p->from_child, t) < 0)
                        return -1;
        }
        return 0;
}

static int reap(const struct child *c, pid_t pid, int *ret_status, struct trouble *t)
{
        const char *name = c->words->words[0];
        int status;

        while (waitpid(pid, &status, 0) < 0)
                if (errno != EINTR)
                        return trouble_set_errno(t, errno, "cannot wait for %s", name);
        if (!WIFEXITED(status))
                return trouble_set(t, OUTCOME_TROUBLE, "%s was killed by signal %d", name, WTERMSIG(status));
        if (!ret_status && WEXITSTATUS(status) != 0)
                return trouble_set(t, OUTCOME_TROUBLE, "%s failed with exit status %d", name, WEXITSTATUS(status));
        if (ret_status)
                *ret_status = WEXITSTATUS(status);
        return 0;
}

int child_run(const struct child *c, int *ret_status, struct trouble *t)
{
        struct pipes p = { -1, -1, -1, -1 };
        struct trouble ignored = {};
        sighandler_t before;
        int r, status;
        pid_t pid;

        if (make_pipes(c, &p, t) < 0 || start(c, &p, &pid, t) < 0) {
                pipes_done(&p);
                return -1;
        }
        fd_closep(&p.child_reads);
        fd_closep(&p.child_writes);
        before = signal(SIGPIPE, SIG_IGN);
        r = talk(c, &p, t);
        (void) signal(SIGPIPE, before);
        pipes_done(&p);
        if (r < 0) {
                (void) kill(pid, SIGKILL);
                (void) reap(c, pid, &status, &ignored);
                return -1;
        }
        return reap(c, pid, ret_status, t);
}
