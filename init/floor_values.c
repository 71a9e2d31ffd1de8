/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "floor_values.h"
#include "verinit/path.h"

static void *field(struct floor *f, const struct floor_key *key)
{
        return (uint8_t *) f + key->offset;
}

/* Which of these words it is; n where it is none. */
static size_t choose(const char *value, const char *const *words, size_t n)
{
        size_t i = 0;

        while (i < n && !str_equal(value, words[i]))
                i++;
        return i;
}

bool floor_apply_need(struct floor *f, const struct floor_key *key, const char *value)
{
        static const char *const words[] = { [NEED_REQUIRE] = "require", [NEED_ALLOW] = "allow" };
        size_t i = choose(value, words, ARRAY_SIZE(words));

        *(enum need *) field(f, key) = i == NEED_ALLOW ? NEED_ALLOW : NEED_REQUIRE;
        return i < ARRAY_SIZE(words);
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

bool floor_apply_seconds(struct floor *f, const struct floor_key *key, const char *value)
{
        return parse_seconds(value, key->min, key->max, field(f, key));
}

bool floor_apply_root(struct floor *f, _unused_ const struct floor_key *key, const char *value)
{
        static const char *const words[] = { [FLOOR_ROOT_TMPFS] = "tmpfs", [FLOOR_ROOT_UNVERIFIED] = "unverified" };
        size_t i = choose(value, words, ARRAY_SIZE(words));

        f->root = (enum floor_root) i;
        return i < ARRAY_SIZE(words);
}

bool floor_apply_etc(struct floor *f, _unused_ const struct floor_key *key, const char *value)
{
        static const char *const words[] = {
                [ETC_OVERLAY] = "overlay", [ETC_TMPFS] = "tmpfs", [ETC_PLAIN] = "plain",
        };
        size_t i = choose(value, words, ARRAY_SIZE(words));

        f->etc = (enum etc_mode) i;
        return i < ARRAY_SIZE(words);
}

bool floor_apply_credentials(struct floor *f, _unused_ const struct floor_key *key, const char *value)
{
        static const char *const words[] = {
                [CREDENTIALS_NONE] = "none",
                [CREDENTIALS_ESP_ENCRYPTED] = "esp-encrypted",
                [CREDENTIALS_PLATFORM] = "platform",
        };
        size_t i = choose(value, words, ARRAY_SIZE(words));

        f->credentials = (enum floor_credentials) i;
        return i < ARRAY_SIZE(words);
}

bool floor_apply_os_separator(struct floor *f, _unused_ const struct floor_key *key, const char *value)
{
        static const char *const words[] = { "no", "yes" };
        size_t i = choose(value, words, ARRAY_SIZE(words));

        f->os_separator = i == 1;
        return i < ARRAY_SIZE(words);
}

bool floor_apply_init(struct floor *f, _unused_ const struct floor_key *key, const char *value)
{
        return path_is_normalised(value, sizeof(f->init_path)) && str_copy(f->init_path, sizeof(f->init_path), value);
}

static const char *const lock_names[] = {
        [SELINUX_LOCK_EARLY] = "early", [SELINUX_LOCK_LATE] = "late", [SELINUX_LOCK_NONE] = "none",
};

const char *selinux_lock_name(enum selinux_lock lock)
{
        return lock_names[(unsigned) lock < ARRAY_SIZE(lock_names) ? lock : SELINUX_LOCK_NONE];
}

bool floor_apply_selinux_lock(struct floor *f, _unused_ const struct floor_key *key, const char *value)
{
        size_t i = choose(value, lock_names, ARRAY_SIZE(lock_names));

        f->selinux_lock = (enum selinux_lock) i;
        return i < ARRAY_SIZE(lock_names);
}

static bool is_name_char(char c)
{
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' || c == '_' ||
               c == '-';
}

/* Relative and normalised: joined to /usr it must stay below it. */
bool floor_apply_selinux_dir(struct floor *f, _unused_ const struct floor_key *key, const char *value)
{
        const char *p = value;

        for (;;) {
                size_t n = 0;

                while (p[n] != '\0' && p[n] != '/') {
                        if (!is_name_char(p[n]))
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

/* One more in a list of words, each of which may stand there once. */
static bool append_word(char list[][FLOOR_WORD_MAX], size_t *n, size_t max, const char *word)
{
        if (*n == max)
                return false;
        for (size_t i = 0; i < *n; i++)
                if (str_equal(list[i], word))
                        return false;
        return str_copy(list[(*n)++], FLOOR_WORD_MAX, word);
}

bool floor_apply_extra_words(struct floor *f, _unused_ const struct floor_key *key, const char *value)
{
        if (value[0] == '\0' || value[0] == '=')
                return false;
        for (const unsigned char *p = (const unsigned char *) value; *p; p++)
                if (*p <= 0x20 || *p >= 0x7f || *p == '"' || *p == '\'')
                        return false;
        return append_word(f->extra_words, &f->n_extra_words, FLOOR_MAX_EXTRA_WORDS, value);
}

bool floor_apply_addon_keys(struct floor *f, _unused_ const struct floor_key *key, const char *value)
{
        if (value[0] == '\0')
                return false;
        for (const char *p = value; *p; p++)
                if (!is_name_char(*p))
                        return false;
        return append_word(f->addon_keys, &f->n_addon_keys, FLOOR_MAX_ADDON_KEYS, value);
}

static bool parse_sha256(const char *value, struct digest *ret)
{
        struct digest d = { .alg = DIGEST_SHA256 };
        const char *hex = str_after(value, "sha256-");

        if (!hex || hex_decode(hex, d.bytes, sizeof(d.bytes)) != (ssize_t) digest_size(DIGEST_SHA256))
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

bool floor_apply_sha256(struct floor *f, const struct floor_key *key, const char *value)
{
        return parse_sha256(value, field(f, key));
}

bool floor_apply_addon(struct floor *f, _unused_ const struct floor_key *key, const char *value)
{
        return append_sha256(value, f->addons, &f->n_addons, FLOOR_MAX_ADDONS);
}

bool floor_apply_certificate(struct floor *f, _unused_ const struct floor_key *key, const char *value)
{
        return append_sha256(value, f->certificates, &f->n_certificates, FLOOR_MAX_CERTIFICATES);
}

bool floor_apply_ipe_policy(struct floor *f, _unused_ const struct floor_key *key, const char *value)
{
        return append_sha256(value, f->ipe_policies, &f->n_ipe_policies, FLOOR_MAX_IPE_POLICIES);
}

bool floor_apply_drop_mac_admin(struct floor *f, _unused_ const struct floor_key *key, const char *value)
{
        static const char *const words[] = { "yes", "no" };
        size_t i = choose(value, words, ARRAY_SIZE(words));

        f->keeps_mac_admin = i == 1;
        return i < ARRAY_SIZE(words);
}

const char *failure_action_word(unsigned bit)
{
        switch (bit) {
        case FAILURE_REBOOT:
                return "reboot";
        case FAILURE_POWEROFF:
                return "poweroff";
        case FAILURE_HALT:
                return "halt";
        }
        return NULL;
}

unsigned failure_action_bit(const char *name, size_t n)
{
        const char *word;

        for (unsigned bit = 1; (word = failure_action_word(bit)); bit <<= 1)
                if (strlen(word) == n && memcmp(word, name, n) == 0)
                        return bit;
        return 0;
}

/* The first one named is what is done if nothing else is asked for; the others may be asked for. */
bool floor_apply_failure_actions(struct floor *f, _unused_ const struct floor_key *key, const char *value)
{
        unsigned bits = 0;

        while (*value) {
                size_t n = strcspn(value, ",");
                unsigned bit = failure_action_bit(value, n);

                if (bit == 0 || bits & bit)
                        return false;
                if (bits == 0)
                        f->failure_default = bit;
                bits |= bit;
                value += n;
                if (*value == ',' && *++value == '\0')
                        return false;
        }
        f->failure_actions = bits;
        return bits != 0;
}

bool floor_apply_watchdog(struct floor *f, const struct floor_key *key, const char *value)
{
        if (str_equal(value, "0")) {
                f->watchdog_s = 0;
                return true;
        }
        return parse_seconds(value, key->min, key->max, &f->watchdog_s);
}

/* TPM2B_NAME without its size: nameAlg, then the digest of the public area: SHA-256, SHA-384 or SHA-512. */
bool floor_apply_tpm_ek(struct floor *f, _unused_ const struct floor_key *key, const char *value)
{
        ssize_t n = hex_decode(value, f->tpm_ek, sizeof(f->tpm_ek));

        if (n != 34 && n != 50 && n != 66)
                return false;
        f->tpm_ek_size = (size_t) n;
        return true;
}
