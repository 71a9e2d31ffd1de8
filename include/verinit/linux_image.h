/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What a kernel image says of itself. For the host command; pure and bounded.
 */
#pragma once

#include "verinit/base.h"

enum { LINUX_VERSION_MAX = 256 };

/*
 * "6.12.118+deb13-cloud-amd64 (builder) #1 SMP": of an x86 bzImage (Documentation/arch/x86/boot.rst, kernel_version). 0, -ENOENT: it is
 * of another kind, or does not say, -EBADMSG: what it says is out of bounds or no text.
 */
int linux_image_version(const uint8_t *file, size_t size, char ret[static LINUX_VERSION_MAX]);

/* How long the release at its beginning is, which uname(2) answers and which names the directory of the modules. */
size_t linux_release_size(const char *version);
