/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Stage record: what the booted system needs of us, into /run, which it inherits.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>

#include "verinit/credential.h"
#include "verinit/fsat.h"
#include "verinit/label.h"
#include "verinit/log.h"
#include "verinit/record.h"

/*
 * The host's coldplug sends "add", and the dm rules take a device without an activation record in the udev database for
 * one that is not set up: no link, SYSTEMD_READY=0, and dev-mapper-usr.device runs into its time-out (lvm2 issue 31). A
 * rule that sorts before 10-dm.rules and 55-dm.rules says what we know. Public udev syntax, where a database stub is not.
 */
static const char udev_rule[] =
        "# Written by verinit: the mapping was set up before udev ran.\n"
        "ACTION==\"add\", SUBSYSTEM==\"block\", KERNEL==\"dm-*\", ATTR{dm/name}==\"usr\", "
        "ATTR{dm/uuid}==\"CRYPT-VERITY-*\", ENV{DM_UDEV_PRIMARY_SOURCE_FLAG}=\"1\"\n";

/* What systemd-stub leaves in the initramfs, and where the host looks for it (systemd tmpfiles.d/20-systemd-stub.conf). */
static const struct {
        const char *from;
        const char *to;
} stub_files[] = {
        { ".extra/tpm2-pcr-signature.json", "run/systemd/tpm2-pcr-signature.json" },
        { ".extra/tpm2-pcr-public-key.pem", "run/systemd/tpm2-pcr-public-key.pem" },
        { ".extra/profile",                 "run/systemd/stub/profile" },
        { ".extra/os-release",              "run/systemd/stub/os-release" },
};

/* The unit that locks SELinux once systemd has loaded the policy again (selinux-lock=late). */
#define LOCK_UNIT "verinit-selinux-lock.service"
#define LOCK_UNIT_PATH "/usr/lib/systemd/system/" LOCK_UNIT
#define LOCK_PROGRAM_PATH "/usr/libexec/verinit-selinux-lock"
#define LOCK_REQUIRES "run/systemd/system/sysinit.target.requires"

enum { STUB_FILE_MAX = 1024 * 1024 };

static int label_run(struct boot *boot, const char *path, mode_t type, struct error *err)
{
        char absolute[192];

        snprintf(absolute, sizeof(absolute), "/%s", path);
        return label_apply(boot, absolute, absolute, type, err);
}

/* Each missing directory gets its own label, so one at a time. */
static int make_directory(struct boot *boot, const char *path, mode_t mode, struct error *err)
{
        int r;

        if (fsat_exists(boot->root_fd, path))
                return 0;
        r = fsat_mkdir_p(boot->root_fd, path, mode);
        if (r < 0)
                return error_set(err, FAIL_RECORD_FAILED_CODE, -r, "cannot make /%s", path);
        return label_run(boot, path, S_IFDIR, err);
}

int record_file(struct boot *boot, const char *path, const void *data, size_t size, mode_t mode, struct error *err)
{
        int r;

        r = fsat_create(boot->root_fd, path, data, size, mode);
        if (r < 0)
                return error_set(err, FAIL_RECORD_FAILED_CODE, -r, "cannot write /%s", path);
        return label_run(boot, path, S_IFREG, err);
}

static int copy_stub_file(struct boot *boot, const char *from, const char *to, struct error *err)
{
        _cleanup_free_ void *data = NULL;
        size_t size = 0;
        int r;

        r = fsat_read_alloc(boot->root_fd, from, STUB_FILE_MAX, &data, &size);
        if (r == -ENOENT)
                return 0;
        if (r < 0)
                return error_set(err, FAIL_RECORD_FAILED_CODE, -r, "cannot read /%s", from);
        log_debug("/%s: %zu bytes to /%s", from, size, to);
        return record_file(boot, to, data, size, 0444, err);
}

static int make_directories(struct boot *boot, struct error *err)
{
        static const struct {
                const char *path;
                mode_t mode;
        } list[] = {
                { "run/verinit", 0755 },
                { "run/udev", 0755 }, { "run/udev/rules.d", 0755 },
                { "run/systemd", 0755 }, { "run/systemd/stub", 0755 },
                { "run/log", 0755 }, { "run/log/systemd", 0755 },
                { "run/credentials", 0755 }, { "run/credentials/@encrypted", 0700 },
        };
        int r;

        for (size_t i = 0; i < ARRAY_SIZE(list); i++) {
                r = make_directory(boot, list[i].path, list[i].mode, err);
                if (r < 0)
                        return r;
        }
        return 0;
}

