/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The floor: what the signed image demands. The file is signed with the initramfs, and yet parsed as strictly as
 * anything from outside: a misspelt "allow" must not be found out about in the field.
 */
#include <errno.h>
#include <stddef.h>
#include <stdio.h>

#include "floor_values.h"

#define AT(field) .offset = offsetof(struct floor, field)
#define NEED(field) floor_apply_need, "require or allow", AT(field)
#define SECONDS(field, from, to) floor_apply_seconds, "seconds, " #from " to " #to, AT(field), .min = from, .max = to
#define SHA256(field) floor_apply_sha256, "sha256-<64 hex digits>", AT(field)

static const struct floor_key floor_keys[] = {
        { "secure-boot", NEED(secure_boot) },
        { "tpm", NEED(tpm) },
        { "tpm-ek", floor_apply_tpm_ek, .expected = "the Name of a TPM key: 68, 100 or 132 hex digits" },
        { "cmdline", NEED(cmdline) },
        { "cmdline-replay", NEED(cmdline_replay) },
        { "extra-words", floor_apply_extra_words, .may_repeat = true,
          .expected = "one printable word a line, no quotes, each once, at most 32" },
        { "addon", floor_apply_addon, .may_repeat = true,
          .expected = "sha256-<64 hex digits> a line, each once, at most 8" },
        { "addon-keys", floor_apply_addon_keys, .may_repeat = true, .expected = "one key a line, each once, at most 32" },
        { "baked-cmdline", SHA256(baked_cmdline) },
        { "modules", SHA256(modules) },
        { "root-hash-signature", NEED(root_hash_signature) },
        { "certificate", floor_apply_certificate, .may_repeat = true,
          .expected = "sha256-<64 hex digits> a line, each once, at most 4" },
        { "pinned-geometry", NEED(pinned_geometry) },
        { "boot-disk-only", NEED(boot_disk_only) },
        { "selinux", NEED(selinux) },
        { "selinux-lock", floor_apply_selinux_lock, .expected = "early, late or none" },
        { "selinux-dir", floor_apply_selinux_dir,
          .expected = "a relative path without '.' and '..', of letters, digits, '._-'" },
        { "ipe", NEED(ipe) },
        { "ipe-policy", floor_apply_ipe_policy, .may_repeat = true,
          .expected = "sha256-<64 hex digits> a line, each once, at most 4" },
        { "ipe-drop-mac-admin", floor_apply_drop_mac_admin, .expected = "yes or no" },
        { "debug", NEED(debug) },
        { "root", floor_apply_root, .expected = "tmpfs or unverified" },
        { "etc", floor_apply_etc, .expected = "overlay, tmpfs or plain" },
        { "credentials", floor_apply_credentials, .expected = "none, esp-encrypted or platform" },
        { "os-separator", floor_apply_os_separator, .expected = "no or yes" },
        { "init", floor_apply_init, .expected = "an absolute path without '.', '..' and '//'" },
        { "device-timeout", SECONDS(device_timeout_s, 1, 3600) },
        { "panic-timeout", SECONDS(panic_timeout_s, 1, 300) },
        { "failure-actions", floor_apply_failure_actions,
          .expected = "a comma list of reboot, poweroff and halt, each once" },
        { "failure-delay", SECONDS(failure_delay_s, 0, 300) },
        { "failure-delay-max", SECONDS(failure_delay_max_s, 0, 3600) },
        { "watchdog", floor_apply_watchdog, .min = 10, .max = 600, .expected = "seconds, 10 to 600, or 0 for none" },
};

void floor_init(struct floor *ret)
{
        *ret = (struct floor) {
                .selinux_dir = "etc/selinux",
                .panic_timeout_s = 10,
                .failure_delay_s = 10,
                .device_timeout_s = 90,
                .failure_actions = FAILURE_REBOOT,
                .failure_default = FAILURE_REBOOT,
                .failure_delay_max_s = 60,
        };
}

