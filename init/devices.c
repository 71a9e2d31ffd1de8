/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The wait for devices, what is said when time is up, and whether a device is still the one that was found.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>

#include "verinit/devices.h"
#include "verinit/fsat.h"
#include "verinit/log.h"
#include "verinit/modules.h"
#include "verinit/watchdog.h"

/* What a failure's message has room for, beside what was wanted. */
enum { MESSAGE_SEEN_BYTES = 360 };

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

/* "vdb2 has it, but is not on the disk that was booted from": what a person would stumble over. */
static void format_elsewhere(const struct devices_scan *scan, const struct devices_wanted *w, char *ret, size_t size)
{
        ret[0] = '\0';
        if (w->elsewhere.n > 0 && scan->n_boot_partitions > 0)
                (void) snprintf(ret, size, ", but for %s, which is not on the disk that was booted from, %s",
                                w->elsewhere.first[0].name, scan->boot_disk);
}

static int report_absent(struct devices_scan *scan, uint64_t timeout_us, enum fail_code code, struct error *err)
{
        char wanted[320] = "", spec[160], elsewhere[128], seen[MESSAGE_SEEN_BYTES + 64];
        size_t used = 0;

        for (size_t i = 0; i < scan->n_wanted; i++) {
                const struct devices_wanted *w = &scan->wanted[i];

                if (w->found->is_found || (w->is_optional && w->on_boot_disk.n == 0) || used >= sizeof(wanted))
                        continue;
                device_spec_format(w->spec, spec, sizeof(spec));
                format_elsewhere(scan, w, elsewhere, sizeof(elsewhere));
                used += (size_t) snprintf(wanted + used, sizeof(wanted) - used, "%s%s (%s%s)", used > 0 ? ", " : "",
                                          spec, w->what, elsewhere);
        }
        shorten_seen(scan, seen);
        return error_set(err, code, ETIMEDOUT, "%s not found within %" PRIu64 " s; seen: %s", wanted,
                         timeout_us / 1000000, seen);
}

static int report_no_boot_disk(const struct boot *boot, struct devices_scan *scan, uint64_t timeout_us,
                               struct error *err)
{
        char seen[MESSAGE_SEEN_BYTES + 64];

        shorten_seen(scan, seen);
        return error_set(err, FAIL_BOOT_DISK_UNKNOWN_CODE, ETIMEDOUT,
                         "no disk has the partition that was booted from, PARTUUID=%s, within %" PRIu64
                         " s, and the floor requires to know it (boot-disk-only=require); seen: %s",
                         boot->facts.boot_partuuid, timeout_us / 1000000, seen);
}

/* It cannot become another one while the machine boots. */
static int check_same_boot_disk(const struct facts *facts, const struct devices_scan *scan, struct error *err)
{
        if (facts->boot_disk[0] == '\0' ||
            (str_equal(facts->boot_disk, scan->boot_disk) && facts->boot_diskseq == scan->boot_diskseq))
                return 0;
        return error_set(err, FAIL_DEVICE_CHANGED_CODE, ESTALE,
                         "the disk that was booted from was %s (diskseq %" PRIu64 "), and is now %s (diskseq %" PRIu64 ")",
                         facts->boot_disk, facts->boot_diskseq, scan->boot_disk[0] ? scan->boot_disk : "none",
                         scan->boot_disk[0] ? scan->boot_diskseq : 0);
}

static void record_twins(struct evidence *e, const struct devices_matches *m)
{
        for (unsigned i = 0; i < m->n; i++) {
                if (e->n_twins_ignored < ARRAY_SIZE(e->twins_ignored) && i < DEVICES_MAX_FOUND)
                        (void) str_copy(e->twins_ignored[e->n_twins_ignored], sizeof(e->twins_ignored[0]), m->first[i].name);
                e->n_twins_ignored++;
        }
}

static void record(struct boot *boot, const struct devices_scan *scan)
{
        struct facts *facts = &boot->facts;
        struct evidence *e = &boot->evidence;

        for (size_t i = 0; i < scan->n_wanted; i++) {
                const struct devices_wanted *w = &scan->wanted[i];

                /* A type is no name: another image's partition of that type is no twin. */
                if (w->on_boot_disk.n == 0 || w->elsewhere.n == 0 || w->spec->kind == DEVICE_PARTTYPE)
                        continue;
                log_warning("%s: %s is on the disk that was booted from; %u more on other disks, such as %s, not used",
                           w->what, w->found->name, w->elsewhere.n, w->elsewhere.first[0].name);
                record_twins(e, &w->elsewhere);
        }
        if (scan->n_boot_partitions == 0)
                return;
        (void) str_copy(facts->boot_disk, sizeof(facts->boot_disk), scan->boot_disk);
        facts->boot_diskseq = scan->boot_diskseq;
        (void) str_copy(e->boot_disk, sizeof(e->boot_disk), scan->boot_disk);
        (void) str_copy(e->boot_partition, sizeof(e->boot_partition), scan->boot_partitions[0]);
        (void) str_copy(e->boot_gpt_backup, sizeof(e->boot_gpt_backup), gpt_backup_name(scan->boot_backup));
}

static enum devices_elsewhere elsewhere_counts(const struct boot *boot, bool is_last)
{
        if (boot->config.floor.boot_disk_only != NEED_ALLOW)
                return ELSEWHERE_NEVER;
        return is_last || boot->facts.boot_partuuid[0] == '\0' ? ELSEWHERE_NOW : ELSEWHERE_BEHIND_BOOT_DISK;
}

