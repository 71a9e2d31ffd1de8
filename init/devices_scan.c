/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * One walk over the disks. Each table is read once, and its entries are what is counted: the kernel makes partitions one
 * by one, and the second of two twins must not be missed for coming a moment later.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/sysmacros.h>

#include "verinit/devices.h"
#include "verinit/fsat.h"
#include "verinit/log.h"

#include "partition_name.h"

#define SYS_BLOCK "sys/class/block"
#define ITSELF "."

struct kernel_partition {
        char name[BLOCKDEV_NAME_MAX];
        uint64_t number, start_bytes, size_bytes;
};

/* Static: too large for a stack. One walk, and in it one disk, at a time. */
static struct partition_table table;
static struct kernel_partition kernel_partitions[BLOCKDEV_MAX_PARTITIONS];
static bool is_entry_taken[BLOCKDEV_MAX_PARTITIONS];

struct walk {
        struct boot *boot;
        struct devices_scan *scan;
        const char *disk;
        int disk_fd; /* its directory in /sys, which is ten links and directories away: looked up once */
        uint64_t diskseq;
        bool is_boot_disk;
        size_t n_partitions;
};

static _printf_(2, 3) void note_seen(struct devices_scan *scan, const char *fmt, ...)
{
        size_t used = strlen(scan->seen);
        char entry[400];
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

/* Of one of its partitions, or of the disk ITSELF. */
static int read_attribute(const struct walk *walk, const char *name, const char *attribute, uint64_t *ret)
{
        char path[BLOCKDEV_NAME_MAX + 16];
        int n = snprintf(path, sizeof(path), "%s/%s", name, attribute);

        return n < 0 || (size_t) n >= sizeof(path) ? -ENAMETOOLONG : fsat_read_u64(walk->disk_fd, path, ret);
}

static int read_devno(const struct walk *walk, const char *name, dev_t *ret)
{
        char path[BLOCKDEV_NAME_MAX + 16], text[32];
        unsigned major, minor;
        int n = snprintf(path, sizeof(path), "%s/dev", name);

        if (n < 0 || (size_t) n >= sizeof(path))
                return -ENAMETOOLONG;
        if (fsat_read_line(walk->disk_fd, path, text, sizeof(text)) <= 0)
                return -ENOENT;
        if (sscanf(text, "%u:%u", &major, &minor) != 2)
                return -EINVAL;
        *ret = makedev(major, minor);
        return 0;
}

/* Is this partition (entry NULL: a whole disk, or a partition of no GPT) the one that is wanted? */
static bool spec_matches(const struct device_spec *spec, const char *name, const struct partition *entry)
{
        const char *path;

        switch (spec->kind) {
        case DEVICE_PATH:
                path = str_after(spec->value, "/dev/");
                return path && str_equal(path, name);
        case DEVICE_PARTUUID:
                return entry && str_equal(spec->value, entry->uuid);
        case DEVICE_PARTLABEL:
                return entry && str_equal(spec->value, entry->label);
        case DEVICE_PARTTYPE:
                return entry && str_equal(spec->value, entry->type);
        case DEVICE_LABEL:
        case DEVICE_UUID:
        case DEVICE_NONE:
                break;
        }
        return false;
}

/* What /usr comes from is verified; a file system that somebody hid in it, or /usr itself, is nobody's root. */
static bool is_used_by_usr(const struct boot *boot, const struct found_device *device)
{
        const struct facts *facts = &boot->facts;

        return (facts->usr_data.is_found && devices_overlap(&facts->usr_data, device)) ||
               (facts->usr_hash.is_found && devices_overlap(&facts->usr_hash, device)) ||
               (facts->usr_fec.is_found && devices_overlap(&facts->usr_fec, device)) ||
               (boot->active && active_volume_dev(boot->active) == device->devno);
}

static bool is_known_by_filesystem(const struct devices_wanted *w)
{
        return w->filesystems && (w->spec->kind == DEVICE_LABEL || w->spec->kind == DEVICE_UUID);
}

static bool filesystem_matches(struct boot *boot, const struct devices_wanted *w, const struct found_device *device)
{
        struct filesystem fs = {};
        struct error ignored = {};
        _cleanup_fd_ int fd = -1;

        if (!device->is_found || is_used_by_usr(boot, device))
                return false;
        fd = os_open_device(boot->root_fd, device->name, true);
        /* A device that cannot be read is not the one; others may be. */
        if (fd < 0 || blockdev_read_filesystem(fd, w->filesystems, &fs, &ignored) < 0)
                return false;
        return str_equal(w->spec->value, w->spec->kind == DEVICE_LABEL ? fs.label : fs.uuid);
}

static void add_match(struct walk *walk, struct devices_wanted *w, const struct found_device *device)
{
        struct devices_matches *m = walk->is_boot_disk ? &w->on_boot_disk : &w->elsewhere;

        if (m->n < DEVICES_MAX_FOUND)
                m->first[m->n] = *device;
        m->n++;
        if (table.state == GPT_DAMAGED && m->damaged[0] == '\0')
                (void) snprintf(m->damaged, sizeof(m->damaged), "%s: %s", walk->disk, table.why);
        log_debug("%s: %s%s (%u:%u), %" PRIu64 " bytes%s", w->what, device->name,
                  device->is_found ? "" : ", which the kernel does not have yet", major(device->devno),
                  minor(device->devno), device->size_bytes, walk->is_boot_disk ? ", on the boot disk" : "");
}

/*
 * Only of what may be wanted: most of what is there is not. One without a number, which vanished meanwhile or is one path of several to
 * an NVMe disk, counts as one that the kernel does not have yet.
 */
static void number_device(const struct walk *walk, struct found_device *device)
{
        if (device->is_found && device->devno == 0 &&
            read_devno(walk, str_equal(device->name, walk->disk) ? ITSELF : device->name, &device->devno) < 0)
                device->is_found = false;
}

static void offer(struct walk *walk, const char *name, const struct kernel_partition *k, const struct partition *entry)
{
        struct found_device device = { .is_found = k, .diskseq = walk->diskseq };
        bool is_tabled_disk = !entry && str_equal(name, walk->disk) && table.state != GPT_NONE;

        if (k)
                device.size_bytes = k->size_bytes;
        if (!str_copy(device.name, sizeof(device.name), name) ||
            !str_copy(device.disk, sizeof(device.disk), walk->disk))
                return;
        for (size_t i = 0; i < walk->scan->n_wanted; i++) {
                struct devices_wanted *w = &walk->scan->wanted[i];

                bool is_meant = spec_matches(w->spec, name, entry);
                bool is_asked = k && !is_tabled_disk && is_known_by_filesystem(w);

                if (is_meant || is_asked)
                        number_device(walk, &device);
                if (is_meant || (is_asked && filesystem_matches(walk->boot, w, &device)))
                        add_match(walk, w, &device);
        }
}

static int collect_partition(const char *name, void *userdata)
{
        struct walk *walk = userdata;
        struct kernel_partition k = {};
        uint64_t start, size;

        if (!partition_name_parse(walk->disk, name, &k.number) || !str_copy(k.name, sizeof(k.name), name) ||
            walk->n_partitions == ARRAY_SIZE(kernel_partitions))
                return 0;
        /* What vanishes under our hands: its event will bring us back. */
        if (read_attribute(walk, name, "start", &start) < 0 || read_attribute(walk, name, "size", &size) < 0)
                return 0;
        k.start_bytes = start * 512; /* in units of 512 bytes whatever the disk's sector size */
        k.size_bytes = size * 512;
        kernel_partitions[walk->n_partitions++] = k;
        return 0;
}

/*
 * The entry of the kernel's partition: same number, start and size. Where they differ, one number means two things: the
 * disk gave the kernel another table than us.
 */
static const struct partition *find_entry(const struct kernel_partition *k)
{
        for (size_t i = 0; i < table.n_partitions; i++) {
                const struct partition *p = &table.partitions[i];

                if (p->number == k->number && p->start_bytes == k->start_bytes && p->size_bytes == k->size_bytes) {
                        is_entry_taken[i] = true;
                        return p;
                }
        }
        return NULL;
}

static void compare_with_kernel(struct walk *walk)
{
        memset(is_entry_taken, 0, sizeof(is_entry_taken));
        for (size_t i = 0; i < walk->n_partitions; i++) {
                const struct kernel_partition *k = &kernel_partitions[i];

                if (find_entry(k) || table.state != GPT_VALID)
                        continue;
                table.state = GPT_DAMAGED;
                (void) snprintf(table.why, sizeof(table.why),
                                "the kernel's %.31s begins at byte %" PRIu64 " and has %" PRIu64 ", which no entry says",
                                k->name, k->start_bytes, k->size_bytes);
        }
}

/* By the table, good or damaged: the question is which disk claims to be it. */
static bool is_boot_partition(const struct boot *boot, const struct partition *p)
{
        return boot->facts.boot_partuuid[0] != '\0' && str_equal(boot->facts.boot_partuuid, p->uuid);
}

static bool has_boot_partition(const struct boot *boot)
{
        for (size_t i = 0; i < table.n_partitions; i++)
                if (is_boot_partition(boot, &table.partitions[i]))
                        return true;
        return false;
}

static void note_boot_partitions(struct walk *walk)
{
        struct devices_scan *scan = walk->scan;

        for (size_t i = 0; i < table.n_partitions; i++) {
                if (!is_boot_partition(walk->boot, &table.partitions[i]))
                        continue;
                if (scan->n_boot_partitions < ARRAY_SIZE(scan->boot_partitions))
                        partition_name_format(walk->disk, table.partitions[i].number,
                                       scan->boot_partitions[scan->n_boot_partitions]);
                scan->n_boot_partitions++;
        }
        if (!walk->is_boot_disk)
                return;
        (void) str_copy(scan->boot_disk, sizeof(scan->boot_disk), walk->disk);
        scan->boot_diskseq = walk->diskseq;
        scan->boot_backup = table.backup;
        (void) str_copy(scan->boot_damaged, sizeof(scan->boot_damaged), table.state == GPT_DAMAGED ? table.why : "");
}

static void offer_partitions(struct walk *walk)
{
        for (size_t i = 0; i < walk->n_partitions; i++) {
                const struct kernel_partition *k = &kernel_partitions[i];
                const struct partition *p = find_entry(k);

                note_seen(walk->scan, "%s%s%s%s%s", k->name, p ? " PARTUUID=" : "", p ? p->uuid : "",
                          p && p->label[0] ? " PARTLABEL=" : "", p ? p->label : "");
                offer(walk, k->name, k, p);
        }
        for (size_t i = 0; i < table.n_partitions; i++) {
                char name[BLOCKDEV_NAME_MAX];

                if (is_entry_taken[i])
                        continue;
                partition_name_format(walk->disk, table.partitions[i].number, name);
                offer(walk, name, NULL, &table.partitions[i]);
        }
}

static void read_table(struct walk *walk, uint64_t sectors)
{
        struct error unread = {};
        _cleanup_fd_ int fd = -1;
        bool is_read;

        fd = os_open_device(walk->boot->root_fd, walk->disk, true);
        /* A drive without a medium, or one that is dying, is not the one; others may be. */
        is_read = fd >= 0 && blockdev_read_gpt(fd, &table, &unread) >= 0;
        if (fd < 0)
                partition_table_clear(&table);
        walk->is_boot_disk = has_boot_partition(walk->boot);
        if (walk->is_boot_disk)
                blockdev_read_gpt_backup(fd, &table);
        compare_with_kernel(walk);
        note_seen(walk->scan, "%s %" PRIu64 " MiB%s%s%s", walk->disk, sectors / 2048,
                  fd < 0 ? " (cannot be opened" : !is_read ? " (cannot be read" :
                  table.state == GPT_DAMAGED ? " (its GPT is damaged: " : "",
                  fd >= 0 && is_read && table.state == GPT_DAMAGED ? table.why : "",
                  fd < 0 || !is_read || table.state == GPT_DAMAGED ? ")" : "");
        log_debug("disk %s: %s, %zu partitions%s%s", walk->disk,
                  table.state == GPT_VALID ? "GPT" : table.state == GPT_DAMAGED ? "damaged GPT" : "no GPT",
                  table.n_partitions, unread.msg[0] ? "; " : "", unread.msg);
}

/* Nearly always the list of all block devices has them right behind their disk, which was asked for them; others are asked themselves. */
static bool is_partition_of_last(const struct walk *walk, const char *name)
{
        for (size_t i = 0; i < walk->n_partitions; i++)
                if (str_equal(kernel_partitions[i].name, name))
                        return true;
        return false;
}

static int walk_disk(struct walk *walk, const char *name, uint64_t sectors)
{
        struct kernel_partition whole = { .size_bytes = sectors * 512 };
        int r;

        walk->disk = name;
        walk->diskseq = 0;
        (void) read_attribute(walk, ITSELF, "diskseq", &walk->diskseq);
        walk->n_partitions = 0;
        r = fsat_each(walk->disk_fd, ITSELF, collect_partition, walk);
        if (r < 0)
                return r == -ENOENT ? 0 : r;

        read_table(walk, sectors);
        note_boot_partitions(walk);
        offer(walk, name, &whole, NULL);
        offer_partitions(walk);
        return 0;
}

static int walk_device(const char *name, void *userdata)
{
        struct walk *walk = userdata;
        _cleanup_fd_ int fd = -1;
        char path[sizeof(SYS_BLOCK) + BLOCKDEV_NAME_MAX];
        uint64_t sectors = 0;

        if (strlen(name) >= BLOCKDEV_NAME_MAX || is_partition_of_last(walk, name))
                return 0;
        (void) snprintf(path, sizeof(path), SYS_BLOCK "/%s", name);
        fd = fsat_open_dir(walk->boot->root_fd, path);
        if (fd < 0 || fsat_exists(fd, "partition"))
                return 0; /* gone, or a partition: reached through its disk */
        walk->disk_fd = fd;
        if (read_attribute(walk, ITSELF, "size", &sectors) < 0 || sectors == 0)
                return 0; /* no medium, or an unused loop device */
        return walk_disk(walk, name, sectors);
}

int devices_scan_once(struct boot *boot, struct devices_scan *scan, struct error *err)
{
        struct walk walk = { .boot = boot, .scan = scan };
        int r;

        scan->seen[0] = '\0';
        scan->n_unlisted = 0;
        scan->n_boot_partitions = 0;
        scan->boot_disk[0] = scan->boot_damaged[0] = '\0';
        scan->boot_backup = GPT_BACKUP_UNKNOWN;
        for (size_t i = 0; i < scan->n_wanted; i++)
                scan->wanted[i].on_boot_disk = scan->wanted[i].elsewhere = (struct devices_matches) {};
        r = fsat_each(boot->root_fd, SYS_BLOCK, walk_device, &walk);
        if (r < 0)
                return error_set(err, FAIL_DEVICE_UNREADABLE_CODE, -r, "cannot list /" SYS_BLOCK);
        return 0;
}
