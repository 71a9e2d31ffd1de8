/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The last decision of a boot, from what was asked and what is there. Pure, so that every combination is a test.
 */
#include <errno.h>

#include "verinit/boot_plan.h"
#include "verinit/floor_check.h"

static void skip(struct step *step, const char *reason)
{
        *step = (struct step) { .is_skipped = true };
        (void) str_copy(step->reason, sizeof(step->reason), reason);
}

/* Why nothing ties this boot to the PCRs; NULL if something does. */
static const char *unmeasured_because(const struct facts *facts)
{
        /* It starts without a reset: a second enter-initrd would close what the first boot may still open. */
        if (facts->is_crash_kernel)
                return "this is a crash kernel, and the PCRs are those of the boot that crashed";
        if (facts->tpm == TPM_STATE_MEASURED)
                return NULL;
        if (!facts->is_efi)
                return "this is no UEFI boot";
        if (!facts->has_efi_variables)
                return "the firmware has no runtime services, so the variables of systemd-stub cannot be read";
        return "systemd-stub did not measure this kernel image into PCR 11";
}

int plan_measuring(const struct boot_config *config, const struct facts *facts, struct step *ret, struct error *err)
{
        const char *why = unmeasured_because(facts);
        struct step step = { .is_skipped = false };

        if (why && config->floor.tpm != NEED_ALLOW) {
                if (facts->tpm == TPM_STATE_ABSENT)
                        return error_set(err, FAIL_TPM_ABSENT_CODE, ENODEV,
                                         "no TPM 2.0, and the floor requires one (tpm=require)");
                return error_set(err, FAIL_TPM_UNMEASURED_CODE, ENODATA,
                                 "there is a TPM, but %s: nothing ties this boot to its PCRs, and the floor "
                                 "requires that (tpm=require)", why);
        }
        if (why)
                skip(&step, facts->is_crash_kernel ? "crash-kernel" :
                            facts->tpm == TPM_STATE_ABSENT ? "no-tpm" : "unmeasured-uki");
        *ret = step;
        return 0;
}

static int plan_mac(const struct boot_config *config, const struct facts *facts, struct boot_plan *plan, struct error *err)
{
        plan->selinux_lock = config->floor.selinux_lock;
        if (facts->has_selinux)
                return 0;
        if (config->floor.selinux != NEED_ALLOW)
                return error_set(err, FAIL_SELINUX_ABSENT_CODE, ENOSYS,
                                 "the kernel does not run SELinux, and the floor requires it (selinux=require)");
        skip(&plan->steps[STAGE_MAC], "selinux-off");
        return 0;
}

/* What is named is loaded, whatever the floor says: only that nothing is named can be allowed. */
static int plan_ipe(const struct boot_config *config, const struct facts *facts, struct boot_plan *plan, struct error *err)
{
        plan->n_ipe_policies = boot_config_ipe_policies(config, plan->ipe_policies);
        plan->keeps_mac_admin = config->floor.keeps_mac_admin;
        /* Half of stage mac is done then. */
        if (plan->n_ipe_policies > 0 && plan->steps[STAGE_MAC].is_skipped)
                skip(&plan->steps[STAGE_MAC], "ipe-alone");
        if (plan->n_ipe_policies == 0 || facts->has_ipe)
                return 0;
        return error_set(err, FAIL_IPE_ABSENT_CODE, ENOSYS, "the kernel does not run IPE, and %s names a policy for it",
                         plan->ipe_policies[0].source == IPE_INITRAMFS ? "the floor" : "the command line");
}

static int check_found(const struct found_device *device, const struct device_spec *spec, const char *what,
                       struct error *err)
{
        char text[160];

        if (device->is_found)
                return 0;
        device_spec_format(spec, text, sizeof(text));
        return error_set(err, FAIL_PLAN_IMPOSSIBLE_CODE, ENODEV, "%s %s was not found", what, text);
}

bool devices_overlap(const struct found_device *a, const struct found_device *b)
{
        return a->devno == b->devno || str_equal(a->name, b->name) || str_equal(a->name, b->disk) ||
               str_equal(b->name, a->disk);
}

/* Whether data and tree may be on one device, by what the signed text says of the tree's place. */
static int check_one_device(const struct boot_config *config, const char *name, struct error *err)
{
        const struct verity_geometry *g = &config->geometry;

        if (config->has_geometry && g->data_blocks * g->data_block_bytes > g->hash_start_block * g->hash_block_bytes)
                return error_set(err, FAIL_PLAN_IMPOSSIBLE_CODE, EINVAL,
                                 "data and hash tree of /usr are both on %s, and the tree would begin inside the data",
                                 name);
        if (!config->has_geometry && config->hash_offset_bytes == 0 && !config->hash_offset_is_file_system_end)
                return error_set(err, FAIL_PLAN_IMPOSSIBLE_CODE, EINVAL,
                                 "data and hash tree of /usr are both on %s, at offset 0: give hash-offset= in "
                                 "systemd.verity_usr_options=, or init.verity=",
                                 name);
        return 0;
}

