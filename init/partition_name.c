/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "partition_name.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>

void partition_name_format(const char *disk, unsigned number, char ret[static BLOCKDEV_NAME_MAX])
{
        bool has_digit = isdigit((unsigned char) disk[strlen(disk) - 1]) != 0;

        (void) snprintf(ret, BLOCKDEV_NAME_MAX, "%s%s%u", disk, has_digit ? "p" : "", number);
}

bool partition_name_parse(const char *disk, const char *name, uint64_t *ret)
{
        char again[BLOCKDEV_NAME_MAX];
        const char *digits = str_after(name, disk);
        unsigned long n;

        if (!digits)
                return false;
        n = strtoul(digits + (digits[0] == 'p' ? 1 : 0), NULL, 10);
        if (n == 0 || n > UINT16_MAX)
                return false;
        /* strtoul() takes more than the kernel writes: signs, blanks, zeros in front. */
        partition_name_format(disk, (unsigned) n, again);
        if (!str_equal(name, again))
                return false;
        *ret = n;
        return true;
}
