/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What a policy of IPE, the kernel's Integrity Policy Enforcement, says of itself.
 */
#pragma once

#include "verinit/error.h"

enum { IPE_NAME_MAX = 64, IPE_VERSION_MAX = 18, IPE_POLICY_MAX_BYTES = 256 * 1024 };

/* By these the kernel knows a policy, whatever its file is called. */
struct ipe_header {
        char name[IPE_NAME_MAX];       /* a plain name: it becomes a directory of securityfs */
        char version[IPE_VERSION_MAX]; /* "1.2.3" */
};

/*
 * Pure, over the text of a policy: its first line that is not empty is "policy_name=NAME policy_version=A.B.C". The rules are
 * the kernel's to judge. IPE_POLICY_MALFORMED.
 */
int ipe_header_parse(const char *text, size_t size, struct ipe_header *ret, struct error *err);

/* The header of the text that a *.p7b holds. Who has signed it is not looked at: the kernel does. IPE_POLICY_MALFORMED. */
int ipe_policy_read(const void *p7b, size_t size, struct ipe_header *ret, struct error *err);
