/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Stage usr: the verified file system, read-only. It takes a measured_volume: nothing else can be mounted as /usr.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/mount.h>

#include "verinit/boot.h"
#include "verinit/features.h"
#include "verinit/fsat.h"
#include "verinit/log.h"

/* On the mapping, never on the partition: there the bytes are not yet checked by anyone. */
static int look_up_fstype(struct boot *boot, const char *node, char *ret_fstype, size_t size, struct error *err)
{
        struct filesystem fs = {};
        _cleanup_fd_ int fd = -1;
        int r;

        fd = openat(boot->root_fd, node + 1, O_RDONLY | O_CLOEXEC);
        if (fd < 0)
                return error_set(err, FAIL_USR_MOUNT_FAILED_CODE, errno, "cannot open %s", node);
        r = blockdev_read_filesystem(fd, known_filesystems, &fs, err);
        if (r < 0)
                return r;
        if (fs.type[0] == '\0' || !str_copy(ret_fstype, size, fs.type))
                return error_set(err, FAIL_USR_FSTYPE_UNKNOWN_CODE, EMEDIUMTYPE,
                                 "no file system that verinit knows on %s", node);
        return 0;
}

static int mount_usr(struct boot *boot, const struct measured_volume *volume, struct error *err)
{
        struct evidence *e = &boot->evidence;
        char node[64];
        int r;

        snprintf(node, sizeof(node), "/dev/mapper/%s", active_volume_name(measured_volume_active(volume)));
        if (boot->config.usr_fstype[0] != '\0')
                (void) str_copy(e->usr_fstype, sizeof(e->usr_fstype), boot->config.usr_fstype);
        else {
                r = look_up_fstype(boot, node, e->usr_fstype, sizeof(e->usr_fstype), err);
                if (r < 0)
                        return r;
        }
        r = fsat_mkdir_p(boot->root_fd, USR_MOUNT_DIR, 0755);
        if (r < 0)
                return error_set(err, FAIL_USR_MOUNT_FAILED_CODE, -r, "cannot make " USR_MOUNT);

        /* Never nosuid: the kernel would drop the SELinux transitions of all that is started from it, silently. */
        r = os_mount(node, USR_MOUNT, e->usr_fstype, MS_RDONLY | MS_NODEV, boot->plan.usr_mount_options);
        if (r < 0)
                return error_set(err, FAIL_USR_MOUNT_FAILED_CODE, -r, "cannot mount %s as %s with options '%s'", node,
                                 e->usr_fstype, boot->plan.usr_mount_options);
        return 0;
}

int stage_usr(struct boot *boot, struct error *err)
{
        int r;

        r = mount_usr(boot, boot->measured, err);
        if (r < 0)
                return r;
        log_info("/usr is %s, read-only", boot->evidence.usr_fstype);
        return 0;
}
