/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Port os.h, for the machine made of files. It mounts by renaming, loads modules by looking at them, and never waits: what is not
 * there now will not come.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <time.h>

#include "verinit/dm.h"
#include "verinit/fsat.h"
#include "verinit/le.h"

#include "archives.h"
#include "machine.h"

enum { MODULE_MAX_BYTES = 64 * 1024 * 1024, DISK_MAJOR = 254, DISK_MINORS = 512 };

int os_open_root(void)
{
        int fd = fcntl(the_machine->root_fd, F_DUPFD_CLOEXEC, 3);

        return fd < 0 ? -errno : fd;
}

/* The kernel's file systems stand ready beside the root. */
static int mount_kernel(const char *name)
{
        char ready[32], aside[32];

        (void) snprintf(ready, sizeof(ready), "kernel/%s", name);
        (void) snprintf(aside, sizeof(aside), "under-%s", name);
        if (renameat(the_machine->root_fd, name, the_machine->fd, aside) < 0)
                return -errno;
        return renameat(the_machine->fd, ready, the_machine->root_fd, name) < 0 ? -errno : 0;
}

int os_mount(const char *source, const char *target, const char *fstype, _unused_ unsigned long flags,
             _unused_ const char *options)
{
        static const char *const tops[] = { "dev", "proc", "sys", "run" };
        struct stat st;

        if (fstatat(the_machine->root_fd, target + 1, &st, AT_SYMLINK_NOFOLLOW) < 0)
                return -errno;
        if (!S_ISDIR(st.st_mode))
                return -ENOTDIR;
        for (size_t i = 0; i < ARRAY_SIZE(tops); i++)
                if (str_equal(target + 1, tops[i]))
                        return mount_kernel(tops[i]);
        return str_equal(target, USR_MOUNT) && str_after(source, "/dev/mapper/") ? machine_mount_usr(the_machine, fstype) : 0;
}

/* What /sys/module then shows; of one that is built in machine_populate() has shown it. */
static int show_params(const char *name, const char *params)
{
        const char *value = strstr(params, "require_signatures=1") ? "Y\n" : "N\n";

        if (!strstr(name, "/dm-verity.ko"))
                return 0;
        return fsat_create(the_machine->root_fd, DM_REQUIRE_SIGNATURES, value, strlen(value), 0444);
}

/* What the kernel asks of one before anything else: an ELF file, and its own release. */
int os_load_module(int file_fd, const char *name, const char *params)
{
        _cleanup_buffer_ struct buffer file = {}, module = {};
        _cleanup_free_ char *vermagic = NULL;
        struct trouble t = {};
        const char *packed;
        char path[64];

        (void) snprintf(path, sizeof(path), "/proc/self/fd/%d", file_fd);
        if (tool_read_file(path, MODULE_MAX_BYTES, &file, &t) < 0 || unpack(&file, name, MODULE_MAX_BYTES, &module, &packed, &t) < 0 ||
            module.size < 4 || memcmp(module.data, "\177ELF", 4) != 0)
                return -ENOEXEC;
        vermagic = tool_format("vermagic=%s ", the_machine->release);
        return memmem(module.data, module.size, vermagic, strlen(vermagic)) ? show_params(name, params) : -ENOEXEC;
}

/* So nothing is loaded beside anything else. */
unsigned os_processors(void)
{
        return 1;
}

/* Whether the kernel's keyrings have the signer's key, nobody asks here: image_stages.c, doubt(). */
int os_add_key(_unused_ const char *name, _unused_ const void *payload, _unused_ size_t size, int32_t *ret_serial)
{
        *ret_serial = 1;
        return 0;
}

int os_drop_key(_unused_ int32_t serial)
{
        return 0;
}

int os_open_uevents(void)
{
        int fd = open("/dev/null", O_RDONLY | O_CLOEXEC);

        return fd < 0 ? -errno : fd;
}

int os_wait_uevent(_unused_ int fd, uint64_t *timeout_us, unsigned *wakeups)
{
        *timeout_us = 0;
        ++*wakeups;
        return 0;
}