/* What the kernel and PID 1 made before there was a policy. What is made from here on gets its label at once. */
static int label_early_files(struct boot *boot, struct error *err)
{
        int r = label_tree(boot, "/dev", err);

        return r < 0 ? r : label_tree(boot, "/run", err);
}

/* A link may be one to /dev/null, which systemd takes for a unit that is not to be started. */
static int check_lock_file(struct boot *boot, const char *path, mode_t mode, struct error *err)
{
        char below[128];
        struct stat st;

        (void) snprintf(below, sizeof(below), NEW_ROOT_DIR "%s", path);
        if (fstatat(boot->root_fd, below, &st, AT_SYMLINK_NOFOLLOW) < 0)
                return error_set(err, FAIL_SELINUX_LOCK_FAILED_CODE, errno,
                                 "the verified /usr has no %s, which selinux-lock=late leaves it to", path);
        if (!S_ISREG(st.st_mode) || st.st_size == 0 || (st.st_mode & mode) != mode)
                return error_set(err, FAIL_SELINUX_LOCK_FAILED_CODE, ENOEXEC,
                                 "%s, which selinux-lock=late leaves it to, is %s", path,
                                 !S_ISREG(st.st_mode) ? "no plain file" : st.st_size == 0 ? "empty" : "no program");
        return 0;
}

/*
 * systemd takes it for required by sysinit.target: what is only wanted and cannot be started is left out without a word. Not by a link in
 * the image: there it would lock each boot, and under a floor that says none a policy could then not be loaded.
 */
static int require_late_lock(struct boot *boot, struct error *err)
{
        static const char link[] = LOCK_REQUIRES "/" LOCK_UNIT;
        int r;

        if (boot->plan.steps[STAGE_MAC].is_skipped || boot->plan.selinux_lock != SELINUX_LOCK_LATE)
                return 0;
        r = check_lock_file(boot, LOCK_UNIT_PATH, 0, err);
        if (r >= 0)
                r = check_lock_file(boot, LOCK_PROGRAM_PATH, S_IXUSR, err);
        if (r >= 0)
                r = make_directory(boot, "run/systemd/system", 0755, err);
        if (r >= 0)
                r = make_directory(boot, LOCK_REQUIRES, 0755, err);
        if (r < 0)
                return r;
        if (symlinkat(LOCK_UNIT_PATH, boot->root_fd, link) < 0)
                return error_set(err, FAIL_RECORD_FAILED_CODE, errno, "cannot make the link /%s", link);
        return label_run(boot, link, S_IFLNK, err);
}

int record_boot_json(struct boot *boot, struct error *err)
{
        static char json[16384];
        ssize_t n;

        n = evidence_format_json(&boot->evidence, json, sizeof(json));
        if (n < 0)
                return error_set(err, FAIL_RECORD_FAILED_CODE, (int) -n, "boot.json does not fit %zu bytes",
                                 sizeof(json));
        return record_file(boot, "run/verinit/boot.json", json, (size_t) n, 0444, err);
}

int stage_record(struct boot *boot, struct error *err)
{
        int r;

        r = label_early_files(boot, err);
        if (r < 0)
                return r;
        stage_lap("labels");
        r = make_directories(boot, err);
        if (r < 0)
                return r;
        r = require_late_lock(boot, err);
        if (r < 0)
                return r;
        r = record_file(boot, "run/udev/rules.d/01-verinit.rules", udev_rule, sizeof(udev_rule) - 1, 0444, err);
        if (r < 0)
                return r;
        for (size_t i = 0; i < ARRAY_SIZE(stub_files); i++) {
                r = copy_stub_file(boot, stub_files[i].from, stub_files[i].to, err);
                if (r < 0)
                        return r;
        }
        boot->evidence.previous_stage = last_failure_stage_name(&boot->last_failure);
        boot->evidence.previous_code = last_failure_code_name(&boot->last_failure);
        r = record_credentials(boot, err);
        if (r < 0)
                return r;
        r = record_boot_json(boot, err);
        if (r < 0)
                return r;
        log_info("evidence in /run/verinit/boot.json");
        return 0;
}
