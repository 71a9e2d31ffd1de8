/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * CAP_MAC_ADMIN, which the kernel asks of whoever writes a file of IPE: with it root could activate another policy, or write 0 to
 * "enforce". What the host loses beside it is said in docs/MAC.md.
 */
#include <errno.h>
#include <inttypes.h>
#include <linux/capability.h>
#include <stdio.h>

#include "verinit/fsat.h"
#include "verinit/ipe.h"
#include "verinit/os.h"

/* Of programs that the kernel starts itself, from a thread of its own that no bounding set of ours reaches. */
#define HELPERS "proc/sys/kernel/usermodehelper/bset"

/* Two numbers of 32 bits, the lower first (kernel/umh.c proc_cap_handler()). */
static int read_set(int root_fd, uint32_t ret[static 2])
{
        char text[64], *middle, *end;
        ssize_t n = fsat_read_line(root_fd, HELPERS, text, sizeof(text));
        unsigned long low, high;

        if (n < 0)
                return (int) n;
        low = strtoul(text, &middle, 10);
        high = strtoul(middle, &end, 10);
        if (middle == text || end == middle || *end != '\0' || low > UINT32_MAX || high > UINT32_MAX)
                return -EBADMSG;
        ret[0] = (uint32_t) low;
        ret[1] = (uint32_t) high;
        return 0;
}

static int drop_of_helpers(int root_fd)
{
        const uint32_t bit = CAP_TO_MASK(CAP_MAC_ADMIN);
        const size_t word = CAP_TO_INDEX(CAP_MAC_ADMIN);
        uint32_t set[2];
        char text[64];
        int r = read_set(root_fd, set);

        if (r < 0)
                return r;
        set[word] &= ~bit;
        (void) snprintf(text, sizeof(text), "%" PRIu32 " %" PRIu32 "\n", set[0], set[1]);
        r = fsat_write(root_fd, HELPERS, text);
        if (r == 0)
                r = read_set(root_fd, set);
        return r < 0 ? r : set[word] & bit ? -EPERM : 0;
}

int mac_admin_drop(int root_fd, struct error *err)
{
        int r = os_drop_capability(CAP_MAC_ADMIN);

        if (r < 0)
                return error_set(err, FAIL_CAPABILITY_KEPT_CODE, -r, "cannot drop CAP_MAC_ADMIN from the bounding set: %s",
                                 errno_name(-r));
        r = drop_of_helpers(root_fd);
        return r < 0 ? error_set(err, FAIL_CAPABILITY_KEPT_CODE, -r, "cannot take CAP_MAC_ADMIN from the kernel's helpers (/" HELPERS
                                 "): %s", errno_name(-r)) : 0;
}
