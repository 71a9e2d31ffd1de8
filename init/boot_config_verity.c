/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * systemd.verity_usr_options=: a closed set of words. What would weaken the volume is refused although systemd would
 * obey; what systemd knows and this code does not is refused by name, never skipped.
 */
#include "boot_config_parse.h"

enum verity_word {
        VERITY_UNKNOWN = 0,
        VERITY_WEAKENS,
        VERITY_UNSUPPORTED,
        VERITY_FOR_GENERATOR, /* says when systemd shall start the unit: nothing to us */
        VERITY_HASH_OFFSET,
        VERITY_PANIC,
        VERITY_RESTART,
        VERITY_SUPERBLOCK,
};

/* systemd src/veritysetup/veritysetup.c parse_options(), v257 to v261. */
static const struct {
        const char *name;
        enum verity_word word;
} verity_words[] = {
        { "hash-offset", VERITY_HASH_OFFSET },
        { "panic-on-corruption", VERITY_PANIC },
        { "restart-on-corruption", VERITY_RESTART },
        { "superblock", VERITY_SUPERBLOCK },
        { "auto", VERITY_FOR_GENERATOR },
        { "fail", VERITY_FOR_GENERATOR },
        { "_netdev", VERITY_FOR_GENERATOR },
        { "x-initrd.attach", VERITY_FOR_GENERATOR },
        { "ignore-corruption", VERITY_WEAKENS },
        { "ignore-zero-blocks", VERITY_WEAKENS },
        { "check-at-most-once", VERITY_WEAKENS },
        { "nofail", VERITY_WEAKENS },
        { "noauto", VERITY_WEAKENS },
        { "format", VERITY_UNSUPPORTED },
        { "hash", VERITY_UNSUPPORTED },
        { "data-block-size", VERITY_UNSUPPORTED },
        { "hash-block-size", VERITY_UNSUPPORTED },
        { "data-blocks", VERITY_UNSUPPORTED },
        { "salt", VERITY_UNSUPPORTED },
        { "uuid", VERITY_UNSUPPORTED },
        { "fec-device", VERITY_UNSUPPORTED },
        { "fec-offset", VERITY_UNSUPPORTED },
        { "fec-roots", VERITY_UNSUPPORTED },
        { "root-hash-signature", VERITY_UNSUPPORTED },
        { "tpm2-measure-nvpcr", VERITY_UNSUPPORTED },
};

/* Each word once: which of two offsets counts is not to be guessed. */
struct verity_options {
        struct config_parse *parse;
        const char *key, *list;
        bool seen[ARRAY_SIZE(verity_words)];
        bool is_panic, is_restart;
};

static int apply_hash_offset(struct verity_options *o, const char *value)
{
        uint64_t bytes = 0;

        if (!value || value[0] == '\0' || strlen(value) > 18)
                goto refuse;
        for (; *value; value++) {
                if (*value < '0' || *value > '9')
                        goto refuse;
                bytes = bytes * 10 + (uint64_t) (*value - '0');
        }
        if (bytes % 512 != 0)
                goto refuse;
        o->parse->config.hash_offset_bytes = bytes;
        return 0;
refuse:
        return config_refuse(o->parse, FAIL_CMDLINE_BAD_VALUE_CODE, o->key, o->list,
                             "hash-offset= takes bytes in base 10, a multiple of 512");
}

static int apply_verity_flag(struct verity_options *o, const char *word, const char *value, bool *flag)
{
        if (value)
                return config_refuse(o->parse, FAIL_CMDLINE_BAD_VALUE_CODE, o->key, o->list, "%s takes no value",
                                     word);
        *flag = true;
        return 0;
}

static int apply_superblock(struct verity_options *o, const char *value)
{
        bool yes = true;

        if (value && (!config_parse_bool(value, &yes) || !yes))
                return config_refuse(o->parse, FAIL_CMDLINE_BAD_VALUE_CODE, o->key, o->list,
                                     "superblock=%.32s is not supported: the superblock is always read", value);
        return 0;
}

static int apply_verity_word(struct verity_options *o, enum verity_word word, const char *name, const char *value)
{
        switch (word) {
        case VERITY_HASH_OFFSET:
                return apply_hash_offset(o, value);
        case VERITY_PANIC:
                return apply_verity_flag(o, name, value, &o->is_panic);
        case VERITY_RESTART:
                return apply_verity_flag(o, name, value, &o->is_restart);
        case VERITY_SUPERBLOCK:
                return apply_superblock(o, value);
        case VERITY_FOR_GENERATOR:
                return 0;
        case VERITY_WEAKENS:
                return config_refuse(o->parse, FAIL_CMDLINE_WEAKENING_CODE, o->key, o->list,
                                     "%s would let unverified data through, or boot without", name);
        case VERITY_UNSUPPORTED:
                return config_refuse(o->parse, FAIL_CMDLINE_BAD_VALUE_CODE, o->key, o->list, "%s is not supported",
                                     name);
        case VERITY_UNKNOWN:
        default:
                return config_refuse(o->parse, FAIL_CMDLINE_UNKNOWN_KEY_CODE, o->key, o->list,
                                     "unknown option '%.64s'", name);
        }
}

static int apply_verity_option(struct verity_options *o, char *option)
{
        char *value = strchr(option, '=');

        if (value)
                *value++ = '\0';
        for (size_t i = 0; i < ARRAY_SIZE(verity_words); i++) {
                if (!str_equal(option, verity_words[i].name))
                        continue;
                if (o->seen[i])
                        return config_refuse(o->parse, FAIL_CMDLINE_DUPLICATE_KEY_CODE, o->key, o->list,
                                             "%s stands there twice", option);
                o->seen[i] = true;
                return apply_verity_word(o, verity_words[i].word, option, value);
        }
        return apply_verity_word(o, VERITY_UNKNOWN, option, value);
}

int config_verity_options(struct config_parse *p, const struct config_key *key, const char *value)
{
        struct verity_options o = { .parse = p, .key = key->name, .list = value };
        char list[CMDLINE_MAX_BYTES + 1], *rest = list, *option;
        int r;

        /* systemd takes such a value as a whole for a signature. */
        if (value[0] == '/' || str_after(value, "base64:"))
                return config_refuse(p, FAIL_CMDLINE_BAD_VALUE_CODE, key->name, value,
                                     "a root hash signature is not supported");
        if (!str_copy(list, sizeof(list), value))
                return config_refuse(p, FAIL_CMDLINE_BAD_VALUE_CODE, key->name, value, "too long");
        while ((option = strsep(&rest, ","))) {
                if (option[0] == '\0')
                        continue;
                r = apply_verity_option(&o, option);
                if (r < 0)
                        return r;
        }
        if (o.is_panic && o.is_restart)
                return config_refuse(p, FAIL_CMDLINE_CONTRADICTION_CODE, key->name, value,
                                     "panic-on-corruption and restart-on-corruption exclude each other");
        p->config.corruption = o.is_restart ? CORRUPTION_RESTART : CORRUPTION_PANIC;
        return 0;
}
