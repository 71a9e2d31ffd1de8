/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The values of the floor's keys, for floor.c alone. Each function answers false for a value that it refuses; then the
 * field may hold anything, and the floor is thrown away.
 */
#pragma once

#include "verinit/floor.h"

struct floor_key {
        const char *name;
        bool (*apply)(struct floor *f, const struct floor_key *key, const char *value);
        const char *expected;
        size_t offset;     /* of the field in struct floor, for those that several keys share */
        unsigned min, max; /* of seconds */
        bool may_repeat;
};

typedef bool floor_apply(struct floor *f, const struct floor_key *key, const char *value);

/* Shared: the field is key->offset. */
floor_apply floor_apply_need, floor_apply_seconds, floor_apply_sha256;

floor_apply floor_apply_root, floor_apply_etc, floor_apply_selinux_lock, floor_apply_selinux_dir, floor_apply_extra_words, floor_apply_addon,
        floor_apply_addon_keys, floor_apply_certificate, floor_apply_ipe_policy, floor_apply_drop_mac_admin,
        floor_apply_credentials, floor_apply_os_separator, floor_apply_init, floor_apply_failure_actions, floor_apply_watchdog, floor_apply_tpm_ek;