bool floor_has_addon_key(const struct floor *floor, const char *key)
{
        for (size_t i = 0; i < floor->n_addon_keys; i++)
                if (str_equal(floor->addon_keys[i], key))
                        return true;
        return false;
}

static int refuse_line(struct error *err, unsigned line, const char *text, const char *why)
{
        return error_set(err, FAIL_FLOOR_MALFORMED_CODE, EINVAL, "floor, line %u: '%.80s': %s", line, text, why);
}

static int parse_line(char *text, unsigned line, struct floor *f, bool *seen, struct error *err)
{
        char *equals = strchr(text, '=');
        char why[128];

        if (!equals)
                return refuse_line(err, line, text, "not key=value");
        *equals = '\0';
        for (size_t i = 0; i < ARRAY_SIZE(floor_keys); i++) {
                const struct floor_key *key = &floor_keys[i];

                if (!str_equal(text, key->name))
                        continue;
                if (seen[i] && !key->may_repeat)
                        return refuse_line(err, line, text, "the key stands here a second time");
                seen[i] = true;
                if (key->apply(f, key, equals + 1))
                        return 0;
                *equals = '=';
                (void) snprintf(why, sizeof(why), "expected %s", key->expected);
                return refuse_line(err, line, text, why);
        }
        return refuse_line(err, line, text, "unknown key (no blanks around '=')");
}

static int parse_lines(char *text, struct floor *f, struct error *err)
{
        bool seen[ARRAY_SIZE(floor_keys)] = { false };
        unsigned line = 0;

        while (*text) {
                char *next = strchrnul(text, '\n');
                int r;

                if (*next == '\n')
                        *next++ = '\0';
                line++;
                if (text[0] != '\0' && text[0] != '#') {
                        r = parse_line(text, line, f, seen, err);
                        if (r < 0)
                                return r;
                }
                text = next;
        }
        return 0;
}

int floor_parse(const char *text, size_t size, struct floor *ret, struct error *err)
{
        char copy[FLOOR_MAX_BYTES + 1];
        struct floor f;
        int r;

        if (size > FLOOR_MAX_BYTES)
                return error_set(err, FAIL_FLOOR_MALFORMED_CODE, EFBIG, "floor: %zu bytes; at most %d are read",
                                 size, FLOOR_MAX_BYTES);
        if (size > 0 && memchr(text, '\0', size))
                return error_set(err, FAIL_FLOOR_MALFORMED_CODE, EINVAL,
                                 "floor: a NUL byte: this is not a text file");
        if (size > 0)
                memcpy(copy, text, size);
        copy[size] = '\0';

        floor_init(&f);
        r = parse_lines(copy, &f, err);
        if (r < 0)
                return r;
        if (f.etc == ETC_PLAIN && f.root != FLOOR_ROOT_UNVERIFIED)
                return error_set(err, FAIL_FLOOR_MALFORMED_CODE, EINVAL,
                                 "floor: etc=plain needs root=unverified: a tmpfs root has no /etc of its own");
        /* Whoever writes to that /etc masks the unit, and comes before it in more ways (docs/MAC.md, "late and /etc"). */
        if (f.selinux_lock == SELINUX_LOCK_LATE && f.etc == ETC_PLAIN)
                return error_set(err, FAIL_FLOOR_MALFORMED_CODE, EINVAL,
                                 "floor: selinux-lock=late needs etc=overlay or tmpfs: the unit that locks could be masked in an "
                                 "unverified /etc; say early");
        /*
         * Credentials bring units, also in the place of this one (systemd.extra-unit.*, systemd.unit-dropin.*). An encrypted one too: what it
         * is sealed to may be a key that lies on an unverified root, and PID 1 looks at no more than which kind of key that is.
         */
        if (f.selinux_lock == SELINUX_LOCK_LATE && f.credentials != CREDENTIALS_NONE)
                return error_set(err, FAIL_FLOOR_MALFORMED_CODE, EINVAL,
                                 "floor: selinux-lock=late needs credentials=none: one could replace the unit that locks; say early");
        *ret = f;
        return 0;
}
