/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>

#include "verinit/bzimage.h"
#include "verinit/le.h"

enum {
        AT_SETUP_SECTS = 0x1f1,
        AT_BOOT_FLAG = 0x1fe,
        AT_MAGIC = 0x202, /* "HdrS" */
        AT_PROTOCOL = 0x206,
        AT_VERSION = 0x20e, /* of the text, counted from 0x200 */
        HEADER_BYTES = 0x210,
        SECTOR = 512,
};

/* What Debian and kernel.org put into a release, and the module table takes (init/modtable.c). */
static bool is_release_char(uint8_t c)
{
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || (c != '\0' && strchr("._+~-", c));
}

int bzimage_release(const uint8_t *file, size_t size, char ret_release[static BZIMAGE_RELEASE_MAX + 1])
{
        size_t start, end, n = 0;
        unsigned sectors;

        if (size < HEADER_BYTES || le16_read(file + AT_BOOT_FLAG) != 0xaa55 || memcmp(file + AT_MAGIC, "HdrS", 4) != 0 ||
            le16_read(file + AT_PROTOCOL) < 0x200 || le16_read(file + AT_VERSION) == 0)
                return -EBADMSG;
        /* 0 has meant 4 since there was a boot sector; the text is in the setup code, behind that sector. */
        sectors = file[AT_SETUP_SECTS] ? file[AT_SETUP_SECTS] : 4;
        end = (size_t) (sectors + 1) * SECTOR;
        if (end > size)
                end = size;
        start = (size_t) le16_read(file + AT_VERSION) + SECTOR;
        while (start + n < end && n <= BZIMAGE_RELEASE_MAX && is_release_char(file[start + n]))
                n++;
        /* "6.12.1 (builder@host) #1 SMP": one that goes on otherwise, or does not end, is no such text. */
        if (n == 0 || n > BZIMAGE_RELEASE_MAX || start + n >= end || (file[start + n] != ' ' && file[start + n] != '\0'))
                return -EBADMSG;
        memcpy(ret_release, file + start, n);
        ret_release[n] = '\0';
        return 0;
}
