/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * From the command line's words to a boot_config: each word to its key, then what follows from all of them.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>

#include "boot_config_parse.h"
#include "verinit/verity.h"

const char *root_kind_name(enum root_kind kind)
{
        return kind == ROOT_TMPFS ? "tmpfs" : "unverified";
}

int config_refuse(struct config_parse *p, enum fail_code code, const char *key, const char *value, const char *fmt,
                  ...)
{
        char text[320];
        va_list ap;

        va_start(ap, fmt);
        (void) vsnprintf(text, sizeof(text), fmt, ap);
        va_end(ap);
        if (value && cmdline_key_is_secret(key, strlen(key)))
                value = "...";
        return error_set(p->err, code, EINVAL, "command line: %s%s%.160s: %s", key, value ? "=" : "",
                         value ? value : "", text);
}

static int refuse_text(struct error *err, enum cmdline_result result, size_t offset, size_t limit)
{
        switch (result) {
        case CMDLINE_E_TOO_LONG:
                return error_set(err, FAIL_CMDLINE_TOO_LONG_CODE, E2BIG,
                                 "command line: %zu bytes; the kernel cuts it off at %zu, so its end may be missing",
                                 offset, limit);
        case CMDLINE_E_CONTROL:
                return error_set(err, FAIL_CMDLINE_MALFORMED_CODE, EINVAL,
                                 "command line, byte %zu: a control character or 0xa0", offset);
        case CMDLINE_E_QUOTE:
                return error_set(err, FAIL_CMDLINE_MALFORMED_CODE, EINVAL,
                                 "command line, byte %zu: an unclosed or a single quote", offset);
        case CMDLINE_E_WORDS:
                return error_set(err, FAIL_CMDLINE_MALFORMED_CODE, E2BIG,
                                 "command line, byte %zu: more than %d words", offset, CMDLINE_MAX_WORDS);
        case CMDLINE_OK:
        default:
                return error_set(err, FAIL_BUG_CODE, EINVAL, "command line: parser answered %d", (int) result);
        }
}

static const struct config_key *find_key(const struct cmdline_word *word)
{
        for (size_t i = 0; i < n_config_keys; i++) {
                const struct config_key *key = &config_keys[i];

                if (key->dash_is_underscore ? !cmdline_key_equal(key->name, word->key)
                                            : !str_equal(key->name, word->key))
                        continue;
                /* systemd: ro=anything is not ro. */
                return key->value == VALUE_NONE && word->value ? NULL : key;
        }
        return NULL;
}

/* A key that systemd and Flatcar have different names for is the same key. */
static int refuse_second(struct config_parse *p, const struct config_key *key, const char *value, const bool *seen)
{
        for (size_t i = 0; i < n_config_keys; i++) {
                const struct config_key *other = &config_keys[i];

                if (seen[i] && other != key &&
                    ((key->same_as && str_equal(key->same_as, other->name)) ||
                     (other->same_as && str_equal(other->same_as, key->name))))
                        return config_refuse(p, FAIL_CMDLINE_DUPLICATE_KEY_CODE, key->name, value,
                                             "%s= says the same and stands there too", other->name);
        }
        return 0;
}

static int apply_key(struct config_parse *p, const struct config_key *key, const char *value, bool *seen)
{
        size_t i = (size_t) (key - config_keys);
        int r;

        if (seen[i] && !key->may_repeat)
                return config_refuse(p, FAIL_CMDLINE_DUPLICATE_KEY_CODE, key->name, value,
                                     "the key stands there a second time");
        r = refuse_second(p, key, value, seen);
        if (r < 0)
                return r;
        seen[i] = true;
        if (key->value == VALUE_REQUIRED && (!value || value[0] == '\0'))
                return config_refuse(p, FAIL_CMDLINE_BAD_VALUE_CODE, key->name, value, "a value is missing");
        return key->apply(p, key, value);
}

static int apply_words(struct config_parse *p, const struct cmdline *cmdline)
{
        bool seen[CONFIG_MAX_KEYS] = { false };

        for (size_t i = 0; i < cmdline->n_words; i++) {
                const struct cmdline_word *word = &cmdline->words[i];
                const struct config_key *key = find_key(word);
                const struct guarded_word *guard = key ? NULL : config_find_guard(word);
                int r = 0;

                if (key)
                        r = apply_key(p, key, word->value, seen);
                else if (guard)
                        r = config_apply_guard(p, guard, word);
                else if (config_is_of_family(word->key))
                        r = config_refuse(p, FAIL_CMDLINE_UNKNOWN_KEY_CODE, word->key, word->value, "unknown key");
                if (r < 0)
                        return r;
        }
        return 0;
}

static int finish_usr(struct config_parse *p)
{
        struct boot_config *c = &p->config;

        if (c->root_hash_size == 0)
                return error_set(p->err, FAIL_ROOT_HASH_MISSING_CODE, EINVAL,
                                 "command line: no usrhash=: nothing says which /usr is the right one");
        if (p->verity_off)
                return config_refuse(p, FAIL_CMDLINE_CONTRADICTION_CODE, p->verity_off, "no",
                                     "usrhash= asks for verity");
        if (p->flatcar_usr.kind != DEVICE_NONE) {
                if (c->usr_data.kind != DEVICE_NONE || c->usr_hash.kind != DEVICE_NONE)
                        return config_refuse(p, FAIL_CMDLINE_CONTRADICTION_CODE, "verity.usr", NULL,
                                             "it names both devices, and systemd.verity_usr_data= or "
                                             "systemd.verity_usr_hash= name one again");
                c->usr_data = c->usr_hash = p->flatcar_usr;
        }
        if ((c->usr_data.kind == DEVICE_NONE) != (c->usr_hash.kind == DEVICE_NONE))
                return config_refuse(p, FAIL_CMDLINE_CONTRADICTION_CODE,
                                     c->usr_data.kind == DEVICE_NONE ? "systemd.verity_usr_hash" :
                                                                       "systemd.verity_usr_data",
                                     NULL, "give both, data and hash device, or neither");
        c->usr_devices_given = c->usr_data.kind != DEVICE_NONE;
        if (!c->usr_devices_given) {
                c->usr_data.kind = c->usr_hash.kind = DEVICE_PARTUUID;
                verity_partuuids(c->root_hash, c->root_hash_size, c->usr_data.value, c->usr_hash.value);
        }
        return 0;
}

