/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * sepolicy.h without SELinux: remembers that a policy was loaded and enforced, in that order or not.
 */
#pragma once

#include "verinit/sepolicy.h"

struct fake_sepolicy {
        unsigned max_version;
        size_t loaded_bytes;  /* 0: none */
        bool is_enforcing;
        bool ignores_enforce; /* takes the 1 and does not go by it */
        bool is_locked;
        char own_context[SEPOLICY_CONTEXT_MAX]; /* after a load; before it "kernel" */
        char label[SEPOLICY_CONTEXT_MAX];       /* what each path should have; empty: none */
        /* Instead of label: 0, 1 or -errno, as sepolicy_lookup_label(). */
        int (*lookup)(const char *path, mode_t mode, char *ret_text, size_t size);
        bool has_labels_open;
        unsigned n_labels_set;
};

extern struct fake_sepolicy fake_sepolicy;

/* A kernel that takes up to 33, nothing loaded, one label for all. */
void fake_sepolicy_reset(void);
