/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Stage early: the kernel's file systems, a log, and the promise that even a crash of ours ends in a reset.
 */
#include <errno.h>
#include <fcntl.h>
#include <sys/mount.h>
#include <sys/utsname.h>

#include "verinit/boot.h"
#include "verinit/fsat.h"
#include "verinit/log.h"
#include "verinit/panic.h"
#include "verinit/version_string.h"

struct api_mount {
        const char *fstype;
        const char *target;
        unsigned long flags;
        const char *options;
};

/*
 * systemd leaves mount points alone that it finds, so these flags are final: they are its own
 * (v257 src/shared/mount-setup.c).
 */
static const struct api_mount api_mounts[] = {
        { "devtmpfs",   "/dev",                 MS_NOSUID | MS_STRICTATIME,       "mode=0755,size=4m" },
        { "proc",       "/proc",                MS_NOSUID | MS_NOEXEC | MS_NODEV, NULL },
        { "sysfs",      "/sys",                 MS_NOSUID | MS_NOEXEC | MS_NODEV, NULL },
        { "tmpfs",      "/run",                 MS_NOSUID | MS_NODEV | MS_STRICTATIME,
                                                                                  "mode=0755,size=20%,nr_inodes=800k" },
        { "securityfs", "/sys/kernel/security", MS_NOSUID | MS_NOEXEC | MS_NODEV, NULL },
};

static int mount_api(struct boot *boot, const struct api_mount *m, struct error *err)
{
        int r;

        /* Fails below /sys, where the kernel has made the directory. */
        (void) fsat_mkdir_p(boot->root_fd, m->target + 1, 0755);
        r = os_mount(m->fstype, m->target, m->fstype, m->flags, m->options);
        if (r < 0)
                return error_set(err, FAIL_API_MOUNT_FAILED_CODE, -r, "cannot mount %s at %s", m->fstype, m->target);
        return 0;
}

/* /dev first: what fails after it can be said. Before it, boot_fail() falls back to the console. */
static int mount_all(struct boot *boot, struct error *err)
{
        for (size_t i = 0; i < ARRAY_SIZE(api_mounts); i++) {
                int r = mount_api(boot, &api_mounts[i], err);

                if (r < 0)
                        return r;
                if (i == 0)
                        log_open(openat(boot->root_fd, "dev/kmsg", O_WRONLY | O_CLOEXEC | O_NOCTTY));
        }
        return 0;
}

/*
 * Otherwise the kernel drops all but 10 lines in 5 s of each descriptor, silently. The newline is needed: without it
 * 6.12 answers EINVAL (kernel/printk/printk.c devkmsg_sysctl_set_loglvl()).
 */
static void lift_rate_limit(struct boot *boot)
{
        int r = fsat_write(boot->root_fd, "proc/sys/kernel/printk_devkmsg", "on\n");

        if (r < 0)
                log_warning("the kernel will drop lines of this log: printk_devkmsg: %s", errno_name(-r));
}

static void note_boot(struct boot *boot)
{
        struct evidence *e = &boot->evidence;
        char text[64];
        struct utsname u;
        size_t n = 0;

        if (fsat_read_line(boot->root_fd, "proc/sys/kernel/random/boot_id", text, sizeof(text)) > 0)
                (void) str_copy(e->boot_id, sizeof(e->boot_id), text);
        for (const char *p = e->boot_id; *p; p++)
                if (*p != '-' && n < sizeof(boot->measure.boot_id) - 1)
                        boot->measure.boot_id[n++] = *p;
        boot->measure.boot_id[n] = '\0';
        if (uname(&u) == 0)
                (void) str_copy(e->kernel, sizeof(e->kernel), u.release);
}

int stage_early(struct boot *boot, struct error *err)
{
        struct floor strict;
        int r;

        if (boot->root_fd < 0)
                return error_set(err, FAIL_API_MOUNT_FAILED_CODE, EBADF, "cannot open the root directory");
        boot->measure.root_fd = boot->root_fd;

        r = mount_all(boot, err);
        if (r < 0)
                return r;
        lift_rate_limit(boot);

        /* The floor, which may say another delay, is not read yet; a reader of it may crash. */
        floor_init(&strict);
        r = panic_set(boot->root_fd, strict.panic_timeout_s, err);
        if (r < 0)
                return r;

        note_boot(boot);
        log_info("verinit %s on kernel %s", verinit_version, boot->evidence.kernel);
        return 0;
}
