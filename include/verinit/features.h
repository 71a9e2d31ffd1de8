/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Which features of the module table a boot needs. One list: stage probe loads them, and `verinit initrd build` refuses to
 * pack an initramfs without them. Pure.
 */
#pragma once

#include "verinit/boot_config.h"

/* What /usr may be, and what is looked for on an unverified root; each is a feature's name. NULL at the end. */
extern const char *const known_filesystems[];
bool is_known_filesystem(const char *name);

enum { FEATURES_MAX_NEEDED = 16 };

struct feature_need {
        const char *name; /* points into config, or is a literal */
        const char *why;  /* the word or key that asks for it, for messages */
};

/*
 * What may be looked for on an unverified root, NULL at the end: the type that was named, or else what was packed. No other
 * prober touches a disk.
 */
enum { FEATURES_MAX_FILESYSTEMS = 8 };
void features_root_filesystems(const struct boot_config *config, bool (*has)(const char *name, const void *userdata),
                               const void *userdata, const char *ret[static FEATURES_MAX_FILESYSTEMS]);

/* has answers whether the table has a feature. Answers how many of ret are filled. */
size_t features_needed(const struct boot_config *config, bool (*has)(const char *name, const void *userdata),
                       const void *userdata, struct feature_need ret[static FEATURES_MAX_NEEDED]);
