/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <fnmatch.h>

#include "fuzz.h"
#include "verinit/modtable.h"

#define MODALIAS "virtio:d00000002v00001AF4"

static int tick(uint16_t index, void *userdata)
{
        bool *is_called = userdata;

        FUZZ_ASSERT(!is_called[index]);
        is_called[index] = true;
        return 0;
}

/* Each module of which one alias matches is called, and no other. */
static void check_match(const struct modtable *t)
{
        bool is_called[MODTABLE_MAX_MODULES] = { false }, is_wanted[MODTABLE_MAX_MODULES] = { false };

        FUZZ_ASSERT(modtable_match(t, MODALIAS, tick, is_called) == 0);
        for (size_t i = 0; i < t->n_aliases; i++)
                if (fnmatch(t->aliases[i].pattern, MODALIAS, 0) == 0)
                        is_wanted[t->aliases[i].module] = true;
        FUZZ_ASSERT(memcmp(is_called, is_wanted, sizeof(is_called)) == 0);
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
        check_match(&t);
        return 0;
}