/* 1: all is found. 0: not yet. is_last: the time is up. */
static int look(struct boot *boot, struct devices_scan *scan, bool is_last, struct error *err)
{
        int r;

        r = devices_scan_once(boot, scan, err);
        if (r < 0)
                return r;
        r = check_same_boot_disk(&boot->facts, scan, err);
        if (r < 0)
                return r;
        r = devices_choose(scan, elsewhere_counts(boot, is_last), err);
        if (r > 0)
                record(boot, scan);
        return r;
}

static int report(struct boot *boot, struct devices_scan *scan, uint64_t timeout_us, enum fail_code code,
                  struct error *err)
{
        if (boot->config.floor.boot_disk_only != NEED_ALLOW && scan->n_boot_partitions == 0)
                return report_no_boot_disk(boot, scan, timeout_us, err);
        return report_absent(scan, timeout_us, code, err);
}

static int look_at_last(struct boot *boot, struct devices_scan *scan, uint64_t timeout_us, enum fail_code code,
                        struct error *err)
{
        int r = elsewhere_counts(boot, false) == ELSEWHERE_BEHIND_BOOT_DISK ? look(boot, scan, true, err) : 0;

        if (r != 0)
                return r < 0 ? r : 0;
        return report(boot, scan, timeout_us, code, err);
}

int devices_find(struct boot *boot, struct devices_scan *scan, uint64_t timeout_us, enum fail_code code,
                 struct error *err)
{
        /* A fixed end: slow disks and a storm of events use the time up too. */
        uint64_t end_us = os_boottime_us() + timeout_us;

        (void) str_copy(boot->evidence.boot_partuuid, sizeof(boot->evidence.boot_partuuid), boot->facts.boot_partuuid);
        if (boot->config.floor.boot_disk_only != NEED_ALLOW && boot->facts.boot_partuuid[0] == '\0')
                return error_set(err, FAIL_BOOT_DISK_UNKNOWN_CODE, ENODATA,
                                 "neither StubDevicePartUUID nor LoaderDevicePartUUID says what disk was booted from, and"
                                 " the floor requires to know it (boot-disk-only=require)");
        for (;;) {
                uint64_t now_us, left_us;
                unsigned n_loaded = 0;
                int r = look(boot, scan, false, err);

                if (r != 0)
                        return r < 0 ? r : 0;
                now_us = os_boottime_us();
                left_us = now_us < end_us ? end_us - now_us : 0;
                r = watchdog_wait_uevent(boot, &left_us, FAIL_DEVICE_UNREADABLE_CODE, err);
                if (r < 0)
                        return r;
                if (r == 0)
                        return look_at_last(boot, scan, timeout_us, code, err);
                log_debug("woken by the kernel, %u times so far, %" PRIu64 " ms left", boot->evidence.n_wakeups,
                          left_us / 1000);
                /* What was plugged in may be a controller: its driver brings the disk. */
                r = modules_coldplug(boot, &n_loaded, err);
                if (r < 0)
                        return r;
        }
}

static int refuse_changed(const struct found_device *device, const char *what, struct error *err)
{
        return error_set(err, FAIL_DEVICE_CHANGED_CODE, ESTALE, "/dev/%s %s since it was found", device->name, what);
}

/* What the descriptor holds: it keeps number and name from being given to another device. */
static int check_descriptor(const struct found_device *device, int fd, struct error *err)
{
        uint64_t size, diskseq = 0;
        dev_t devno;
        int r;

        r = os_block_dev(fd, &devno);
        if (r == 0)
                r = os_block_size(fd, &size);
        if (r == 0 && device->diskseq != 0)
                r = os_block_diskseq(fd, &diskseq);
        if (r < 0)
                return error_set(err, FAIL_DEVICE_UNREADABLE_CODE, -r, "/dev/%s does not say what it is", device->name);
        if (devno != device->devno)
                return refuse_changed(device, "became another device", err);
        if (size != device->size_bytes)
                return refuse_changed(device, "changed its size", err);
        if (diskseq != device->diskseq)
                return refuse_changed(device, "is on another disk, or another medium of it,", err);
        return 0;
}

int devices_check_unchanged(struct boot *boot, const struct found_device *device, int fd, struct error *err)
{
        uint64_t diskseq = 0;
        char path[96];
        int r;

        r = check_descriptor(device, fd, err);
        if (r < 0 || device->diskseq == 0)
                return r;
        /* And the name: a disk that was pulled leaves the descriptor behind, and may have come again. */
        (void) snprintf(path, sizeof(path), "sys/class/block/%s/diskseq", device->disk);
        r = fsat_read_u64(boot->root_fd, path, &diskseq);
        if (r < 0)
                return error_set(err, FAIL_DEVICE_UNREADABLE_CODE, -r, "disk %s is gone", device->disk);
        if (diskseq != device->diskseq)
                return refuse_changed(device, "is on another disk, or another medium of it,", err);
        return 0;
}

int devices_open(struct boot *boot, const struct found_device *device, struct error *err)
{
        _cleanup_fd_ int fd = -1;
        int r;

        fd = os_open_device(boot->root_fd, device->name, false);
        if (fd < 0)
                return error_set(err, FAIL_DEVICE_UNREADABLE_CODE, -fd, "cannot open /dev/%s", device->name);
        r = devices_check_unchanged(boot, device, fd, err);
        return r < 0 ? r : fd_steal(&fd);
}
