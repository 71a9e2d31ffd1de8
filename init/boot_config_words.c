/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The other keys: the root, what is started, how a failure ends, SELinux, credentials.
 */
#include <stdio.h>

#include "boot_config_parse.h"
#include "verinit/lsm.h"
#include "verinit/path.h"

int config_apply_root_fstype(struct config_parse *p, const struct config_key *key, const char *value)
{
        return config_apply_fstype(p, key, value, p->config.root_fstype);
}

int config_apply_root(struct config_parse *p, const struct config_key *key, const char *value)
{
        if (!str_equal(value, "tmpfs") && !device_spec_parse(value, &p->config.root))
                return config_bad_value(p, key, value,
                                 "tmpfs, PARTUUID=..., PARTLABEL=..., LABEL=..., UUID=... or /dev/...");
        p->root = value;
        return 0;
}

int config_apply_ro(struct config_parse *p, _unused_ const struct config_key *key, _unused_ const char *value)
{
        p->ro_word = RO_SAID;
        return 0;
}

int config_apply_rw(struct config_parse *p, _unused_ const struct config_key *key, _unused_ const char *value)
{
        p->ro_word = RW_SAID;
        return 0;
}

/*
 * A shell or an interpreter of the verified /usr would be as good as a root login on the console. Which programs are is no closed
 * list; which are a host's PID 1 is: these two names, and the path that the floor gives.
 */
static bool is_init(const char *path, const struct floor *floor)
{
        const char *name = strrchr(path, '/') + 1;

        return str_equal(name, "systemd") || str_equal(name, "init") || str_equal(path, floor->init_path);
}

int config_apply_init(struct config_parse *p, const struct config_key *key, const char *value)
{
        if (!path_is_normalised(value, CONFIG_PATH_MAX))
                return config_bad_value(p, key, value, "an absolute path without '.', '..' and '//'");
        if (!is_init(value, &p->config.floor))
                return config_refuse(p, FAIL_CMDLINE_DANGEROUS_CODE, key->name, value,
                                     "a program that is called neither systemd nor init may be a shell, and the floor "
                                     "does not name it (init=)");
        (void) str_copy(p->config.init_path, sizeof(p->config.init_path), value);
        return 0;
}

static int parse_zero_or_one(struct config_parse *p, const struct config_key *key, const char *value, bool *ret)
{
        if (!str_equal(value, "0") && !str_equal(value, "1"))
                return config_bad_value(p, key, value, "0 or 1");
        *ret = value[0] == '1';
        return 0;
}

int config_apply_debug(struct config_parse *p, const struct config_key *key, const char *value)
{
        int r = parse_zero_or_one(p, key, value, &p->config.debug);

        if (r == 0 && p->config.debug && p->config.floor.debug == NEED_REQUIRE)
                return config_refuse(p, FAIL_FLOOR_REFUSES_CODE, key->name, value,
                                     "the floor says debug=require: no debugging output of a production image");
        return r;
}

int config_apply_timeout(struct config_parse *p, const struct config_key *key, const char *value)
{
        size_t n = strlen(value);
        unsigned long seconds = n > 0 && n <= 4 && strspn(value, "0123456789") == n ? strtoul(value, NULL, 10) : 0;

        if (seconds < 1 || seconds > 3600)
                return config_bad_value(p, key, value, "seconds, 1 to 3600");
        p->config.device_timeout_us = (uint64_t) seconds * 1000000;
        return 0;
}

int config_apply_on_failure(struct config_parse *p, const struct config_key *key, const char *value)
{
        unsigned bit = failure_action_bit(value, strlen(value));

        if (bit == 0)
                return config_bad_value(p, key, value, "reboot, poweroff or halt");
        if (!(p->config.floor.failure_actions & bit))
                return config_refuse(p, FAIL_FLOOR_REFUSES_CODE, key->name, value,
                                     "the floor's failure-actions= does not allow it");
        p->config.on_failure = bit;
        return 0;
}

/* Allowed or not, SELinux is enforcing or absent: the mac stage sets it, and libselinux in the booted system obeys this. */
int config_apply_enforcing(struct config_parse *p, const struct config_key *key, const char *value)
{
        bool on = false;
        int r = parse_zero_or_one(p, key, value, &on);

        if (r == 0 && !on)
                return config_refuse(p, FAIL_CMDLINE_WEAKENING_CODE, key->name, value,
                                     "SELinux is enforcing here or absent");
        return r;
}

int config_apply_selinux(struct config_parse *p, const struct config_key *key, const char *value)
{
        bool on = false;
        int r = parse_zero_or_one(p, key, value, &on);

        if (r == 0 && !on && p->config.floor.selinux == NEED_REQUIRE)
                return config_refuse(p, FAIL_CMDLINE_WEAKENING_CODE, key->name, value, "the floor requires SELinux");
        return r;
}

int config_apply_security(struct config_parse *p, const struct config_key *key, const char *value)
{
        if (p->config.floor.selinux == NEED_REQUIRE && !str_equal(value, "selinux"))
                return config_refuse(p, FAIL_CMDLINE_WEAKENING_CODE, key->name, value, "the floor requires SELinux");
        return 0;
}

/* lsm= overrides security=; of the modules that exclude each other (selinux, apparmor, smack) the first gets its way. */
int config_apply_lsm(struct config_parse *p, const struct config_key *key, const char *value)
{
        const struct floor *floor = &p->config.floor;
        bool has_selinux = false, is_late = false;
        char list[CMDLINE_MAX_BYTES + 1], *rest = list, *name;

        if (!str_copy(list, sizeof(list), value))
                return config_bad_value(p, key, value, "a shorter list");
        while ((name = strsep(&rest, ","))) {
                is_late = is_late || (!has_selinux && (str_equal(name, "apparmor") || str_equal(name, "smack")));
                has_selinux = has_selinux || str_equal(name, "selinux");
        }
        if (floor->selinux == NEED_REQUIRE && (!has_selinux || is_late))
                return config_refuse(p, FAIL_CMDLINE_WEAKENING_CODE, key->name, value,
                                     has_selinux ? "apparmor or smack before selinux keeps it off, and the floor "
                                                   "requires SELinux" :
                                                   "selinux is not among them, and the floor requires it");
        if ((floor->ipe == NEED_REQUIRE || floor->n_ipe_policies > 0) && !lsm_list_has(value, "ipe"))
                return config_refuse(p, FAIL_CMDLINE_WEAKENING_CODE, key->name, value,
                                     "ipe is not among them, and the floor requires it");
        return 0;
}

/* Credentials can carry units and their drop-ins, passwords and SSH keys. */
int config_apply_set_credential(struct config_parse *p, const struct config_key *key, const char *value)
{
        if (p->config.floor.credentials != CREDENTIALS_PLATFORM)
                return config_refuse(p, FAIL_CMDLINE_DANGEROUS_CODE, key->name, value,
                                     "a credential can be a unit, a password or a login key, and the floor does not say "
                                     "credentials=platform");
        return 0;
}

int config_apply_import_credentials(struct config_parse *p, const struct config_key *key, const char *value)
{
        bool yes = true;

        if (value && !config_parse_bool(value, &yes))
                return config_bad_value(p, key, value, "yes or no");
        return yes ? config_apply_set_credential(p, key, value) : 0;
}

int config_apply_acl_slot(struct config_parse *p, const struct config_key *key, const char *value)
{
        if (!str_equal(value, "a") && !str_equal(value, "b"))
                return config_bad_value(p, key, value, "a or b");
        (void) str_copy(p->config.acl_slot, sizeof(p->config.acl_slot), value);
        return 0;
}