static int finish_root(struct config_parse *p)
{
        struct boot_config *c = &p->config;
        enum ro_word ro = p->ro_word != RO_UNSAID ? p->ro_word : p->ro_flag;

        c->root_kind = c->root.kind == DEVICE_NONE ? ROOT_TMPFS : ROOT_UNVERIFIED;
        c->root_rw = ro == RO_UNSAID ? c->root_kind == ROOT_TMPFS : ro == RW_SAID;
        if (c->root_kind == ROOT_TMPFS && c->root_fstype[0] != '\0' && !str_equal(c->root_fstype, "tmpfs"))
                return config_refuse(p, FAIL_CMDLINE_CONTRADICTION_CODE, "rootfstype", c->root_fstype,
                                     "the root is %s", p->root ? "root=tmpfs" : "a tmpfs, since there is no root=");
        if (c->root_kind == ROOT_UNVERIFIED && c->floor.root != FLOOR_ROOT_UNVERIFIED)
                return config_refuse(p, FAIL_FLOOR_REFUSES_CODE, "root", p->root,
                                     "an unverified root; the floor allows root=tmpfs alone");
        if (c->root_kind == ROOT_TMPFS && c->floor.etc == ETC_PLAIN)
                return config_refuse(p, FAIL_FLOOR_REFUSES_CODE, "root", "tmpfs",
                                     "the floor says etc=plain, and a tmpfs root has no /etc of its own");
        return 0;
}

/*
 * libselinux does not split the line into words: it takes the first "enforcing=", if a blank is before it, in quotes or not
 * (3.8 src/load_policy.c selinux_init_load_policy()). One inside a quoted value would reach it past the key's own
 * check, and one that ends another key hides ours from it. The later ones are refused too: another release may look on.
 */
static int finish_enforcing(struct config_parse *p)
{
        static const char word[] = "enforcing=";
        const char *text = p->config.cmdline_text;

        for (const char *at = strstr(text, word); at; at = strstr(at + 1, word)) {
                bool is_first = at == strstr(text, word);

                if (at != text && at[-1] != ' ')
                        continue;
                if (strtol(at + sizeof(word) - 1, NULL, 10) != 1)
                        return config_refuse(p, FAIL_CMDLINE_WEAKENING_CODE, "enforcing", NULL,
                                             "a quoted text holds 'enforcing=' with another value than 1, "
                                             "which libselinux would obey");
                p->config.enforcing_asked = p->config.enforcing_asked || is_first;
        }
        return 0;
}

/* "/sbin/init" may be a link to systemd; which one it is, no text says. */
static bool is_systemd(const char *path)
{
        return str_equal(strrchr(path, '/'), "/systemd");
}

/* Last, so that a line that is wrong in itself hears about that first. */
static int finish_floor(struct config_parse *p)
{
        const struct boot_config *c = &p->config;

        if (c->floor.selinux_lock == SELINUX_LOCK_LATE && !is_systemd(c->init_path))
                return config_refuse(p, FAIL_FLOOR_REFUSES_CODE, "init", c->init_path,
                                     "the floor says selinux-lock=late, and the unit that locks is known to systemd alone; name "
                                     "systemd, or say early");
        if (!c->has_geometry && c->floor.pinned_geometry == NEED_REQUIRE)
                return error_set(p->err, FAIL_GEOMETRY_NOT_PINNED_CODE, EINVAL,
                                 "command line: no init.verity=: nothing that was signed says how large /usr is, and "
                                 "the floor requires that (pinned-geometry=require)");
        return 0;
}

static void init_config(struct boot_config *c, const char *text, size_t size, const struct floor *floor)
{
        if (size > 0 && text[size - 1] == '\n')
                size--;
        if (size > 0)
                memcpy(c->cmdline_text, text, size);
        c->cmdline_text[size] = '\0';
        c->floor = *floor;
        c->device_timeout_us = (uint64_t) floor->device_timeout_s * 1000000;
        (void) str_copy(c->init_path, sizeof(c->init_path), "/usr/lib/systemd/systemd");
}

int boot_config_parse(const char *text, size_t size, size_t limit, const struct floor *floor,
                      struct boot_config *ret, struct error *err)
{
        struct config_parse p = { .err = err };
        struct cmdline cmdline;
        enum cmdline_result result;
        size_t offset = 0;
        int r;

        result = cmdline_parse(text, size, limit, &cmdline, &offset);
        if (result != CMDLINE_OK)
                return refuse_text(err, result, offset, limit);
        init_config(&p.config, text, size, floor);

        r = apply_words(&p, &cmdline);
        if (r == 0)
                r = finish_usr(&p);
        if (r == 0)
                r = config_finish_geometry(&p);
        if (r == 0)
                r = config_finish_signature(&p);
        if (r == 0)
                r = finish_root(&p);
        if (r == 0)
                r = config_finish_ipe(&p);
        if (r == 0)
                r = finish_enforcing(&p);
        if (r == 0)
                r = finish_floor(&p);
        if (r < 0)
                return r;
        *ret = p.config;
        return 0;
}
