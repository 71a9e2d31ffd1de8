/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "fake_os.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "fakes.h"
#include "verinit/dm.h"
#include "verinit/fsat.h"
#include "verinit/ipe.h"

struct fake_os fake_os;

void fake_os_reset(void)
{
        memset(&fake_os, 0, sizeof(fake_os));
}

static const char *or_none(const char *s)
{
        return s ? s : "-";
}

int os_open_root(void)
{
        int fd = -1;

        if (fake_call("os_open_root"))
                return -EIO;
        if (fake_os.root_fd > 0)
                fd = fcntl(fake_os.root_fd, F_DUPFD_CLOEXEC, 3);
        return fd < 0 ? -ENOENT : fd;
}

int os_mount(const char *source, const char *target, const char *fstype, unsigned long flags, const char *options)
{
        if (fake_callf("os_mount", "%s %s %s 0x%lx %s", or_none(source), target, or_none(fstype), flags,
                       or_none(options)))
                return -EIO;
        return fake_os.mount ? fake_os.mount(source, target, fstype) : 0;
}

int os_umount_detached(const char *target)
{
        return fake_callf("os_umount_detached", "%s", target) ? -EIO : 0;
}

/* What /sys/module shows of one that is not built in. */
static void show(const char *name, const char *params)
{
        const char *value = params && strstr(params, "require_signatures=1") ? "Y\n" : "N\n";

        if (!strstr(name, "dm-verity.ko") || fake_os.root_fd <= 0 || fake_os.ignores_params)
                return;
        if (fsat_mkdir_p(fake_os.root_fd, DM_REQUIRE_SIGNATURES_DIR, 0755) < 0 ||
            fsat_create(fake_os.root_fd, DM_REQUIRE_SIGNATURES, value, strlen(value), 0444) < 0)
                abort();
}

static int load(const char *name, const char *params)
{
        int r = fake_os.load_module ? fake_os.load_module(name) : 0;

        if (r == 0)
                show(name, params);
        return r;
}

int os_load_module(_unused_ int file_fd, const char *name, const char *params)
{
        if (fake_callf("os_load_module", "%s %s", name, or_none(params)))
                return -ENOEXEC;
        return load(name, params);
}

unsigned os_processors(void)
{
        return fake_os.processors > 0 ? fake_os.processors : 1;
}

/* By a number that grows, which is what the callers hold as a descriptor. */
static struct fake_worker {
        bool is_running;
        char name[FAKE_DETAIL_MAX], params[FAKE_DETAIL_MAX];
} fake_workers[256];
static int next_worker;

static struct fake_worker *find_worker(int worker)
{
        struct fake_worker *w = &fake_workers[worker % (int) ARRAY_SIZE(fake_workers)];

        if (!w->is_running)
                abort();
        return w;
}

int os_load_module_beside(_unused_ int file_fd, const char *name, const char *params, int *ret_worker)
{
        struct fake_worker *w = &fake_workers[next_worker % (int) ARRAY_SIZE(fake_workers)];

        if (fake_callf("os_load_module_beside", "%s %s", name, or_none(params)))
                return -EAGAIN;
        w->is_running = true;
        (void) str_copy(w->name, sizeof(w->name), name);
        (void) str_copy(w->params, sizeof(w->params), params ? params : "");
        *ret_worker = next_worker++;
        if (++fake_os.n_workers > fake_os.max_workers)
                fake_os.max_workers = fake_os.n_workers;
        return 0;
}

/* n: each hangs. */
static size_t next_to_end(const int *workers, size_t n)
{
        size_t found = n;

        for (size_t i = 0; i < n; i++) {
                if (fake_os.hanging && strstr(find_worker(workers[i])->name, fake_os.hanging))
                        continue;
                if (found == n || (workers[i] > workers[found]) == fake_os.is_last_worker_first)
                        found = i;
        }
        return found;
}

