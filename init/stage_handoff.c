/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Stage handoff: `leave-initrd`, the switch of the root, the initramfs freed, systemd.
 *
 * All that can be refused is refused before the switch; after it there is no way back, only the reset.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include "verinit/boot.h"
#include "verinit/fsat.h"
#include "verinit/log.h"
#include "verinit/record.h"
#include "verinit/watchdog.h"

static int mount_id(int fd, uint64_t *ret)
{
        struct statx sx;

        if (statx(fd, "", AT_EMPTY_PATH, STATX_MNT_ID, &sx) < 0)
                return -errno;
        if (!(sx.stx_mask & STATX_MNT_ID))
                return -EOPNOTSUPP;
        *ret = sx.stx_mnt_id;
        return 0;
}

/*
 * Resolves links as the host would see them: /sbin/init is often one, and an absolute one. Wherever they lead, the
 * program is one of the verified /usr: on an unverified root a link is whatever the disk says.
 */
static int check_init(struct boot *boot, struct error *err)
{
        const struct open_how how = { .flags = O_PATH | O_CLOEXEC, .resolve = RESOLVE_IN_ROOT };
        _cleanup_fd_ int root = -1, usr = -1, init = -1;
        uint64_t usr_mount, init_mount;
        int r;

        root = openat(boot->root_fd, NEW_ROOT_DIR, O_PATH | O_DIRECTORY | O_CLOEXEC);
        usr = openat(boot->root_fd, NEW_ROOT_DIR "/usr", O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        if (root < 0 || usr < 0)
                return error_set(err, FAIL_SWITCH_ROOT_FAILED_CODE, errno, "cannot open " NEW_ROOT " and its /usr");
        init = (int) syscall(SYS_openat2, root, boot->config.init_path, &how, sizeof(how));
        if (init < 0)
                return error_set(err, FAIL_INIT_MISSING_CODE, errno, "the new root has no %s",
                                 boot->config.init_path);
        r = mount_id(usr, &usr_mount);
        if (r >= 0)
                r = mount_id(init, &init_mount);
        if (r < 0)
                return error_set(err, FAIL_SWITCH_ROOT_FAILED_CODE, -r, "cannot tell on which mount %s is",
                                 boot->config.init_path);
        if (init_mount != usr_mount)
                return error_set(err, FAIL_INIT_UNVERIFIED_CODE, EXDEV, "%s is not in the verified /usr",
                                 boot->config.init_path);
        return 0;
}

static int measure_leave(struct boot *boot, struct error *err)
{
        int r;

        if (boot->plan.steps[STAGE_MEASURE].is_skipped)
                return 0;
        r = measure_extend(&boot->measure, MEASURE_PCR_PHASE, "leave-initrd", err);
        if (r < 0)
                return r;
        evidence_word(&boot->evidence, MEASURE_PCR_PHASE, "leave-initrd");
        return 0;
}

static uint64_t memory_available_kb(struct boot *boot)
{
        char text[4096];
        uint64_t kb = 0;
        const char *p;

        if (fsat_read(boot->root_fd, "proc/meminfo", text, sizeof(text)) <= 0)
                return 0;
        p = strstr(text, "MemAvailable:");
        return p && sscanf(p, "MemAvailable: %" SCNu64, &kb) == 1 ? kb : 0;
}

static int switch_root(struct boot *boot, struct error *err)
{
        struct evidence *e = &boot->evidence;
        _cleanup_fd_ int old_root_fd = -1;
        enum os_switch how;
        int r;

        e->memory_available_before_kb = memory_available_kb(boot);
        r = os_switch_root(NEW_ROOT, &how, &old_root_fd);
        if (r < 0)
                return error_set(err, FAIL_SWITCH_ROOT_FAILED_CODE, -r, "cannot make " NEW_ROOT " the root");
        (void) str_copy(e->switch_how, sizeof(e->switch_how), how == OS_SWITCH_PIVOT ? "pivot" : "move");

        /* On 6.12 the initramfs stays mounted below for ever: its memory comes back only file by file. */
        if (how == OS_SWITCH_MOVE) {
                r = os_empty_directory(old_root_fd, &e->initramfs_bytes);
                if (r < 0)
                        log_debug("the initramfs was not freed whole: %s", errno_name(-r));
        }
        boot->root_fd = fd_close(boot->root_fd);
        boot->root_fd = os_open_root();
        if (boot->root_fd < 0)
                return error_set(err, FAIL_SWITCH_ROOT_FAILED_CODE, -boot->root_fd, "cannot open the new root");
        boot->measure.root_fd = boot->root_fd;
        e->memory_available_after_kb = memory_available_kb(boot);
        log_info("root switched (%s), %" PRIu64 " KiB of initramfs freed", e->switch_how, e->initramfs_bytes / 1024);
        return 0;
}

/*
 * The stage is not over, but what follows is the exec, and nobody could write after it. A failed exec ends the boot,
 * so no host ever reads a "passed" that was not.
 */
static int record_end(struct boot *boot, struct error *err)
{
        struct evidence_stage *s = &boot->evidence.stages[STAGE_HANDOFF];

        s->verdict = VERDICT_PASSED;
        s->duration_us = os_boottime_us() - s->start_us;
        return record_boot_json(boot, err);
}

/*
 * The boot is good, and boot.json has it. If the firmware keeps it, the next failure waits longer and the next good boot
 * reports it once more: nothing is let through by that.
 */
static void forget_last_failure(struct boot *boot)
{
        int r = last_failure_clear(boot->root_fd, &boot->last_failure);

        if (r < 0)
                log_warning("VerinitLastFailure cannot be removed: %s", errno_name(-r));
        else
                boot->last_failure = (struct last_failure) { .state = boot->last_failure.state == LAST_FAILURE_UNKNOWN ?
                                                                             LAST_FAILURE_UNKNOWN : LAST_FAILURE_NONE };
}

int stage_handoff(struct boot *boot, struct error *err)
{
        /*
         * Nothing of ours is passed on: words of the command line became our argv and environment, and systemd itself
         * honours LD_* and SYSTEMD_*. The credentials directory, empty or with what the ESP had, tells systemd that all
         * import was done, so that it takes none from SMBIOS, fw_cfg and the command line (v257 src/core/import-creds.c).
         */
        char *const argv[] = { boot->config.init_path, NULL };
        char *const envp[] = {
                (char[]) { "TERM=linux" },
                boot->config.floor.credentials == CREDENTIALS_PLATFORM ?
                        NULL : (char[]) { "ENCRYPTED_CREDENTIALS_DIRECTORY=/run/credentials/@encrypted" },
                NULL,
        };
        int r;

        r = check_init(boot, err);
        if (r < 0)
                return r;
        r = measure_leave(boot, err);
        if (r < 0)
                return r;
        r = switch_root(boot, err);
        if (r < 0)
                return r;
        r = record_end(boot, err);
        if (r < 0)
                return r;
        forget_last_failure(boot);

        /* Its descriptor is closed by the exec, without the word that would stop it: it runs on until systemd takes it. */
        r = watchdog_feed(boot, err);
        if (r < 0)
                return r;
        log_info("starting %s", boot->config.init_path);
        r = os_exec(boot->config.init_path, argv, envp);
        return error_set(err, FAIL_EXEC_FAILED_CODE, -r, "cannot start %s", boot->config.init_path);
}
