/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "tool.h"

/*
 * The whole file or nothing: what stood at path stays until the new one is on the disk. Only a regular file is
 * replaced; a device, a directory, a FIFO or a symbolic link is refused.
 */
int output_check(const char *path, struct trouble *t);
int output_write(const char *path, const struct buffer *data, struct trouble *t);
