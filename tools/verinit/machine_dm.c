/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Port dm.h, for the machine made of files: a mapping that is what it was asked to be, over blocks that nobody checks while they are
 * read. image verify has checked all of them.
 */
#include "verinit/dm.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/sysmacros.h>

#include "machine.h"

static struct dm_device the_mapping;

static bool fill(char *dst, size_t size, const char *src)
{
        return str_copy(dst, size, src);
}

int dm_create(const char *name, const char *uuid, const char *target, uint64_t length_sectors, const char *params,
              struct error *err)
{
        struct dm_device d = { .devno = makedev(253, 0), .is_read_only = true, .length_sectors = length_sectors, .status = "V" };

        if (!fill(d.name, sizeof(d.name), name) || !fill(d.uuid, sizeof(d.uuid), uuid) ||
            !fill(d.target, sizeof(d.target), target) || !fill(d.table, sizeof(d.table), params))
                return error_set(err, FAIL_DM_FAILED_CODE, ENAMETOOLONG, "mapping %s: too long", name);
        the_mapping = d;
        return 0;
}

int dm_query(_unused_ const char *name, struct dm_device *ret, _unused_ struct error *err)
{
        *ret = the_mapping;
        return 0;
}

int dm_open(_unused_ const char *name, _unused_ dev_t devno, int *ret_fd, struct error *err)
{
        int fd = fcntl(the_machine->usr_fd, F_DUPFD_CLOEXEC, 3);

        if (fd < 0)
                return error_set(err, FAIL_DM_FAILED_CODE, errno, "the data of /usr is not open");
        *ret_fd = fd;
        return 0;
}

int dm_remove(_unused_ const char *name, _unused_ struct error *err)
{
        return 0;
}
