/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Stands in for systemd on the disk of the bench. Its first act is a line in the kernel's log, which has the same clock as the
 * kernel's "Run /init": between the two lies all that an initramfs does, whichever it is. Then it sends what it finds, before
 * anything else has run: memory, modules, page faults, times; and what is in the kernel's trace, where the command line asked for one.
 */
#include <errno.h>
#include <dirent.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/klog.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "report.h"

#define MARK "<5>verinit-bench: host\n"
#define TRACING "/sys/kernel/tracing"

/* "PID NAME RAN WAITED TIMES", in ns, of every task: which of them an initramfs has kept busy. */
static void send_tasks(int port)
{
        DIR *proc = opendir("/proc");
        struct dirent *entry;
        size_t n = 0;

        while (proc && n + 512 < sizeof(content) && (entry = readdir(proc))) {
                char path[300], name[64] = "", times[128] = "";

                if (entry->d_name[0] < '0' || entry->d_name[0] > '9')
                        continue;
                snprintf(path, sizeof(path), "/proc/%s/comm", entry->d_name);
                (void) read_file(path, name, sizeof(name) - 1);
                snprintf(path, sizeof(path), "/proc/%s/schedstat", entry->d_name);
                (void) read_file(path, times, sizeof(times) - 1);
                name[strcspn(name, "\n")] = '\0';
                n += (size_t) snprintf(content + n, sizeof(content) - n, "%s %s %s", entry->d_name, name, times);
        }
        send_file(port, "tasks.txt", content, n);
}

/* Of the span from PID 1's first exec on, in us. */
struct trace {
        unsigned long long since;       /* when the task that runs began to */
        unsigned long long begin, idle, own, calls, own_calls;
        bool has_begun;
};

/* "TASK-PID [CPU] FLAGS SECONDS.MICROSECONDS: EVENT: …" */
static unsigned long long time_of(const char *line, const char *event)
{
        unsigned long long seconds, us;

        while (event > line && event[-1] != ' ')
                event--;
        return sscanf(event, "%llu.%6llu", &seconds, &us) == 2 ? seconds * 1000000 + us : 0;
}

static void see_switch(struct trace *t, const char *line, unsigned long long now)
{
        if (strstr(line, " prev_pid=0 "))
                t->idle += now - t->since;
        else if (strstr(line, " prev_pid=1 "))
                t->own += now - t->since;
        t->since = now;
}

/* The span until this exec of PID 1, which runs. */
static size_t see_exec(struct trace *t, unsigned long long now, char *ret, size_t size)
{
        if (!t->has_begun)
                *t = (struct trace) { .begin = now, .since = now, .has_begun = true };
        return (size_t) snprintf(ret, size, "%llu %llu %llu %llu %llu\n", now - t->begin, t->idle, t->own + now - t->since,
                                 t->own_calls, t->calls);
}

/*
 * "SPAN IDLE OWN OWN-CALLS CALLS", from PID 1's first exec to its last, which is the one of this program: in us, the span, the time in
 * which no task ran and that of PID 1; system calls of PID 1 and of all. What the command line did not ask to be traced is 0.
 */
static void send_trace(int port)
{
        struct trace t = { 0 };
        char line[512], text[128];
        size_t n = 0;
        FILE *trace;
        int off;

        /* An initramfs with systemd in it may have it mounted already. */
        if (mount("tracefs", TRACING, "tracefs", 0, NULL) < 0 && errno != EBUSY)
                return;
        /* Or there would be no end: reading it is traced too. */
        off = open(TRACING "/tracing_on", O_WRONLY | O_CLOEXEC);
        if (off >= 0) {
                write_all(off, "0", 1);
                close(off);
        }
        trace = fopen(TRACING "/trace", "re");
        if (!trace)
                return;
        while (fgets(line, sizeof(line), trace)) {
                const char *event;

                if (strstr(line, ": sys_enter: ")) {
                        t.calls++;
                        t.own_calls += strstr(line, "-1       [") != NULL;
                } else if ((event = strstr(line, ": sched_switch: "))) {
                        see_switch(&t, line, time_of(line, event));
                } else if ((event = strstr(line, ": sched_process_exec: ")) && strstr(event, " pid=1 ")) {
                        n = see_exec(&t, time_of(line, event), text, sizeof(text));
                }
        }
        fclose(trace);
        if (n > 0)
                send_file(port, "trace.txt", text, n);
}

/*
 * "OWN CHILDREN TICKS": the largest resident sets, in KiB, of PID 1, whatever it has executed, and of those that it has waited for; the
 * processor's counter.
 */
static void send_usage(int port, unsigned long long ticks)
{
        struct rusage own, children;
        char text[96];

        if (getrusage(RUSAGE_SELF, &own) == 0 && getrusage(RUSAGE_CHILDREN, &children) == 0)
                send_file(port, "usage.txt", text,
                          (size_t) snprintf(text, sizeof(text), "%ld %ld %llu\n", own.ru_maxrss, children.ru_maxrss, ticks));
}

int main(void)
{
        /* The kernel adds a task's time to its account when the task leaves the processor. */
        static const struct timespec moment = { .tv_nsec = 1 };
        static const char end[2 * BLOCK];
        static char account[4096];
        unsigned long long ticks;
        size_t n_account;
        int kmsg = open("/dev/kmsg", O_WRONLY | O_CLOEXEC), port, n;

        if (kmsg >= 0) {
                write_all(kmsg, MARK, sizeof(MARK) - 1);
                close(kmsg);
        }
        ticks = __builtin_ia32_rdtsc();
        nanosleep(&moment, NULL);
        n_account = read_file("/proc/schedstat", account, sizeof(account));
        port = open_port();
        if (port >= 0) {
                /* First what changes by looking. */
                send_file(port, "account.txt", account, n_account);
                send_copy(port, "meminfo.txt", "/proc/meminfo");
                send_usage(port, ticks);
                send_copy(port, "stat.txt", "/proc/self/stat");
                send_copy(port, "schedstat.txt", "/proc/self/schedstat");
                send_copy(port, "account-begin.txt", "/run/begin");
                send_tasks(port);
                send_copy(port, "interrupts.txt", "/proc/interrupts");
                send_copy(port, "lsmod.txt", "/proc/modules");
                send_copy(port, "mounts.txt", "/proc/self/mountinfo");
                send_copy(port, "boot.json", "/run/verinit/boot.json");
                n = klogctl(3, content, sizeof(content)); /* SYSLOG_ACTION_READ_ALL */
                if (n > 0)
                        send_file(port, "dmesg.txt", content, (size_t) n);
                send_trace(port);
                write_all(port, end, sizeof(end));
                close(port);    /* which is how the machine room knows */
        } else {
                printf("bench host: there is no port " PORT "\n");
        }
        for (;;)
                pause();
}
