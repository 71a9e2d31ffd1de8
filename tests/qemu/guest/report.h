/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * How a program in systemd's place sends files to the machine room: one tar archive through the virtio port, whose closing says
 * that it is whole. Each such program is one static file, so this is code and not a library.
 */
#pragma once

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define PORT "org.verinit.report"
#define PORTS "/sys/class/virtio-ports"

enum { BLOCK = 512, PIECE = 1 << 16, FILE_MAX = 1 << 22 };

static char content[FILE_MAX];

static size_t read_file(const char *path, char *ret, size_t size)
{
        int fd = open(path, O_RDONLY | O_CLOEXEC);
        size_t done = 0;
        ssize_t n;

        if (fd < 0)
                return 0;
        /* A sysctl is ENOMEM to whoever asks for 4 MiB or more (Linux 6.12, fs/proc/proc_sysctl.c). */
        while (done < size && (n = read(fd, ret + done, size - done < PIECE ? size - done : PIECE)) > 0)
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
