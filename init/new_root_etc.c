/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * /etc of the new root. In a writable /etc, units, generators, fstab and ld.so.preload run as root: with overlay or tmpfs
 * it begins each boot as it was signed.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/mount.h>
#include <sys/stat.h>

#include "verinit/fsat.h"
#include "verinit/label.h"
#include "verinit/log.h"
#include "verinit/new_root.h"

/* Where the overlay's upper layer is mounted while the overlay is made. */
#define UPPER_DIR "run/verinit/etc"
#define UPPER "/" UPPER_DIR

static int mount_etc_tmpfs(struct boot *boot, const char *target, struct error *err)
{
        char options[320], context[288];
        int r;

        r = label_mount_option(boot, "/etc", context, sizeof(context), err);
        if (r < 0)
                return r;
        snprintf(options, sizeof(options), "mode=0755%s", context);
        r = os_mount("tmpfs", target, "tmpfs", MS_NODEV | MS_NOSUID, options);
        if (r < 0)
                return error_set(err, FAIL_ETC_FAILED_CODE, -r, "cannot mount a tmpfs for /etc");
        return 0;
}

static int mount_etc_overlay(struct boot *boot, const char *target, struct error *err)
{
        int r;

        if (!fsat_exists(boot->root_fd, NEW_ROOT_DIR "/usr/etc"))
                return error_set(err, FAIL_ETC_FAILED_CODE, ENOENT, "the verified /usr has no /usr/etc");
        r = fsat_mkdir_p(boot->root_fd, "run/verinit", 0755);
        if (r >= 0)
                r = fsat_mkdir_p(boot->root_fd, UPPER_DIR, 0700);
        if (r < 0)
                return error_set(err, FAIL_ETC_FAILED_CODE, -r, "cannot make " UPPER);
        r = mount_etc_tmpfs(boot, UPPER, err);
        if (r < 0)
                return r;
        /* The upper directory's mode and label become those of /etc itself. */
        r = fsat_mkdir_p(boot->root_fd, UPPER_DIR "/upper", 0755);
        if (r >= 0)
                r = fsat_mkdir_p(boot->root_fd, UPPER_DIR "/work", 0700);
        if (r < 0)
                return error_set(err, FAIL_ETC_FAILED_CODE, -r, "cannot make the overlay's directories");
        r = label_apply(boot, UPPER "/upper", "/etc", S_IFDIR, err);
        if (r < 0)
                return r;
        r = os_mount("overlay", target, "overlay", MS_NODEV | MS_NOSUID,
                     "lowerdir=" NEW_ROOT "/usr/etc,upperdir=" UPPER "/upper,workdir=" UPPER "/work");
        if (r < 0)
                return error_set(err, FAIL_ETC_FAILED_CODE, -r, "cannot mount the overlay of /usr/etc at /etc");
        /* overlayfs holds a private clone of the upper mount, so nobody needs to see this one. */
        r = os_umount_detached(UPPER);
        if (r < 0)
                return error_set(err, FAIL_ETC_FAILED_CODE, -r, "cannot detach " UPPER);
        (void) unlinkat(boot->root_fd, UPPER_DIR, AT_REMOVEDIR);
        return 0;
}

static int mount_etc(struct boot *boot, struct error *err)
{
        _cleanup_fd_ int fd = -1;
        char target[32];

        if (boot->plan.etc == ETC_PLAIN)
                return 0;
        fd = new_root_open_target(boot, "etc", target, err);
        if (fd < 0)
                return fd;
        return boot->plan.etc == ETC_OVERLAY ? mount_etc_overlay(boot, target, err)
                                             : mount_etc_tmpfs(boot, target, err);
}

/*
 * systemd loads the policy once more and obeys /etc/selinux/config, in both directions. What it finds there is
 * therefore the verified copy, read-only, over whatever the root has.
 */
static int bind_selinux(struct boot *boot, struct error *err)
{
        _cleanup_fd_ int fd = -1;
        char target[32], source[192];
        int r;

        if (boot->plan.steps[STAGE_MAC].is_skipped)
                return 0;
        r = new_root_make_directory(boot, "etc/selinux", 0755, err);
        if (r < 0)
                return r;
        fd = new_root_open_target(boot, "etc/selinux", target, err);
        if (fd < 0)
                return fd;
        snprintf(source, sizeof(source), NEW_ROOT "/usr/%s", boot->config.floor.selinux_dir);
        r = os_mount(source, target, NULL, MS_BIND, NULL);
        if (r < 0)
                return error_set(err, FAIL_ETC_FAILED_CODE, -r, "cannot bind %s over /etc/selinux", source);
        /* The descriptor still names the directory below; the path now names the bind. */
        r = os_mount(NULL, NEW_ROOT "/etc/selinux", NULL, MS_REMOUNT | MS_BIND | MS_RDONLY | MS_NODEV | MS_NOSUID,
                     NULL);
        if (r < 0)
                return error_set(err, FAIL_ETC_FAILED_CODE, -r, "cannot make /etc/selinux read-only");
        return 0;
}

int new_root_make_etc(struct boot *boot, struct error *err)
{
        int r;

        r = mount_etc(boot, err);
        if (r < 0)
                return r;
        return bind_selinux(boot, err);
}
