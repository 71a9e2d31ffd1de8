/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * IPE, the kernel's Integrity Policy Enforcement: how policies get into the kernel; docs/MAC.md.
 */
#pragma once

#include "verinit/boot.h"

#define IPE_DIR "sys/kernel/security/ipe"
/* Where a policy is, named by its SHA-256: in the initramfs, and below /usr. Not where systemd's own loader looks. */
#define IPE_INITRAMFS_DIR "etc/verinit/ipe"
#define IPE_USR_DIR "lib/verinit/ipe"
/* Where systemd's own loader looks, of /usr (v257 src/core/ipe-setup.c). */
#define IPE_SYSTEMD_DIRS "lib/ipe", "local/lib/ipe", "etc/ipe"

/*
 * All policies that the plan has: compared with the digests that were signed, deployed, the first one activated, all read back,
 * measured. Then CAP_MAC_ADMIN is dropped, unless the floor keeps it. Without any policy nothing is done. FLOOR_FILE_MISMATCH,
 * IPE_POLICY_MISSING, IPE_POLICY_MISMATCH, IPE_POLICY_MALFORMED, IPE_POLICY_AMBIGUOUS, KERNEL_KEY_MISSING, KERNEL_KEY_REJECTED,
 * IPE_LOAD_FAILED, IPE_NOT_ENFORCED, CAPABILITY_KEPT.
 */
int ipe_load(struct boot *boot, struct error *err);

/*
 * Takes CAP_MAC_ADMIN from all that will be started: from the bounding set of this process, which is that of the host's, and from that
 * of the programs that the kernel starts itself (kernel.core_pattern=). CAPABILITY_KEPT.
 */
int mac_admin_drop(int root_fd, struct error *err);
