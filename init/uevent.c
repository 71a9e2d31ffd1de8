/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The uevent only wakes us: what there is, is then read from /sys. So nothing is kept from the message, and a
 * forged or damaged one could at most cause or miss a look.
 */
#include "verinit/uevent.h"

/* The next NUL-ended string, or NULL where the rest has none. */
static const char *next_string(const char **p, const char *end)
{
        const char *s = *p;
        const char *nul = memchr(s, 0, (size_t) (end - s));

        if (!nul)
                return NULL;
        *p = nul + 1;
        return s;
}

bool uevent_is_relevant(const char *message, size_t size)
{
        const char *end = message + size, *p = message, *s;
        bool is_there = false, is_wanted = false;

        if (size == 0 || size > UEVENT_MAX_BYTES)
                return false;

        s = next_string(&p, end);
        if (!s || !strchr(s, '@'))
                return false;

        while (p < end) {
                s = next_string(&p, end);
                if (!s)
                        return false;
                if (str_equal(s, "ACTION=add") || str_equal(s, "ACTION=change"))
                        is_there = true;
                else if (str_equal(s, "SUBSYSTEM=block") || str_equal(s, "SUBSYSTEM=tpmrm") ||
                         str_after(s, "MODALIAS="))
                        is_wanted = true;
        }
        return is_there && is_wanted;
}
