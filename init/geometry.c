/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * init.verity=: the shape of the volume as one word of signed text, read and written. There is one text for each
 * geometry: no upper case, no leading zero, no other form of a UUID.
 */
#include <inttypes.h>
#include <stdio.h>

#include "verinit/boot_config.h"
#include "verinit/uuid.h"
#include "verinit/verity.h"

enum { GEOMETRY_FIELDS = 8, BLOCK_MIN = 512, BLOCK_MAX = 512 * 1024 };

static bool is_block_size(uint32_t bytes)
{
        return bytes >= BLOCK_MIN && bytes <= BLOCK_MAX && (bytes & (bytes - 1)) == 0;
}

static bool fits(uint64_t blocks, uint32_t block_bytes)
{
        return blocks <= (uint64_t) INT64_MAX / block_bytes;
}

const char *verity_geometry_check(const struct verity_geometry *g)
{
        if (g->alg != DIGEST_SHA256 && g->alg != DIGEST_SHA384 && g->alg != DIGEST_SHA512)
                return "the algorithm is none of sha256, sha384 and sha512";
        if (!is_block_size(g->data_block_bytes) || !is_block_size(g->hash_block_bytes))
                return "a block size is no power of two from 512 to 524288";
        if (g->data_blocks == 0)
                return "there are no data blocks";
        if (!fits(g->data_blocks, g->data_block_bytes) || !fits(g->hash_start_block, g->hash_block_bytes))
                return "a number of blocks is more than a device can have";
        if (g->salt_size > CONFIG_SALT_MAX)
                return "the salt is longer than 256 bytes";
        return NULL;
}

bool verity_geometry_equal(const struct verity_geometry *a, const struct verity_geometry *b)
{
        return a->alg == b->alg && a->data_block_bytes == b->data_block_bytes &&
               a->hash_block_bytes == b->hash_block_bytes && a->data_blocks == b->data_blocks &&
               a->hash_start_block == b->hash_start_block && a->salt_size == b->salt_size &&
               memcmp(a->salt, b->salt, a->salt_size) == 0 && memcmp(a->uuid, b->uuid, sizeof(a->uuid)) == 0;
}

static bool parse_number32(const char *text, uint32_t *ret)
{
        uint64_t n = 0;

        if (!cmdline_number_parse(text, &n) || n > UINT32_MAX)
                return false;
        *ret = (uint32_t) n;
        return true;
}

static bool is_lower_hex(const char *text)
{
        return strspn(text, "0123456789abcdef") == strlen(text);
}

static bool parse_salt(const char *text, struct verity_geometry *g)
{
        ssize_t n;

        if (str_equal(text, "-"))
                return true;
        if (text[0] == '\0' || !is_lower_hex(text))
                return false;
        n = hex_decode(text, g->salt, sizeof(g->salt));
        if (n < 0)
                return false;
        g->salt_size = (size_t) n;
        return true;
}

/* In place; false: another number of fields. */
static bool split_fields(char *text, char *ret[static GEOMETRY_FIELDS])
{
        size_t n = 0;
        char *field;

        while ((field = strsep(&text, ":"))) {
                if (n == GEOMETRY_FIELDS)
                        return false;
                ret[n++] = field;
        }
        return n == GEOMETRY_FIELDS;
}

const char *verity_geometry_parse(const char *text, struct verity_geometry *ret)
{
        struct verity_geometry g = {};
        char copy[VERITY_GEOMETRY_TEXT_MAX], *fields[GEOMETRY_FIELDS];
        const char *why;

        if (!str_copy(copy, sizeof(copy), text))
                return "it is too long";
        if (!split_fields(copy, fields))
                return "it has not eight fields";
        if (!str_equal(fields[0], "1"))
                return "the hash type is not 1";
        g.alg = digest_from_name(fields[1]);
        if (!parse_number32(fields[2], &g.data_block_bytes) || !parse_number32(fields[3], &g.hash_block_bytes) ||
            !cmdline_number_parse(fields[4], &g.data_blocks) || !cmdline_number_parse(fields[5], &g.hash_start_block))
                return "a number is malformed or too large";
        if (!parse_salt(fields[6], &g))
                return "the salt is neither '-' nor at most 256 bytes in lower-case hex";
        if (!uuid_parse(fields[7], g.uuid))
                return "the UUID is malformed";
        why = verity_geometry_check(&g);
        if (!why)
                *ret = g;
        return why;
}

void verity_geometry_format(const struct verity_geometry *g, char ret_text[static VERITY_GEOMETRY_TEXT_MAX])
{
        char salt[2 * CONFIG_SALT_MAX + 1] = "-", uuid[37];

        if (g->salt_size > 0 && g->salt_size <= CONFIG_SALT_MAX)
                hex_encode(g->salt, g->salt_size, salt);
        uuid_format(g->uuid, uuid);
        (void) snprintf(ret_text, VERITY_GEOMETRY_TEXT_MAX,
                        "1:%s:%" PRIu32 ":%" PRIu32 ":%" PRIu64 ":%" PRIu64 ":%s:%s",
                        digest_name(g->alg), g->data_block_bytes, g->hash_block_bytes, g->data_blocks,
                        g->hash_start_block, salt, uuid);
}
