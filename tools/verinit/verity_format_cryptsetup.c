/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The adapter of verity_format.h: libcryptsetup does what veritysetup does with it.
 */
#include "verity_format.h"

#include <errno.h>
#include <stdio.h>

#include <libcryptsetup.h>

#include "verinit/uuid.h"

/* What the library complained of first. */
static char complaint[256];

static void note_complaint(int level, const char *message, _unused_ void *userdata)
{
        if (level == CRYPT_LOG_ERROR && complaint[0] == '\0')
                (void) snprintf(complaint, sizeof(complaint), "%.*s", (int) strcspn(message, "\n"), message);
}

static void crypt_freep(struct crypt_device **device)
{
        crypt_free(*device);
        *device = NULL;
}

static int fail(struct trouble *t, const struct verity_format *f, const char *what, int r)
{
        return trouble_set_errno(t, r < 0 ? -r : EIO, "%s: libcryptsetup cannot %s%s%s", f->hash_path, what,
                                 complaint[0] != '\0' ? ": " : "", complaint);
}

int verity_format_write(const struct verity_format *f, struct digest *ret_root_hash, struct trouble *t)
{
        _cleanup_(crypt_freep) struct crypt_device *device = NULL;
        const struct verity_superblock *sb = &f->superblock;
        struct digest root_hash = { .alg = sb->alg };
        size_t size = sizeof(root_hash.bytes);
        struct crypt_params_verity params = {
                .hash_name = digest_name(sb->alg),
                .data_device = f->data_path,
                .salt = (const char *) sb->salt,
                .salt_size = (uint32_t) sb->salt_size,
                .hash_type = sb->hash_type,
                .data_block_size = sb->data_block_bytes,
                .hash_block_size = sb->hash_block_bytes,
                .data_size = sb->data_blocks,
                .hash_area_offset = f->hash_offset_bytes,
                .fec_device = f->fec_path,
                .fec_roots = f->fec_path ? f->fec_roots : 0,
                .flags = CRYPT_VERITY_CREATE_HASH,
        };
        char uuid[37];
        int r;

        complaint[0] = '\0';
        crypt_set_log_callback(NULL, note_complaint, NULL);
        uuid_format(sb->uuid, uuid);
        r = crypt_init(&device, f->hash_path);
        if (r < 0)
                return fail(t, f, "open the hash device", r);
        r = crypt_format(device, CRYPT_VERITY, NULL, NULL, uuid, NULL, 0, &params);
        if (r < 0)
                return fail(t, f, "write the hash tree", r);
        r = crypt_volume_key_get(device, CRYPT_ANY_SLOT, (char *) root_hash.bytes, &size, NULL, 0);
        if (r < 0 || size != digest_size(sb->alg))
                return fail(t, f, "tell the root hash", r);
        *ret_root_hash = root_hash;
        return 0;
}
