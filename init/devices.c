/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/sysmacros.h>

#include "verinit/devices.h"
#include "verinit/fsat.h"
#include "verinit/log.h"
#include "verinit/modules.h"
#include "verinit/watchdog.h"

#define SYS_BLOCK "sys/class/block"

/* Static: a table of 256 partitions is too large for a stack. One walk at a time. */
static struct partition_table table;

struct walk {
        struct boot *boot;
        struct devices_scan *scan;
        const char *disk;
        uint64_t diskseq;
};

/* What a failure's message has room for, beside what was wanted. */
enum { MESSAGE_SEEN_BYTES = 360 };

static _printf_(2, 3) void note_seen(struct devices_scan *scan, const char *fmt, ...)
{
        size_t used = strlen(scan->seen);
        char entry[320];
        va_list ap;
        int n;

        va_start(ap, fmt);
        (void) vsnprintf(entry, sizeof(entry), fmt, ap);
        va_end(ap);
        n = snprintf(scan->seen + used, sizeof(scan->seen) - used, "%s%s", used > 0 ? "; " : "", entry);
        if (n < 0 || (size_t) n >= sizeof(scan->seen) - used) {
                scan->seen[used] = '\0'; /* whole entries only */
                scan->n_unlisted++;
        }
}

static int read_attribute(struct boot *boot, const char *disk, const char *name, const char *attribute, uint64_t *ret)
{
        char path[192];
        int r;

        if (str_equal(disk, name))
                r = snprintf(path, sizeof(path), SYS_BLOCK "/%s/%s", disk, attribute);
        else
                r = snprintf(path, sizeof(path), SYS_BLOCK "/%s/%s/%s", disk, name, attribute);
        if (r < 0 || (size_t) r >= sizeof(path))
                return -ENAMETOOLONG;
        return fsat_read_u64(boot->root_fd, path, ret);
}

static int read_devno(struct boot *boot, const char *disk, const char *name, dev_t *ret)
{
        unsigned major, minor;
        char path[192], text[32];
        int r;

        if (str_equal(disk, name))
                r = snprintf(path, sizeof(path), SYS_BLOCK "/%s/dev", disk);
        else
                r = snprintf(path, sizeof(path), SYS_BLOCK "/%s/%s/dev", disk, name);
        if (r < 0 || (size_t) r >= sizeof(path))
                return -ENAMETOOLONG;
        if (fsat_read_line(boot->root_fd, path, text, sizeof(text)) <= 0)
                return -ENOENT;
        if (sscanf(text, "%u:%u", &major, &minor) != 2)
                return -EINVAL;
        *ret = makedev(major, minor);
        return 0;
}

/* Is this partition (NULL: this whole disk, or a partition that no GPT entry describes) the one that is wanted? */
static bool spec_matches(const struct device_spec *spec, const char *name, const struct partition *p)
{
        const char *path;

        switch (spec->kind) {
        case DEVICE_PATH:
                path = str_after(spec->value, "/dev/");
                return path && str_equal(path, name);
        case DEVICE_PARTUUID:
                return p && str_equal(spec->value, p->uuid);
        case DEVICE_PARTLABEL:
                return p && str_equal(spec->value, p->label);
        case DEVICE_LABEL:
        case DEVICE_UUID:
        case DEVICE_NONE:
                break;
        }
        return false;
}

