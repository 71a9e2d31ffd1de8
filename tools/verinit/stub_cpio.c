/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <stdio.h>
#include <sys/stat.h>

#include "stub_cpio.h"

const struct stub_directory stub_meta = { ".extra", 0555, 0444 };
const struct stub_directory stub_credentials = { ".extra/credentials", 0500, 0400 };
const struct stub_directory stub_global_credentials = { ".extra/global_credentials", 0500, 0400 };

const struct stub_directory stub_sysext = { ".extra/sysext", 0555, 0444 };
const struct stub_directory stub_confext = { ".extra/confext", 0555, 0444 };

enum { PARENT_MODE = 0555 };

struct archive {
        struct buffer out;
        unsigned n_inodes;
        bool is_short; /* of memory */
};

static void put(struct archive *a, const void *data, size_t size)
{
        if (buffer_append(&a->out, data, size) < 0)
                a->is_short = true;
}

static void pad(struct archive *a)
{
        put(a, "\0\0\0", -a->out.size % 4);
}

/* newc (Linux, Documentation/driver-api/early-userspace/buffer-format.rst). One link for all, directories too; no times. */
static void put_entry(struct archive *a, unsigned inode, unsigned mode, const char *path, const struct iovec *content)
{
        char header[6 + 13 * 8 + 1];

        (void) snprintf(header, sizeof(header), "070701%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x", inode, mode, 0u, 0u,
                        1u, 0u, (unsigned) content->iov_len, 0u, 0u, 0u, 0u, (unsigned) strlen(path) + 1, 0u);
        put(a, header, sizeof(header) - 1);
        put(a, path, strlen(path) + 1);
        pad(a);
        put(a, content->iov_base, content->iov_len);
        pad(a);
}

static void put_directories(struct archive *a, const struct stub_directory *directory)
{
        static const struct iovec nothing;

        for (const char *p = strchr(directory->path, '/'); p; p = strchr(p + 1, '/')) {
                _cleanup_free_ char *parent = tool_format("%.*s", (int) (p - directory->path), directory->path);

                put_entry(a, ++a->n_inodes, S_IFDIR | PARENT_MODE, parent, &nothing);
        }
        put_entry(a, ++a->n_inodes, S_IFDIR | directory->mode, directory->path, &nothing);
}

/* The stub has it as a constant, whose one number that is not 0 or 1 is in capitals. */
static void put_trailer(struct archive *a)
{
        static const char name[] = "TRAILER!!!";
        char header[6 + 13 * 8 + 1];

        (void) snprintf(header, sizeof(header), "070701%08X%08X%08X%08X%08X%08X%08X%08X%08X%08X%08X%08X%08X", 0u, 0u, 0u, 0u, 1u,
                        0u, 0u, 0u, 0u, 0u, 0u, (unsigned) sizeof(name), 0u);
        put(a, header, sizeof(header) - 1);
        put(a, name, sizeof(name));
        pad(a);
}

int stub_cpio(const struct stub_directory *directory, const struct stub_file *files, size_t n_files, struct buffer *ret,
              struct trouble *t)
{
        struct archive a = {};

        put_directories(&a, directory);
        for (size_t i = 0; i < n_files; i++) {
                _cleanup_free_ char *path = tool_format("%s/%s", directory->path, files[i].name);

                put_entry(&a, ++a.n_inodes, S_IFREG | directory->file_mode, path, &files[i].content);
        }
        put_trailer(&a);
        if (a.is_short) {
                buffer_done(&a.out);
                return trouble_set_errno(t, ENOMEM, "cannot make the archive of /%s", directory->path);
        }
        *ret = a.out;
        return 0;
}
