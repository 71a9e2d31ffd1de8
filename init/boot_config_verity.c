/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * systemd.verity_usr_options=: a closed set of words. What would weaken the volume is refused although systemd would
 * obey; what systemd knows and this code does not is refused by name, never skipped.
 */
#include "boot_config_parse.h"
#include "verinit/path.h"
#include "verinit/uuid.h"

/* Each word once: which of two offsets counts is not to be guessed. */
struct verity_options {
        struct config_parse *parse;
        const char *key, *list;
        bool is_panic, is_restart;
};

enum word_class { WORD_TAKEN = 0, WORD_WEAKENS, WORD_UNSUPPORTED };

struct verity_word {
        const char *name;
        enum word_class class;
        const char *expected; /* of its value; NULL: it takes none */
        bool (*take)(struct verity_options *o, const char *value);
};

/* systemd: a suffix counts in steps of 1024. */
static bool parse_block_size(const char *text, uint32_t *ret)
{
        size_t n = strspn(text, "0123456789");
        unsigned shift = str_equal(text + n, "K") ? 10 : str_equal(text + n, "M") ? 20 : 0;
        unsigned long size;

        if (n == 0 || n > 7 || text[0] == '0' || (shift == 0 && text[n] != '\0'))
                return false;
        size = strtoul(text, NULL, 10) << shift;
        if (size < 512 || size > 512UL * 1024 || (size & (size - 1)) != 0)
                return false;
        *ret = (uint32_t) size;
        return true;
}

static bool take_offset(const char *value, uint64_t *ret)
{
        uint64_t bytes = 0;

        if (!cmdline_number_parse(value, &bytes) || bytes % 512 != 0)
                return false;
        *ret = bytes;
        return true;
}

static bool take_hash_offset(struct verity_options *o, const char *value)
{
        o->parse->has_hash_offset = true;
        return take_offset(value, &o->parse->config.hash_offset_bytes);
}

static bool take_panic(struct verity_options *o, _unused_ const char *value)
{
        return o->is_panic = true;
}

static bool take_restart(struct verity_options *o, _unused_ const char *value)
{
        return o->is_restart = true;
}

static bool take_superblock(struct verity_options *o, const char *value)
{
        bool yes = true;

        if (value[0] != '\0' && !config_parse_bool(value, &yes))
                return false;
        o->parse->says_no_superblock = !yes;
        return true;
}

static bool take_format(struct verity_options *o, const char *value)
{
        o->parse->has_shape[SHAPE_FORMAT] = true;
        return str_equal(value, "1");
}

static bool take_hash(struct verity_options *o, const char *value)
{
        enum digest_alg alg = digest_from_name(value);

        o->parse->has_shape[SHAPE_ALGORITHM] = true;
        o->parse->shape.alg = alg;
        return alg == DIGEST_SHA256 || alg == DIGEST_SHA384 || alg == DIGEST_SHA512;
}

static bool take_data_block_size(struct verity_options *o, const char *value)
{
        o->parse->has_shape[SHAPE_DATA_BLOCK] = true;
        return parse_block_size(value, &o->parse->shape.data_block_bytes);
}

static bool take_hash_block_size(struct verity_options *o, const char *value)
{
        o->parse->has_shape[SHAPE_HASH_BLOCK] = true;
        return parse_block_size(value, &o->parse->shape.hash_block_bytes);
}

/* systemd's 0 means the whole device: whoever lengthens the partition would choose. */
static bool take_data_blocks(struct verity_options *o, const char *value)
{
        o->parse->has_shape[SHAPE_DATA_BLOCKS] = true;
        return cmdline_number_parse(value, &o->parse->shape.data_blocks) && o->parse->shape.data_blocks > 0;
}

/* An empty one is a random one to systemd. */
static bool take_salt(struct verity_options *o, const char *value)
{
        struct verity_geometry *shape = &o->parse->shape;
        ssize_t n = str_equal(value, "-") ? 0 : hex_decode(value, shape->salt, sizeof(shape->salt));

        o->parse->has_shape[SHAPE_SALT] = true;
        shape->salt_size = n > 0 ? (size_t) n : 0;
        return n > 0 || str_equal(value, "-");
}

