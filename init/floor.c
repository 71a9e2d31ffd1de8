/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The floor: what the signed image demands. The file is signed with the initramfs, and yet parsed as strictly as
 * anything from outside: a misspelt "allow" must not be found out about in the field.
 */
#include <errno.h>
#include <stdio.h>

#include "verinit/floor.h"

struct floor_key {
        const char *name;
        bool may_repeat;
        bool (*apply)(struct floor *f, const char *value); /* false: the value is refused */
        const char *expected;
};

static bool parse_choice(const char *value, const char *zero, const char *one, unsigned *ret)
{
        if (str_equal(value, zero))
                *ret = 0;
        else if (str_equal(value, one))
                *ret = 1;
        else
                return false;
        return true;
}

static bool parse_need(const char *value, enum need *ret)
{
        unsigned n;

        if (!parse_choice(value, "require", "allow", &n))
                return false;
        *ret = n == 0 ? NEED_REQUIRE : NEED_ALLOW;
        return true;
}

static bool parse_seconds(const char *value, unsigned min, unsigned max, unsigned *ret)
{
        unsigned n = 0;

        if (value[0] == '\0' || strlen(value) > 4)
                return false;
        for (; *value; value++) {
                if (*value < '0' || *value > '9')
                        return false;
                n = n * 10 + (unsigned) (*value - '0');
        }
        if (n < min || n > max)
                return false;
        *ret = n;
        return true;
}

static bool apply_tpm(struct floor *f, const char *value)
{
        return parse_need(value, &f->tpm);
}

static bool apply_selinux(struct floor *f, const char *value)
{
        return parse_need(value, &f->selinux);
}

static bool apply_cmdline(struct floor *f, const char *value)
{
        return parse_need(value, &f->cmdline);
}

static bool apply_secure_boot(struct floor *f, const char *value)
{
        return parse_need(value, &f->secure_boot);
}

static bool apply_cmdline_replay(struct floor *f, const char *value)
{
        return parse_need(value, &f->cmdline_replay);
}

static bool apply_root_hash_signature(struct floor *f, const char *value)
{
        return parse_need(value, &f->root_hash_signature);
}

static bool apply_pinned_geometry(struct floor *f, const char *value)
{
        return parse_need(value, &f->pinned_geometry);
}

static bool apply_boot_disk_only(struct floor *f, const char *value)
{
        return parse_need(value, &f->boot_disk_only);
}

static bool apply_ipe(struct floor *f, const char *value)
{
        return parse_need(value, &f->ipe);
}

static bool apply_debug(struct floor *f, const char *value)
{
        return parse_need(value, &f->debug);
}

static bool apply_root(struct floor *f, const char *value)
{
        unsigned n;

        if (!parse_choice(value, "tmpfs", "unverified", &n))
                return false;
        f->root = n == 0 ? FLOOR_ROOT_TMPFS : FLOOR_ROOT_UNVERIFIED;
        return true;
}

static bool apply_etc(struct floor *f, const char *value)
{
        unsigned n;

        if (str_equal(value, "plain"))
                f->etc = ETC_PLAIN;
        else if (parse_choice(value, "overlay", "tmpfs", &n))
                f->etc = n == 0 ? ETC_OVERLAY : ETC_TMPFS;
        else
                return false;
        return true;
}

static bool is_path_char(char c)
{
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
               strchr("._-", c) != NULL;
}

/* Relative and normalised: joined to /usr it must stay below it. */
static bool apply_selinux_dir(struct floor *f, const char *value)
{
        const char *p = value;

        for (;;) {
                size_t n = 0;

                while (p[n] != '\0' && p[n] != '/') {
                        if (!is_path_char(p[n]))
                                return false;
                        n++;
                }
                if (n == 0 || (n == 1 && p[0] == '.') || (n == 2 && p[0] == '.' && p[1] == '.'))
                        return false;
                if (p[n] == '\0')
                        return str_copy(f->selinux_dir, sizeof(f->selinux_dir), value);
                p += n + 1;
        }
}

static bool apply_panic_timeout(struct floor *f, const char *value)
{
        return parse_seconds(value, 1, 300, &f->panic_timeout_s);
}

static bool apply_failure_delay(struct floor *f, const char *value)
{
        return parse_seconds(value, 0, 300, &f->failure_delay_s);
}

static bool apply_device_timeout(struct floor *f, const char *value)
{
        return parse_seconds(value, 1, 3600, &f->device_timeout_s);
}

static bool apply_extra_words(struct floor *f, const char *value)
{
        if (value[0] == '\0' || value[0] == '=' || f->n_extra_words == FLOOR_MAX_EXTRA_WORDS)
                return false;
        for (const unsigned char *p = (const unsigned char *) value; *p; p++)
                if (*p <= 0x20 || *p >= 0x7f || *p == '"' || *p == '\'')
                        return false;
        for (size_t i = 0; i < f->n_extra_words; i++)
                if (str_equal(f->extra_words[i], value))
                        return false;
        if (!str_copy(f->extra_words[f->n_extra_words], FLOOR_WORD_MAX, value))
                return false;
        f->n_extra_words++;
        return true;
}

static bool parse_sha256(const char *value, struct digest *ret)
{
        struct digest d = { .alg = DIGEST_SHA256 };
        const char *hex = str_after(value, "sha256-");

        if (!hex || hex_decode(hex, d.bytes, sizeof(d.bytes)) != 32)
                return false;
        *ret = d;
        return true;
}

static bool append_sha256(const char *value, struct digest *list, size_t *n, size_t max)
{
        struct digest d;

        if (*n == max || !parse_sha256(value, &d))
                return false;
        for (size_t i = 0; i < *n; i++)
                if (digest_equal(&list[i], &d))
                        return false;
        list[(*n)++] = d;
        return true;
}

