/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The adapter of dm.h for the superblock, and the only file that includes libcryptsetup. It makes no mapping, so the host command
 * has it too, over Debian's shared library: both refuse the same superblocks.
 *
 * The library may not write to standard error.
 */
#include "verinit/dm.h"

#include <errno.h>
#include <stdio.h>

#include <libcryptsetup.h>

#include "verinit/log.h"
#include "verinit/uuid.h"
#include "verinit/verity.h"

/* What the library complained of first in this call, which is the cause of the rest. */
static char complaint[256];

static void crypt_freep(struct crypt_device **device)
{
        crypt_free(*device);
        *device = NULL;
}

static void log_cryptsetup(int level, const char *message, _unused_ void *userdata)
{
        int n = (int) strcspn(message, "\n");

        if (level == CRYPT_LOG_ERROR && complaint[0] == '\0')
                (void) snprintf(complaint, sizeof(complaint), "%.*s", n, message);
        log_debug("libcryptsetup: %.*s", n, message);
}

static void begin(void)
{
        complaint[0] = '\0';
        crypt_set_log_callback(NULL, log_cryptsetup, NULL);
        crypt_set_debug_level(log_debug_enabled() ? CRYPT_DEBUG_ALL : CRYPT_DEBUG_NONE);
}

static int refuse_superblock(struct error *err, const char *field)
{
        return error_set(err, FAIL_SUPERBLOCK_INVALID_CODE, EBADMSG,
                         "verity superblock: libcryptsetup reads another %s than we do: it changed meanwhile, or one of us"
                         " is wrong", field);
}

static int compare_superblock(struct crypt_device *device, uint64_t offset_bytes, const struct verity_superblock *sb,
                              struct error *err)
{
        struct crypt_params_verity theirs = {};
        const char *uuid = crypt_get_uuid(device);
        char ours[37];

        if (crypt_get_verity_info(device, &theirs) < 0)
                return refuse_superblock(err, "format");
        if (theirs.hash_type != sb->hash_type)
                return refuse_superblock(err, "hash type");
        if (!theirs.hash_name || !str_equal(theirs.hash_name, digest_name(sb->alg)))
                return refuse_superblock(err, "algorithm");
        if (theirs.data_block_size != sb->data_block_bytes)
                return refuse_superblock(err, "data block size");
        if (theirs.hash_block_size != sb->hash_block_bytes)
                return refuse_superblock(err, "hash block size");
        if (theirs.data_size != sb->data_blocks)
                return refuse_superblock(err, "number of data blocks");
        if (theirs.salt_size != sb->salt_size || memcmp(theirs.salt, sb->salt, sb->salt_size) != 0)
                return refuse_superblock(err, "salt");
        if (theirs.hash_area_offset != offset_bytes)
                return refuse_superblock(err, "offset");
        uuid_format(sb->uuid, ours);
        if (!uuid || !str_equal(uuid, ours))
                return refuse_superblock(err, "UUID");
        return 0;
}

int dm_check_superblock(int hash_fd, uint64_t offset_bytes, const struct verity_superblock *sb, struct error *err)
{
        struct crypt_params_verity params = { .hash_area_offset = offset_bytes };
        _cleanup_(crypt_freep) struct crypt_device *device = NULL;
        char path[64];
        int r;

        begin();
        (void) snprintf(path, sizeof(path), "/proc/self/fd/%d", hash_fd);
        r = crypt_init(&device, path);
        if (r >= 0)
                r = crypt_load(device, CRYPT_VERITY, &params);
        /* It answers EINVAL to what it reads, and another number if it could not read or work. */
        if (r < 0)
                return error_set(err, r == -EINVAL ? FAIL_SUPERBLOCK_INVALID_CODE : FAIL_VERITY_READ_FAILED_CODE, -r,
                                 "verity superblock: libcryptsetup does not accept it: %s: %s", errno_name(-r),
                                 complaint[0] != '\0' ? complaint : "no reason given");
        return compare_superblock(device, offset_bytes, sb, err);
}
