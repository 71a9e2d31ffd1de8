/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "fake_dm.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/sysmacros.h>

#include "fakes.h"
#include "verinit/verity.h"

struct fake_dm fake_dm;

void fake_dm_reset(void)
{
        memset(&fake_dm, 0, sizeof(fake_dm));
}

static int fail(struct error *err, const char *what)
{
        return error_set(err, FAIL_DM_FAILED_CODE, EIO, "fake %s", what);
}

int dm_check_superblock(_unused_ int hash_fd, _unused_ uint64_t offset_bytes,
                        _unused_ const struct verity_superblock *sb, struct error *err)
{
        if (fake_call("dm_check_superblock"))
                return error_set(err, FAIL_SUPERBLOCK_INVALID_CODE, EBADMSG, "fake dm_check_superblock");
        return 0;
}

int dm_create(const char *name, const char *uuid, const char *target, uint64_t length_sectors, const char *params,
              struct error *err)
{
        struct dm_device *device = &fake_dm.device;

        if (fake_callf("dm_create", "%s %s", name, uuid))
                return fail(err, "dm_create");
        if (fake_dm.exists)
                return error_set(err, FAIL_DM_FAILED_CODE, EBUSY, "fake mapping %s: exists", name);
        memset(device, 0, sizeof(*device));
        if (!str_copy(device->name, sizeof(device->name), name) || !str_copy(device->uuid, sizeof(device->uuid), uuid) ||
            !str_copy(device->target, sizeof(device->target), target) ||
            !str_copy(device->table, sizeof(device->table), params))
                return fail(err, "dm_create: too long");
        (void) str_copy(device->status, sizeof(device->status), "V");
        device->devno = makedev(254, 0);
        device->is_read_only = true;
        device->length_sectors = length_sectors;
        fake_dm.exists = true;
        return 0;
}

int dm_query(const char *name, struct dm_device *ret, struct error *err)
{
        struct dm_device device = fake_dm.device;

        fake_dm.n_queries++;
        if (fake_callf("dm_query", "%s", name) || !fake_dm.exists)
                return fail(err, "dm_query");
        if (fake_dm.edit)
                fake_dm.edit(&device, fake_dm.n_queries);
        *ret = device;
        return 0;
}

int dm_open(const char *name, _unused_ dev_t devno, int *ret_fd, struct error *err)
{
        int fd;

        if (fake_callf("dm_open", "%s", name) || !fake_dm.exists)
                return fail(err, "dm_open");
        fd = fake_dm.node_fd > 0 ? fcntl(fake_dm.node_fd, F_DUPFD_CLOEXEC, 3) : open("/dev/zero", O_RDONLY | O_CLOEXEC);
        if (fd < 0)
                return fail(err, "dm_open");
        *ret_fd = fd;
        return 0;
}

int dm_remove(const char *name, struct error *err)
{
        if (fake_callf("dm_remove", "%s", name) || !fake_dm.exists)
                return fail(err, "dm_remove");
        fake_dm.exists = false;
        return 0;
}
