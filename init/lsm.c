/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "verinit/lsm.h"

bool lsm_list_has(const char *list, const char *name)
{
        size_t n = strlen(name);

        for (const char *at = list + strspn(list, ","); *at; at += strspn(at, ",")) {
                size_t size = strcspn(at, ",");

                if (size == n && memcmp(at, name, n) == 0)
                        return true;
                at += size;
        }
        return false;
}
