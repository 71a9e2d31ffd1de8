/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The SELinux policy as files below one directory (floor selinux-dir, in the verified /usr): config, TYPE/policy/policy.N.
 * libselinux would read /etc/selinux and search downwards from the newest version; here one file is meant or none.
 */
#pragma once

#include "verinit/error.h"

enum {
        POLICY_CONFIG_MAX_BYTES = 16 * 1024,
        POLICY_TYPE_MAX = 64,
        POLICY_MAX_BYTES = 64 * 1024 * 1024, /* the kernel's own bound (security/selinux/selinuxfs.c) */
};

enum policy_mode { POLICY_MODE_NONE = 0, POLICY_MODE_DISABLED, POLICY_MODE_PERMISSIVE, POLICY_MODE_ENFORCING };
const char *policy_mode_name(enum policy_mode mode); /* "enforcing", … as in the file */

struct policy_config {
        enum policy_mode mode;      /* SELINUX=: what the host's own reload will set */
        char type[POLICY_TYPE_MAX]; /* SELINUXTYPE=: a plain name */
};

/*
 * Pure, over the bytes of selinux/config. Each of the two keys once, at the start of its line, spelled as here:
 * libselinux 3.8 takes the first SELINUX= and the last SELINUXTYPE=, the latter in any case and indented, so a looser
 * file could mean one thing to us and another to the host. POLICY_CONFIG_WEAK.
 */
int policy_config_parse(const char *text, size_t size, struct policy_config *ret, struct error *err);

struct policy_file {
        unsigned version; /* N of policy.N */
        char name[32];    /* "policy/policy.33", below the directory of the type */
        int fd;           /* the caller's to close */
};

/*
 * The one policy.N of a type's directory ("…/default"). POLICY_MISSING, POLICY_AMBIGUOUS (the host's reload would take
 * the newest), POLICY_VERSION if N is more than max_version, what the kernel takes.
 */
int policy_file_open(int type_dir_fd, unsigned max_version, struct policy_file *ret, struct error *err);

/* Pure: the version that the bytes of a kernel policy say; the kernel goes by it, not by the name. 0 or -EBADMSG. */
int policy_read_version(const uint8_t *bytes, size_t size, unsigned *ret);