static int plan_usr(const struct boot_config *config, const struct facts *facts, struct boot_plan *plan,
                    struct error *err)
{
        const struct found_device *data = &facts->usr_data, *hash = &facts->usr_hash;
        int r;

        r = check_found(data, &config->usr_data, "data device of /usr", err);
        if (r == 0)
                r = check_found(hash, &config->usr_hash, "hash device of /usr", err);
        if (r == 0 && config->fec.device.kind != DEVICE_NONE)
                r = check_found(&facts->usr_fec, &config->fec.device, "error correction of /usr", err);
        if (r < 0)
                return r;

        plan->is_same_device = data->devno == hash->devno;
        r = plan->is_same_device ? check_one_device(config, data->name, err) : 0;
        if (r < 0)
                return r;
        if (!plan->is_same_device && devices_overlap(data, hash))
                return error_set(err, FAIL_PLAN_IMPOSSIBLE_CODE, EINVAL,
                                 "data device %s and hash device %s of /usr overlap: one is a partition of the other",
                                 data->name, hash->name);
        (void) str_copy(plan->usr_mount_options, sizeof(plan->usr_mount_options), config->usr_options);
        return 0;
}

/* What is named or was found is verified, whatever the floor says: only its absence can be allowed. */
static int plan_signature(const struct boot_config *config, const struct facts *facts, struct boot_plan *plan,
                          struct error *err)
{
        if (config->signature.source != SIGNATURE_DISCOVERED || facts->n_usr_signatures > 0)
                return 0;
        if (config->floor.root_hash_signature != NEED_ALLOW)
                return error_set(err, FAIL_SIGNATURE_MISSING_CODE, ENOENT,
                                 "no signature of the root hash: the command line names none, and %s has no partition of"
                                 " type usr-verity-sig; the floor requires one (root-hash-signature=require)",
                                 facts->usr_data.disk[0] ? facts->usr_data.disk : "the disk");
        plan->is_unsigned = true;
        return 0;
}

static int plan_root(const struct boot_config *config, const struct facts *facts, struct boot_plan *plan,
                     struct error *err)
{
        const struct found_device *root = &facts->root;
        int r;

        /* boot_config_parse() refused these already; a plan does not rest on who filled the config. */
        if (config->root_kind == ROOT_UNVERIFIED && config->floor.root != FLOOR_ROOT_UNVERIFIED)
                return error_set(err, FAIL_FLOOR_REFUSES_CODE, EPERM,
                                 "an unverified root; the floor allows tmpfs alone");
        if (config->root_kind == ROOT_TMPFS && config->floor.etc == ETC_PLAIN)
                return error_set(err, FAIL_FLOOR_REFUSES_CODE, EINVAL,
                                 "etc=plain, but a tmpfs root has no /etc of its own");

        plan->root_kind = config->root_kind;
        plan->etc = config->floor.etc;
        if (config->root_kind == ROOT_TMPFS || config->root.kind == DEVICE_LABEL || config->root.kind == DEVICE_UUID)
                return 0;
        r = check_found(root, &config->root, "root device", err);
        if (r < 0)
                return r;
        if (devices_overlap(root, &facts->usr_data) || devices_overlap(root, &facts->usr_hash) ||
            (facts->usr_fec.is_found && devices_overlap(root, &facts->usr_fec)))
                return error_set(err, FAIL_PLAN_IMPOSSIBLE_CODE, EINVAL,
                                 "root device %s overlaps the devices of /usr, %s and %s", root->name,
                                 facts->usr_data.name, facts->usr_hash.name);
        return 0;
}

int plan_make(const struct boot_config *config, const struct facts *facts, struct boot_plan *ret, struct error *err)
{
        struct boot_plan plan = {};
        int r;

        r = plan_measuring(config, facts, &plan.steps[STAGE_ENTER], err);
        if (r < 0)
                return r;
        plan.steps[STAGE_MEASURE] = plan.steps[STAGE_ENTER];
        r = plan_mac(config, facts, &plan, err);
        if (r == 0)
                r = plan_ipe(config, facts, &plan, err);
        if (r == 0)
                r = floor_check_possible(&config->floor, config->floor.n_certificates > 0, plan.n_ipe_policies > 0, err);
        if (r == 0)
                r = plan_usr(config, facts, &plan, err);
        if (r == 0)
                r = plan_signature(config, facts, &plan, err);
        if (r == 0)
                r = plan_root(config, facts, &plan, err);
        if (r < 0)
                return r;
        *ret = plan;
        return 0;
}
