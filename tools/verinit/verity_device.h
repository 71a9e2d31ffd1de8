/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Data, hash and parity devices of the verity verbs: block devices, or files that will be written to one.
 */
#pragma once

#include <sys/types.h>

#include "verinit/verity.h"

#include "tool.h"

struct verity_device {
        const char *path; /* borrowed */
        int fd;
        uint64_t bytes;
        bool is_block_device;
        dev_t dev;        /* of the device itself, or of the file system of the file, which ino makes one of its kind */
        ino_t ino;
};

/* For reading. Neither a FIFO nor a directory, nor what blocks. */
int verity_device_open(const char *path, struct verity_device *ret, struct trouble *t);
void verity_device_close(struct verity_device *d);
#define _cleanup_device_ _cleanup_(verity_device_close)

bool verity_device_equal(const struct verity_device *a, const struct verity_device *b);

/* --hash-offset, as on the kernel's command line: decimal, a multiple of a sector. */
int verity_take_offset(const char *text, const char *verb, uint64_t *ret, struct trouble *t);

/* The superblock at this byte; OUTCOME_FALSE: it is none that PID 1 would take. */
int verity_device_superblock(const struct verity_device *d, uint64_t offset_bytes, struct verity_superblock *ret, struct trouble *t);

/* The words that pin the shape of this volume: init.verity=, and hash-offset= where the superblock is not where it is looked for. */
int verity_words(const struct verity_superblock *sb, const char *path, uint64_t hash_offset_bytes, char **ret, struct trouble *t);
