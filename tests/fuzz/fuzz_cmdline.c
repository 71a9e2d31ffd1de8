/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "fuzz.h"
#include "verinit/cmdline.h"

static void check_word(const struct cmdline *c, const char *text)
{
        FUZZ_ASSERT(text >= c->storage && text < c->storage + sizeof(c->storage));
        FUZZ_ASSERT(memchr(text, '\0', (size_t) (c->storage + sizeof(c->storage) - text)));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        static struct cmdline c;
        size_t offset = SIZE_MAX;
        char params[64];

        if (cmdline_parse((const char *) data, size, 2047, &c, &offset) != CMDLINE_OK) {
                FUZZ_ASSERT(offset <= size);
                return 0;
        }
        FUZZ_ASSERT(size <= 2047 && c.n_words <= CMDLINE_MAX_WORDS);
        for (size_t i = 0; i < c.n_words; i++) {
                check_word(&c, c.words[i].key);
                FUZZ_ASSERT(c.words[i].key[0] != '\0' && !strchr(c.words[i].key, '='));
                if (c.words[i].value)
                        check_word(&c, c.words[i].value);
        }
        FUZZ_ASSERT(!cmdline_module_params(&c, "a_b", params, sizeof(params)) || strlen(params) < sizeof(params));
        return 0;
}
