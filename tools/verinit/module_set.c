/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Only the directory given is read: no modprobe.d of the machine that builds, whose blacklists and options have
 * nothing to do with the node.
 */
#include <errno.h>
#include <libkmod.h>
#include <limits.h>
#include <stdio.h>

#include "module_set.h"

enum { NOT_A_MODULE = UINT16_MAX, MAX_DEPTH = 32 };

static void modulep(struct kmod_module **m)
{
        if (*m)
                (void) kmod_module_unref(*m);
}

static void module_listp(struct kmod_list **l)
{
        (void) kmod_module_unref_list(*l);
}

static void info_listp(struct kmod_list **l)
{
        kmod_module_info_free_list(*l);
}

#define _cleanup_module_ _cleanup_(modulep)
#define _cleanup_list_ _cleanup_(module_listp)
#define _cleanup_info_ _cleanup_(info_listp)

static const char *after_last_slash(const char *path)
{
        const char *p = strrchr(path, '/');

        return p ? p + 1 : path;
}

int module_set_open(const char *directory, struct module_set *ret, struct trouble *t)
{
        static const char *const no_config = NULL;
        static const char *const wanted[] = { "modules.dep.bin", "modules.alias.bin", "modules.builtin.bin",
                                              "modules.softdep" };
        struct module_set *set = ret;

        *set = (struct module_set) { .directory = realpath(directory, NULL) };
        if (!set->directory)
                return trouble_set_errno(t, errno, "cannot open the modules directory %s", directory);
        set->release = tool_strdup(after_last_slash(set->directory));
        for (size_t i = 0; i < ARRAY_SIZE(wanted); i++) {
                _cleanup_free_ char *path = tool_format("%s/%s", set->directory, wanted[i]);

                /* Kernel packages come without them: depmod makes them when the package is installed. */
                if (access(path, R_OK) < 0)
                        return trouble_set_errno(t, errno, "cannot read %s; run 'depmod -b ROOT %s' first, ROOT "
                                                 "being what is above lib/modules", path, set->release);
        }
        set->kmod = kmod_new(set->directory, &no_config);
        if (!set->kmod || kmod_load_resources(set->kmod) < 0)
                return trouble_set(t, OUTCOME_TROUBLE, "libkmod cannot read the module indexes in %s; run depmod "
                                   "again", set->directory);
        return 0;
}

static void set_module_done(struct set_module *m)
{
        for (size_t i = 0; i < m->n_aliases; i++)
                free(m->aliases[i]);
        free(m->aliases);
        free(m->name);
        free(m->path);
        free(m->file);
}

void module_set_done(struct module_set *set)
{
        for (size_t i = 0; i < set->n_modules; i++)
                set_module_done(&set->modules[i]);
        if (set->kmod)
                (void) kmod_unref(set->kmod);
        free(set->directory);
        free(set->release);
        *set = (struct module_set) {};
}

/*
 * Asked before anything else: for a module that is not built in, kmod_module_get_initstate() goes on to look at
 * the kernel that runs here, which is not the one the modules are for.
 */
static bool is_builtin(struct kmod_module *kmod)
{
        return kmod_module_get_initstate(kmod) == KMOD_MODULE_BUILTIN;
}

static uint16_t find_module(const struct module_set *set, const char *name)
{
        for (size_t i = 0; i < set->n_modules; i++)
                if (str_equal(set->modules[i].name, name))
                        return (uint16_t) i;
        return NOT_A_MODULE;
}

static int add_index(uint16_t list[static MODTABLE_MAX_DEPS], size_t *n, uint16_t index, const char *of,
                     struct trouble *t)
{
        if (index == NOT_A_MODULE)
                return 0;
        for (size_t i = 0; i < *n; i++)
                if (list[i] == index)
                        return 0;
        if (*n == MODTABLE_MAX_DEPS)
                return trouble_set(t, OUTCOME_TROUBLE, "%s needs more than %d modules, which is all that the module "
                                   "table of the initramfs holds", of, MODTABLE_MAX_DEPS);
        list[(*n)++] = index;
        return 0;
}

static void add_alias(struct set_module *m, const char *alias)
{
        m->aliases = tool_grow(m->aliases, m->n_aliases, sizeof(char *));
        m->aliases[m->n_aliases++] = tool_strdup(alias);
}

