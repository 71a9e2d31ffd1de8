/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The adapter of dm.h for the mapping, and the only file that includes libdevmapper.
 *
 * It may not write to standard error, make device nodes in its own way, or wait for udev: there is none.
 */
#include "verinit/dm.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <libdevmapper.h>

#include "verinit/log.h"

/* What the library complained of first in this call, which is the cause of the rest: its answer is but 0 or 1. */
static char complaint[256];

static void task_destroyp(struct dm_task **task)
{
        if (*task)
                dm_task_destroy(*task);
        *task = NULL;
}

#define _cleanup_task_ _cleanup_(task_destroyp)

__attribute__((format(printf, 5, 6))) static void log_devmapper(int level, _unused_ const char *file, _unused_ int line,
                                                                _unused_ int dm_errno, const char *fmt, ...)
{
        char text[256];
        va_list ap;

        va_start(ap, fmt);
        (void) vsnprintf(text, sizeof(text), fmt, ap);
        va_end(ap);
        /* The low three bits are syslog's level. */
        if ((level & 7) <= 3 && complaint[0] == '\0')
                (void) str_copy(complaint, sizeof(complaint), text);
        log_debug("libdevmapper: %s", text);
}

/* libcryptsetup takes libdevmapper's log for itself and gives it back to standard error: so before each use. */
static void begin(void)
{
        complaint[0] = '\0';
        dm_log_with_errno_init(log_devmapper);
}

static int fail_task(struct error *err, struct dm_task *task, const char *name, const char *what)
{
        /* Without a task, libdevmapper did not get as far as asking the kernel. */
        int e = task ? dm_task_get_errno(task) : ENODEV;

        return error_set(err, FAIL_DM_FAILED_CODE, e, "mapping %s: %s failed: %s%s%s", name, what, errno_name(e),
                         complaint[0] != '\0' ? ": " : "", complaint);
}

static struct dm_task *new_task(int type, const char *name)
{
        struct dm_task *task = dm_task_create(type);

        if (task && !dm_task_set_name(task, name))
                task_destroyp(&task);
        return task;
}

/*
 * Three ioctls instead of libdevmapper's own create-and-load, for the sake of the device node: it would make
 * /dev/mapper/<name> a node, on creation or on resume, whichever add_node does not deny. So each denies the other.
 */
static int create_device(const char *name, const char *uuid, struct error *err)
{
        _cleanup_task_ struct dm_task *task = new_task(DM_DEVICE_CREATE, name);

        if (!task || !dm_task_set_uuid(task, uuid) || !dm_task_set_ro(task) ||
            !dm_task_set_add_node(task, DM_ADD_NODE_ON_RESUME) || !dm_task_run(task))
                return fail_task(err, task, name, "creating it");
        return 0;
}

/* What dm-verity answers to a signature; without one, ENOKEY means that require_signatures=1 wants it. */
static int fail_load(struct error *err, struct dm_task *task, const char *name, const char *params)
{
        int e = task ? dm_task_get_errno(task) : ENODEV;

        if (e == ENOKEY)
                return error_set(err, FAIL_KERNEL_KEY_MISSING_CODE, e, "mapping %s: %s", name,
                                 strstr(params, " root_hash_sig_key_desc ") ?
                                         "no keyring of the kernel has the key of the root hash's signature" :
                                         "the kernel wants a signature of the root hash");
        if (e == EKEYREJECTED)
                return error_set(err, FAIL_KERNEL_KEY_REJECTED_CODE, e,
                                 "mapping %s: the kernel rejects the root hash's signature", name);
        return fail_task(err, task, name, "loading its table");
}

static int load_table(const char *name, const char *target, uint64_t length_sectors, const char *params,
                      struct error *err)
{
        _cleanup_task_ struct dm_task *task = new_task(DM_DEVICE_RELOAD, name);

        if (task && dm_task_set_ro(task) && dm_task_add_target(task, 0, length_sectors, target, params) &&
            dm_task_run(task))
                return 0;
        return fail_load(err, task, name, params);
}

static int resume_device(const char *name, struct error *err)
{
        _cleanup_task_ struct dm_task *task = new_task(DM_DEVICE_RESUME, name);

        if (!task || !dm_task_set_add_node(task, DM_ADD_NODE_ON_CREATE) || !dm_task_run(task))
                return fail_task(err, task, name, "resuming it");
        return 0;
}

static int link_node(const char *name, struct error *err)
{
        char link_path[PATH_MAX], target[32];
        struct dm_device live;
        int r;

        r = dm_query(name, &live, err);
        if (r < 0)
                return r;
        (void) snprintf(link_path, sizeof(link_path), "%s/%s", dm_dir(), name);
        (void) snprintf(target, sizeof(target), "../dm-%u", minor(live.devno));
        if (symlink(target, link_path) < 0)
                return error_set(err, FAIL_DM_FAILED_CODE, errno, "%s cannot be made a link to %s: %s", link_path,
                                 target, errno_name(errno));
        log_debug("%s -> %s", link_path, target);
        return 0;
}

