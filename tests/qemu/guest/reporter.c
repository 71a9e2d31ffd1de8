/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Stands in for systemd in a small /usr: PID 1 of a host of one program. What verinit has left is sent to the machine
 * room as the image's verinit-report does it, files of the same names in one tar archive. A whole host takes a minute to
 * come up, and the rows that use this one ask only for what PID 1 of the initramfs has handed over.
 */
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define PORT "org.verinit.report"
#define PORTS "/sys/class/virtio-ports"
#define TPM "/sys/class/tpm/tpm0"

enum { BLOCK = 512, FILE_MAX = 1 << 20, PCRS = 24 };

static char content[FILE_MAX];

static size_t read_file(const char *path, char *ret, size_t size)
{
        int fd = open(path, O_RDONLY | O_CLOEXEC);
        size_t done = 0;
        ssize_t n;

        if (fd < 0)
                return 0;
        while (done < size && (n = read(fd, ret + done, size - done)) > 0)
                done += (size_t) n;
        close(fd);
        return done;
}

static void write_all(int fd, const void *data, size_t size)
{
        const char *p = data;

        while (size > 0) {
                ssize_t n = write(fd, p, size);

                if (n <= 0)
                        return;
                p += n;
                size -= (size_t) n;
        }
}

/* One regular file, in the old form of tar. */
static void send_file(int port, const char *name, const void *data, size_t size)
{
        char header[BLOCK] = { 0 };
        static const char zeros[BLOCK];
        unsigned sum = 0;

        snprintf(header, 100, "%s", name);
        snprintf(header + 100, 8, "%07o", 0600U);
        snprintf(header + 108, 8, "%07o", 0U);
        snprintf(header + 116, 8, "%07o", 0U);
        snprintf(header + 124, 12, "%011zo", size);
        snprintf(header + 136, 12, "%011o", 0U);
        memset(header + 148, ' ', 8);
        header[156] = '0';
        for (size_t i = 0; i < sizeof(header); i++)
                sum += (unsigned char) header[i];
        snprintf(header + 148, 8, "%06o", sum);
        write_all(port, header, sizeof(header));
        write_all(port, data, size);
        write_all(port, zeros, (BLOCK - size % BLOCK) % BLOCK);
}

static void send_copy(int port, const char *name, const char *path)
{
        size_t n = read_file(path, content, sizeof(content));

        /* What is missing there is missing here too. */
        if (n > 0)
                send_file(port, name, content, n);
}

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

static int open_port(void)
{
        DIR *ports = opendir(PORTS);
        struct dirent *port;

        while (ports && (port = readdir(ports))) {
                char path[512], name[64] = "";

                snprintf(path, sizeof(path), PORTS "/%.200s/name", port->d_name);
                (void) read_file(path, name, sizeof(name) - 1);
                name[strcspn(name, "\n")] = '\0';
                if (strcmp(name, PORT) != 0)
                        continue;
                snprintf(path, sizeof(path), "/dev/%.200s", port->d_name);
                return open(path, O_WRONLY | O_CLOEXEC);
        }
        return -1;
}

int main(void)
{
        static const char end[2 * BLOCK];
        int port;

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
                send_copy(port, "enforce.txt", "/sys/fs/selinux/enforce");
                send_copy(port, "context.txt", "/proc/self/attr/current");
                send_words(port, "environ.txt", "/proc/self/environ");
                send_words(port, "init-cmdline.txt", "/proc/self/cmdline");
                send_names(port, "variables.txt", "/sys/firmware/efi/efivars");
                send_pcrs(port);
                write_all(port, end, sizeof(end));
                close(port);
        }
        for (;;)
                pause();
}
