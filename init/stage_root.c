/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Stage root: the new root, put together around the verified /usr. Only now may an unverified file system be parsed, and
 * only where the floor names that.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/mount.h>

#include "verinit/boot.h"
#include "verinit/devices.h"
#include "verinit/features.h"
#include "verinit/fsat.h"
#include "verinit/label.h"
#include "verinit/log.h"
#include "verinit/modules.h"
#include "verinit/new_root.h"

static struct devices_scan scan;

static int mount_tmpfs(struct boot *boot, struct error *err)
{
        const struct boot_config *config = &boot->config;
        char options[CONFIG_OPTIONS_MAX + 320], context[288];
        int r;

        r = label_mount_option(boot, "/", context, sizeof(context), err);
        if (r < 0)
                return r;
        snprintf(options, sizeof(options), "mode=0755%s%s%s", config->root_options[0] ? "," : "",
                 config->root_options, context);
        /* Source "rootfs": systemd's own name for it (v257 src/fstab-generator). */
        r = os_mount("rootfs", NEW_ROOT, "tmpfs", MS_STRICTATIME | config->root_mount_flags, options);
        if (r < 0)
                return error_set(err, FAIL_ROOT_MOUNT_FAILED_CODE, -r, "cannot mount a tmpfs with options '%s'",
                                 options);
        return 0;
}

static bool is_packed(const char *name, const void *userdata)
{
        return modules_has_feature(userdata, name);
}

static int find_root(struct boot *boot, const char *const *filesystems, struct error *err)
{
        if (boot->facts.root.is_found)
                return 0;
        scan.n_wanted = 1;
        scan.wanted[0] = (struct devices_wanted) {
                .what = "root", .spec = &boot->config.root, .found = &boot->facts.root, .filesystems = filesystems,
        };
        return devices_find(boot, &scan, boot->config.device_timeout_us, FAIL_ROOT_ABSENT_CODE, err);
}

static int root_fstype(struct boot *boot, int fd, const char *const *filesystems, char *ret, size_t size, struct error *err)
{
        struct filesystem fs = {};
        int r;

        if (boot->config.root_fstype[0] != '\0') {
                (void) str_copy(ret, size, boot->config.root_fstype);
                return 0;
        }
        r = blockdev_read_filesystem(fd, filesystems, &fs, err);
        if (r < 0)
                return r;
        if (fs.type[0] == '\0' || !str_copy(ret, size, fs.type))
                return error_set(err, FAIL_ROOT_FSTYPE_UNKNOWN_CODE, EMEDIUMTYPE,
                                 "no file system that the initramfs has a driver for on /dev/%s", boot->facts.root.name);
        return 0;
}

static int mount_unverified(struct boot *boot, struct error *err)
{
        const struct boot_config *config = &boot->config;
        _cleanup_fd_ int fd = -1;
        const char *filesystems[FEATURES_MAX_FILESYSTEMS];
        char node[64], fstype[16];
        int r;

        features_root_filesystems(config, is_packed, boot, filesystems);
        r = find_root(boot, filesystems, err);
        if (r < 0)
                return r;
        fd = devices_open(boot, &boot->facts.root, err);
        if (fd < 0)
                return fd;
        r = root_fstype(boot, fd, filesystems, fstype, sizeof(fstype), err);
        if (r < 0)
                return r;
        (void) str_copy(boot->evidence.root_device, sizeof(boot->evidence.root_device), boot->facts.root.name);
        snprintf(node, sizeof(node), "/dev/%s", boot->facts.root.name);
        r = os_mount(node, NEW_ROOT, fstype, config->root_mount_flags | (config->root_rw ? 0 : MS_RDONLY),
                     config->root_options);
        if (r < 0)
                return error_set(err, FAIL_ROOT_MOUNT_FAILED_CODE, -r, "cannot mount %s as %s with options '%s'", node,
                                 fstype, config->root_options);
        /* The mount went by the name; it is the device that was looked at, if the name still means that one. */
        return devices_check_unchanged(boot, &boot->facts.root, fd, err);
}

static int move_usr(struct boot *boot, struct error *err)
{
        _cleanup_fd_ int fd = -1;
        char target[32];
        int r;

        fd = new_root_open_target(boot, "usr", target, err);
        if (fd < 0)
                return fd;
        r = os_mount(USR_MOUNT, target, NULL, MS_MOVE, NULL);
        if (r < 0)
                return error_set(err, FAIL_NEW_ROOT_FAILED_CODE, -r, "cannot move the verified /usr into the new root");
        return 0;
}

/* Before a byte of it is parsed: a file system that takes the kernel over could extend the other word. */
static int record_kind(struct boot *boot, struct error *err)
{
        char word[MEASURE_WORD_MAX + 1];
        int r;

        if (boot->plan.steps[STAGE_MEASURE].is_skipped)
                return 0;
        measure_word_root(root_kind_name(boot->plan.root_kind), word);
        r = measure_extend(&boot->measure, MEASURE_PCR_WORDS, word, err);
        if (r < 0)
                return r;
        evidence_word(&boot->evidence, MEASURE_PCR_WORDS, word);
        return 0;
}

int stage_root(struct boot *boot, struct error *err)
{
        static const char *const etc_names[] = {
                [ETC_OVERLAY] = "overlay", [ETC_TMPFS] = "tmpfs", [ETC_PLAIN] = "plain",
        };
        struct evidence *e = &boot->evidence;
        int r;

        r = record_kind(boot, err);
        if (r < 0)
                return r;
        r = fsat_mkdir_p(boot->root_fd, NEW_ROOT_DIR, 0755);
        if (r < 0)
                return error_set(err, FAIL_NEW_ROOT_FAILED_CODE, -r, "cannot make " NEW_ROOT);
        r = boot->plan.root_kind == ROOT_TMPFS ? mount_tmpfs(boot, err) : mount_unverified(boot, err);
        if (r < 0)
                return r;
        (void) str_copy(e->root_kind, sizeof(e->root_kind), root_kind_name(boot->plan.root_kind));
        (void) str_copy(e->etc_mode, sizeof(e->etc_mode), etc_names[boot->plan.etc]);

        r = new_root_make_skeleton(boot, err);
        if (r < 0)
                return r;
        r = move_usr(boot, err);
        if (r < 0)
                return r;
        r = new_root_make_etc(boot, err);
        if (r < 0)
                return r;
        log_info("root is %s%s%s, /etc is %s", e->root_kind, e->root_device[0] ? " on " : "", e->root_device,
                 e->etc_mode);
        return 0;
}
