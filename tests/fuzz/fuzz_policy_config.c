/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "fuzz.h"
#include "verinit/policy.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        struct policy_config config;
        struct error err = {};

        if (policy_config_parse((const char *) data, size, &config, &err) < 0) {
                FUZZ_ASSERT(err.code == FAIL_POLICY_CONFIG_WEAK_CODE && err.msg[0]);
                return 0;
        }
        FUZZ_ASSERT(config.mode >= POLICY_MODE_DISABLED && config.mode <= POLICY_MODE_ENFORCING);
        FUZZ_ASSERT(config.type[0] && !strpbrk(config.type, "/. \n"));
        /* Whatever reads the file more loosely finds the same words. */
        FUZZ_ASSERT(memmem(data, size, policy_mode_name(config.mode), strlen(policy_mode_name(config.mode))));
        FUZZ_ASSERT(memmem(data, size, config.type, strlen(config.type)));
        return 0;
}
