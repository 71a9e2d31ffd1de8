/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Stage activate: the kernel's mapping, and the kernel's own word that it is the one that was meant.
 */
#include "verinit/boot.h"
#include "verinit/log.h"

/* systemd's name: the host's veritysetup generator takes an active "usr" for its own and leaves it alone. */
#define USR_NAME "usr"

int stage_activate(struct boot *boot, struct error *err)
{
        struct evidence *e = &boot->evidence;
        int r;

        r = verity_activate(boot->verified, USR_NAME, &boot->active, err);
        if (r < 0)
                return r;
        (void) str_copy(e->dm_name, sizeof(e->dm_name), active_volume_name(boot->active));
        verity_dm_uuid(verified_root_superblock(boot->verified)->uuid, USR_NAME, e->dm_uuid);
        (void) str_copy(e->dm_table, sizeof(e->dm_table), active_volume_table(boot->active));

        /* The mapping holds the devices now, and its table names the numbers that were verified. */
        boot->data_fd = fd_close(boot->data_fd);
        boot->hash_fd = fd_close(boot->hash_fd);
        log_info("/dev/mapper/" USR_NAME " is up, table and status are as meant");
        return 0;
}
