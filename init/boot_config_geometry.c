/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Up to three texts say the shape of the volume: init.verity=, the options of systemd.verity_usr_options= with
 * superblock=no, and single options beside a superblock. All that were given have to agree, and with the root hash.
 */
#include "boot_config_parse.h"
#include "verinit/verity.h"

#define OPTIONS "systemd.verity_usr_options"
#define PIN "init.verity"

static const char *const shape_names[_SHAPE_MAX] = {
        [SHAPE_FORMAT] = "format",
        [SHAPE_ALGORITHM] = "hash",
        [SHAPE_DATA_BLOCK] = "data-block-size",
        [SHAPE_HASH_BLOCK] = "hash-block-size",
        [SHAPE_DATA_BLOCKS] = "data-blocks",
        [SHAPE_SALT] = "salt",
        [SHAPE_UUID] = "uuid",
};

static int take_shape(struct config_parse *p)
{
        struct boot_config *c = &p->config;
        const char *why;

        for (unsigned i = 0; i < _SHAPE_MAX; i++)
                if (!p->has_shape[i])
                        return config_refuse(p, FAIL_CMDLINE_BAD_VALUE_CODE, OPTIONS, NULL,
                                             "superblock=no needs %s= too: without a superblock the options say all",
                                             shape_names[i]);
        if (c->hash_offset_bytes % p->shape.hash_block_bytes != 0)
                return config_refuse(p, FAIL_CMDLINE_BAD_VALUE_CODE, OPTIONS, NULL,
                                     "with superblock=no hash-offset= is a multiple of hash-block-size=");
        p->shape.hash_start_block = c->hash_offset_bytes / p->shape.hash_block_bytes;
        why = verity_geometry_check(&p->shape);
        if (why)
                return config_refuse(p, FAIL_CMDLINE_BAD_VALUE_CODE, OPTIONS, NULL, "%s", why);
        c->geometry = p->shape;
        c->has_geometry = true;
        return 0;
}

static bool shape_agrees(const struct config_parse *p, enum shape_option option)
{
        const struct verity_geometry *a = &p->shape, *b = &p->pin;

        switch (option) {
        case SHAPE_ALGORITHM:
                return a->alg == b->alg;
        case SHAPE_DATA_BLOCK:
                return a->data_block_bytes == b->data_block_bytes;
        case SHAPE_HASH_BLOCK:
                return a->hash_block_bytes == b->hash_block_bytes;
        case SHAPE_DATA_BLOCKS:
                return a->data_blocks == b->data_blocks;
        case SHAPE_SALT:
                return a->salt_size == b->salt_size && memcmp(a->salt, b->salt, a->salt_size) == 0;
        case SHAPE_UUID:
                return memcmp(a->uuid, b->uuid, sizeof(a->uuid)) == 0;
        case SHAPE_FORMAT: /* 1, or it was refused already */
        case _SHAPE_MAX:
        default:
                return true;
        }
}

static int take_pin(struct config_parse *p)
{
        struct boot_config *c = &p->config;
        uint64_t start = p->pin.hash_start_block;
        uint64_t offset = p->has_hash_offset ? c->hash_offset_bytes :
                                               verity_superblock_before(start, p->pin.hash_block_bytes);

        for (unsigned i = 0; i < _SHAPE_MAX; i++)
                if (p->has_shape[i] && !shape_agrees(p, (enum shape_option) i))
                        return config_refuse(p, FAIL_CMDLINE_CONTRADICTION_CODE, PIN, NULL,
                                             "it says another %s= than " OPTIONS "=", shape_names[i]);
        if (p->says_no_superblock && start != c->geometry.hash_start_block)
                return config_refuse(p, FAIL_CMDLINE_CONTRADICTION_CODE, PIN, NULL,
                                     "its tree begins elsewhere than hash-offset= says");
        if (!p->says_no_superblock && start != verity_block_behind_superblock(offset, p->pin.hash_block_bytes))
                return config_refuse(p, FAIL_CMDLINE_CONTRADICTION_CODE, PIN, NULL,
                                     p->has_hash_offset ?
                                     "its tree does not begin behind a superblock at hash-offset=%llu" :
                                     "its tree leaves no room for a superblock at byte %llu: say superblock=no if there is none",
                                     (unsigned long long) offset);
        c->geometry = p->pin;
        c->has_geometry = true;
        return 0;
}

static int check_single_options(struct config_parse *p)
{
        for (unsigned i = 0; i < _SHAPE_MAX; i++)
                if (p->has_shape[i] && i != SHAPE_DATA_BLOCKS && !p->has_pin && !p->says_no_superblock)
                        return config_refuse(p, FAIL_CMDLINE_CONTRADICTION_CODE, OPTIONS, NULL,
                                             "%s= counts only with superblock=no: beside a superblock systemd would "
                                             "not look at it", shape_names[i]);
        return 0;
}

static int finish_fec(struct config_parse *p)
{
        struct fec_config *fec = &p->config.fec;

        if (fec->device.kind == DEVICE_NONE && p->has_fec_place)
                return config_refuse(p, FAIL_CMDLINE_CONTRADICTION_CODE, OPTIONS, NULL,
                                     "fec-offset= and fec-roots= say nothing without fec-device=");
        if (fec->device.kind != DEVICE_NONE && fec->roots == 0)
                fec->roots = 2;
        return 0;
}

int config_finish_signature(struct config_parse *p)
{
        struct signature_config *signature = &p->config.signature;

        if (p->signature_partition.kind == DEVICE_NONE)
                return 0;
        if (p->has_signature)
                return config_refuse(p, FAIL_CMDLINE_CONTRADICTION_CODE, "acl.verity_usr_signature", NULL,
                                     OPTIONS "= names another signature");
        signature->source = SIGNATURE_PARTITION;
        signature->device = p->signature_partition;
        return 0;
}

int config_finish_geometry(struct config_parse *p)
{
        struct boot_config *c = &p->config;
        int r;

        r = check_single_options(p);
        if (r == 0 && p->says_no_superblock)
                r = take_shape(p);
        if (r == 0 && p->has_pin)
                r = take_pin(p);
        if (r == 0)
                r = finish_fec(p);
        if (r < 0)
                return r;
        if (c->has_geometry && digest_size(c->geometry.alg) != c->root_hash_size)
                return config_refuse(p, FAIL_CMDLINE_CONTRADICTION_CODE, p->has_pin ? PIN : OPTIONS, NULL,
                                     "usrhash= is no %s: it has %zu bytes", digest_name(c->geometry.alg),
                                     c->root_hash_size);
        c->has_superblock = !p->says_no_superblock;
        c->data_blocks = p->has_shape[SHAPE_DATA_BLOCKS] ? p->shape.data_blocks : 0;
        c->hash_offset_is_file_system_end =
                p->flatcar_usr.kind != DEVICE_NONE && !p->has_hash_offset && !c->has_geometry;
        return 0;
}
