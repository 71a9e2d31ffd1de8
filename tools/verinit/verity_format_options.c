/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "verity_format_options.h"

#include <errno.h>
#include <stdio.h>
#include <sys/random.h>

#include "verinit/uuid.h"

#include "verity_device.h"

static const char usage[] =
        "Usage: verinit verity format --data-device FILE --hash-device FILE [--hash-offset BYTES] [--hash NAME]\n"
        "                             [--data-block-size BYTES] [--hash-block-size BYTES] [--data-blocks N]\n"
        "                             [--salt HEX|-] [--uuid UUID] [--root-hash-file FILE]\n"
        "                             [--fec-device FILE [--fec-roots N]] [--force]\n"
        "                             [--json=short|pretty|off] [--quiet]\n"
        "\n"
        "Writes superblock and hash tree of a volume, as veritysetup format does and by the same library, and prints what\n"
        "goes onto the signed command line: usrhash= and the word that pins the shape (verinit-cmdline(7)).\n"
        "\n"
        "  --data-device FILE      the data: a file or a block device, which is read\n"
        "  --hash-device FILE      where superblock and tree go; the same file: behind the data, at --hash-offset\n"
        "  --hash-offset BYTES     where in the hash device the superblock goes; default: 0\n"
        "  --hash NAME             sha256 (default), sha384 or sha512\n"
        "  --data-block-size BYTES default: 4096\n"
        "  --hash-block-size BYTES default: 4096\n"
        "  --data-blocks N         how many of them are data; default: all, or as many as lie before the tree\n"
        "  --salt HEX              at most 256 bytes, - for none; default: 32 random bytes\n"
        "  --uuid UUID             of the superblock; default: random\n"
        "  --root-hash-file FILE   gets the root hash\n"
        "  --fec-device FILE       gets the parity of forward error correction\n"
        "  --fec-roots N           2 to 24 parity bytes for each 255; default: 2\n"
        "  --force                 write to a block device, over a file that is not empty\n"
        "  --json=HOW              short (one line), pretty, or off (default: text for people)\n"
        "  --quiet                 nothing but errors\n"
        "  --help                  this text\n"
        "\n"
        "With SOURCE_DATE_EPOCH salt and UUID follow from it and from the volume's shape.\n"
        "\n"
        "Exit status: 0 written, 1 trouble, 2 wrong usage.\n"
        "\n"
        "Examples:\n"
        "  verinit verity format --data-device usr.erofs --hash-device usr.verity --root-hash-file roothash\n"
        "  verinit verity format --data-device usr.img --hash-device usr.img --hash-offset $(stat -c %s usr.img) --json=short\n";

/* As they were written. */
struct words {
        struct format_options *o;
        const char *hash_offset, *hash, *data_block, *hash_block, *data_blocks, *salt, *uuid, *fec_roots;
};

static int take(int id, void *userdata, struct trouble *t)
{
        struct words *w = userdata;
        const struct {
                int id;
                const char *name;
                const char **field;
        } table[] = {
                { 'd', "--data-device", &w->o->data_device }, { 'D', "--hash-device", &w->o->hash_device },
                { 'o', "--hash-offset", &w->hash_offset }, { 'a', "--hash", &w->hash },
                { 'b', "--data-block-size", &w->data_block }, { 'B', "--hash-block-size", &w->hash_block },
                { 'n', "--data-blocks", &w->data_blocks }, { 's', "--salt", &w->salt }, { 'u', "--uuid", &w->uuid },
                { 'r', "--root-hash-file", &w->o->root_hash_file }, { 'f', "--fec-device", &w->o->fec_device },
                { 'F', "--fec-roots", &w->fec_roots },
        };

        for (size_t i = 0; i < ARRAY_SIZE(table); i++)
                if (table[i].id == id)
                        return options_take_once(table[i].field, FORMAT_VERB, table[i].name, t);
        w->o->is_forced = true;
        return 0;
}

static int parse_number(const char *text, const char *name, uint64_t low, uint64_t high, uint64_t fallback, uint64_t *ret, struct trouble *t)
{
        _cleanup_free_ char *what = NULL;

        *ret = fallback;
        if (!text || (cmdline_number_parse(text, ret) && *ret >= low && *ret <= high))
                return 0;
        what = tool_format("%s is a number from %llu to %llu, not", name, (unsigned long long) low, (unsigned long long) high);
        return trouble_set_usage(t, FORMAT_VERB, what, text);
}

static int parse_block_size(const char *text, const char *name, uint32_t *ret, struct trouble *t)
{
        uint64_t size;

        if (parse_number(text, name, VERITY_BLOCK_MIN, VERITY_BLOCK_MAX, 4096, &size, t) < 0)
                return -1;
        if ((size & (size - 1)) != 0)
                return trouble_set_usage(t, FORMAT_VERB, "a block size is a power of two, not", text);
        *ret = (uint32_t) size;
        return 0;
}

static int parse_salt(const char *text, struct format_options *o, struct trouble *t)
{
        ssize_t n;

        o->has_salt = text != NULL;
        if (!text || str_equal(text, "-"))
                return 0;
        n = hex_decode(text, o->superblock.salt, sizeof(o->superblock.salt));
        if (n <= 0)
                return trouble_set_usage(t, FORMAT_VERB, "--salt is up to 256 bytes in hexadecimal, or -, not", text);
        o->superblock.salt_size = (size_t) n;
        return 0;
}

