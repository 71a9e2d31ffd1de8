/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "fuzz.h"
#include "verinit/ipe_policy.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        struct error err = {};
        struct ipe_header h;

        if (ipe_header_parse((const char *) data, size, &h, &err) < 0) {
                FUZZ_ASSERT(err.code == FAIL_IPE_POLICY_MALFORMED_CODE && err.msg[0]);
                return 0;
        }
        /* A path of securityfs, and three numbers. */
        FUZZ_ASSERT(h.name[0] && h.name[0] != '.' && !strchr(h.name, '/') && memchr(h.name, '\0', sizeof(h.name)));
        FUZZ_ASSERT(strspn(h.version, "0123456789.") == strlen(h.version) && strlen(h.version) >= 5 && memchr(h.version, '\0', sizeof(h.version)));
        FUZZ_ASSERT(memmem(data, size, h.name, strlen(h.name)) && memmem(data, size, h.version, strlen(h.version)));
        return 0;
}
