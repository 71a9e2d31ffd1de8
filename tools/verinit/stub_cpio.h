/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The archives that systemd-stub makes in memory and appends to the initramfs: what is below /.extra there.
 */
#pragma once

#include <sys/uio.h>

#include "tool.h"

struct stub_file {
        const char *name;
        struct iovec content;
};

struct stub_directory {
        const char *path; /* ".extra/credentials" */
        unsigned mode, file_mode;
};

extern const struct stub_directory stub_meta, stub_credentials, stub_global_credentials, stub_sysext, stub_confext;

/* The bytes of systemd-stub 257 and newer (src/boot/cpio.c): they are in PCR 9 and, for some, in PCR 12. files are in its order. */
int stub_cpio(const struct stub_directory *directory, const struct stub_file *files, size_t n_files, struct buffer *ret,
              struct trouble *t);