static bool take_uuid(struct verity_options *o, const char *value)
{
        o->parse->has_shape[SHAPE_UUID] = true;
        return uuid_parse(value, o->parse->shape.uuid);
}

static bool take_fec_device(struct verity_options *o, const char *value)
{
        struct device_spec *device = &o->parse->config.fec.device;

        return device_spec_parse(value, device) && device->kind != DEVICE_LABEL && device->kind != DEVICE_UUID;
}

static bool take_fec_offset(struct verity_options *o, const char *value)
{
        o->parse->has_fec_place = true;
        return take_offset(value, &o->parse->config.fec.offset_bytes);
}

static bool take_fec_roots(struct verity_options *o, const char *value)
{
        uint64_t roots = 0;

        if (!cmdline_number_parse(value, &roots) || roots < 2 || roots > 24)
                return false;
        o->parse->has_fec_place = true;
        o->parse->config.fec.roots = (unsigned) roots;
        return true;
}

static bool is_base64(const char *text)
{
        size_t n = strspn(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/");
        size_t padding = strspn(text + n, "=");

        return n > 0 && padding <= 2 && text[n + padding] == '\0' && (n + padding) % 4 == 0;
}

/* A path of the initramfs, which is signed with the line; the content; or auto: as if nothing was said. */
static bool take_signature(struct verity_options *o, const char *value)
{
        struct signature_config *signature = &o->parse->config.signature;
        const char *base64 = str_after(value, "base64:");

        o->parse->has_signature = true;
        if (str_equal(value, "auto"))
                return true;
        if (base64) {
                signature->source = SIGNATURE_INLINE;
                return is_base64(base64) && str_copy(signature->base64, sizeof(signature->base64), base64);
        }
        signature->source = SIGNATURE_FILE;
        return path_is_normalised(value, CONFIG_PATH_MAX) && !strpbrk(value, ",\\") &&
               str_copy(signature->path, sizeof(signature->path), value);
}

#define TAKEN(name, expected, take) { name, WORD_TAKEN, expected, take }
/* They say when systemd shall start the unit: nothing to us. */
#define FOR_GENERATOR(name) { name, WORD_TAKEN, NULL, NULL }
#define WEAKENS(name) { name, WORD_WEAKENS, NULL, NULL }

/* systemd src/veritysetup/veritysetup.c parse_options(), v257 to v261. */
static const struct verity_word verity_words[] = {
        TAKEN("hash-offset", "bytes in base 10, a multiple of 512", take_hash_offset),
        TAKEN("panic-on-corruption", NULL, take_panic),
        TAKEN("restart-on-corruption", NULL, take_restart),
        TAKEN("superblock", "yes or no", take_superblock),
        TAKEN("format", "1", take_format),
        TAKEN("hash", "sha256, sha384 or sha512", take_hash),
        TAKEN("data-block-size", "a power of two from 512 to 512K", take_data_block_size),
        TAKEN("hash-block-size", "a power of two from 512 to 512K", take_hash_block_size),
        TAKEN("data-blocks", "a number, 1 or more", take_data_blocks),
        TAKEN("salt", "'-' or at most 256 bytes in hex", take_salt),
        TAKEN("uuid", "a UUID in lower case", take_uuid),
        TAKEN("fec-device", "PARTUUID=..., PARTLABEL=... or /dev/...", take_fec_device),
        TAKEN("fec-offset", "bytes in base 10, a multiple of 512", take_fec_offset),
        TAKEN("fec-roots", "a number, 2 to 24", take_fec_roots),
        TAKEN("root-hash-signature", "auto, base64:... or an absolute path without ','", take_signature),
        FOR_GENERATOR("auto"),
        FOR_GENERATOR("fail"),
        FOR_GENERATOR("_netdev"),
        FOR_GENERATOR("x-initrd.attach"),
        WEAKENS("ignore-corruption"),
        WEAKENS("ignore-zero-blocks"),
        WEAKENS("check-at-most-once"),
        WEAKENS("nofail"),
        WEAKENS("noauto"),
        { "tpm2-measure-nvpcr", WORD_UNSUPPORTED, NULL, NULL },
};

static int apply_word(struct verity_options *o, const struct verity_word *word, const char *value)
{
        if (word->class == WORD_WEAKENS)
                return config_refuse(o->parse, FAIL_CMDLINE_WEAKENING_CODE, o->key, o->list,
                                     "%s would let unverified data through, or boot without", word->name);
        if (word->class == WORD_UNSUPPORTED)
                return config_refuse(o->parse, FAIL_CMDLINE_BAD_VALUE_CODE, o->key, o->list, "%s is not supported",
                                     word->name);
        if (!word->expected && value)
                return config_refuse(o->parse, FAIL_CMDLINE_BAD_VALUE_CODE, o->key, o->list, "%s takes no value",
                                     word->name);
        /* "superblock" alone says yes; "" fits no other word. */
        if (word->expected && value && value[0] == '\0')
                return config_refuse(o->parse, FAIL_CMDLINE_BAD_VALUE_CODE, o->key, o->list, "%s= takes %s",
                                     word->name, word->expected);
        if (word->take && !word->take(o, value ? value : ""))
                return config_refuse(o->parse, FAIL_CMDLINE_BAD_VALUE_CODE, o->key, o->list, "%s= takes %s",
                                     word->name, word->expected);
        return 0;
}

static int apply_option(struct verity_options *o, bool *seen, char *option)
{
        char *value = strchr(option, '=');

        if (value)
                *value++ = '\0';
        for (size_t i = 0; i < ARRAY_SIZE(verity_words); i++) {
                if (!str_equal(option, verity_words[i].name))
                        continue;
                if (seen[i])
                        return config_refuse(o->parse, FAIL_CMDLINE_DUPLICATE_KEY_CODE, o->key, o->list,
                                             "%s stands there twice", option);
                seen[i] = true;
                return apply_word(o, &verity_words[i], value);
        }
        return config_refuse(o->parse, FAIL_CMDLINE_UNKNOWN_KEY_CODE, o->key, o->list, "unknown option '%.64s'", option);
}

static int apply_list(struct verity_options *o, const char *value)
{
        char list[CMDLINE_MAX_BYTES + 1], *rest = list, *option;
        bool seen[ARRAY_SIZE(verity_words)] = {};
        int r;

        if (!str_copy(list, sizeof(list), value))
                return config_refuse(o->parse, FAIL_CMDLINE_BAD_VALUE_CODE, o->key, value, "too long");
        while ((option = strsep(&rest, ","))) {
                if (option[0] == '\0')
                        continue;
                r = apply_option(o, seen, option);
                if (r < 0)
                        return r;
        }
        return 0;
}

int config_verity_options(struct config_parse *p, const struct config_key *key, const char *value)
{
        struct verity_options o = { .parse = p, .key = key->name, .list = value };
        int r;

        /* systemd takes such a value as a whole for a signature. */
        if (value[0] == '/' || str_after(value, "base64:")) {
                if (!take_signature(&o, value))
                        return config_refuse(p, FAIL_CMDLINE_BAD_VALUE_CODE, key->name, value,
                                             "a value that begins so is a signature as a whole: base64:... or an "
                                             "absolute path without ','");
                return 0;
        }
        r = apply_list(&o, value);
        if (r < 0)
                return r;
        if (o.is_panic && o.is_restart)
                return config_refuse(p, FAIL_CMDLINE_CONTRADICTION_CODE, key->name, value,
                                     "panic-on-corruption and restart-on-corruption exclude each other");
        p->config.corruption = o.is_restart ? CORRUPTION_RESTART : CORRUPTION_PANIC;
        return 0;
}
