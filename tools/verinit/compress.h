/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "tool.h"

enum compression { COMPRESSION_NONE = 0, COMPRESSION_ZSTD, COMPRESSION_XZ, _COMPRESSION_MAX };

const char *compression_name(enum compression c);
int compression_from_name(const char *name, enum compression *ret); /* -1 if unknown */
int compression_default_level(enum compression c);
bool compression_takes_level(enum compression c, int level);

/* Of the zstd frame that data begins with; 0: it begins with none, or with one that is cut off. */
size_t compress_zstd_frame(const uint8_t *data, size_t size);

/* One frame, one thread: the same bytes from the same library, whatever the machine. */
int compress(enum compression c, int level, const struct buffer *data, struct buffer *ret, struct trouble *t);
