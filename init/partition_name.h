/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Pure. How the kernel names a partition (6.12 block/partitions/core.c, add_partition()): vda2, nvme0n1p2.
 */
#pragma once

#include "verinit/blockdev.h"

/* Cut off where it has no room. disk is not empty. */
void partition_name_format(const char *disk, unsigned number, char ret[static BLOCKDEV_NAME_MAX]);

/*
 * Whether name is that of a partition of disk, and which. In the disk's own directory in /sys nothing else has such a name; to ask a
 * file there for the number would cost as much as half a disk's table. *ret is untouched where it is none.
 */
bool partition_name_parse(const char *disk, const char *name, uint64_t *ret);
