/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The modules that go into an initramfs, each below its dependencies. Adapter: module_set.c, the only file that
 * includes libkmod.
 */
#pragma once

#include "verinit/modtable.h"

#include "feature.h"
#include "tool.h"

struct set_module {
        char *name; /* with '_' */
        char *path; /* on this machine */
        char *file; /* below lib/modules/, as the kernel package has it: "6.12.1/kernel/fs/erofs/erofs.ko.xz" */
        bool is_optional;
        bool has_aliases; /* its aliases go into the table */
        size_t n_deps;
        uint16_t deps[MODTABLE_MAX_DEPS];
        size_t n_aliases;
        char **aliases; /* modaliases of devices: those with a ':' */
};

struct set_feature {
        const char *name;
        size_t n_modules;
        uint16_t modules[MODTABLE_MAX_DEPS];
};

struct module_set {
        struct kmod_ctx *kmod;
        char *directory; /* …/lib/modules/VER, absolute, without symbolic links */
        char *release;   /* VER */
        size_t n_modules, n_features;
        struct set_module modules[MODTABLE_MAX_MODULES];
        struct set_feature features[MODTABLE_MAX_FEATURES];
};

int module_set_open(const char *directory, struct module_set *ret, struct trouble *t);
void module_set_done(struct module_set *set);

/* A kernel that has a needed member neither as module nor built in: OUTCOME_TROUBLE, so that the build fails. */
int module_set_add_feature(struct module_set *set, const struct feature *feature, struct trouble *t);
/* One module by name, loaded when a device matches. Built in: nothing is added. */
int module_set_add_module(struct module_set *set, const char *name, struct trouble *t);

bool module_set_has_feature(const struct module_set *set, const char *name);