/* "6.12.1 SMP preempt mod_unload": the kernel compares the whole, of which we can know the first word. */
static int check_vermagic(const struct module_set *set, const struct set_module *m, const char *vermagic,
                          struct trouble *t)
{
        const char *rest = str_after(vermagic, set->release);

        if (rest && (*rest == ' ' || *rest == '\0'))
                return 0;
        return trouble_set(t, OUTCOME_TROUBLE, "%s is a module of kernel '%.*s', not of %s: the kernel would refuse "
                           "it", m->path, (int) strcspn(vermagic, " "), vermagic, set->release);
}

static int read_info(const struct module_set *set, struct kmod_module *kmod, struct set_module *m, struct trouble *t)
{
        _cleanup_info_ struct kmod_list *list = NULL;
        struct kmod_list *entry;
        bool has_vermagic = false;
        int r;

        r = kmod_module_get_info(kmod, &list);
        if (r < 0)
                return trouble_set_errno(t, -r, "cannot read the module information of %s", m->path);
        kmod_list_foreach(entry, list) {
                const char *key = kmod_module_info_get_key(entry), *value = kmod_module_info_get_value(entry);

                if (str_equal(key, "vermagic")) {
                        if (check_vermagic(set, m, value, t) < 0)
                                return -1;
                        has_vermagic = true;
                }
                if (!str_equal(key, "alias") || !strchr(value, ':'))
                        continue;
                add_alias(m, value);
                /* It answers ENODEV on a processor without the instructions: the generic code then serves. */
                if (str_after(value, "cpu:type:"))
                        m->is_optional = true;
        }
        return has_vermagic ? 0 : trouble_set(t, OUTCOME_TROUBLE, "%s says no kernel version: it is no module",
                                              m->path);
}

static int add_module(struct module_set *set, struct kmod_module *kmod, unsigned depth, uint16_t *ret,
                      struct trouble *t);

static int add_list(struct module_set *set, struct kmod_list *list, bool is_soft, unsigned depth,
                    struct set_module *m, struct trouble *t)
{
        struct kmod_list *entry;

        kmod_list_foreach(entry, list) {
                _cleanup_module_ struct kmod_module *dep = kmod_module_get_module(entry);
                uint16_t index = NOT_A_MODULE;

                /* As in modprobe: a soft dependency that the kernel does not have is no dependency. */
                if (is_soft && !kmod_module_get_path(dep))
                        continue;
                if (add_module(set, dep, depth + 1, &index, t) < 0)
                        return trouble_prefix(t, "module %s", m->name);
                if (add_index(m->deps, &m->n_deps, index, m->name, t) < 0)
                        return -1;
        }
        return 0;
}

/* Soft ones first: libcrc32c asks the kernel for crc32c when it is loaded, and there is no modprobe to bring it. */
static int add_deps(struct module_set *set, struct kmod_module *kmod, unsigned depth, struct set_module *m,
                    struct trouble *t)
{
        _cleanup_list_ struct kmod_list *pre = NULL, *post = NULL, *hard = NULL;
        int r;

        r = kmod_module_get_softdeps(kmod, &pre, &post);
        if (r < 0)
                return trouble_set_errno(t, -r, "cannot read the soft dependencies of module %s", m->name);
        if (add_list(set, pre, /* is_soft= */ true, depth, m, t) < 0)
                return -1;
        hard = kmod_module_get_dependencies(kmod);
        return add_list(set, hard, /* is_soft= */ false, depth, m, t);
}

/* *ret is NOT_A_MODULE for one that is built in. */
static int add_module(struct module_set *set, struct kmod_module *kmod, unsigned depth, uint16_t *ret,
                      struct trouble *t)
{
        const char *name = kmod_module_get_name(kmod), *path = kmod_module_get_path(kmod), *below;
        _cleanup_(set_module_done) struct set_module m = {};
        uint16_t index = find_module(set, name);

