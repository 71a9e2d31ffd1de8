/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What the kernel does on our behalf, and libc only: mounts, modules, devices, time, the next program, the end.
 * The wait for devices is in os_uevent.c, the switch to the new root in os_root.c.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/close_range.h>
#include <linux/fs.h>
#include <linux/keyctl.h>
#include <linux/module.h>
#include <linux/watchdog.h>
#include <signal.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>

#include "verinit/os.h"

#ifndef MODULE_INIT_COMPRESSED_FILE
#define MODULE_INIT_COMPRESSED_FILE 4 /* Linux 5.17; Debian 12's headers have it, older ones do not */
#endif

/*
 * Without a console the kernel starts us with 0, 1 and 2 closed. They are taken up here, by descriptors that can neither
 * be read nor written: what libraries print must not reach the log, a device or the uevent socket.
 */
int os_open_root(void)
{
        int fd;

        do
                fd = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
        while (fd >= 0 && fd <= STDERR_FILENO);
        return fd < 0 ? -errno : fd;
}

int os_mount(const char *source, const char *target, const char *fstype, unsigned long flags, const char *options)
{
        return mount(source, target, fstype, flags, options) < 0 ? -errno : 0;
}

int os_umount_detached(const char *target)
{
        return umount2(target, MNT_DETACH | UMOUNT_NOFOLLOW) < 0 ? -errno : 0;
}

static bool has_suffix(const char *s, const char *suffix)
{
        size_t n = strlen(s), m = strlen(suffix);

        return n >= m && str_equal(s + n - m, suffix);
}

/* Debian's kernels decompress xz alone and answer EOPNOTSUPP for the others: theirs to say, not ours. */
static bool is_compressed(const char *name)
{
        return has_suffix(name, ".xz") || has_suffix(name, ".zst") || has_suffix(name, ".gz");
}

int os_load_module(int file_fd, const char *name, const char *params)
{
        int flags = is_compressed(name) ? MODULE_INIT_COMPRESSED_FILE : 0;

        if (syscall(SYS_finit_module, file_fd, params ? params : "", flags) == 0 || errno == EEXIST)
                return 0;
        return -errno;
}

int os_add_key(const char *name, const void *payload, size_t size, int32_t *ret_serial)
{
        long serial = syscall(SYS_add_key, "user", name, payload, size, KEY_SPEC_THREAD_KEYRING);

        if (serial < 0)
                return -errno;
        *ret_serial = (int32_t) serial;
        return 0;
}

int os_drop_key(int32_t serial)
{
        return syscall(SYS_keyctl, KEYCTL_UNLINK, serial, KEY_SPEC_THREAD_KEYRING) < 0 ? -errno : 0;
}

uint64_t os_boottime_us(void)
{
        struct timespec ts;

        if (clock_gettime(CLOCK_BOOTTIME, &ts) < 0)
                return 0;
        return (uint64_t) ts.tv_sec * 1000000 + (uint64_t) ts.tv_nsec / 1000;
}