int os_wait_worker(const int *workers, size_t n, uint64_t *timeout_us, size_t *ret_which, int *ret_answer)
{
        size_t which = next_to_end(workers, n);
        struct fake_worker *w = which < n ? find_worker(workers[which]) : NULL;
        int r;

        if (fake_callf("os_wait_worker", "%s", w ? w->name : "-"))
                return -EIO;
        if (!w) {
                fake_os.now_us += *timeout_us;
                *timeout_us = 0;
                return 0;
        }
        w->is_running = false;
        fake_os.n_workers--;
        r = load(w->name, w->params);
        *ret_answer = fake_os.worker_answer ? fake_os.worker_answer(w->name, r) : r;
        *ret_which = which;
        return 1;
}

void os_drop_worker(int worker)
{
        struct fake_worker *w = find_worker(worker);

        (void) fake_callf("os_drop_worker", "%s", w->name);
        w->is_running = false;
        fake_os.n_workers--;
}

int os_add_key(const char *name, const void *payload, size_t size, int32_t *ret_serial)
{
        if (fake_callf("os_add_key", "%s %.*s", name, (int) size, (const char *) payload))
                return -EDQUOT;
        *ret_serial = 77;
        return 0;
}

int os_drop_key(int32_t serial)
{
        return fake_callf("os_drop_key", "%d", serial) ? -ENOENT : 0;
}

static int put_ipe(int root_fd, const char *name, const char *file, const void *data, size_t size)
{
        char path[256];

        (void) snprintf(path, sizeof(path), IPE_DIR "/policies/%s/%s", name, file);
        return fsat_create(root_fd, path, data, size, 0600);
}

/* As the kernel: the files of a policy, once it has taken it. */
int os_deploy_ipe(int root_fd, const void *policy, size_t size)
{
        const size_t n = sizeof(FAKE_SIGNED) - 1;
        struct ipe_header header;
        struct error ignored = {};
        char dir[160];
        int r;

        if (fake_call("os_deploy_ipe"))
                return -EIO;
        r = fake_os.deploy_ipe ? fake_os.deploy_ipe(policy, size) : 0;
        if (r < 0)
                return r;
        if (size <= n || ipe_header_parse((const char *) policy + n, size - n, &header, &ignored) < 0)
                return -EBADMSG;
        (void) snprintf(dir, sizeof(dir), IPE_DIR "/policies/%s", header.name);
        if (fsat_exists(root_fd, dir))
                return -EEXIST;
        r = fsat_mkdir_p(root_fd, dir, 0755);
        if (r == 0)
                r = put_ipe(root_fd, header.name, "name", header.name, strlen(header.name));
        if (r == 0)
                r = put_ipe(root_fd, header.name, "version", header.version, strlen(header.version));
        if (r == 0)
                r = put_ipe(root_fd, header.name, "active", "0", 1);
        if (r == 0)
                r = put_ipe(root_fd, header.name, "pkcs7", policy, size);
        if (r == 0 && fake_os.deployed_ipe)
                fake_os.deployed_ipe(root_fd, dir);
        return r;
}

int os_drop_capability(unsigned capability)
{
        if (fake_callf("os_drop_capability", "%u", capability))
                return -EPERM;
        fake_os.dropped_capability = capability;
        return 0;
}

int os_open_uevents(void)
{
        int fd;

        if (fake_call("os_open_uevents"))
                return -EIO;
        fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
        return fd < 0 ? -errno : fd;
}

int os_wait_uevent(_unused_ int fd, uint64_t *timeout_us, unsigned *wakeups)
{
        if (fake_call("os_wait_uevent"))
                return -EIO;
        if (fake_os.wait_uevent)
                return fake_os.wait_uevent(timeout_us, wakeups);
        fake_os.now_us += *timeout_us;
        *timeout_us = 0;
        ++*wakeups;
        return 0;
}

uint64_t os_boottime_us(void)
{
        return ++fake_os.now_us;
}

uint64_t os_ran_us(void)
{
        return fake_os.now_us / 2;
}

