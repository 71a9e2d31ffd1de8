/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The keys of the command line that mean something here: one table, one short function a key. docs:
 * verinit-cmdline(7), which a test compares with the table.
 */
#include <strings.h>

#include "boot_config_parse.h"
#include "verinit/features.h"

bool config_parse_bool(const char *text, bool *ret)
{
        static const char *const yes[] = { "1", "yes", "y", "true", "t", "on" };
        static const char *const no[] = { "0", "no", "n", "false", "f", "off" };

        for (size_t i = 0; i < ARRAY_SIZE(yes); i++) {
                if (strcasecmp(text, yes[i]) != 0 && strcasecmp(text, no[i]) != 0)
                        continue;
                *ret = strcasecmp(text, yes[i]) == 0;
                return true;
        }
        return false;
}

static int bad_value(struct config_parse *p, const struct config_key *key, const char *value, const char *expected)
{
        return config_refuse(p, FAIL_CMDLINE_BAD_VALUE_CODE, key->name, value, "expected %s", expected);
}

static int apply_usrhash(struct config_parse *p, const struct config_key *key, const char *value)
{
        ssize_t n = hex_decode(value, p->config.root_hash, sizeof(p->config.root_hash));

        if (n != 32 && n != 48 && n != 64)
                return bad_value(p, key, value, "64, 96 or 128 hex digits");
        p->config.root_hash_size = (size_t) n;
        return 0;
}

static int apply_root_on_verity(struct config_parse *p, const struct config_key *key, const char *value)
{
        return config_refuse(p, FAIL_ROOT_ON_VERITY_UNSUPPORTED_CODE, key->name, value,
                             "a root file system on verity is not supported");
}

static int apply_verity(struct config_parse *p, const struct config_key *key, const char *value)
{
        bool yes = true;

        if (value && !config_parse_bool(value, &yes))
                return bad_value(p, key, value, "yes or no");
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
                return bad_value(p, key, value, "PARTUUID=..., PARTLABEL=... or /dev/...");
        *ret = spec;
        return 0;
}

static int apply_usr_data(struct config_parse *p, const struct config_key *key, const char *value)
{
        return apply_verity_device(p, key, value, &p->config.usr_data);
}

static int apply_usr_hash(struct config_parse *p, const struct config_key *key, const char *value)
{
        return apply_verity_device(p, key, value, &p->config.usr_hash);
}

static int apply_mount_usr(struct config_parse *p, const struct config_key *key, const char *value)
{
        if (!str_equal(value, "/dev/mapper/usr"))
                return config_refuse(p, FAIL_CMDLINE_CONTRADICTION_CODE, key->name, value,
                                     "usrhash= makes /usr come from /dev/mapper/usr");
        return 0;
}

static int apply_fstype(struct config_parse *p, const struct config_key *key, const char *value, char ret[static 16])
{
        size_t n = strlen(value);

        if (n == 0 || n > 15 || strspn(value, "abcdefghijklmnopqrstuvwxyz0123456789_") != n)
                return bad_value(p, key, value, "the name of a file system");
        (void) str_copy(ret, 16, str_equal(value, "auto") ? "" : value);
        return 0;
}

/* mount(2) takes no device for overlay, tmpfs, 9p and their like: something else would be mounted than was verified. */
static int apply_usr_fstype(struct config_parse *p, const struct config_key *key, const char *value)
{
        if (!str_equal(value, "auto") && !is_known_filesystem(value))
                return bad_value(p, key, value, "auto, erofs, squashfs, ext4, btrfs or xfs");
        return apply_fstype(p, key, value, p->config.usr_fstype);
}

static int apply_root_fstype(struct config_parse *p, const struct config_key *key, const char *value)
{
        return apply_fstype(p, key, value, p->config.root_fstype);
}

static int apply_root(struct config_parse *p, const struct config_key *key, const char *value)
{
        if (!str_equal(value, "tmpfs") && !device_spec_parse(value, &p->config.root))
                return bad_value(p, key, value,
                                 "tmpfs, PARTUUID=..., PARTLABEL=..., LABEL=..., UUID=... or /dev/...");
        p->root = value;
        return 0;
}

static int apply_ro(struct config_parse *p, _unused_ const struct config_key *key, _unused_ const char *value)
{
        p->ro_word = RO_SAID;
        return 0;
}

static int apply_rw(struct config_parse *p, _unused_ const struct config_key *key, _unused_ const char *value)
{
        p->ro_word = RW_SAID;
        return 0;
}

/* Absolute, normalised, printable. */
static bool is_init_path(const char *text)
{
        size_t n = strlen(text);

        if (text[0] != '/' || n >= CONFIG_PATH_MAX || text[n - 1] == '/' || strstr(text, "//"))
                return false;
        for (const char *p = text; (p = strchr(p, '/')); p++)
                if (str_after(p, "/./") || str_after(p, "/../") || str_equal(p, "/.") || str_equal(p, "/.."))
                        return false;
        for (; *text; text++)
                if ((unsigned char) *text <= 0x20 || (unsigned char) *text >= 0x7f)
                        return false;
        return true;
}

