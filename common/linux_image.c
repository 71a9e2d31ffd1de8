/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>

#include "verinit/le.h"
#include "verinit/linux_image.h"

enum {
        SECTOR_BYTES = 512,
        SETUP_SECTORS = 0x1f1, /* u8; 0 means 4 */
        HEADER_MAGIC = 0x202,
        KERNEL_VERSION = 0x20e, /* u16: where the text is, less a sector; 0: nowhere */
        HEADER_END = 0x210,
};

static bool is_text(const uint8_t *p, size_t n)
{
        for (size_t i = 0; i < n; i++)
                if (p[i] < 0x20 || p[i] > 0x7e)
                        return false;
        return n > 0;
}

int linux_image_version(const uint8_t *file, size_t size, char ret[static LINUX_VERSION_MAX])
{
        size_t at, setup_end, n;

        if (size < HEADER_END || memcmp(file + HEADER_MAGIC, "HdrS", 4) != 0)
                return -ENOENT;
        at = le16_read(file + KERNEL_VERSION);
        if (at == 0)
                return -ENOENT;
        at += SECTOR_BYTES;
        setup_end = ((file[SETUP_SECTORS] > 0 ? file[SETUP_SECTORS] : 4) + (size_t) 1) * SECTOR_BYTES;
        if (setup_end > size)
                setup_end = size;
        if (at >= setup_end)
                return -EBADMSG;
        n = strnlen((const char *) file + at, setup_end - at);
        if (n == setup_end - at || n >= LINUX_VERSION_MAX || !is_text(file + at, n))
                return -EBADMSG;
        memcpy(ret, file + at, n);
        ret[n] = '\0';
        return 0;
}

size_t linux_release_size(const char *version)
{
        return strcspn(version, " ");
}
