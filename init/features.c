/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "verinit/features.h"

const char *const known_filesystems[] = { "erofs", "squashfs", "ext4", "btrfs", "xfs", NULL };

bool is_known_filesystem(const char *name)
{
        for (const char *const *fs = known_filesystems; *fs; fs++)
                if (str_equal(*fs, name))
                        return true;
        return false;
}

struct needs {
        bool (*has)(const char *name, const void *userdata);
        const void *userdata;
        struct feature_need *list;
        size_t n;
};

static void need(struct needs *needs, const char *name, const char *why)
{
        for (size_t i = 0; i < needs->n; i++)
                if (str_equal(needs->list[i].name, name))
                        return;
        needs->list[needs->n++] = (struct feature_need) { .name = name, .why = why };
}

/*
 * The type named, or, where none is, every one that was packed: the type is then looked up on the device itself, after
 * which no module can be loaded any more.
 */
static void need_filesystem(struct needs *needs, const char *fstype, const char *why)
{
        bool is_any_packed = false;

        if (fstype[0] != '\0') {
                need(needs, fstype, why);
                return;
        }
        for (const char *const *fs = known_filesystems; *fs; fs++)
                if (needs->has(*fs, needs->userdata)) {
                        need(needs, *fs, why);
                        is_any_packed = true;
                }
        if (!is_any_packed)
                need(needs, known_filesystems[0], why);
}

size_t features_needed(const struct boot_config *config, bool (*has)(const char *name, const void *userdata),
                       const void *userdata, struct feature_need ret[static FEATURES_MAX_NEEDED])
{
        struct needs needs = { .has = has, .userdata = userdata, .list = ret };

        need(&needs, "verity", "usrhash=");
        need_filesystem(&needs, config->usr_fstype, "the file system of /usr (mount.usrfstype=)");
        if (config->root_kind == ROOT_UNVERIFIED)
                need_filesystem(&needs, config->root_fstype, "the file system of the root (rootfstype=)");
        if (config->floor.etc == ETC_OVERLAY)
                need(&needs, "overlay", "etc=overlay of the floor");
        return needs.n;
}

void features_root_filesystems(const struct boot_config *config, bool (*has)(const char *name, const void *userdata),
                               const void *userdata, const char *ret[static FEATURES_MAX_FILESYSTEMS])
{
        struct feature_need list[FEATURES_MAX_NEEDED];
        struct needs needs = { .has = has, .userdata = userdata, .list = list };

        _Static_assert(ARRAY_SIZE(known_filesystems) <= FEATURES_MAX_FILESYSTEMS, "each may be packed");
        need_filesystem(&needs, config->root_fstype, "");
        for (size_t i = 0; i < needs.n; i++)
                ret[i] = list[i].name;
        ret[needs.n] = NULL;
}
