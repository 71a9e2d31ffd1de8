/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The kernel's list of the security modules that run, as it stands in securityfs and as lsm= takes it: "lockdown,capability,selinux,ipe".
 */
#pragma once

#include "verinit/base.h"

#define LSM_PATH "sys/kernel/security/lsm"

enum { LSM_LIST_MAX = 160 };

/* Pure. A whole name of the list; none is in an empty one. */
bool lsm_list_has(const char *list, const char *name);
