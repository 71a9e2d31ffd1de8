/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Stage verify: the root hash is one that was signed, the tree hangs from the root hash, and the data's two ends from the
 * tree. See verity/signature.c and verity/verify.c.
 */
#include <inttypes.h>

#include "verinit/boot.h"
#include "verinit/log.h"
#include "verinit/signature.h"
#include "verinit/signature_load.h"

static void record(struct evidence *e, const struct verified_root *root)
{
        const struct verity_superblock *sb = verified_root_superblock(root);

        (void) str_copy(e->usr_geometry, sizeof(e->usr_geometry),
                        verified_root_is_pinned(root) ? "pinned" : "superblock");
        e->usr_data_blocks = sb->data_blocks;
        e->usr_size_bytes = sb->data_blocks * sb->data_block_bytes;
}

int stage_verify(struct boot *boot, struct error *err)
{
        const struct boot_config *config = &boot->config;
        const struct facts *facts = &boot->facts;
        const struct verity_fec_request fec = {
                .name = facts->usr_fec.name,
                .dev = facts->usr_fec.devno,
                .device_bytes = facts->usr_fec.size_bytes,
                .offset_bytes = config->fec.offset_bytes,
                .roots = config->fec.roots,
        };
        struct verity_request req = verity_request_of(config);
        int r;

        req.is_geometry_proved = boot->is_cmdline_proved;
        req.fec = config->fec.device.kind != DEVICE_NONE ? &fec : NULL;
        req.data_fd = boot->data_fd;
        req.hash_fd = boot->hash_fd;
        req.data_name = facts->usr_data.name;
        req.hash_name = facts->usr_hash.name;
        req.data_dev = facts->usr_data.devno;
        req.hash_dev = facts->usr_hash.devno;
        req.data_device_bytes = facts->usr_data.size_bytes;
        req.hash_device_bytes = facts->usr_hash.size_bytes;
        if (boot->plan.is_unsigned)
                (void) str_copy(boot->evidence.signature_source, sizeof(boot->evidence.signature_source), "none");
        else {
                r = signature_load(boot, err);
                if (r < 0)
                        return r;
                req.signature_key = SIGNATURE_KEY_NAME;
                stage_lap("signature");
        }
        r = verity_verify(&req, &boot->verified, err);
        if (r < 0)
                return r;
        record(&boot->evidence, boot->verified);
        log_info("root hash, tree and both ends of %" PRIu64 " blocks agree, geometry %s",
                 boot->evidence.usr_data_blocks,
                 verified_root_is_pinned(boot->verified) ? "pinned" : "as the file system has it");
        return 0;
}