        if (index != NOT_A_MODULE || is_builtin(kmod)) {
                *ret = index;
                return 0;
        }
        if (depth > MAX_DEPTH)
                return trouble_set(t, OUTCOME_TROUBLE, "the dependencies of module %s go in a circle", name);
        below = path ? str_after(path, set->directory) : NULL;
        if (!below || below[0] != '/')
                return trouble_set(t, OUTCOME_TROUBLE, "kernel %s has no module %s, built in or not", set->release,
                                   name);
        m.name = tool_strdup(name);
        m.path = tool_strdup(path);
        m.file = tool_format("%s%s", set->release, below);
        if (read_info(set, kmod, &m, t) < 0 || add_deps(set, kmod, depth, &m, t) < 0)
                return -1;
        if (set->n_modules == MODTABLE_MAX_MODULES)
                return trouble_set(t, OUTCOME_TROUBLE, "more than %d modules: name fewer features",
                                   MODTABLE_MAX_MODULES);
        *ret = (uint16_t) set->n_modules;
        set->modules[set->n_modules++] = m;
        m = (struct set_module) {};
        return 0;
}

/* 0; *ret is NOT_A_MODULE and *ret_is_there tells built in from missing. */
static int add_by_name(struct module_set *set, const char *name, bool *ret_is_there, uint16_t *ret,
                       struct trouble *t)
{
        _cleanup_module_ struct kmod_module *kmod = NULL;
        int r;

        *ret = NOT_A_MODULE;
        *ret_is_there = false;
        r = kmod_module_new_from_name_lookup(set->kmod, name, &kmod);
        if (r < 0 && r != -ENOENT)
                return trouble_set_errno(t, -r, "cannot look up module %s in %s", name, set->directory);
        if (!kmod)
                return 0;
        *ret_is_there = true;
        return add_module(set, kmod, 0, ret, t);
}

static int add_member(struct module_set *set, struct set_feature *to, const struct feature *feature,
                      const char *name, bool is_needed, struct trouble *t)
{
        bool is_there;
        uint16_t index;

        if (add_by_name(set, name, &is_there, &index, t) < 0)
                return trouble_prefix(t, "feature %s", feature->name);
        if (!is_there && is_needed)
                return trouble_set(t, OUTCOME_TROUBLE, "feature %s: kernel %s has no %s, neither as module nor built "
                                   "in; name other features with --feature", feature->name, set->release, name);
        if (index != NOT_A_MODULE && feature->is_bus)
                set->modules[index].has_aliases = true;
        return add_index(to->modules, &to->n_modules, index, feature->name, t);
}

bool module_set_has_feature(const struct module_set *set, const char *name)
{
        for (size_t i = 0; i < set->n_features; i++)
                if (str_equal(set->features[i].name, name))
                        return true;
        return false;
}

int module_set_add_feature(struct module_set *set, const struct feature *feature, struct trouble *t)
{
        struct set_feature *to = &set->features[set->n_features];

        if (module_set_has_feature(set, feature->name))
                return 0;
        if (set->n_features == MODTABLE_MAX_FEATURES)
                return trouble_set(t, OUTCOME_TROUBLE, "more than %d features", MODTABLE_MAX_FEATURES);
        *to = (struct set_feature) { .name = feature->name };
        for (size_t i = 0; i < FEATURE_MAX_MEMBERS && feature->helpers[i]; i++)
                if (add_member(set, to, feature, feature->helpers[i], /* is_needed= */ false, t) < 0)
                        return -1;
        for (size_t i = 0; i < FEATURE_MAX_MEMBERS && feature->needs[i]; i++)
                if (add_member(set, to, feature, feature->needs[i], /* is_needed= */ true, t) < 0)
                        return -1;
        set->n_features++;
        return 0;
}

int module_set_add_module(struct module_set *set, const char *name, struct trouble *t)
{
        bool is_there;
        uint16_t index;

        if (add_by_name(set, name, &is_there, &index, t) < 0)
                return -1;
        if (!is_there)
                return trouble_set(t, OUTCOME_TROUBLE, "kernel %s has no module %s, built in or not: correct --module",
                                   set->release, name);
        if (index == NOT_A_MODULE)
                return 0;
        if (set->modules[index].n_aliases == 0)
                return trouble_set(t, OUTCOME_TROUBLE, "module %s matches no device, so nothing would load it: use "
                                   "--feature for what is no driver", name);
        set->modules[index].has_aliases = true;
        return 0;
}
