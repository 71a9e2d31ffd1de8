/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "fuzz.h"
#include "verinit/verity.h"

static bool is_block_size(uint32_t n)
{
        return n >= VERITY_BLOCK_MIN && n <= VERITY_BLOCK_MAX && (n & (n - 1)) == 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        uint8_t bytes[VERITY_SUPERBLOCK_BYTES] = {};
        struct verity_superblock sb;
        struct error err = {};

        memcpy(bytes, data, size < sizeof(bytes) ? size : sizeof(bytes));
        if (verity_superblock_parse(bytes, &sb, &err) < 0) {
                FUZZ_ASSERT(err.code == FAIL_SUPERBLOCK_INVALID_CODE && err.msg[0] != '\0');
                return 0;
        }
        FUZZ_ASSERT(sb.hash_type == 1 && sb.alg >= DIGEST_SHA256 && sb.alg <= DIGEST_SHA512 && sb.data_blocks > 0);
        FUZZ_ASSERT(is_block_size(sb.data_block_bytes) && is_block_size(sb.hash_block_bytes));
        FUZZ_ASSERT(sb.salt_size <= VERITY_SALT_MAX);
        return 0;
}
