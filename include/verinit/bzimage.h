/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The kernel's version in a bzImage: Documentation/arch/x86/boot.rst of Linux, "kernel_version". For the host command. Pure and
 * bounded.
 */
#pragma once

#include "verinit/base.h"

enum { BZIMAGE_RELEASE_MAX = 64 }; /* __NEW_UTS_LEN */

/* What uname -r will print. -EBADMSG: no bzImage, or none that says; *ret_release is then untouched. */
int bzimage_release(const uint8_t *file, size_t size, char ret_release[static BZIMAGE_RELEASE_MAX + 1]);
