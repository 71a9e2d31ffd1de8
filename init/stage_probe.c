/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Stage probe: every module that the boot will need, the TPM, and what the firmware says of itself.
 *
 * All modules are loaded here or in find: once the SELinux policy is enforcing, the kernel refuses a module from
 * the initramfs (module_load on root_t). No byte of a disk is read.
 */
#include <errno.h>
#include <inttypes.h>
#include <sys/mount.h>

#include "verinit/boot.h"
#include "verinit/features.h"
#include "verinit/firmware.h"
#include "verinit/fsat.h"
#include "verinit/ipe.h"
#include "verinit/log.h"
#include "verinit/lsm.h"
#include "verinit/modules.h"
#include "verinit/watchdog.h"

#define EFIVARS EFIVARS_DIR
#define TPM_DEVICE "dev/tpmrm0"

/* The firmware said that there is a TPM, so its driver will bring it or has failed: bounded all the same. */
enum { TPM_TIMEOUT_S = 30 };

static bool is_packed(const char *name, const void *userdata)
{
        return modules_has_feature(userdata, name);
}

/* Not packed: built in. Then the mount says so. */
static bool needs_efivarfs(const struct boot *boot)
{
        return boot->facts.is_efi && modules_has_feature(boot, "efivarfs");
}

static void load_ahead(struct boot *boot, const struct feature_need *needs, size_t n_needs)
{
        const char *features[FEATURES_MAX_NEEDED + 1];
        size_t n = 0;

        for (size_t i = 0; i < n_needs; i++)
                features[n++] = needs[i].name;
        if (needs_efivarfs(boot))
                features[n++] = "efivarfs";
        modules_load_ahead(boot, features, n);
}

static int load_modules(struct boot *boot, struct error *err)
{
        struct feature_need needs[FEATURES_MAX_NEEDED];
        size_t n_needs = features_needed(&boot->config, is_packed, boot, needs);
        unsigned n = 0;
        int r;

        load_ahead(boot, needs, n_needs);
        /* Hardware first: disks answer while the rest is being loaded. */
        r = modules_coldplug(boot, &n, err);
        if (r < 0)
                return r;
        for (size_t i = 0; i < n_needs; i++) {
                r = modules_load_feature(boot, needs[i].name, err);
                if (r < 0)
                        return error_prefix(err, "%s", needs[i].why);
        }
        return 0;
}

static int mount_efivars(struct boot *boot, struct error *err)
{
        struct facts *facts = &boot->facts;
        int r;

        if (!facts->is_efi)
                return 0;
        r = needs_efivarfs(boot) ? modules_load_feature(boot, "efivarfs", err) : 0;
        if (r < 0)
                return r;
        r = os_mount("efivarfs", "/" EFIVARS, "efivarfs", MS_NOSUID | MS_NOEXEC | MS_NODEV, NULL);
        /* Without runtime services (efi=noruntime, PREEMPT_RT, some arm64 firmware): what that means, plan says. */
        if (r < 0 && r != -EOPNOTSUPP)
                return error_set(err, FAIL_API_MOUNT_FAILED_CODE, -r, "cannot mount efivarfs at /" EFIVARS);
        facts->has_efi_variables = r >= 0;
        if (!facts->has_efi_variables)
                return 0;
        last_failure_load(boot->root_fd, &boot->last_failure);
        if (boot->last_failure.state != LAST_FAILURE_NONE)
                log_info("the boot before ended in stage %s: %s, says VerinitLastFailure",
                         last_failure_stage_name(&boot->last_failure), last_failure_code_name(&boot->last_failure));
        return 0;
}

/* What the stub could only have said with a TPM: its driver will bring it or has failed. Bounded all the same. */
static int wait_for_tpm(struct boot *boot, struct error *err)
{
        uint64_t left_us = TPM_TIMEOUT_S * UINT64_C(1000000);
        bool is_over = false;

        while (!fsat_exists(boot->root_fd, TPM_DEVICE)) {
                unsigned n = 0;
                int r;

                if (is_over)
                        return error_set(err, FAIL_TPM_FAILED_CODE, ETIMEDOUT,
                                         "the firmware measured into a TPM, but /" TPM_DEVICE " did not appear in %d s",
                                         TPM_TIMEOUT_S);
                r = watchdog_wait_uevent(boot, &left_us, FAIL_TPM_FAILED_CODE, err);
                if (r < 0)
                        return error_prefix(err, "waiting for /" TPM_DEVICE);
                is_over = r == 0;
                r = modules_coldplug(boot, &n, err);
                if (r < 0)
                        return r;
        }
        return 0;
}

