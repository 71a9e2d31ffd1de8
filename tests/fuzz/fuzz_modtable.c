/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "fuzz.h"
#include "verinit/modtable.h"

static int ignore(_unused_ uint16_t index, _unused_ void *userdata)
{
        return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        static struct modtable t;
        struct error err = {};

        if (modtable_parse((const char *) data, size, &t, &err) < 0) {
                FUZZ_ASSERT(err.code == FAIL_MODULE_TABLE_MALFORMED_CODE && err.msg[0]);
                return 0;
        }
        for (size_t i = 0; i < t.n_modules; i++) {
                FUZZ_ASSERT(t.modules[i].file[0] != '/' && !strstr(t.modules[i].file, ".."));
                for (size_t k = 0; k < t.modules[i].n_deps; k++)
                        FUZZ_ASSERT(t.modules[i].deps[k] < i);
        }
        for (size_t i = 0; i < t.n_features; i++)
                for (size_t k = 0; k < t.features[i].n_modules; k++)
                        FUZZ_ASSERT(t.features[i].modules[k] < t.n_modules);
        for (size_t i = 0; i < t.n_aliases; i++)
                FUZZ_ASSERT(t.aliases[i].module < t.n_modules);
        return modtable_match(&t, "virtio:d00000002v00001AF4", ignore, NULL);
}
