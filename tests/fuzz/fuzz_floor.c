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
        FUZZ_ASSERT(f.n_addons <= FLOOR_MAX_ADDONS && f.n_certificates <= FLOOR_MAX_CERTIFICATES);
        for (size_t i = 0; i < f.n_addons; i++)
                FUZZ_ASSERT(f.addons[i].alg == DIGEST_SHA256);
        for (size_t i = 0; i < f.n_certificates; i++)
                FUZZ_ASSERT(f.certificates[i].alg == DIGEST_SHA256);
        FUZZ_ASSERT(f.n_addon_keys <= FLOOR_MAX_ADDON_KEYS);
        for (size_t i = 0; i < f.n_addon_keys; i++)
                FUZZ_ASSERT(f.addon_keys[i][0] && strlen(f.addon_keys[i]) < FLOOR_WORD_MAX);
        FUZZ_ASSERT(f.credentials <= CREDENTIALS_PLATFORM);
        /* What is done at the end is one of the things that may be done. */
        FUZZ_ASSERT(f.failure_actions < 8 && (f.failure_default & f.failure_actions) == f.failure_default);
        FUZZ_ASSERT(f.failure_default == FAILURE_REBOOT || f.failure_default == FAILURE_POWEROFF ||
                    f.failure_default == FAILURE_HALT);
        FUZZ_ASSERT(f.failure_delay_max_s <= 3600);
        FUZZ_ASSERT(f.watchdog_s == 0 || (f.watchdog_s >= 10 && f.watchdog_s <= 600));
        FUZZ_ASSERT(f.tpm_ek_size <= FLOOR_TPM_NAME_MAX);
        return 0;
}