static bool has_tpm2(struct boot *boot)
{
        return fsat_exists(boot->root_fd, TPM_DEVICE) ||
               fsat_exists(boot->root_fd, "sys/firmware/acpi/tables/TPM2");
}

static int open_tpm(struct boot *boot, struct error *err)
{
        struct measure *m = &boot->measure;
        int r;

        r = wait_for_tpm(boot, err);
        if (r < 0)
                return r;
        r = tpm_open("/" TPM_DEVICE, &m->tpm, err);
        if (r < 0)
                return r;
        tpm_on_wait(m->tpm, watchdog_feed_waiting, boot);
        r = tpm_read_banks(m->tpm, &m->banks, err);
        if (r < 0)
                return r;
        boot->evidence.n_banks = m->banks.n;
        memcpy(boot->evidence.banks, m->banks.algs, sizeof(boot->evidence.banks));
        return 0;
}

static int probe_tpm(struct boot *boot, struct error *err)
{
        struct facts *facts = &boot->facts;

        /* A crash kernel runs on the PCRs of the boot that crashed: it leaves them alone. */
        facts->is_crash_kernel = fsat_exists(boot->root_fd, "proc/vmcore");
        if (!facts->is_uki_measured) {
                /* Nothing will be extended, so no host waits here for a TPM that has no driver. */
                facts->tpm = has_tpm2(boot) ? TPM_STATE_UNMEASURED : TPM_STATE_ABSENT;
                return 0;
        }
        facts->tpm = TPM_STATE_MEASURED;
        return facts->is_crash_kernel ? 0 : open_tpm(boot, err);
}

/*
 * What the list lacks does not run, whatever directories there are. A kernel that has no list has no module; of one whose list cannot
 * be read nobody knows: the boot ends, whatever the floor allows.
 */
static int probe_security_modules(struct boot *boot, struct error *err)
{
        char *list = boot->evidence.lsm;
        ssize_t n = fsat_read_line(boot->root_fd, LSM_PATH, list, sizeof(boot->evidence.lsm));

        if (n == -ENOENT)
                list[0] = '\0';
        else if (n < 0)
                return error_set(err, FAIL_API_MOUNT_FAILED_CODE, (int) -n,
                                 "/" LSM_PATH ", the list of the kernel's security modules, cannot be read: %s", errno_name((int) -n));
        boot->facts.has_selinux = lsm_list_has(list, "selinux") && fsat_exists(boot->root_fd, "sys/fs/selinux");
        boot->facts.has_ipe = lsm_list_has(list, "ipe") && fsat_exists(boot->root_fd, IPE_DIR);
        return 0;
}

int stage_probe(struct boot *boot, struct error *err)
{
        static const char *const tpm_names[] = {
                [TPM_STATE_ABSENT] = "absent", [TPM_STATE_UNMEASURED] = "unmeasured", [TPM_STATE_MEASURED] = "measured",
        };
        int r;

        /* Before the first look at /sys: a device that comes between look and wait would not be seen. */
        boot->uevent_fd = os_open_uevents();
        if (boot->uevent_fd < 0)
                return error_set(err, FAIL_MODULE_LOAD_FAILED_CODE, -boot->uevent_fd, "cannot open the uevent socket");

        r = modules_read_table(boot, err);
        if (r < 0)
                return r;
        boot->facts.is_efi = fsat_exists(boot->root_fd, EFIVARS);
        r = load_modules(boot, err);
        if (r < 0)
                return r;
        /* As soon as its driver is there. */
        r = watchdog_arm(boot, err);
        if (r < 0)
                return r;
        r = mount_efivars(boot, err);
        if (r < 0)
                return r;
        /* Behind the last that asks for its module by name: who asked says what for. */
        r = modules_check_ahead(boot, err);
        if (r < 0)
                return r;
        firmware_read_variables(boot->root_fd, &boot->facts);
        r = probe_tpm(boot, err);
        if (r < 0)
                return r;

        r = probe_security_modules(boot, err);
        if (r < 0)
                return r;
        (void) str_copy(boot->evidence.tpm, sizeof(boot->evidence.tpm), tpm_names[boot->facts.tpm]);
        log_info("%u modules, TPM %s, %zu banks, SELinux %s, IPE %s", boot->evidence.n_modules, boot->evidence.tpm,
                 boot->measure.banks.n, boot->facts.has_selinux ? "in the kernel" : "off",
                 boot->facts.has_ipe ? "in the kernel" : "off");
        return 0;
}
