/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Stands in for systemd in a small /usr: PID 1 of a host of one program. What verinit has left is sent to the machine
 * room as the image's verinit-report does it, files of the same names in one tar archive. A whole host takes a minute to
 * come up, and the rows that use this one ask only for what PID 1 of the initramfs has handed over.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/klog.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "firmware.h"
#include "report.h"

#define TPM "/sys/class/tpm/tpm0"
#define SELINUX "/sys/fs/selinux/"

enum { PCRS = 24 };

static void send_words(int port, const char *name, const char *path)
{
        size_t n = read_file(path, content, sizeof(content));

        for (size_t i = 0; i < n; i++)
                if (content[i] == '\0')
                        content[i] = '\n';
        send_file(port, name, content, n);
}

/* {"sha256": {"0": "…", …}, …}, as verinit-report has them. */
static void send_pcrs(int port)
{
        DIR *banks = opendir(TPM);
        struct dirent *bank;
        size_t n = 0;
        const char *separator = "";

        n += (size_t) snprintf(content + n, sizeof(content) - n, "{");
        while (banks && (bank = readdir(banks))) {
                if (strncmp(bank->d_name, "pcr-", 4) != 0)
                        continue;
                n += (size_t) snprintf(content + n, sizeof(content) - n, "%s\"%s\": {", separator, bank->d_name + 4);
                for (unsigned pcr = 0; pcr < PCRS; pcr++) {
                        char path[512], value[160] = "";

                        snprintf(path, sizeof(path), TPM "/%.64s/%u", bank->d_name, pcr);
                        (void) read_file(path, value, sizeof(value) - 1);
                        value[strcspn(value, "\n")] = '\0';
                        n += (size_t) snprintf(content + n, sizeof(content) - n, "%s\"%u\": \"%s\"", pcr ? ", " : "", pcr, value);
                }
                n += (size_t) snprintf(content + n, sizeof(content) - n, "}");
                separator = ", ";
        }
        n += (size_t) snprintf(content + n, sizeof(content) - n, "}\n");
        send_file(port, "pcrs.json", content, n);
}

static void send_names(int port, const char *name, const char *path)
{
        DIR *directory = opendir(path);
        struct dirent *entry;
        size_t n = 0;

        while (directory && n + 300 < sizeof(content) && (entry = readdir(directory)))
                n += (size_t) snprintf(content + n, sizeof(content) - n, "%s\n", entry->d_name);
        send_file(port, name, content, n);
}

/* 0, or the errno of what the child could not do; -1: it came to no end of its own. */
static int in_a_child(int (*what)(void))
{
        int status = 0;
        pid_t pid = fork();

        if (pid == 0)
                _exit(what());
        if (pid < 0 || waitpid(pid, &status, 0) != pid)
                return -1;
        return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static int said(int r)
{
        return r < 0 ? errno : 0;
}

static char *const probe[] = { "probe", NULL }, *const no_environment[] = { NULL };

static int run_own(void)
{
        return said(execve("/usr/lib/systemd/systemd", probe, no_environment));
}

static int copy_to(int fd)
{
        int own = open("/usr/lib/systemd/systemd", O_RDONLY | O_CLOEXEC);
        ssize_t n;

        if (own < 0)
                return -1;
        while ((n = read(own, content, sizeof(content))) > 0)
                write_all(fd, content, (size_t) n);
        close(own);
        return n < 0 ? -1 : 0;
}

static int run_copy(void)
{
        int fd = open("/run/copy", O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0700);

        if (fd < 0 || copy_to(fd) < 0)
                return said(-1);
        close(fd);
        return said(execve("/run/copy", probe, no_environment));
}

static int run_memfd(void)
{
        int fd = memfd_create("copy", MFD_CLOEXEC);

        if (fd < 0 || copy_to(fd) < 0)
                return said(-1);
        return said(execveat(fd, "", probe, no_environment, AT_EMPTY_PATH));
}

static int map_copy(void)
{
        int fd = open("/run/copy", O_RDONLY | O_CLOEXEC);

        return fd < 0 || mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE, fd, 0) == MAP_FAILED ? errno : 0;
}

static int make_executable(void)
{
        void *page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

        return page == MAP_FAILED || mprotect(page, 4096, PROT_READ | PROT_EXEC) < 0 ? errno : 0;
}

/* Every record counts, and the kernel prints ten in five seconds (lib/ratelimit.c). */
static int print_all_records(void)
{
        int fd = open("/proc/sys/kernel/printk_ratelimit", O_WRONLY | O_CLOEXEC);

        return fd < 0 || write(fd, "0", 1) < 0 ? errno : 0;
}

static int write_ipe(void)
{
        int fd = open("/sys/kernel/security/ipe/enforce", O_WRONLY | O_CLOEXEC);

        return fd < 0 || write(fd, "0", 1) < 0 ? errno : 0;
}

