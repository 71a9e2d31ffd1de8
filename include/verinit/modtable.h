/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The module table, /etc/verinit/modules in the initramfs, written by `verinit initrd build`. Text, one
 * record a line, fields parted by one blank, '#' comments:
 *
 *   verinit-modules 1 <kernel release>             first line
 *   module <name> <file> <deps> <flags>            name with '_'; file below lib/modules/; deps: names with commas
 *                                                  (hard and soft "pre" ones, all defined above) or '-';
 *                                                  flags: '-' or "optional" (ENODEV is an answer, not a fault)
 *   feature <feature> <modules>                    names with commas, or '-' if the kernel has it built in
 *   alias <pattern> <module>                       fnmatch(3) pattern on a device's modalias
 *
 * Features: verity, erofs, ext4, squashfs, xfs, btrfs, overlay, efivarfs, vfat, and one a bus for the
 * builder's use. A device's driver is loaded because an alias matches; a feature because the boot needs it.
 */
#pragma once

#include "verinit/error.h"

enum {
        MODTABLE_MAX_BYTES = 256 * 1024,
        MODTABLE_MAX_MODULES = 256,
        MODTABLE_MAX_DEPS = 32,
        MODTABLE_MAX_FEATURES = 32,
        MODTABLE_MAX_ALIASES = 2048,
        MODTABLE_CHAINS = 65,
};

struct modtable_module {
        const char *name;
        const char *file;
        bool is_optional;
        size_t n_deps;
        uint16_t deps[MODTABLE_MAX_DEPS]; /* each less than the module's own index */
};

struct modtable_feature {
        const char *name;
        size_t n_modules;
        uint16_t modules[MODTABLE_MAX_DEPS];
};

struct modtable_alias {
        const char *pattern;
        size_t n_literal; /* bytes before the first that fnmatch(3) does not take as itself */
        uint16_t module;
        uint16_t next; /* of its chain, counted from 1; 0: the last */
};

struct modtable {
        const char *release;
        size_t n_modules, n_features, n_aliases;
        struct modtable_module modules[MODTABLE_MAX_MODULES];
        struct modtable_feature features[MODTABLE_MAX_FEATURES];
        struct modtable_alias aliases[MODTABLE_MAX_ALIASES];
        /* First and last alias of each, counted from 1: those that one modalias could match. */
        uint16_t chains[MODTABLE_CHAINS], chain_ends[MODTABLE_CHAINS];
        char storage[MODTABLE_MAX_BYTES]; /* the text, cut into words */
};

/* Pure. All pointers in *ret point into ret->storage. */
int modtable_parse(const char *text, size_t size, struct modtable *ret, struct error *err);

const struct modtable_feature *modtable_feature(const struct modtable *t, const char *name); /* NULL: not packed */

/* Calls f(index) for each module whose alias matches; stops at the first non-zero answer and returns it. */
int modtable_match(const struct modtable *t, const char *modalias, int (*f)(uint16_t index, void *userdata),
                   void *userdata);
