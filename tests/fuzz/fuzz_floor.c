/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "fuzz.h"
#include "verinit/floor.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        struct error err = {};
        struct floor f;

        if (floor_parse((const char *) data, size, &f, &err) < 0) {
                FUZZ_ASSERT(err.code == FAIL_FLOOR_MALFORMED_CODE && err.msg[0]);
                return 0;
        }
        FUZZ_ASSERT(f.panic_timeout_s >= 1 && f.panic_timeout_s <= 300 && f.failure_delay_s <= 300);
        FUZZ_ASSERT(f.device_timeout_s >= 1 && f.device_timeout_s <= 3600);
        FUZZ_ASSERT(f.selinux_dir[0] && f.selinux_dir[0] != '/' && !strstr(f.selinux_dir, "/../"));
        FUZZ_ASSERT(f.etc != ETC_PLAIN || f.root == FLOOR_ROOT_UNVERIFIED);
        FUZZ_ASSERT(f.n_extra_words <= FLOOR_MAX_EXTRA_WORDS);
        for (size_t i = 0; i < f.n_extra_words; i++)
                FUZZ_ASSERT(f.extra_words[i][0] && strlen(f.extra_words[i]) < FLOOR_WORD_MAX);
        return 0;
}