/* "run-own: 0" and so on; then what stands in the files of IPE. */
static void send_denials(int port)
{
        static const struct {
                const char *name;
                int (*what)(void);
                int asks_for_firmware;
        } tries[] = {
                { "print-all-records", print_all_records, 0 }, { "run-own", run_own, 0 }, { "run-copy", run_copy, 0 }, { "run-memfd", run_memfd, 0 }, { "map-copy", map_copy, 0 },
                { "make-executable", make_executable, 0 }, { "write-ipe-enforce", write_ipe, 0 },
                { "load-module", firmware_module_load, 1 }, { "firmware-of-usr", firmware_of_usr, 1 },
                { "firmware-of-run", firmware_of_run, 1 }, { "firmware-of-both", firmware_of_both, 1 },
        };
        char text[1024] = "";
        size_t n = 0;

        for (size_t i = 0; i < sizeof(tries) / sizeof(tries[0]); i++)
                if (!tries[i].asks_for_firmware || firmware_is_here())
                        n += (size_t) snprintf(text + n, sizeof(text) - n, "%s: %d\n", tries[i].name, in_a_child(tries[i].what));
        send_file(port, "denials.txt", text, n);
        send_names(port, "ipe-policies.txt", "/sys/kernel/security/ipe/policies");
        send_copy(port, "ipe-enforce.txt", "/sys/kernel/security/ipe/enforce");
        send_copy(port, "lsm.txt", "/sys/kernel/security/lsm");
        send_copy(port, "status.txt", "/proc/self/status");
        send_copy(port, "helpers.txt", "/proc/sys/kernel/usermodehelper/bset");
        n = (size_t) klogctl(3, content, sizeof(content)); /* SYSLOG_ACTION_READ_ALL */
        if (n <= sizeof(content))
                send_file(port, "kmsg.txt", content, n);
}

static const char *try_write(const char *path, const void *data, size_t size)
{
        int fd = open(path, O_WRONLY | O_CLOEXEC);
        ssize_t n = fd < 0 ? -1 : write(fd, data, size);
        const char *answer = n < 0 ? strerrorname_np(errno) : "done";

        if (fd >= 0)
                close(fd);
        return answer;
}

/* What whoever is PID 1 of the host may do to SELinux before anybody else runs; leaving enforcing mode comes last. */
static size_t try_selinux(char *ret, size_t size)
{
        size_t n = read_file(SELINUX "policy", content, sizeof(content)), done = 0;

        if (n == 0)
                return 0;
        done += (size_t) snprintf(ret + done, size - done, "load %s\n", try_write(SELINUX "load", content, n));
        done += (size_t) snprintf(ret + done, size - done, "unlock %s\n",
                                  try_write(SELINUX "booleans/secure_mode_policyload", "0", 1));
        done += (size_t) snprintf(ret + done, size - done, "boolean %s\n", try_write(SELINUX "booleans/allow_execmem", "1", 1));
        done += (size_t) snprintf(ret + done, size - done, "commit %s\n", try_write(SELINUX "commit_pending_bools", "1", 1));
        done += (size_t) snprintf(ret + done, size - done, "setenforce %s\n", try_write(SELINUX "enforce", "0", 1));
        return done;
}

int main(int argc, char *argv[])
{
        static const char end[2 * BLOCK];
        static char tried[512];
        size_t n_tried;
        int port;

        if (argc > 0 && strcmp(argv[0], "probe") == 0)
                return 0;
        n_tried = try_selinux(tried, sizeof(tried));

        /* The first that anybody reads of it: rows damage it. */
        (void) read_file("/usr/lib/late", content, sizeof(content));
        port = open_port();
        if (port < 0) {
                printf("reporter: there is no port " PORT "\n");
        } else {
                send_copy(port, "boot.json", "/run/verinit/boot.json");
                send_copy(port, "measure.log", "/run/log/systemd/tpm2-measure.log");
                send_copy(port, "firmware.log", "/sys/kernel/security/tpm0/binary_bios_measurements");
                send_copy(port, "cmdline.txt", "/proc/cmdline");
                send_copy(port, "mounts.txt", "/proc/self/mountinfo");
                send_file(port, "tried.txt", tried, n_tried);
                send_copy(port, "enforce.txt", SELINUX "enforce");
                send_copy(port, "policy", SELINUX "policy");
                send_copy(port, "context.txt", "/proc/self/attr/current");
                send_words(port, "environ.txt", "/proc/self/environ");
                send_words(port, "init-cmdline.txt", "/proc/self/cmdline");
                send_names(port, "variables.txt", "/sys/firmware/efi/efivars");
                send_pcrs(port);
                send_denials(port);
                write_all(port, end, sizeof(end));
                close(port);
        }
        for (;;)
                pause();
}
