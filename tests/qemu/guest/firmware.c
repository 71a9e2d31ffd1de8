/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Firmware for a driver: lib/test_firmware.c of the kernel requests a file by the name that is written to it, as a driver does on
 * behalf of its device, and answers with what the request came to.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "firmware.h"

#define MODULE "/usr/lib/test_firmware.ko"
#define TRIGGER "/sys/devices/virtual/misc/test_firmware/trigger_request"
#define SEARCH_PATH "/sys/module/firmware_class/parameters/path"
#define OWN "/run/firmware"

static int write_file(const char *path, int flags, const char *text)
{
        int fd = open(path, O_WRONLY | O_CLOEXEC | flags, 0600), r = 0;

        if (fd < 0 || write(fd, text, strlen(text)) != (ssize_t) strlen(text))
                r = errno;
        if (fd >= 0)
                close(fd);
        return r;
}

int firmware_is_here(void)
{
        return access(MODULE, F_OK) == 0;
}

int firmware_module_load(void)
{
        int fd = open(MODULE, O_RDONLY | O_CLOEXEC);

        return fd < 0 || syscall(SYS_finit_module, fd, "", 0) < 0 ? errno : 0;
}

int firmware_of_usr(void)
{
        return write_file(TRIGGER, 0, "usr.bin");
}

static int of_own_directory(const char *path, const char *name)
{
        int r = mkdir(OWN, 0700) < 0 && errno != EEXIST ? errno : 0;

        r = r ? r : write_file(path, O_CREAT, "of root\n");
        r = r ? r : write_file(SEARCH_PATH, 0, OWN);
        return r ? r : write_file(TRIGGER, 0, name);
}

int firmware_of_run(void)
{
        return of_own_directory(OWN "/run.bin", "run.bin");
}

int firmware_of_both(void)
{
        return of_own_directory(OWN "/usr.bin", "usr.bin");
}
