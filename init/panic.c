/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>

#include "verinit/fsat.h"
#include "verinit/panic.h"

static int set_and_read_back(int root_fd, const char *path, unsigned value, struct error *err)
{
        char text[16];
        uint64_t now = 0;
        int r;

        snprintf(text, sizeof(text), "%u", value);
        r = fsat_write(root_fd, path, text);
        if (r < 0)
                return error_set(err, FAIL_PANIC_SETTING_FAILED_CODE, -r, "cannot write %u to /%s", value, path);
        r = fsat_read_u64(root_fd, path, &now);
        if (r < 0 || now != value)
                return error_set(err, FAIL_PANIC_SETTING_FAILED_CODE, r < 0 ? -r : EIO,
                                 "/%s holds %" PRIu64 " after %u was written", path, now, value);
        return 0;
}

int panic_set(int root_fd, unsigned timeout_s, struct error *err)
{
        int r;

        r = set_and_read_back(root_fd, "proc/sys/kernel/panic", timeout_s, err);
        if (r < 0)
                return r;
        return set_and_read_back(root_fd, "proc/sys/kernel/panic_on_oops", 1, err);
}
