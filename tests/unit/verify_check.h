/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What the tests of verity_verify() share: a volume of three levels, its superblock written anew, and what must become of it.
 */
#pragma once

#include "fakes.h"
#include "unit.h"
#include "verity_image.h"

/* Three levels: 16 hashes of 32 bytes a block, 16^2 < 300 <= 16^3. Level 0 has 19 blocks, level 1 has 2. */
static const struct verity_image_spec deep = {
        .alg = DIGEST_SHA256, .data_block_bytes = 1024, .hash_block_bytes = 512, .data_blocks = 300, .salt_size = 32,
};

static const struct verified_root *const untouched = (const struct verified_root *) &deep;

static _unused_ const struct verified_root *accepted(const struct verity_request *req)
{
        const struct verified_root *root = NULL;
        struct error err = {};

        if (verity_verify(req, &root, &err) != 0)
                fail_msg("refused: %s: %s", fail_code_name(err.code), err.msg);
        assert_non_null(root);
        return root;
}

static _unused_ void refused_with(const struct verity_request *req, enum fail_code code, const char *named)
{
        const struct verified_root *root = untouched;
        struct error err = {};

        assert_true(verity_verify(req, &root, &err) < 0);
        if (err.code != code)
                fail_msg("%s instead of %s: %s", fail_code_name(err.code), fail_code_name(code), err.msg);
        if (!strstr(err.msg, named))
                fail_msg("\"%s\" does not name \"%s\"", err.msg, named);
        assert_ptr_equal(root, untouched);
}

static _unused_ void write_superblock(struct verity_image *image, const struct verity_image_spec *spec)
{
        uint8_t bytes[VERITY_SUPERBLOCK_BYTES];

        verity_image_superblock(spec, bytes);
        assert_int_equal(pwrite(image->hash_fd, bytes, sizeof(bytes), (off_t) image->hash_offset_bytes), sizeof(bytes));
}