static int parse_words(const struct words *w, struct format_options *o, struct trouble *t)
{
        struct verity_superblock *sb = &o->superblock;
        uint64_t roots;

        sb->hash_type = 1;
        sb->alg = w->hash ? digest_from_name(w->hash) : DIGEST_SHA256;
        if (sb->alg == DIGEST_NONE || sb->alg == DIGEST_SHA1)
                return trouble_set_usage(t, FORMAT_VERB, "--hash is sha256, sha384 or sha512, not", w->hash);
        if (w->fec_roots && !o->fec_device)
                return trouble_set_usage(t, FORMAT_VERB, "only with --fec-device:", "--fec-roots");
        if (w->hash_offset && verity_take_offset(w->hash_offset, FORMAT_VERB, &o->hash_offset, t) < 0)
                return -1;
        if (parse_block_size(w->data_block, "--data-block-size", &sb->data_block_bytes, t) < 0 ||
            parse_block_size(w->hash_block, "--hash-block-size", &sb->hash_block_bytes, t) < 0 ||
            parse_number(w->data_blocks, "--data-blocks", 1, INT64_MAX / VERITY_BLOCK_MIN, 0, &sb->data_blocks, t) < 0 ||
            parse_number(w->fec_roots, "--fec-roots", 2, 24, 2, &roots, t) < 0)
                return -1;
        o->fec_roots = (unsigned) roots;
        o->has_uuid = w->uuid != NULL;
        if (w->uuid && !uuid_parse(w->uuid, sb->uuid))
                return trouble_set_usage(t, FORMAT_VERB, "--uuid is 36 characters, in lower case, not", w->uuid);
        return parse_salt(w->salt, o, t);
}

int format_options_parse(int argc, char *argv[], struct format_options *ret, struct trouble *t)
{
        static const struct option list[] = {
                { "data-device", required_argument, NULL, 'd' }, { "hash-device", required_argument, NULL, 'D' },
                { "hash-offset", required_argument, NULL, 'o' }, { "hash", required_argument, NULL, 'a' },
                { "data-block-size", required_argument, NULL, 'b' }, { "hash-block-size", required_argument, NULL, 'B' },
                { "data-blocks", required_argument, NULL, 'n' }, { "salt", required_argument, NULL, 's' },
                { "uuid", required_argument, NULL, 'u' }, { "root-hash-file", required_argument, NULL, 'r' },
                { "fec-device", required_argument, NULL, 'f' }, { "fec-roots", required_argument, NULL, 'F' },
                { "force", no_argument, NULL, '!' }, OPTION_JSON, OPTION_QUIET, OPTION_HELP, {},
        };
        struct words words = { .o = ret };

        *ret = (struct format_options) { .common = { .verb = FORMAT_VERB } };
        if (options_parse(&ret->common, argc, argv, list, false, take, &words, t) < 0)
                return -1;
        if (ret->common.wants_help)
                return fputs(usage, stdout) < 0 ? -1 : 1;
        if (options_demand(&ret->common, ret->data_device, "--data-device", t) < 0 ||
            options_demand(&ret->common, ret->hash_device, "--hash-device", t) < 0)
                return -1;
        return parse_words(&words, ret, t);
}

/* A number of this purpose, for this volume: up to 32 bytes. */
static int derive(const char *purpose, uint32_t epoch, const struct verity_superblock *sb, uint8_t *ret, size_t size, struct trouble *t)
{
        _cleanup_free_ char *text = tool_format("verinit.verity-%s:%u:%s:%u:%u:%llu", purpose, epoch, digest_name(sb->alg), sb->data_block_bytes,
                                                sb->hash_block_bytes, (unsigned long long) sb->data_blocks);
        struct digest digest;
        struct error err = {};

        if (crypto_digest(DIGEST_SHA256, &(struct iovec) { text, strlen(text) }, 1, &digest, &err) < 0)
                return trouble_set(t, OUTCOME_TROUBLE, "%s", err.msg);
        memcpy(ret, digest.bytes, size);
        return 0;
}

static int fill(const char *purpose, const struct verity_superblock *sb, uint8_t *ret, size_t size, struct trouble *t)
{
        uint32_t epoch;

        if (tool_source_date_epoch(&epoch, t) < 0)
                return -1;
        if (tool_is_reproducible())
                return derive(purpose, epoch, sb, ret, size, t);
        return getrandom(ret, size, 0) == (ssize_t) size ? 0 : trouble_set_errno(t, errno, "no random numbers");
}

int format_options_derive(const struct format_options *o, struct verity_superblock *sb, struct trouble *t)
{
        if (!o->has_salt) {
                sb->salt_size = 32;
                if (fill("salt", sb, sb->salt, sb->salt_size, t) < 0)
                        return -1;
        }
        if (o->has_uuid)
                return 0;
        if (fill("uuid", sb, sb->uuid, sizeof(sb->uuid), t) < 0)
                return -1;
        /* RFC 9562: version 4 is random, version 8 whatever its maker likes. */
        sb->uuid[6] = (uint8_t) ((sb->uuid[6] & 0x0f) | (tool_is_reproducible() ? 0x80 : 0x40));
        sb->uuid[8] = (uint8_t) ((sb->uuid[8] & 0x3f) | 0x80);
        return 0;
}
