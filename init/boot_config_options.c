/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * mount.usrflags= and rootflags=: what is for mount(2) parted from what is for the file system.
 */
#include <sys/mount.h>

#include "boot_config_parse.h"

/* What mount(8) and systemd take out of the list before the file system sees it. The later word wins. */
static const struct {
        const char *name;
        unsigned long set, clear;
} mount_words[] = {
        { "defaults", 0, 0 },
        { "auto", 0, 0 },
        { "_netdev", 0, 0 },
        { "nodev", MS_NODEV, 0 },
        { "dev", 0, MS_NODEV },
        { "nosuid", MS_NOSUID, 0 },
        { "suid", 0, MS_NOSUID },
        { "noexec", MS_NOEXEC, 0 },
        { "exec", 0, MS_NOEXEC },
        { "noatime", MS_NOATIME, MS_STRICTATIME | MS_RELATIME },
        { "relatime", MS_RELATIME, MS_NOATIME | MS_STRICTATIME },
        { "strictatime", MS_STRICTATIME, MS_NOATIME | MS_RELATIME },
        { "nodiratime", MS_NODIRATIME, 0 },
        { "diratime", 0, MS_NODIRATIME },
        { "lazytime", MS_LAZYTIME, 0 },
        { "nolazytime", 0, MS_LAZYTIME },
        { "sync", MS_SYNCHRONOUS, 0 },
        { "async", 0, MS_SYNCHRONOUS },
        { "dirsync", MS_DIRSYNC, 0 },
};

/* Words that a mount must not carry, by what stands before '='. */
struct mount_refusal {
        const char *name;
        enum fail_code code;
        const char *why;
};

#define NEEDS_THE_MOUNT "the boot must not go on without this mount"
#define UNVERIFIED_DEVICE "it would bring a device into /usr that nobody verified"
#define FOREIGN_LABELS "the labels of /usr are those of the verified image"

static const struct mount_refusal usr_refusals[] = {
        { "rw", FAIL_CMDLINE_WEAKENING_CODE, "/usr is always read-only" },
        { "dev", FAIL_CMDLINE_WEAKENING_CODE, "device nodes in /usr stay without effect" },
        { "nosuid", FAIL_CMDLINE_BAD_VALUE_CODE, "it blocks the domain transitions of SELinux" },
        { "noexec", FAIL_CMDLINE_BAD_VALUE_CODE, "nothing could be started from /usr" },
        { "nofail", FAIL_CMDLINE_WEAKENING_CODE, NEEDS_THE_MOUNT },
        { "noauto", FAIL_CMDLINE_WEAKENING_CODE, NEEDS_THE_MOUNT },
        { "device", FAIL_CMDLINE_WEAKENING_CODE, UNVERIFIED_DEVICE },
        { "journal_dev", FAIL_CMDLINE_WEAKENING_CODE, UNVERIFIED_DEVICE },
        { "journal_path", FAIL_CMDLINE_WEAKENING_CODE, UNVERIFIED_DEVICE },
        { "logdev", FAIL_CMDLINE_WEAKENING_CODE, UNVERIFIED_DEVICE },
        { "rtdev", FAIL_CMDLINE_WEAKENING_CODE, UNVERIFIED_DEVICE },
        { "fsid", FAIL_CMDLINE_WEAKENING_CODE, UNVERIFIED_DEVICE },
        { "domain_id", FAIL_CMDLINE_WEAKENING_CODE, UNVERIFIED_DEVICE },
        { "context", FAIL_CMDLINE_WEAKENING_CODE, FOREIGN_LABELS },
        { "fscontext", FAIL_CMDLINE_WEAKENING_CODE, FOREIGN_LABELS },
        { "defcontext", FAIL_CMDLINE_WEAKENING_CODE, FOREIGN_LABELS },
        { "rootcontext", FAIL_CMDLINE_WEAKENING_CODE, FOREIGN_LABELS },
};

static const struct mount_refusal root_refusals[] = {
        { "nofail", FAIL_CMDLINE_BAD_VALUE_CODE, NEEDS_THE_MOUNT },
        { "noauto", FAIL_CMDLINE_BAD_VALUE_CODE, NEEDS_THE_MOUNT },
};

