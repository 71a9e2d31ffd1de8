/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>

#include "root_hash.h"

enum { TEXT_MAX = 65536, ROOT_HASH_MAX = 4096 };

static enum digest_alg alg_of(size_t size)
{
        for (enum digest_alg alg = DIGEST_SHA256; alg < _DIGEST_ALG_MAX; alg++)
                if (digest_size(alg) == size)
                        return alg;
        return DIGEST_NONE;
}

int root_hash_read(const char *verb, const char *hex, const char *file, struct digest *ret, struct trouble *t)
{
        _cleanup_buffer_ struct buffer text = {};
        const char *from = hex;
        ssize_t n;

        if (!hex) {
                if (tool_read_file(file, ROOT_HASH_MAX, &text, t) < 0 || buffer_append(&text, "", 1) < 0)
                        return -1;
                from = (const char *) text.data;
                text.data[strcspn(from, "\n")] = '\0';
        }
        n = hex_decode(from, ret->bytes, sizeof(ret->bytes));
        ret->alg = n > 0 ? alg_of((size_t) n) : DIGEST_NONE;
        if (ret->alg != DIGEST_NONE)
                return 0;
        return hex ? trouble_set_usage(t, verb, "--root-hash is 64, 96 or 128 hexadecimal digits, not", hex) :
                     trouble_set(t, OUTCOME_TROUBLE, "%s does not hold 64, 96 or 128 hexadecimal digits", file);
}

int root_hash_read_cmdline(const char *cmdline, struct buffer *ret, struct trouble *t)
{
        if (cmdline[0] == '@')
                return tool_read_file(cmdline + 1, TEXT_MAX, ret, t);
        return buffer_append(ret, cmdline, strlen(cmdline)) < 0 ? trouble_set_errno(t, ENOMEM, "cannot read the command line") : 0;
}

int root_hash_parse_cmdline(const struct buffer *cmdline, const char *floor_file, struct boot_config *ret, struct error *err, struct trouble *t)
{
        _cleanup_buffer_ struct buffer text = {};
        struct floor floor;

        if (floor_file && tool_read_file(floor_file, TEXT_MAX, &text, t) < 0)
                return -1;
        floor_init(&floor);
        if (text.data && floor_parse((const char *) text.data, text.size, &floor, err) < 0)
                return -1;
        return boot_config_parse(cmdline->size > 0 ? (const char *) cmdline->data : "", cmdline->size, CMDLINE_KERNEL_LIMIT, &floor, ret,
                                 err) < 0 ? -1 : 0;
}

void root_hash_of_config(const struct boot_config *config, struct digest *ret)
{
        *ret = (struct digest) { .alg = config->has_geometry ? config->geometry.alg : alg_of(config->root_hash_size) };
        memcpy(ret->bytes, config->root_hash, config->root_hash_size);
}
