/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A signed policy as it is found in a file, through OpenSSL: PID 1 looks into it to know by what name the kernel will show it.
 */
#include "fuzz.h"
#include "verinit/ipe_policy.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        struct error err = {};
        struct ipe_header h;

        if (ipe_policy_read(data, size, &h, &err) < 0) {
                FUZZ_ASSERT(err.code == FAIL_IPE_POLICY_MALFORMED_CODE && err.msg[0]);
                return 0;
        }
        FUZZ_ASSERT(h.name[0] && h.name[0] != '.' && !strchr(h.name, '/') && h.version[0]);
        return 0;
}
