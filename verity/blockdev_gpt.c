/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Adapter of blockdev.h for partition tables: the size of the disk and of its sectors; the rest is gpt.h. */
#include "verinit/blockdev.h"

#include <errno.h>
#include <linux/fs.h>
#include <sys/ioctl.h>
#include <sys/stat.h>

#include "verinit/gpt.h"

/* A regular file is taken for a disk of 512-byte sectors: test images. */
static int read_shape(int fd, struct gpt_disk *ret)
{
        uint64_t bytes;
        struct stat st;
        int sector = GPT_SECTOR_MIN;

        if (fstat(fd, &st) < 0)
                return -errno;
        if (S_ISREG(st.st_mode))
                bytes = (uint64_t) st.st_size;
        else if (ioctl(fd, BLKGETSIZE64, &bytes) < 0 || ioctl(fd, BLKSSZGET, &sector) < 0)
                return -errno;
        if (sector <= 0)
                return -EINVAL;
        *ret = (struct gpt_disk) { .sector_bytes = (uint32_t) sector, .n_sectors = bytes / (uint64_t) sector };
        return 0;
}

int blockdev_read_gpt(int disk_fd, struct partition_table *ret, struct error *err)
{
        struct gpt_disk disk;
        int r;

        partition_table_clear(ret);
        r = read_shape(disk_fd, &disk);
        if (r < 0)
                return error_set(err, FAIL_DEVICE_UNREADABLE_CODE, -r, "the disk does not say how large it is: %s",
                                 errno_name(-r));
        return gpt_read(disk_fd, &disk, ret, err);
}

void blockdev_read_gpt_backup(int disk_fd, struct partition_table *table)
{
        gpt_read_backup(disk_fd, table);
}
