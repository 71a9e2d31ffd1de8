/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * blockdev.h without libblkid: the same answer for every descriptor, or what the hooks say.
 */
#pragma once

#include <sys/types.h>

#include "verinit/blockdev.h"

struct fake_blockdev {
        struct partition_table gpt;
        enum gpt_backup backup; /* of each valid one */
        unsigned n_backups;     /* that were looked at */
        struct filesystem filesystem;
        ino_t unreadable; /* the node of a drive without a medium; 0: none */
        void (*read_gpt)(int disk_fd, struct partition_table *ret); /* NULL: gpt */
        void (*read_filesystem)(int fd, struct filesystem *ret);    /* NULL: filesystem */
};

extern struct fake_blockdev fake_blockdev;

void fake_blockdev_reset(void);
