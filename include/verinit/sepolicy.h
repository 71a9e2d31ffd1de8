/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Port: the kernel's SELinux. Adapter: selinux/sepolicy_selinux.c (libselinux). selinuxfs is at /sys/fs/selinux.
 */
#pragma once

#include "verinit/error.h"

enum { SEPOLICY_CONTEXT_MAX = 256 };

/* Tells libselinux where selinuxfs is; call after it was mounted. */
int sepolicy_open(struct error *err);

int sepolicy_max_version(unsigned *ret, struct error *err);

/* The whole policy in one write; its version was compared with sepolicy_max_version() before. POLICY_LOAD_FAILED. */
int sepolicy_load(const void *data, size_t size, struct error *err);

/* Writes enforcing and reads it back. ENFORCE_FAILED. */
int sepolicy_enforce(struct error *err);
int sepolicy_is_enforcing(bool *ret, struct error *err);

/*
 * Sets two booleans by which a policy takes rights from every domain until the next boot. SEPOLICY_LOCK, which there has to be: to load
 * another policy, to leave enforcing mode, to reset it. SEPOLICY_LOCK_BOOLEANS, where there is one: to change any other boolean. Reads
 * them back, and asks the kernel what this domain may still do. SELINUX_LOCK_FAILED.
 */
#define SEPOLICY_LOCK "secure_mode_policyload"
#define SEPOLICY_LOCK_BOOLEANS "secure_mode_setbool"
int sepolicy_lock(struct error *err);
/* Whether the policy in the kernel has SEPOLICY_LOCK, for whoever sets it later. SELINUX_LOCK_FAILED. */
int sepolicy_check_lockable(struct error *err);

/* The label of this process. */
int sepolicy_own_context(char *ret_text, size_t size, struct error *err);

/* Reads file_contexts of this policy directory ("…/default"), for the labels below. */
int sepolicy_open_labels(const char *policy_dir, struct error *err);
void sepolicy_close_labels(void);

/* The label that path should have as a file of this st_mode type: 0, or 1 for "none, leave it". */
int sepolicy_lookup_label(const char *path, mode_t mode, char *ret_text, size_t size, struct error *err);
int sepolicy_set_label(const char *path, const char *context, struct error *err); /* does not follow links */
