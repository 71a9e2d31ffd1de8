/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Stands in for systemd on the disk of the bench. Its first act is a line in the kernel's log, which has the same clock as the
 * kernel's "Run /init": between the two lies all that an initramfs does, whichever it is. Then it sends what it finds, before
 * anything else has run: memory, modules, page faults, times.
 */
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/klog.h>
#include <time.h>
#include <unistd.h>

#include "report.h"

#define MARK "<5>verinit-bench: host\n"

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

int main(void)
{
        /* The kernel adds a task's time to its account when the task leaves the processor. */
        static const struct timespec moment = { .tv_nsec = 1 };
        static const char end[2 * BLOCK];
        static char account[4096];
        size_t n_account;
        int kmsg = open("/dev/kmsg", O_WRONLY | O_CLOEXEC), port, n;

        if (kmsg >= 0) {
                write_all(kmsg, MARK, sizeof(MARK) - 1);
                close(kmsg);
        }
        nanosleep(&moment, NULL);
        n_account = read_file("/proc/schedstat", account, sizeof(account));
        port = open_port();
        if (port >= 0) {
                /* First what changes by looking. */
                send_file(port, "account.txt", account, n_account);
                send_copy(port, "meminfo.txt", "/proc/meminfo");
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
                write_all(port, end, sizeof(end));
                close(port);    /* which is how the machine room knows */
        } else {
                printf("bench host: there is no port " PORT "\n");
        }
        for (;;)
                pause();
}