uint64_t os_boottime_us(void)
{
        struct timespec now = {};

        (void) clock_gettime(CLOCK_MONOTONIC, &now);
        return (uint64_t) now.tv_sec * 1000000 + (uint64_t) now.tv_nsec / 1000;
}

uint64_t os_ran_us(void)
{
        return 0;
}

void os_sleep_us(_unused_ uint64_t us)
{
}

int os_watchdog_set(_unused_ int fd, _unused_ unsigned *seconds)
{
        return 0;
}

int os_watchdog_feed(_unused_ int fd)
{
        return 0;
}

int os_open_device(_unused_ int root_fd, const char *name, _unused_ bool is_probing)
{
        unsigned number;
        struct machine_disk *d = machine_find_disk(the_machine, name, &number);
        int fd;

        if (!d)
                return -ENOENT;
        if (number > 0)
                return machine_open_partition(the_machine, d, number);
        fd = fcntl(d->fd, F_DUPFD_CLOEXEC, 3);
        return fd < 0 ? -errno : fd;
}

int os_block_size(int fd, uint64_t *ret_bytes)
{
        off_t end = lseek(fd, 0, SEEK_END);

        if (end < 0)
                return -errno;
        *ret_bytes = (uint64_t) end;
        return 0;
}

static bool is_same_file(int fd, const struct stat *st)
{
        struct stat other;

        return fd >= 0 && fstat(fd, &other) == 0 && other.st_dev == st->st_dev && other.st_ino == st->st_ino;
}

/* Which of the machine's this is; 0 is no answer. */
static size_t find_disk(int fd, unsigned *ret_number)
{
        struct machine *m = the_machine;
        struct stat st;

        if (fstat(fd, &st) < 0)
                return m->n_disks;
        for (size_t i = 0; i < m->n_disks; i++) {
                struct machine_disk *d = &m->disks[i];

                *ret_number = 0;
                if (is_same_file(d->fd, &st))
                        return i;
                for (size_t j = 0; j < d->table.n_partitions; j++)
                        if (is_same_file(d->slices[j], &st)) {
                                *ret_number = d->table.partitions[j].number;
                                return i;
                        }
        }
        return m->n_disks;
}

int os_block_dev(int fd, dev_t *ret)
{
        unsigned number;
        size_t disk = find_disk(fd, &number);

        if (disk == the_machine->n_disks)
                return -ENODEV;
        *ret = makedev(DISK_MAJOR, (unsigned) disk * DISK_MINORS + number);
        return 0;
}

int os_block_diskseq(int fd, uint64_t *ret)
{
        unsigned number;
        size_t disk = find_disk(fd, &number);

        if (disk == the_machine->n_disks)
                return -ENODEV;
        *ret = disk + 1;
        return 0;
}

/*
 * What follows belongs to the parts of PID 1 that image verify does not run. It answers all the same, so that nothing of the core can
 * ever be linked to the ports that mount, load and end a machine.
 */
int os_load_module_beside(_unused_ int file_fd, _unused_ const char *name, _unused_ const char *params, _unused_ int *ret_worker)
{
        return -ENOSYS;
}

int os_wait_worker(_unused_ const int *workers, _unused_ size_t n, _unused_ uint64_t *timeout_us, _unused_ size_t *ret_which,
                   _unused_ int *ret_answer)
{
        return -ENOSYS;
}

void os_drop_worker(_unused_ int worker)
{
}

int os_umount_detached(_unused_ const char *target)
{
        return -ENOSYS;
}

int os_clear_immutable(_unused_ int fd)
{
        return -ENOSYS;
}

int os_switch_root(_unused_ const char *path, _unused_ enum os_switch *ret_how, _unused_ int *ret_old_root_fd)
{
        return -ENOSYS;
}

int os_empty_directory(_unused_ int dir_fd, _unused_ uint64_t *ret_bytes)
{
        return -ENOSYS;
}

int os_exec(_unused_ const char *path, _unused_ char *const argv[], _unused_ char *const envp[])
{
        return -ENOSYS;
}

void os_end(_unused_ enum os_end how)
{
        abort();
}
