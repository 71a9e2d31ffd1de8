/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "fake_blockdev.h"

#include <errno.h>
#include <sys/stat.h>

#include "fakes.h"

struct fake_blockdev fake_blockdev;

void fake_blockdev_reset(void)
{
        memset(&fake_blockdev, 0, sizeof(fake_blockdev));
}

int blockdev_read_gpt(int disk_fd, struct partition_table *ret, struct error *err)
{
        struct stat st;

        partition_table_clear(ret);
        if (fake_call("blockdev_read_gpt"))
                return error_set(err, FAIL_DEVICE_UNREADABLE_CODE, EIO, "fake blockdev_read_gpt");
        if (fake_blockdev.unreadable != 0 && fstat(disk_fd, &st) == 0 && st.st_ino == fake_blockdev.unreadable)
                return error_set(err, FAIL_DEVICE_UNREADABLE_CODE, ENOMEDIUM, "fake drive without a medium");
        if (fake_blockdev.read_gpt) {
                memset(ret, 0, sizeof(*ret));
                fake_blockdev.read_gpt(disk_fd, ret);
        } else
                *ret = fake_blockdev.gpt;
        ret->backup = GPT_BACKUP_UNKNOWN;
        return 0;
}

void blockdev_read_gpt_backup(_unused_ int disk_fd, struct partition_table *table)
{
        fake_blockdev.n_backups++;
        if (table->state == GPT_VALID)
                table->backup = fake_blockdev.backup;
}

/* As the real one, it recognises no type that was not asked for. */
int blockdev_read_filesystem(int fd, const char *const *types, struct filesystem *ret, struct error *err)
{
        struct filesystem fs = fake_blockdev.filesystem;
        bool is_wanted = false;

        if (fake_call("blockdev_read_filesystem"))
                return error_set(err, FAIL_DEVICE_UNREADABLE_CODE, EIO, "fake blockdev_read_filesystem");
        if (fake_blockdev.read_filesystem) {
                memset(&fs, 0, sizeof(fs));
                fake_blockdev.read_filesystem(fd, &fs);
        }
        for (; *types; types++)
                is_wanted = is_wanted || str_equal(*types, fs.type);
        if (!is_wanted)
                memset(&fs, 0, sizeof(fs));
        *ret = fs;
        return 0;
}
