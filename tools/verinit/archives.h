/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Port: archives and what they are packed with, for reading. What is read is untrusted and stays below max bytes.
 * Adapter: archives_libarchive.c. Packing is compress.c.
 */
#pragma once

#include "tree.h"

/* A newc archive of a sorted tree; each time in it is mtime. */
int cpio_write(const struct tree *tree, uint32_t mtime, struct buffer *ret, struct trouble *t);

/*
 * The first cpio archive in data, whatever flavour. *ret_used is how many bytes it took: the kernel goes on and
 * unpacks what follows over it. what names the file in messages.
 */
int cpio_read(const struct buffer *data, const char *what, struct tree *ret, size_t *ret_used,
                      struct trouble *t);

/* The bare bytes; *ret_name is what they were packed with: "zstd", "xz", "gzip", "none"; static. */
int unpack(const struct buffer *data, const char *what, size_t max, struct buffer *ret,
                   const char **ret_name, struct trouble *t);
