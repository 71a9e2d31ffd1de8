/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Port: what the kernel does on our behalf: mounts, modules, waiting, the switch, the end.
 * Adapter: init/os_linux.c (libc only). It decides nothing.
 *
 * Plain -errno, without an error value, where the caller alone knows what the call meant.
 */
#pragma once

#include <sys/types.h>

#include "verinit/base.h"

int os_open_root(void); /* "/" of this process, O_PATH: fd above 2, or -errno */

int os_mount(const char *source, const char *target, const char *fstype, unsigned long flags, const char *options);
int os_umount_detached(const char *target);

/* finit_module(2). Compressed by the file's name (.xz: the kernel decompresses). -EEXIST is 0. */
int os_load_module(int file_fd, const char *name, const char *params);

/* How many processors this process may run on; 1 where the kernel does not say. */
unsigned os_processors(void);

enum { OS_MAX_WORKERS = 16 };
/*
 * os_load_module() in a copy of this process, which does that and ends: the kernel checks a module on the processor of whoever loads
 * it. 0 and a descriptor for os_wait_worker(); -errno: nothing was begun.
 */
int os_load_module_beside(int file_fd, const char *name, const char *params, int *ret_worker);
/*
 * Until one of them has ended; it is reaped and closed. 1: *ret_which has, and *ret_answer is that of os_load_module(), or one of these.
 * 0: the time is up. *timeout_us is lessened by the time that passed.
 */
enum { OS_WORKER_DIED = 1, OS_WORKER_MUTE /* what the kernel answered fits into no exit status */ };
int os_wait_worker(const int *workers, size_t n, uint64_t *timeout_us, size_t *ret_which, int *ret_answer);
/* Kills and closes it. Whether it ends is not waited for: it may hang in the kernel. */
void os_drop_worker(int worker);

/*
 * A key of type "user" in this thread's own keyring (add_key(2)): there dm-verity finds it by its name, and nobody else. The
 * keyring ends with the exec.
 */
int os_add_key(const char *name, const void *payload, size_t size, int32_t *ret_serial);
int os_drop_key(int32_t serial);

/* One write of the whole signed policy, and the kernel has it: the same -errno as that write, -EIO where it takes a part. */
int os_deploy_ipe(int root_fd, const void *policy, size_t size);
/* From the bounding set of this process, and so of all that it starts. 0, too, where it was not in there. */
int os_drop_capability(unsigned capability);

/* The uevent socket, group 1 (the kernel's own). Open it before looking at /sys, or an event is lost. */
int os_open_uevents(void); /* fd or -errno */
/*
 * Waits for at least one event of these, then takes all that are there. Answers: 1 an event of subsystem
 * "block" or "tpmrm", or one that names a MODALIAS, came (or the socket overran: look again), 0 the time is up.
 * Others are slept through. *timeout_us is lessened by the time that passed; *wakeups is raised.
 */
int os_wait_uevent(int fd, uint64_t *timeout_us, unsigned *wakeups);

uint64_t os_boottime_us(void);
/* What this process and the children that it has waited for have run until now, in user space and in the kernel: without waiting. */
uint64_t os_ran_us(void);
void os_sleep_us(uint64_t us);

/* FS_IOC_SETFLAGS without FS_IMMUTABLE_FL: efivarfs sets it for most variables. */
int os_clear_immutable(int fd);

/* An open watchdog: *seconds is what is wanted, and then what the driver made of it. */
int os_watchdog_set(int fd, unsigned *seconds);
int os_watchdog_feed(int fd);

/*
 * /dev/<name> for reading, not through a link: fd or -errno. is_probing: it may be a drive without a medium, which is not waited for.
 */
int os_open_device(int root_fd, const char *name, bool is_probing);

/* Size in bytes and device number of an open block device (or regular file: 0:0). */
int os_block_size(int fd, uint64_t *ret_bytes);
int os_block_dev(int fd, dev_t *ret);
/* The kernel's number of the medium that an open disk, or partition, is on: never used twice. A regular file: 0. */
int os_block_diskseq(int fd, uint64_t *ret);

enum os_switch { OS_SWITCH_PIVOT = 0, OS_SWITCH_MOVE };
/*
 * Makes path the root of this process. pivot_root(2) works where the initramfs is not the bottom of the mount
 * tree (7.3 and later); 6.12 answers EINVAL and the root is moved and entered instead. In both cases *ret_old_root_fd
 * is the old root, to be emptied (MOVE) or already detached (PIVOT: the kernel frees it with the last reference).
 */
int os_switch_root(const char *path, enum os_switch *ret_how, int *ret_old_root_fd);
/* Deletes all below an open directory, never crossing to another file system; *ret_bytes is what the files held. */
int os_empty_directory(int dir_fd, uint64_t *ret_bytes);

/* Resets signals and umask, has descriptors above 2 closed by the exec; then execve(). Returns -errno, only to fail. */
int os_exec(const char *path, char *const argv[], char *const envp[]);

enum os_end { OS_END_REBOOT = 0, OS_END_POWEROFF, OS_END_HALT };
_noreturn_ void os_end(enum os_end how);
