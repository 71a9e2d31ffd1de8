/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The keys of the command line that verinit acts on: one table, one short function a key (boot_config_usr.c,
 * boot_config_words.c). docs: verinit-cmdline(7), which a test compares with the table.
 */
#include <strings.h>

#include "boot_config_parse.h"

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

int config_bad_value(struct config_parse *p, const struct config_key *key, const char *value, const char *expected)
{
        return config_refuse(p, FAIL_CMDLINE_BAD_VALUE_CODE, key->name, value, "expected %s", expected);
}

#define ONCE .may_repeat = false
#define REPEATS .may_repeat = true
#define DASH .dash_is_underscore = true /* systemd compares its own keys so, and the kernel all of its */

const struct config_key config_keys[] = {
        { .name = "usrhash", ONCE, .apply = config_apply_usrhash },
        { .name = "verity.usrhash", ONCE, .same_as = "usrhash", .apply = config_apply_usrhash },
        { .name = "init.verity", ONCE, .apply = config_apply_pin },
        { .name = "roothash", ONCE, .apply = config_apply_root_on_verity },
        { .name = "systemd.verity", ONCE, .value = VALUE_OPTIONAL, .apply = config_apply_verity },
        { .name = "rd.systemd.verity", ONCE, .value = VALUE_OPTIONAL, .apply = config_apply_verity },
        { .name = "systemd.verity_usr_data", ONCE, DASH, .apply = config_apply_usr_data },
        { .name = "systemd.verity_usr_hash", ONCE, DASH, .apply = config_apply_usr_hash },
        { .name = "systemd.verity_usr_options", ONCE, DASH, .apply = config_verity_options },
        { .name = "systemd.verity_root_data", ONCE, DASH, .apply = config_apply_root_on_verity },
        { .name = "systemd.verity_root_hash", ONCE, DASH, .apply = config_apply_root_on_verity },
        { .name = "systemd.verity_root_options", ONCE, DASH, .apply = config_apply_root_on_verity },
        { .name = "verity.roothash", ONCE, .apply = config_apply_root_on_verity },
        { .name = "verity.root", ONCE, .apply = config_apply_root_on_verity },
        { .name = "verity.usr", ONCE, .apply = config_apply_flatcar_usr },
        { .name = "acl.verity_usr_signature", ONCE, .apply = config_apply_signature_partition },
        { .name = "mount.usr", ONCE, .apply = config_apply_mount_usr },
        { .name = "usr", ONCE, .same_as = "mount.usr", .apply = config_apply_mount_usr },
        { .name = "mount.usrfstype", ONCE, .apply = config_apply_usr_fstype },
        { .name = "usrfstype", ONCE, .same_as = "mount.usrfstype", .apply = config_apply_usr_fstype },
        { .name = "mount.usrflags", REPEATS, .apply = config_usr_flags },
        { .name = "usrflags", REPEATS, .apply = config_usr_flags },
        { .name = "root", ONCE, .apply = config_apply_root },
        { .name = "rootfstype", ONCE, .apply = config_apply_root_fstype },
        { .name = "rootflags", REPEATS, .apply = config_root_flags },
        { .name = "ro", REPEATS, .value = VALUE_NONE, .apply = config_apply_ro },
        { .name = "rw", REPEATS, .value = VALUE_NONE, .apply = config_apply_rw },
        { .name = "init", ONCE, .apply = config_apply_init },
        { .name = "init.debug", ONCE, .apply = config_apply_debug },
        { .name = "init.timeout", ONCE, .apply = config_apply_timeout },
        { .name = "init.on-failure", ONCE, .apply = config_apply_on_failure },
        { .name = "enforcing", ONCE, DASH, .apply = config_apply_enforcing },
        { .name = "selinux", ONCE, DASH, .apply = config_apply_selinux },
        { .name = "security", ONCE, DASH, .apply = config_apply_security },
        { .name = "lsm", ONCE, DASH, .apply = config_apply_lsm },
        { .name = "systemd.set_credential", REPEATS, DASH, .apply = config_apply_set_credential },
        { .name = "systemd.set_credential_binary", REPEATS, DASH, .apply = config_apply_set_credential },
        { .name = "systemd.import_credentials", ONCE, DASH, .value = VALUE_OPTIONAL,
          .apply = config_apply_import_credentials },
        { .name = "acl.slot", ONCE, .apply = config_apply_acl_slot },
        { .name = "init.ipe", ONCE, .apply = config_apply_ipe },
        { .name = "acl.ipe.policy_sha256", ONCE, .same_as = "init.ipe", .apply = config_apply_ipe_policy },
};

const size_t n_config_keys = ARRAY_SIZE(config_keys);
_Static_assert(ARRAY_SIZE(config_keys) <= CONFIG_MAX_KEYS, "raise CONFIG_MAX_KEYS");

#define OURS "it is verinit's own"
#define USR "it may say where /usr comes from, or that it is not verified"
#define ROOT "it may say where the root comes from"
#define KERNEL "it may turn off a protection of the kernel"

/*
 * With rd. in front systemd's generator would take usrhash= in an initrd, but not in the booted system, which so would not
 * know where its /usr comes from.
 */
const struct config_family config_families[] = {
        { "init.", OURS },
        { "usr", USR },
        { "mount.usr", USR },
        { "systemd.verity", USR },
        { "rd.systemd.verity", USR },
        { "rd.usrhash", USR },
        { "rd.roothash", USR },
        { "verity.", USR },
        { "dm_verity.", USR },
        { "acl.slot", USR },
        { "acl.verity", USR },
        { "acl.ipe", KERNEL },
        { "root", ROOT },
        { "ipe.", KERNEL },
        { "module.", KERNEL },
        { "ima_", KERNEL },
        {},
};

bool config_is_of_family(const char *key)
{
        for (const struct config_family *family = config_families; family->prefix; family++)
                if (cmdline_key_begins(key, family->prefix))
                        return true;
        return false;
}

const char *const *boot_config_keys(void)
{
        static const char *names[ARRAY_SIZE(config_keys) + 1];

        for (size_t i = 0; i < ARRAY_SIZE(config_keys); i++)
                names[i] = config_keys[i].name;
        return names;
}
