/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The adapter of blockdev.h, and the only file that includes libblkid. Its low-level probing interface works on a
 * descriptor and knows nothing of udev, caches or /etc.
 *
 * What libblkid 2.41 does with a GPT (libblkid/src/partitions/gpt.c): it wants a protective MBR; checks the CRC-32
 * of header and entries, MyLBA and the usable range; takes the primary if it is good and the backup at the last LBA
 * if it is not. The two are never compared. Entries outside of the usable range are left out; those that overlap
 * are not. A CRC keeps out bad disks, not attackers.
 */
#include "verinit/blockdev.h"

#include <ctype.h>
#include <errno.h>

#include <blkid/blkid.h>

#include "verinit/log.h"

static void free_probep(blkid_probe *probe)
{
        blkid_free_probe(*probe);
        *probe = NULL;
}

#define _cleanup_probe_ _cleanup_(free_probep)

/* Text from a disk goes to consoles and logs: control bytes are replaced, and what does not fit is cut off. */
static void copy_label(char *dst, size_t size, const char *src)
{
        size_t n = 0;

        for (; src && src[n] != '\0' && n < size - 1; n++)
                dst[n] = (unsigned char) src[n] < 0x20 || src[n] == 0x7f ? '?' : src[n];
        dst[n] = '\0';
}

static void copy_uuid(char *dst, size_t size, const char *src)
{
        copy_label(dst, size, src);
        for (char *p = dst; *p != '\0'; p++)
                *p = (char) tolower((unsigned char) *p);
}

static blkid_probe new_probe(int fd, struct error *err)
{
        _cleanup_probe_ blkid_probe probe = blkid_new_probe();
        blkid_probe r;

        errno = 0;
        if (!probe || blkid_probe_set_device(probe, fd, 0, 0) != 0) {
                (void) error_set(err, FAIL_DEVICE_UNREADABLE_CODE, errno != 0 ? errno : ENOMEM,
                                 "libblkid cannot look at the device: %s", errno_name(errno != 0 ? errno : ENOMEM));
                return NULL;
        }
        r = probe;
        probe = NULL;
        return r;
}

static void copy_partition(blkid_partition entry, struct partition *ret)
{
        struct partition p = {
                .number = (unsigned) blkid_partition_get_partno(entry),
                /* In units of 512 bytes whatever the disk's sector size. */
                .start_bytes = (uint64_t) blkid_partition_get_start(entry) * 512,
                .size_bytes = (uint64_t) blkid_partition_get_size(entry) * 512,
        };

        copy_uuid(p.uuid, sizeof(p.uuid), blkid_partition_get_uuid(entry));
        copy_uuid(p.type, sizeof(p.type), blkid_partition_get_type_string(entry));
        copy_label(p.label, sizeof(p.label), blkid_partition_get_name(entry));
        *ret = p;
}

static void copy_table(blkid_partlist list, struct partition_table *ret)
{
        int n = blkid_partlist_numof_partitions(list);

        ret->is_gpt = true;
        for (int i = 0; i < n; i++) {
                blkid_partition entry = blkid_partlist_get_partition(list, i);

                if (!entry)
                        continue;
                if (ret->n_partitions == BLOCKDEV_MAX_PARTITIONS) {
                        ret->is_cut_off = true;
                        break;
                }
                copy_partition(entry, &ret->partitions[ret->n_partitions++]);
        }
}

int blockdev_read_gpt(int disk_fd, struct partition_table *ret, struct error *err)
{
        char *only_gpt[] = { (char *) "gpt", NULL };
        _cleanup_probe_ blkid_probe probe = new_probe(disk_fd, err);
        blkid_partlist list;

        if (!probe)
                return -err->err;
        /* No file system is looked at here: that may be done to verified bytes, or after mac. */
        if (blkid_probe_enable_superblocks(probe, 0) != 0 || blkid_probe_enable_partitions(probe, 1) != 0 ||
            blkid_probe_filter_partitions_type(probe, BLKID_FLTR_ONLYIN, only_gpt) != 0)
                return error_set(err, FAIL_DEVICE_UNREADABLE_CODE, ENOMEM, "libblkid cannot be set up to read a GPT");

        memset(ret, 0, sizeof(*ret));
        errno = 0;
        list = blkid_probe_get_partitions(probe);
        if (list)
                copy_table(list, ret);
        else
                log_debug("no GPT found: %s", errno != 0 ? errno_name(errno) : "none there");
        return 0;
}

static const char *lookup(blkid_probe probe, const char *name)
{
        const char *data = NULL;
        size_t size;

        return blkid_probe_lookup_value(probe, name, &data, &size) == 0 ? data : NULL;
}

int blockdev_read_filesystem(int fd, const char *const *types, struct filesystem *ret, struct error *err)
{
        _cleanup_probe_ blkid_probe probe = new_probe(fd, err);
        struct filesystem fs = {};
        int r;

        if (!probe)
                return -err->err;
        if (blkid_probe_enable_partitions(probe, 0) != 0 || blkid_probe_enable_superblocks(probe, 1) != 0 ||
            blkid_probe_set_superblocks_flags(probe, BLKID_SUBLKS_LABEL | BLKID_SUBLKS_UUID | BLKID_SUBLKS_TYPE) != 0 ||
            blkid_probe_filter_superblocks_type(probe, BLKID_FLTR_ONLYIN, (char **) (uintptr_t) types) != 0)
                return error_set(err, FAIL_DEVICE_UNREADABLE_CODE, ENOMEM,
                                 "libblkid cannot be set up to look for a file system");
        errno = 0;
        r = blkid_do_safeprobe(probe);
        if (r == -1)
                return error_set(err, FAIL_DEVICE_UNREADABLE_CODE, errno != 0 ? errno : EIO,
                                 "looking for a file system failed: %s", errno_name(errno != 0 ? errno : EIO));
        /* Two file systems at once is a trap or an old one not wiped: which is meant must be said by someone else. */
        if (r == -2)
                log_debug("more than one file system recognised: none is taken");
        if (r == 0) {
                copy_label(fs.type, sizeof(fs.type), lookup(probe, "TYPE"));
                copy_label(fs.label, sizeof(fs.label), lookup(probe, "LABEL"));
                copy_uuid(fs.uuid, sizeof(fs.uuid), lookup(probe, "UUID"));
        }
        *ret = fs;
        return 0;
}
