/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The adapter of blockdev.h for file systems, and the only file that includes libblkid. Its low-level probing interface
 * works on a descriptor and knows nothing of udev, caches or /etc. Partition tables are not its affair: see gpt.h and
 * docs/DECISIONS.md.
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