static bool filesystem_matches(struct boot *boot, const struct devices_wanted *w, const char *name)
{
        struct filesystem fs = {};
        struct error ignored = {};
        _cleanup_fd_ int fd = -1;
        char path[64];

        if (!w->filesystems || (w->spec->kind != DEVICE_LABEL && w->spec->kind != DEVICE_UUID))
                return false;
        if (snprintf(path, sizeof(path), "dev/%s", name) >= (int) sizeof(path))
                return false;
        fd = openat(boot->root_fd, path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
        /* A device that cannot be read is not the one; others may be. */
        if (fd < 0 || blockdev_read_filesystem(fd, w->filesystems, &fs, &ignored) < 0)
                return false;
        return str_equal(w->spec->value, w->spec->kind == DEVICE_LABEL ? fs.label : fs.uuid);
}

static void offer(struct walk *walk, const char *name, const struct partition *p)
{
        struct boot *boot = walk->boot;
        uint64_t sectors = 0;
        dev_t devno;

        if (read_devno(boot, walk->disk, name, &devno) < 0 ||
            read_attribute(boot, walk->disk, name, "size", &sectors) < 0)
                return; /* it vanished: its event will bring us back */

        for (size_t i = 0; i < walk->scan->n_wanted; i++) {
                struct devices_wanted *w = &walk->scan->wanted[i];

                if (!spec_matches(w->spec, name, p) && !filesystem_matches(boot, w, name))
                        continue;
                if (w->found->is_found) {
                        if (w->found->devno != devno)
                                log_warning("%s: %s is a second match, %s is used", w->what, name, w->found->name);
                        continue;
                }
                *w->found = (struct found_device) {
                        .is_found = true, .devno = devno, .size_bytes = sectors * 512, .diskseq = walk->diskseq,
                };
                (void) str_copy(w->found->name, sizeof(w->found->name), name);
                (void) str_copy(w->found->disk, sizeof(w->found->disk), walk->disk);
                log_debug("%s: %s (%u:%u), %" PRIu64 " bytes", w->what, name, major(devno), minor(devno),
                          w->found->size_bytes);
        }
}

/*
 * The GPT entry of the kernel's partition: same number, and same start and size, so that libblkid and the kernel cannot
 * mean two different things by one number.
 */
static const struct partition *find_entry(uint64_t number, uint64_t start_bytes, uint64_t size_bytes)
{
        for (size_t i = 0; i < table.n_partitions; i++) {
                const struct partition *p = &table.partitions[i];

                if (p->number == number && p->start_bytes == start_bytes && p->size_bytes == size_bytes)
                        return p;
        }
        return NULL;
}

static int walk_partition(const char *name, void *userdata)
{
        struct walk *walk = userdata;
        uint64_t number, start = 0, size = 0;
        const struct partition *p;

        if (!str_after(name, walk->disk) || strlen(name) >= BLOCKDEV_NAME_MAX)
                return 0;
        if (read_attribute(walk->boot, walk->disk, name, "partition", &number) < 0 ||
            read_attribute(walk->boot, walk->disk, name, "start", &start) < 0 ||
            read_attribute(walk->boot, walk->disk, name, "size", &size) < 0)
                return 0;
        p = find_entry(number, start * 512, size * 512);
        note_seen(walk->scan, "%s%s%s%s%s", name, p ? " PARTUUID=" : "", p ? p->uuid : "",
                  p && p->label[0] ? " PARTLABEL=" : "", p ? p->label : "");
        offer(walk, name, p);
        return 0;
}

static int walk_disk(const char *name, void *userdata)
{
        struct walk *walk = userdata;
        struct boot *boot = walk->boot;
        struct error unread = {};
        _cleanup_fd_ int fd = -1;
        uint64_t sectors = 0;
        char path[192];
        bool is_read;
        int r;

        if (strlen(name) >= BLOCKDEV_NAME_MAX)
                return 0;
        if (snprintf(path, sizeof(path), SYS_BLOCK "/%s/partition", name) < 0 || fsat_exists(boot->root_fd, path))
                return 0; /* a partition: reached through its disk */
        if (read_attribute(boot, name, name, "size", &sectors) < 0 || sectors == 0)
                return 0; /* no medium, or an unused loop device */

        walk->disk = name;
        walk->diskseq = 0;
        (void) read_attribute(boot, name, name, "diskseq", &walk->diskseq);
        table = (struct partition_table) {};
        if (snprintf(path, sizeof(path), "dev/%s", name) >= (int) sizeof(path))
                return 0;
        fd = openat(boot->root_fd, path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
        /* A drive without a medium, or one that is dying, is not the one; others may be. */
        is_read = fd >= 0 && blockdev_read_gpt(fd, &table, &unread) >= 0;
        note_seen(walk->scan, "%s %" PRIu64 " MiB%s", name, sectors / 2048,
                  fd < 0 ? " (cannot be opened)" : is_read ? "" : " (cannot be read)");
        log_debug("disk %s: %s, %zu partitions%s%s", name, table.is_gpt ? "GPT" : "no GPT", table.n_partitions,
                  unread.msg[0] ? "; " : "", unread.msg);
        offer(walk, name, NULL);
        if (snprintf(path, sizeof(path), SYS_BLOCK "/%s", name) >= (int) sizeof(path))
                return 0;
        r = fsat_each(boot->root_fd, path, walk_partition, walk);
        return r == -ENOENT ? 0 : r;
}

int devices_scan_once(struct boot *boot, struct devices_scan *scan, struct error *err)
{
        struct walk walk = { .boot = boot, .scan = scan };
        int r;

        scan->seen[0] = '\0';
        scan->n_unlisted = 0;
        r = fsat_each(boot->root_fd, SYS_BLOCK, walk_disk, &walk);
        if (r < 0)
                return error_set(err, FAIL_DEVICE_UNREADABLE_CODE, -r, "cannot list /" SYS_BLOCK);
        return 0;
}

static bool is_complete(const struct devices_scan *scan)
{
        for (size_t i = 0; i < scan->n_wanted; i++)
                if (!scan->wanted[i].found->is_found)
                        return false;
        return true;
}

static void log_seen(const struct devices_scan *scan)
{
        const char *entry = scan->seen, *end;

        for (; entry[0] != '\0'; entry = end[0] != '\0' ? end + 2 : end) {
                end = strstr(entry, "; ");
                end = end ? end : entry + strlen(entry);
                log_error("seen: %.*s", (int) (end - entry), entry);
        }
        if (scan->n_unlisted > 0)
                log_error("seen: %zu more", scan->n_unlisted);
}

/* Whole entries, as many as the message holds. If some are left out, all stand in the log before it. */
static void shorten_seen(struct devices_scan *scan, char ret_text[static MESSAGE_SEEN_BYTES + 64])
{
        size_t n = strlen(scan->seen);

        if (n <= MESSAGE_SEEN_BYTES && scan->n_unlisted == 0) {
                (void) str_copy(ret_text, MESSAGE_SEEN_BYTES + 64, n > 0 ? scan->seen : "no block device");
                return;
        }
        log_seen(scan);
        if (n > MESSAGE_SEEN_BYTES)
                for (n = MESSAGE_SEEN_BYTES; n > 0 && strncmp(scan->seen + n, "; ", 2) != 0;)
                        n--;
        snprintf(ret_text, MESSAGE_SEEN_BYTES + 64, "%.*s; and more: see the lines above", (int) n, scan->seen);
}

static int report_absent(struct devices_scan *scan, uint64_t timeout_us, enum fail_code code, struct error *err)
{
        char wanted[320] = "", spec[160], seen[MESSAGE_SEEN_BYTES + 64];
        size_t used = 0;

        for (size_t i = 0; i < scan->n_wanted; i++) {
                const struct devices_wanted *w = &scan->wanted[i];

                if (w->found->is_found || used >= sizeof(wanted))
                        continue;
                device_spec_format(w->spec, spec, sizeof(spec));
                used += (size_t) snprintf(wanted + used, sizeof(wanted) - used, "%s%s (%s)", used > 0 ? ", " : "",
                                          spec, w->what);
        }
        shorten_seen(scan, seen);
        return error_set(err, code, ETIMEDOUT, "%s not found within %" PRIu64 " s; seen: %s", wanted,
                         timeout_us / 1000000, seen);
}

int devices_find(struct boot *boot, struct devices_scan *scan, uint64_t timeout_us, enum fail_code code,
                 struct error *err)
{
        /* A fixed end: slow disks and a storm of events use the time up too. */
        uint64_t end_us = os_boottime_us() + timeout_us;

        for (;;) {
                uint64_t now_us, left_us;
                unsigned n_loaded = 0;
                int r = devices_scan_once(boot, scan, err);

                if (r < 0)
                        return r;
                if (is_complete(scan))
                        return 0;
                now_us = os_boottime_us();
                left_us = now_us < end_us ? end_us - now_us : 0;
                r = watchdog_wait_uevent(boot, &left_us);
                if (r < 0)
                        return error_set(err, FAIL_DEVICE_UNREADABLE_CODE, -r, "cannot wait for kernel events");
                if (r == 0)
                        return report_absent(scan, timeout_us, code, err);
                log_debug("woken by the kernel, %u times so far, %" PRIu64 " ms left", boot->evidence.n_wakeups,
                          left_us / 1000);
                /* What was plugged in may be a controller: its driver brings the disk. */
                r = modules_coldplug(boot, &n_loaded, err);
                if (r < 0)
                        return r;
        }
}

int devices_open(struct boot *boot, const struct found_device *device, struct error *err)
{
        _cleanup_fd_ int fd = -1;
        char path[64];
        uint64_t size;
        dev_t devno;
        int r;

        snprintf(path, sizeof(path), "dev/%s", device->name);
        fd = openat(boot->root_fd, path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
        if (fd < 0)
                return error_set(err, FAIL_DEVICE_UNREADABLE_CODE, errno, "cannot open /%s", path);
        r = os_block_dev(fd, &devno);
        if (r < 0 || devno != device->devno)
                return error_set(err, FAIL_DEVICE_UNREADABLE_CODE, r < 0 ? -r : ENODEV,
                                 "/%s is another device than the one that was found", path);
        r = os_block_size(fd, &size);
        if (r < 0 || size != device->size_bytes)
                return error_set(err, FAIL_DEVICE_UNREADABLE_CODE, r < 0 ? -r : EIO,
                                 "/%s changed its size since it was found", path);
        return fd_steal(&fd);
}
