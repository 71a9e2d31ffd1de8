/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * facts: what is there. boot_plan: what will be done. plan_make() is the last decision of a boot: each later
 * stage is RUN or SKIP with a reason that the floor allowed.
 */
#pragma once

#include <sys/types.h>

#include "verinit/blockdev.h"
#include "verinit/boot_config.h"

/* Signatures of root hashes, found by the type of their partition: each image on the disk may have one. */
enum { FACTS_MAX_SIGNATURES = 4 };

struct found_device {
        bool is_found;
        char name[BLOCKDEV_NAME_MAX]; /* kernel name: "vda2" */
        char disk[BLOCKDEV_NAME_MAX]; /* kernel name of the disk it is on, or its own */
        dev_t devno;
        uint64_t size_bytes;
        uint64_t diskseq; /* 0: the kernel does not say */
};

enum tpm_state {
        TPM_STATE_ABSENT = 0, /* neither a device nor a table of the firmware, and nothing was measured */
        TPM_STATE_UNMEASURED, /* one of them, but the UKI was not measured by systemd-stub */
        TPM_STATE_MEASURED,
};

struct facts {
        enum tpm_state tpm;
        bool is_efi;
        bool has_efi_variables; /* false under UEFI too, where the firmware has no runtime services */
        bool is_crash_kernel;   /* /proc/vmcore: a kdump kernel extends nothing */
        bool is_uki_measured;   /* StubPcrKernelImage = 11, volatile */
        char forged_variable[48]; /* of loader or stub, not volatile: planted by whoever was root; empty: none. For stage prove */
        uint32_t forged_attributes;
        int forged_errno; /* not 0: it is there and cannot be read, EFBIG where it is too long */
        bool has_systemd_options; /* the EFI variable SystemdOptions: words for the host's systemd, from a running system */
        bool is_secure_boot;    /* SecureBoot=1, SetupMode=0, and shim's MokSBStateRT does not say that it checks nothing */
        char insecure_because[64]; /* which variable says what; empty if is_secure_boot */
        char boot_partuuid[37]; /* of StubDevicePartUUID, else LoaderDevicePartUUID, volatile ones only; lower case; empty: unknown */
        char boot_disk[BLOCKDEV_NAME_MAX]; /* find: the disk with that partition; empty: unknown */
        uint64_t boot_diskseq;
        bool has_selinux;     /* the kernel runs SELinux: it lists it, and selinuxfs exists */
        bool has_ipe;         /* likewise IPE and its directory of securityfs */
        struct found_device usr_data;
        struct found_device usr_hash;
        struct found_device usr_fec; /* only if fec-device= is given */
        size_t n_usr_signatures;
        struct found_device usr_signatures[FACTS_MAX_SIGNATURES];
        struct found_device root; /* only for PATH, PARTUUID, PARTLABEL */
};

struct step {
        bool is_skipped;
        char reason[96]; /* of the skip: "no-tpm", "unmeasured-uki", "crash-kernel", "selinux-off", "ipe-alone" */
};

struct boot_plan {
        struct step steps[_STAGE_MAX];
        bool is_same_device; /* data and tree on one partition */
        bool is_unsigned;    /* no signature of the root hash is named or was found, and the floor allows that */
        char usr_mount_options[CONFIG_OPTIONS_MAX];
        size_t n_ipe_policies; /* 0: none, and the floor allows that */
        struct ipe_named ipe_policies[FLOOR_MAX_IPE_POLICIES];
        enum selinux_lock selinux_lock; /* of a policy: without one stage mac is skipped */
        bool keeps_mac_admin;           /* of a host under an IPE policy */
        enum root_kind root_kind;
        enum etc_mode etc;
};

/*
 * Pure. Whether this boot extends PCRs: stage enter asks before there is a plan, plan_make() asks again and so
 * answers the same. TPM_ABSENT, TPM_UNMEASURED.
 */
int plan_measuring(const struct boot_config *config, const struct facts *facts, struct step *ret, struct error *err);

/* Pure. One is the other, or the disk that the other is a partition of. Kernel names are unique among block devices. */
bool devices_overlap(const struct found_device *a, const struct found_device *b);

/* Pure. PLAN_IMPOSSIBLE, TPM_ABSENT, TPM_UNMEASURED, SELINUX_ABSENT, IPE_ABSENT, SIGNATURE_MISSING, FLOOR_REFUSES. */
int plan_make(const struct boot_config *config, const struct facts *facts, struct boot_plan *ret, struct error *err);