/* The kernel scales the two to what the scheduler has counted, in ns, so that their sum is that (6.12 kernel/sched/cputime.c cputime_adjust()). */
static uint64_t ran_us_of(int who)
{
        struct rusage usage;

        if (getrusage(who, &usage) < 0)
                return 0;
        return (uint64_t) (usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * 1000000 +
               (uint64_t) (usage.ru_utime.tv_usec + usage.ru_stime.tv_usec);
}

uint64_t os_ran_us(void)
{
        return ran_us_of(RUSAGE_SELF) + ran_us_of(RUSAGE_CHILDREN);
}

void os_sleep_us(uint64_t us)
{
        struct timespec ts = {
                .tv_sec = (time_t) (us / 1000000),
                .tv_nsec = (long) (us % 1000000) * 1000,
        };

        while (clock_nanosleep(CLOCK_BOOTTIME, 0, &ts, &ts) == EINTR)
                ;
}

int os_clear_immutable(int fd)
{
        int flags; /* the kernel reads and writes an int, whatever the number's macro says */

        if (ioctl(fd, FS_IOC_GETFLAGS, &flags) < 0)
                return -errno;
        if (!(flags & FS_IMMUTABLE_FL))
                return 0;
        flags &= ~FS_IMMUTABLE_FL;
        return ioctl(fd, FS_IOC_SETFLAGS, &flags) < 0 ? -errno : 0;
}

int os_watchdog_set(int fd, unsigned *seconds)
{
        int s = (int) *seconds;

        if (ioctl(fd, WDIOC_SETTIMEOUT, &s) < 0)
                return -errno;
        if (s <= 0)
                return -EIO;
        *seconds = (unsigned) s;
        return 0;
}

int os_watchdog_feed(int fd)
{
        return ioctl(fd, WDIOC_KEEPALIVE, 0) < 0 ? -errno : 0;
}

int os_open_device(int root_fd, const char *name, bool is_probing)
{
        char path[64];
        int n = snprintf(path, sizeof(path), "dev/%s", name), fd;

        if (n < 0 || (size_t) n >= sizeof(path))
                return -ENAMETOOLONG;
        fd = openat(root_fd, path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | (is_probing ? O_NONBLOCK : 0));
        if (fd < 0)
                return -errno;
        /* Of most nothing more is wanted: read ahead, it would be a third of what a disk costs. Of a hint no answer is asked. */
        if (is_probing)
                (void) posix_fadvise(fd, 0, 0, POSIX_FADV_RANDOM);
        return fd;
}

int os_block_size(int fd, uint64_t *ret_bytes)
{
        struct stat st;
        uint64_t bytes;

        if (fstat(fd, &st) < 0)
                return -errno;
        if (S_ISREG(st.st_mode)) {
                *ret_bytes = (uint64_t) st.st_size;
                return 0;
        }
        if (!S_ISBLK(st.st_mode))
                return -ENOTBLK;
        if (ioctl(fd, BLKGETSIZE64, &bytes) < 0)
                return -errno;
        *ret_bytes = bytes;
        return 0;
}

int os_block_dev(int fd, dev_t *ret)
{
        struct stat st;

        if (fstat(fd, &st) < 0)
                return -errno;
        if (!S_ISBLK(st.st_mode) && !S_ISREG(st.st_mode))
                return -ENOTBLK;
        *ret = S_ISBLK(st.st_mode) ? st.st_rdev : 0;
        return 0;
}

int os_block_diskseq(int fd, uint64_t *ret)
{
        struct stat st;
        uint64_t diskseq = 0;

        if (fstat(fd, &st) < 0)
                return -errno;
        if (!S_ISREG(st.st_mode) && ioctl(fd, BLKGETDISKSEQ, &diskseq) < 0)
                return -errno;
        *ret = diskseq;
        return 0;
}

static void reset_signals(void)
{
        const struct sigaction dfl = { .sa_handler = SIG_DFL };
        sigset_t none;

        for (int sig = 1; sig < NSIG; sig++)
                (void) sigaction(sig, &dfl, NULL); /* SIGKILL, SIGSTOP and libc's own two refuse: nothing to reset */
        (void) sigemptyset(&none);
        (void) sigprocmask(SIG_SETMASK, &none, NULL);
}

/*
 * Descriptors are marked, not closed: if execve() fails, the log and the TPM are still needed to say so. Limits
 * are left: nothing in verinit changes one, so they are the kernel's for PID 1.
 */
int os_exec(const char *path, char *const argv[], char *const envp[])
{
        if (syscall(SYS_close_range, 3U, ~0U, CLOSE_RANGE_CLOEXEC) < 0)
                return -errno;
        reset_signals();
        (void) umask(022);
        (void) execve(path, argv, envp);
        return -errno;
}

/*
 * No sync() first: it waits without bound for a disk that may be the reason why we are here, and a boot that has
 * not handed over has written nothing that a journal would not replay.
 */
_noreturn_ void os_end(enum os_end how)
{
        switch (how) {
        case OS_END_REBOOT:
                break;
        case OS_END_POWEROFF:
                (void) reboot(RB_POWER_OFF);
                break;
        case OS_END_HALT:
                (void) reboot((int) RB_HALT_SYSTEM);
                break;
        }
        (void) reboot(RB_AUTOBOOT);

        /* The kernel refused. The end of PID 1 is a panic, and kernel.panic, set in stage early, turns it into a reset. */
        _exit(1);
}
