/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A directory of the test's own, open as a descriptor, gone afterwards.
 */
#pragma once

#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <sys/stat.h>

#include "unit.h"

struct temp_dir {
        char path[64];
        int fd;
};

static inline int temp_dir_make(struct temp_dir *ret)
{
        (void) str_copy(ret->path, sizeof(ret->path), "/tmp/verinit-test.XXXXXX");
        if (!mkdtemp(ret->path))
                return -1;
        ret->fd = open(ret->path, O_PATH | O_DIRECTORY | O_CLOEXEC);
        return ret->fd < 0 ? -1 : 0;
}

static inline int temp_dir_remove_one(const char *path, _unused_ const struct stat *st, _unused_ int type,
                                      _unused_ struct FTW *ftw)
{
        return remove(path);
}

static inline int temp_dir_remove(struct temp_dir *dir)
{
        dir->fd = fd_close(dir->fd);
        return nftw(dir->path, temp_dir_remove_one, 8, FTW_DEPTH | FTW_PHYS);
}
