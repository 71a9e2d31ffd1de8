/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What PID 1 would refuse, refused when the image is built, by the same code: OUTCOME_FALSE with its name.
 */
#pragma once

#include "verinit/boot_config.h"

#include "module_set.h"

int initrd_check_floor(const struct buffer *text, struct floor *ret, struct trouble *t);
/* As floor_check_possible(). */
int initrd_check_possible(const struct floor *floor, bool has_certificates, bool has_ipe_policy, struct trouble *t);
/* Whether the floor in this config or its command line names an IPE policy. */
bool initrd_names_ipe_policy(const struct boot_config *config);

/*
 * text is shortened by one final newline. It must be what the kernel will hand to PID 1 byte for byte:
 * systemd-stub drops blanks at both ends and makes a blank of each control character, ukify makes one blank of
 * several.
 */
int initrd_check_cmdline(struct buffer *text, const struct floor *floor, struct boot_config *ret,
                         struct trouble *t);

/* The features that stage probe will ask the module table for. */
int initrd_check_features(const struct module_set *set, const struct boot_config *config, struct trouble *t);