static bool apply_addon(struct floor *f, const char *value)
{
        return append_sha256(value, f->addons, &f->n_addons, FLOOR_MAX_ADDONS);
}

static bool apply_addon_keys(struct floor *f, const char *value)
{
        size_t n = strlen(value);

        if (n == 0 || n >= FLOOR_WORD_MAX || f->n_addon_keys == FLOOR_MAX_ADDON_KEYS ||
            strspn(value, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-") != n)
                return false;
        for (size_t i = 0; i < f->n_addon_keys; i++)
                if (str_equal(f->addon_keys[i], value))
                        return false;
        return str_copy(f->addon_keys[f->n_addon_keys++], FLOOR_WORD_MAX, value);
}

static bool apply_baked_cmdline(struct floor *f, const char *value)
{
        return parse_sha256(value, &f->baked_cmdline);
}

static bool apply_modules(struct floor *f, const char *value)
{
        return parse_sha256(value, &f->modules);
}

static bool apply_certificate(struct floor *f, const char *value)
{
        return append_sha256(value, f->certificates, &f->n_certificates, FLOOR_MAX_CERTIFICATES);
}

static bool apply_credentials(struct floor *f, const char *value)
{
        unsigned n;

        if (str_equal(value, "platform"))
                f->credentials = CREDENTIALS_PLATFORM;
        else if (parse_choice(value, "none", "esp-encrypted", &n))
                f->credentials = n == 0 ? CREDENTIALS_NONE : CREDENTIALS_ESP_ENCRYPTED;
        else
                return false;
        return true;
}

static bool apply_os_separator(struct floor *f, const char *value)
{
        unsigned n;

        if (!parse_choice(value, "no", "yes", &n))
                return false;
        f->os_separator = n == 1;
        return true;
}

/* The first one named is what is done if nothing else is asked for; the others may be asked for. */
static bool apply_failure_actions(struct floor *f, const char *value)
{
        static const char *const names[] = { "reboot", "poweroff", "halt" };
        unsigned bits = 0;

        while (*value) {
                size_t n = strcspn(value, ","), i = 0;

                while (i < ARRAY_SIZE(names) && (strlen(names[i]) != n || memcmp(names[i], value, n) != 0))
                        i++;
                if (i == ARRAY_SIZE(names) || bits & 1U << i)
                        return false;
                if (bits == 0)
                        f->failure_default = 1U << i;
                bits |= 1U << i;
                value += n;
                if (*value == ',' && *++value == '\0')
                        return false;
        }
        f->failure_actions = bits;
        return bits != 0;
}

static bool apply_failure_delay_max(struct floor *f, const char *value)
{
        return parse_seconds(value, 0, 3600, &f->failure_delay_max_s);
}

static bool apply_watchdog(struct floor *f, const char *value)
{
        if (str_equal(value, "0")) {
                f->watchdog_s = 0;
                return true;
        }
        return parse_seconds(value, 10, 600, &f->watchdog_s);
}

static bool apply_tpm_ek(struct floor *f, const char *value)
{
        ssize_t n = hex_decode(value, f->tpm_ek, sizeof(f->tpm_ek));

        if (n != 34 && n != 50 && n != 66)
                return false;
        f->tpm_ek_size = (size_t) n;
        return true;
}

static const struct floor_key floor_keys[] = {
        { "secure-boot", false, apply_secure_boot, "require or allow" },
        { "tpm", false, apply_tpm, "require or allow" },
        { "selinux", false, apply_selinux, "require or allow" },
        { "cmdline", false, apply_cmdline, "require or allow" },
        { "cmdline-replay", false, apply_cmdline_replay, "require or allow" },
        { "root-hash-signature", false, apply_root_hash_signature, "require or allow" },
        { "pinned-geometry", false, apply_pinned_geometry, "require or allow" },
        { "boot-disk-only", false, apply_boot_disk_only, "require or allow" },
        { "ipe", false, apply_ipe, "require or allow" },
        { "debug", false, apply_debug, "require or allow" },
        { "root", false, apply_root, "tmpfs or unverified" },
        { "etc", false, apply_etc, "overlay, tmpfs or plain" },
        { "selinux-dir", false, apply_selinux_dir,
          "a relative path without '.' and '..', of letters, digits, '._-'" },
        { "panic-timeout", false, apply_panic_timeout, "seconds, 1 to 300" },
        { "failure-delay", false, apply_failure_delay, "seconds, 0 to 300" },
        { "device-timeout", false, apply_device_timeout, "seconds, 1 to 3600" },
        { "failure-delay-max", false, apply_failure_delay_max, "seconds, 0 to 3600" },
        { "failure-actions", false, apply_failure_actions, "a comma list of reboot, poweroff and halt, each once" },
        { "watchdog", false, apply_watchdog, "seconds, 10 to 600, or 0 for none" },
        { "extra-words", true, apply_extra_words, "one printable word a line, no quotes, each once, at most 32" },
        { "addon", true, apply_addon, "sha256-<64 hex digits> a line, each once, at most 8" },
        { "addon-keys", true, apply_addon_keys, "one key a line, each once, at most 32" },
        { "baked-cmdline", false, apply_baked_cmdline, "sha256-<64 hex digits>" },
        { "modules", false, apply_modules, "sha256-<64 hex digits>" },
        { "certificate", true, apply_certificate, "sha256-<64 hex digits> a line, each once, at most 4" },
        { "credentials", false, apply_credentials, "none, esp-encrypted or platform" },
        { "os-separator", false, apply_os_separator, "no or yes" },
        { "tpm-ek", false, apply_tpm_ek, "the Name of a TPM key: 68, 100 or 132 hex digits" },
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
                if (key->apply(f, equals + 1))
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
        *ret = f;
        return 0;
}