struct mount_list {
        const struct mount_refusal *refusals;
        size_t n_refusals;
        const char *characters; /* beside letters, digits and '_' */
        char *options;          /* CONFIG_OPTIONS_MAX bytes: grows with each list */
        unsigned long *flags;
        enum ro_word *ro_flag;
};

static bool option_is_named(const char *option, const char *name)
{
        const char *rest = str_after(option, name);

        return rest && (*rest == '\0' || *rest == '=');
}

static bool is_text_of(const char *text, const char *others)
{
        for (; *text; text++)
                if (!((*text >= 'a' && *text <= 'z') || (*text >= 'A' && *text <= 'Z') ||
                      (*text >= '0' && *text <= '9') || strchr(others, *text)))
                        return false;
        return true;
}

static bool append_option(char *options, const char *option)
{
        size_t n = strlen(options);

        if (n + strlen(option) + 2 > CONFIG_OPTIONS_MAX)
                return false;
        if (n > 0)
                options[n++] = ',';
        return str_copy(options + n, CONFIG_OPTIONS_MAX - n, option);
}

/* Taken out of the list: not for the file system. */
static bool take_mount_word(const struct mount_list *m, const char *option)
{
        if (str_after(option, "x-"))
                return true;
        if (str_equal(option, "ro") || str_equal(option, "rw")) {
                *m->ro_flag = str_equal(option, "ro") ? RO_SAID : RW_SAID;
                return true;
        }
        for (size_t i = 0; i < ARRAY_SIZE(mount_words); i++)
                if (str_equal(option, mount_words[i].name)) {
                        *m->flags = (*m->flags & ~mount_words[i].clear) | mount_words[i].set;
                        return true;
                }
        return false;
}

static int parse_mount_list(struct config_parse *p, const char *key, const char *value, const struct mount_list *m)
{
        char list[CMDLINE_MAX_BYTES + 1], *rest = list, *option;

        if (!str_copy(list, sizeof(list), value))
                return config_refuse(p, FAIL_CMDLINE_BAD_VALUE_CODE, key, value, "too long");
        while ((option = strsep(&rest, ","))) {
                if (!is_text_of(option, m->characters))
                        return config_refuse(p, FAIL_CMDLINE_BAD_VALUE_CODE, key, value,
                                             "a character that is not allowed there: letters, digits and %s are",
                                             m->characters);
                for (size_t i = 0; i < m->n_refusals; i++)
                        if (option_is_named(option, m->refusals[i].name))
                                return config_refuse(p, m->refusals[i].code, key, value, "%s: %s",
                                                     m->refusals[i].name, m->refusals[i].why);
                if (option[0] == '\0' || take_mount_word(m, option))
                        continue;
                if (!append_option(m->options, option))
                        return config_refuse(p, FAIL_CMDLINE_BAD_VALUE_CODE, key, value,
                                             "options longer than %d bytes together", CONFIG_OPTIONS_MAX - 1);
        }
        return 0;
}

int config_usr_flags(struct config_parse *p, const struct config_key *key, const char *value)
{
        /* Flags of /usr are the code's own: those that were not refused change nothing. */
        unsigned long flags = 0;
        enum ro_word ro = RO_UNSAID;

        return parse_mount_list(p, key->name, value, &(struct mount_list) {
                .refusals = usr_refusals,
                .n_refusals = ARRAY_SIZE(usr_refusals),
                .characters = "_=.:-",
                .options = p->config.usr_options,
                .flags = &flags,
                .ro_flag = &ro,
        });
}

int config_root_flags(struct config_parse *p, const struct config_key *key, const char *value)
{
        return parse_mount_list(p, key->name, value, &(struct mount_list) {
                .refusals = root_refusals,
                .n_refusals = ARRAY_SIZE(root_refusals),
                .characters = "_=.:-/@%+",
                .options = p->config.root_options,
                .flags = &p->config.root_mount_flags,
                .ro_flag = &p->ro_flag,
        });
}
