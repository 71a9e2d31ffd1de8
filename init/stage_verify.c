/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Stage verify: the tree hangs from the root hash, and the data's two ends from the tree. See verity/verify.c.
 */
#include <inttypes.h>

#include "verinit/boot.h"
#include "verinit/log.h"

int stage_verify(struct boot *boot, struct error *err)
{
        const struct facts *facts = &boot->facts;
        const struct verity_request req = {
                .root_hash = boot->config.root_hash,
                .root_hash_size = boot->config.root_hash_size,
                .hash_offset_bytes = boot->config.hash_offset_bytes,
                .corruption = boot->config.corruption,
                .data_fd = boot->data_fd,
                .hash_fd = boot->hash_fd,
                .data_name = facts->usr_data.name,
                .hash_name = facts->usr_hash.name,
                .data_dev = facts->usr_data.devno,
                .hash_dev = facts->usr_hash.devno,
                .data_device_bytes = facts->usr_data.size_bytes,
                .hash_device_bytes = facts->usr_hash.size_bytes,
        };
        const struct verity_superblock *sb;
        int r;

        r = verity_verify(&req, &boot->verified, err);
        if (r < 0)
                return r;
        sb = verified_root_superblock(boot->verified);
        log_info("root hash, tree and both ends of %" PRIu64 " blocks agree", sb->data_blocks);
        return 0;
}
