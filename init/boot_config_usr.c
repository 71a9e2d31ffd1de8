/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Keys that say which /usr, and that it is verified: systemd's, Flatcar's, Azure Container Linux's, and our own pin.
 */
#include "boot_config_parse.h"
#include "verinit/features.h"

int config_apply_usrhash(struct config_parse *p, const struct config_key *key, const char *value)
{
        ssize_t n = hex_decode(value, p->config.root_hash, sizeof(p->config.root_hash));

        if (n != 32 && n != 48 && n != 64)
                return config_bad_value(p, key, value, "64, 96 or 128 hex digits");
        p->config.root_hash_size = (size_t) n;
        return 0;
}

/* The geometry is compared with the root hash and with the options of systemd once all words are read. */
int config_apply_pin(struct config_parse *p, const struct config_key *key, const char *value)
{
        const char *why = verity_geometry_parse(value, &p->pin);

        if (why)
                return config_refuse(p, FAIL_CMDLINE_BAD_VALUE_CODE, key->name, value, "%s", why);
        p->has_pin = true;
        return 0;
}

int config_apply_root_on_verity(struct config_parse *p, const struct config_key *key, const char *value)
{
        return config_refuse(p, FAIL_ROOT_ON_VERITY_UNSUPPORTED_CODE, key->name, value,
                             "a root file system on verity is not supported");
}

int config_apply_verity(struct config_parse *p, const struct config_key *key, const char *value)
{
        bool yes = true;

        if (value && !config_parse_bool(value, &yes))
                return config_bad_value(p, key, value, "yes or no");
        if (!yes)
                p->verity_off = key->name;
        return 0;
}

/* A tag of a file system would have to be looked for in file systems, before anything is verified. */
static int apply_verity_device(struct config_parse *p, const struct config_key *key, const char *value,
                               struct device_spec *ret)
{
        struct device_spec spec;

        if (!device_spec_parse(value, &spec) || spec.kind == DEVICE_LABEL || spec.kind == DEVICE_UUID)
                return config_bad_value(p, key, value, "PARTUUID=..., PARTLABEL=... or /dev/...");
        *ret = spec;
        return 0;
}

int config_apply_usr_data(struct config_parse *p, const struct config_key *key, const char *value)
{
        return apply_verity_device(p, key, value, &p->config.usr_data);
}

int config_apply_usr_hash(struct config_parse *p, const struct config_key *key, const char *value)
{
        return apply_verity_device(p, key, value, &p->config.usr_hash);
}

/* Flatcar: one partition for both, so a device that is named a second time is left to finish_usr(). */
int config_apply_flatcar_usr(struct config_parse *p, const struct config_key *key, const char *value)
{
        return apply_verity_device(p, key, value, &p->flatcar_usr);
}

/* Only a partition: what is read from it is checked, but whoever names a file or a label chooses where to look. */
int config_apply_signature_partition(struct config_parse *p, const struct config_key *key, const char *value)
{
        struct device_spec spec;

        if (!device_spec_parse(value, &spec) || spec.kind != DEVICE_PARTUUID)
                return config_bad_value(p, key, value, "PARTUUID=...");
        p->signature_partition = spec;
        return 0;
}

int config_apply_mount_usr(struct config_parse *p, const struct config_key *key, const char *value)
{
        if (!str_equal(value, "/dev/mapper/usr"))
                return config_refuse(p, FAIL_CMDLINE_CONTRADICTION_CODE, key->name, value,
                                     "usrhash= makes /usr come from /dev/mapper/usr");
        return 0;
}

int config_apply_fstype(struct config_parse *p, const struct config_key *key, const char *value, char ret[static 16])
{
        size_t n = strlen(value);

        if (n == 0 || n > 15 || strspn(value, "abcdefghijklmnopqrstuvwxyz0123456789_") != n)
                return config_bad_value(p, key, value, "the name of a file system");
        (void) str_copy(ret, 16, str_equal(value, "auto") ? "" : value);
        return 0;
}

/* mount(2) takes no device for overlay, tmpfs, 9p and their like: something else would be mounted than was verified. */
int config_apply_usr_fstype(struct config_parse *p, const struct config_key *key, const char *value)
{
        if (!str_equal(value, "auto") && !is_known_filesystem(value))
                return config_bad_value(p, key, value, "auto, erofs, squashfs, ext4, btrfs or xfs");
        return config_apply_fstype(p, key, value, p->config.usr_fstype);
}
