/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The verity superblock: 512 bytes that nothing authenticates. What it says about hashing is proved by the root
 * hash, since with another salt, algorithm or block size nothing would match; its UUID is proved by nothing.
 */
#include "verinit/verity.h"

#include <errno.h>

#include "verinit/le.h"

/* cryptsetup lib/verity/verity.c struct verity_sb, little-endian */
enum {
        OFFSET_MAGIC = 0,
        OFFSET_VERSION = 8,
        OFFSET_HASH_TYPE = 12,
        OFFSET_UUID = 16,
        OFFSET_ALGORITHM = 32,
        OFFSET_DATA_BLOCK_SIZE = 64,
        OFFSET_HASH_BLOCK_SIZE = 68,
        OFFSET_DATA_BLOCKS = 72,
        OFFSET_SALT_SIZE = 80,
        OFFSET_SALT = 88,

        ALGORITHM_BYTES = 32,
};

static bool is_zero(const uint8_t *p, size_t n)
{
        for (size_t i = 0; i < n; i++)
                if (p[i] != 0)
                        return false;
        return true;
}

static bool is_block_size(uint32_t bytes)
{
        return bytes >= VERITY_BLOCK_MIN && bytes <= VERITY_BLOCK_MAX && (bytes & (bytes - 1)) == 0;
}

/* SHA-1 is a digest that we can compute, for TPM banks: here it is refused like an unknown name. */
static enum digest_alg parse_algorithm(const uint8_t *field)
{
        char name[ALGORITHM_BYTES + 1] = {};
        enum digest_alg alg;
        size_t n;

        memcpy(name, field, ALGORITHM_BYTES);
        n = strlen(name);
        if (!is_zero(field + n, ALGORITHM_BYTES - n))
                return DIGEST_NONE;
        alg = digest_from_name(name);
        if (alg == DIGEST_SHA1)
                return DIGEST_NONE;
        return alg;
}

static int refuse_number(struct error *err, const char *field, uint64_t value, const char *want)
{
        return error_set(err, FAIL_SUPERBLOCK_INVALID_CODE, EBADMSG,
                         "verity superblock: %s is %llu, expected %s", field, (unsigned long long) value, want);
}

static int refuse_block_size(struct error *err, const char *field, uint32_t value)
{
        return error_set(err, FAIL_SUPERBLOCK_INVALID_CODE, EBADMSG,
                         "verity superblock: %s is %u, expected a power of two from %d to %d", field, value,
                         VERITY_BLOCK_MIN, VERITY_BLOCK_MAX);
}

static int parse_salt(const uint8_t *bytes, struct verity_superblock *sb, struct error *err)
{
        sb->salt_size = le16_read(bytes + OFFSET_SALT_SIZE);
        if (sb->salt_size > VERITY_SALT_MAX)
                return refuse_number(err, "salt size", sb->salt_size, "at most 256");
        memcpy(sb->salt, bytes + OFFSET_SALT, sb->salt_size);

        /*
         * cryptsetup writes zeros wherever there is no field and never looks at them. We do: another value is
         * either damage or an extension whose meaning we would ignore.
         */
        if (!is_zero(bytes + OFFSET_SALT_SIZE + 2, OFFSET_SALT - OFFSET_SALT_SIZE - 2))
                return error_set(err, FAIL_SUPERBLOCK_INVALID_CODE, EBADMSG,
                                 "verity superblock: the padding before the salt is not zero");
        if (!is_zero(bytes + OFFSET_SALT + sb->salt_size, VERITY_SUPERBLOCK_BYTES - OFFSET_SALT - sb->salt_size))
                return error_set(err, FAIL_SUPERBLOCK_INVALID_CODE, EBADMSG,
                                 "verity superblock: the padding after the salt is not zero");
        return 0;
}

int verity_superblock_parse(const uint8_t bytes[static VERITY_SUPERBLOCK_BYTES], struct verity_superblock *ret,
                            struct error *err)
{
        struct verity_superblock sb = {};
        uint32_t version = le32_read(bytes + OFFSET_VERSION);
        int r;

        if (memcmp(bytes + OFFSET_MAGIC, "verity\0\0", 8) != 0)
                return error_set(err, FAIL_SUPERBLOCK_INVALID_CODE, EBADMSG,
                                 "verity superblock: no magic: this is not a verity hash area");
        if (version != 1)
                return refuse_number(err, "version", version, "1");
        sb.hash_type = le32_read(bytes + OFFSET_HASH_TYPE);
        if (sb.hash_type != 1)
                return refuse_number(err, "hash type", sb.hash_type, "1");
        memcpy(sb.uuid, bytes + OFFSET_UUID, sizeof(sb.uuid));
        sb.alg = parse_algorithm(bytes + OFFSET_ALGORITHM);
        if (sb.alg == DIGEST_NONE)
                return error_set(err, FAIL_SUPERBLOCK_INVALID_CODE, EBADMSG,
                                 "verity superblock: the hash algorithm is none of sha256, sha384, sha512");
        sb.data_block_bytes = le32_read(bytes + OFFSET_DATA_BLOCK_SIZE);
        if (!is_block_size(sb.data_block_bytes))
                return refuse_block_size(err, "data block size", sb.data_block_bytes);
        sb.hash_block_bytes = le32_read(bytes + OFFSET_HASH_BLOCK_SIZE);
        if (!is_block_size(sb.hash_block_bytes))
                return refuse_block_size(err, "hash block size", sb.hash_block_bytes);
        sb.data_blocks = le64_read(bytes + OFFSET_DATA_BLOCKS);
        if (sb.data_blocks == 0)
                return refuse_number(err, "number of data blocks", sb.data_blocks, "at least 1");
        r = parse_salt(bytes, &sb, err);
        if (r < 0)
                return r;

        *ret = sb;
        return 0;
}