void os_sleep_us(uint64_t us)
{
        (void) fake_callf("os_sleep_us", "%llu", (unsigned long long) us);
        fake_os.now_us += us;
}

int os_clear_immutable(int fd)
{
        if (fake_call("os_clear_immutable"))
                return -EPERM;
        return fd < 0 ? -EBADF : 0;
}

int os_watchdog_set(int fd, unsigned *seconds)
{
        if (fake_callf("os_watchdog_set", "%u", *seconds))
                return -EINVAL;
        if (fake_os.watchdog_max_s > 0 && *seconds > fake_os.watchdog_max_s)
                *seconds = fake_os.watchdog_max_s;
        fake_os.watchdog_fed_us = fake_os.now_us;
        fake_os.watchdog_s = *seconds;
        return fd < 0 ? -EBADF : 0;
}

/* It would have ended the machine by now: remembered, for the test to look at. */
int os_watchdog_feed(int fd)
{
        if (fake_call("os_watchdog_feed"))
                return -EIO;
        if (fake_os.now_us - fake_os.watchdog_fed_us >= fake_os.watchdog_s * UINT64_C(1000000))
                fake_os.watchdog_has_bitten = true;
        fake_os.watchdog_fed_us = fake_os.now_us;
        return fd < 0 ? -EBADF : 0;
}

int os_open_device(int root_fd, const char *name, bool is_probing)
{
        char path[64];
        int n = snprintf(path, sizeof(path), "dev/%s", name), fd;

        if (n < 0 || (size_t) n >= sizeof(path))
                return -ENAMETOOLONG;
        fd = openat(root_fd, path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | (is_probing ? O_NONBLOCK : 0));
        return fd < 0 ? -errno : fd;
}

int os_block_size(int fd, uint64_t *ret_bytes)
{
        struct stat st;

        if (fake_call("os_block_size"))
                return -EIO;
        if (fake_os.block_size)
                return fake_os.block_size(fd, ret_bytes);
        if (fstat(fd, &st) < 0)
                return -errno;
        *ret_bytes = (uint64_t) st.st_size;
        return 0;
}

int os_block_dev(int fd, dev_t *ret)
{
        if (fake_call("os_block_dev"))
                return -EIO;
        if (fake_os.block_dev)
                return fake_os.block_dev(fd, ret);
        *ret = 0;
        return 0;
}

/* By default that of the fake machine's one disk. */
int os_block_diskseq(int fd, uint64_t *ret)
{
        if (fake_call("os_block_diskseq"))
                return -EIO;
        if (fake_os.block_diskseq)
                return fake_os.block_diskseq(fd, ret);
        *ret = 1;
        return 0;
}

int os_switch_root(const char *path, enum os_switch *ret_how, int *ret_old_root_fd)
{
        int fd, r = 0;

        if (fake_callf("os_switch_root", "%s", path))
                return -EIO;
        if (fake_os.switch_root)
                r = fake_os.switch_root(path);
        if (r < 0)
                return r;
        fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
        if (fd < 0)
                return -errno;
        *ret_how = fake_os.how;
        *ret_old_root_fd = fd;
        return 0;
}

int os_empty_directory(_unused_ int dir_fd, uint64_t *ret_bytes)
{
        if (fake_call("os_empty_directory"))
                return -EIO;
        *ret_bytes = fake_os.initramfs_bytes;
        return 0;
}

static _noreturn_ void leave(enum fake_os_outcome outcome)
{
        fake_os.outcome = outcome;
        if (!fake_os.back)
                abort();
        longjmp(*fake_os.back, 1);
}

int os_exec(const char *path, char *const argv[], char *const envp[])
{
        if (fake_callf("os_exec", "%s", path))
                return -ENOEXEC;
        if (fake_os.exec)
                fake_os.exec(argv, envp);
        leave(FAKE_OS_EXECED);
}

_noreturn_ void os_end(enum os_end how)
{
        (void) fake_callf("os_end", "%d", (int) how);
        fake_os.end = how;
        leave(FAKE_OS_ENDED);
}
