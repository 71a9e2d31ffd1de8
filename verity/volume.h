/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Between verify.c and shape.c: where the blocks of a volume are, and reading one.
 */
#pragma once

#include "verinit/verity.h"

struct volume_shape {
        struct verity_superblock superblock; /* that of the disk, or in its form what is pinned */
        struct verity_tree tree;
        bool is_pinned;
};

/* From the superblock, or from the pinned geometry, which a superblock may not contradict. */
int volume_shape_read(const struct verity_request *req, struct volume_shape *ret, struct error *err);

/* VERITY_READ_FAILED. */
int volume_read_exactly(int fd, const char *device, uint64_t offset, uint8_t *buffer, size_t size, struct error *err);