int dm_create(const char *name, const char *uuid, const char *target, uint64_t length_sectors, const char *params,
              struct error *err)
{
        struct error ignored = {};
        int r;

        begin();
        r = create_device(name, uuid, err);
        if (r < 0)
                return r;
        r = load_table(name, target, length_sectors, params, err);
        if (r >= 0)
                r = resume_device(name, err);
        if (r >= 0)
                r = link_node(name, err);
        if (r < 0)
                (void) dm_remove(name, &ignored);
        return r;
}

static int query_info(const char *name, struct dm_device *device, struct error *err)
{
        _cleanup_task_ struct dm_task *task = new_task(DM_DEVICE_INFO, name);
        struct dm_info info = {};
        const char *text;

        if (!task || !dm_task_run(task) || !dm_task_get_info(task, &info))
                return fail_task(err, task, name, "asking about it");
        if (!info.exists || !info.live_table || info.suspended || info.target_count != 1)
                return error_set(err, FAIL_DM_FAILED_CODE, ENXIO,
                                 "mapping %s: exists %d, live table %d, suspended %d, targets %d: expected 1, 1, 0, 1",
                                 name, info.exists, info.live_table, info.suspended, info.target_count);
        text = dm_task_get_name(task);
        if (!text || !str_copy(device->name, sizeof(device->name), text))
                return fail_task(err, task, name, "asking for its name");
        text = dm_task_get_uuid(task);
        if (!text || !str_copy(device->uuid, sizeof(device->uuid), text))
                return fail_task(err, task, name, "asking for its UUID");
        device->devno = makedev(info.major, info.minor);
        device->is_read_only = info.read_only;
        return 0;
}

/* The one target of a mapping: its table or its status, as type says. */
static int query_target(const char *name, int type, struct dm_device *device, char *ret_text, size_t size,
                        struct error *err)
{
        _cleanup_task_ struct dm_task *task = new_task(type, name);
        const char *what = type == DM_DEVICE_TABLE ? "asking for its table" : "asking for its status";
        uint64_t start = 0, length = 0;
        char *target = NULL, *params = NULL;
        void *next;

        if (!task || !dm_task_run(task))
                return fail_task(err, task, name, what);
        next = dm_get_next_target(task, NULL, &start, &length, &target, &params);
        if (next || start != 0 || !target || !params || !str_copy(device->target, sizeof(device->target), target) ||
            !str_copy(ret_text, size, params))
                return error_set(err, FAIL_DM_FAILED_CODE, EPROTO, "mapping %s: %s: the answer is not one target", name,
                                 what);
        device->length_sectors = length;
        return 0;
}

int dm_query(const char *name, struct dm_device *ret, struct error *err)
{
        struct dm_device device = {};
        int r;

        begin();
        r = query_info(name, &device, err);
        if (r < 0)
                return r;
        r = query_target(name, DM_DEVICE_STATUS, &device, device.status, sizeof(device.status), err);
        if (r < 0)
                return r;
        r = query_target(name, DM_DEVICE_TABLE, &device, device.table, sizeof(device.table), err);
        if (r < 0)
                return r;
        *ret = device;
        return 0;
}

int dm_open(const char *name, dev_t devno, int *ret_fd, struct error *err)
{
        _cleanup_fd_ int fd = -1;
        char path[PATH_MAX];
        struct stat st;

        (void) snprintf(path, sizeof(path), "%s/%s", dm_dir(), name);
        fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
        if (fd < 0 || fstat(fd, &st) < 0)
                return error_set(err, FAIL_DM_FAILED_CODE, errno, "%s cannot be opened: %s", path, errno_name(errno));
        if (!S_ISBLK(st.st_mode) || st.st_rdev != devno)
                return error_set(err, FAIL_DM_FAILED_CODE, ENXIO, "%s is not device %u:%u", path, major(devno),
                                 minor(devno));
        *ret_fd = fd_steal(&fd);
        return 0;
}

int dm_remove(const char *name, struct error *err)
{
        _cleanup_task_ struct dm_task *task = NULL;
        char link_path[PATH_MAX];

        begin();
        (void) snprintf(link_path, sizeof(link_path), "%s/%s", dm_dir(), name);
        (void) unlink(link_path);
        task = new_task(DM_DEVICE_REMOVE, name);
        if (!task || !dm_task_run(task))
                return fail_task(err, task, name, "removing it");
        return 0;
}
