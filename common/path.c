/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "verinit/path.h"

bool path_is_normalised(const char *text, size_t size)
{
        size_t n = strlen(text);

        if (text[0] != '/' || n >= size || text[n - 1] == '/' || strstr(text, "//"))
                return false;
        for (const char *p = text; (p = strchr(p, '/')); p++)
                if (str_after(p, "/./") || str_after(p, "/../") || str_equal(p, "/.") || str_equal(p, "/.."))
                        return false;
        for (; *text; text++)
                if ((unsigned char) *text <= 0x20 || (unsigned char) *text >= 0x7f)
                        return false;
        return true;
}