static int apply_init(struct config_parse *p, const struct config_key *key, const char *value)
{
        if (!is_init_path(value))
                return bad_value(p, key, value, "an absolute path without '.', '..' and '//'");
        (void) str_copy(p->config.init_path, sizeof(p->config.init_path), value);
        return 0;
}

static int parse_zero_or_one(struct config_parse *p, const struct config_key *key, const char *value, bool *ret)
{
        if (!str_equal(value, "0") && !str_equal(value, "1"))
                return bad_value(p, key, value, "0 or 1");
        *ret = value[0] == '1';
        return 0;
}

static int apply_debug(struct config_parse *p, const struct config_key *key, const char *value)
{
        return parse_zero_or_one(p, key, value, &p->config.debug);
}

static int apply_timeout(struct config_parse *p, const struct config_key *key, const char *value)
{
        size_t n = strlen(value);
        unsigned long seconds = n > 0 && n <= 4 && strspn(value, "0123456789") == n ? strtoul(value, NULL, 10) : 0;

        if (seconds < 1 || seconds > 3600)
                return bad_value(p, key, value, "seconds, 1 to 3600");
        p->config.device_timeout_us = (uint64_t) seconds * 1000000;
        return 0;
}

/* Allowed or not, SELinux is enforcing or absent: the mac stage sets it, and libselinux in the booted system obeys this. */
static int apply_enforcing(struct config_parse *p, const struct config_key *key, const char *value)
{
        bool on = false;
        int r = parse_zero_or_one(p, key, value, &on);

        if (r == 0 && !on)
                return config_refuse(p, FAIL_CMDLINE_WEAKENING_CODE, key->name, value,
                                     "SELinux is enforcing here or absent");
        return r;
}

static int apply_selinux(struct config_parse *p, const struct config_key *key, const char *value)
{
        bool on = false;
        int r = parse_zero_or_one(p, key, value, &on);

        if (r == 0 && !on && p->config.floor.selinux == NEED_REQUIRE)
                return config_refuse(p, FAIL_CMDLINE_WEAKENING_CODE, key->name, value, "the floor requires SELinux");
        return r;
}

#define ONCE .may_repeat = false
#define REPEATS .may_repeat = true
#define SYSTEMD_VERITY .dash_is_underscore = true

const struct config_key config_keys[] = {
        { .name = "usrhash", ONCE, .apply = apply_usrhash },
        { .name = "roothash", ONCE, .apply = apply_root_on_verity },
        { .name = "systemd.verity", ONCE, .value = VALUE_OPTIONAL, .apply = apply_verity },
        { .name = "rd.systemd.verity", ONCE, .value = VALUE_OPTIONAL, .apply = apply_verity },
        { .name = "systemd.verity_usr_data", ONCE, SYSTEMD_VERITY, .apply = apply_usr_data },
        { .name = "systemd.verity_usr_hash", ONCE, SYSTEMD_VERITY, .apply = apply_usr_hash },
        { .name = "systemd.verity_usr_options", ONCE, SYSTEMD_VERITY, .apply = config_verity_options },
        { .name = "systemd.verity_root_data", ONCE, SYSTEMD_VERITY, .apply = apply_root_on_verity },
        { .name = "systemd.verity_root_hash", ONCE, SYSTEMD_VERITY, .apply = apply_root_on_verity },
        { .name = "systemd.verity_root_options", ONCE, SYSTEMD_VERITY, .apply = apply_root_on_verity },
        { .name = "mount.usr", ONCE, .apply = apply_mount_usr },
        { .name = "mount.usrfstype", ONCE, .apply = apply_usr_fstype },
        { .name = "mount.usrflags", REPEATS, .apply = config_usr_flags },
        { .name = "root", ONCE, .apply = apply_root },
        { .name = "rootfstype", ONCE, .apply = apply_root_fstype },
        { .name = "rootflags", REPEATS, .apply = config_root_flags },
        { .name = "ro", REPEATS, .value = VALUE_NONE, .apply = apply_ro },
        { .name = "rw", REPEATS, .value = VALUE_NONE, .apply = apply_rw },
        { .name = "init", ONCE, .apply = apply_init },
        { .name = "init.debug", ONCE, .apply = apply_debug },
        { .name = "init.timeout", ONCE, .apply = apply_timeout },
        { .name = "enforcing", ONCE, .apply = apply_enforcing },
        { .name = "selinux", ONCE, .apply = apply_selinux },
};

const size_t n_config_keys = ARRAY_SIZE(config_keys);
_Static_assert(ARRAY_SIZE(config_keys) <= CONFIG_MAX_KEYS, "raise CONFIG_MAX_KEYS");

const char *const *boot_config_keys(void)
{
        static const char *names[ARRAY_SIZE(config_keys) + 1];

        for (size_t i = 0; i < ARRAY_SIZE(config_keys); i++)
                names[i] = config_keys[i].name;
        return names;
}
