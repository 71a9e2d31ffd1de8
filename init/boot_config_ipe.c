/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Which IPE policy the command line names, and which are loaded. It may name one where the floor names none: then that is in the
 * verified /usr.
 */
#include "boot_config_parse.h"
#include "verinit/lsm.h"

/* init.ipe= has the digest as the floor has it, acl.ipe.policy_sha256= bare. */
int config_apply_ipe(struct config_parse *p, const struct config_key *key, const char *value)
{
        const char *hex = str_after(value, "sha256-");

        if (!hex)
                return config_bad_value(p, key, value, "sha256-<64 hex digits>");
        return config_apply_ipe_policy(p, key, hex);
}

int config_apply_ipe_policy(struct config_parse *p, const struct config_key *key, const char *value)
{
        struct digest digest = { .alg = DIGEST_SHA256 };

        if (hex_decode(value, digest.bytes, sizeof(digest.bytes)) != (ssize_t) digest_size(DIGEST_SHA256))
                return config_bad_value(p, key, value, "64 hex digits");
        p->config.ipe_policy = digest;
        return 0;
}

/* One is active in the kernel: that of the floor, and the line cannot have it replaced. */
int config_finish_ipe(struct config_parse *p)
{
        const struct boot_config *c = &p->config;
        char hex[DIGEST_MAX_HEX];

        if (c->ipe_policy.alg == DIGEST_NONE || c->floor.n_ipe_policies == 0 ||
            digest_equal(&c->ipe_policy, &c->floor.ipe_policies[0]))
                return 0;
        digest_hex(&c->ipe_policy, hex);
        return config_refuse(p, FAIL_CMDLINE_CONTRADICTION_CODE, "init.ipe", NULL,
                             "IPE policy sha256-%s, and the one that the floor has become active (ipe-policy=) is another", hex);
}

size_t boot_config_ipe_policies(const struct boot_config *config, struct ipe_named ret[static FLOOR_MAX_IPE_POLICIES])
{
        const struct floor *floor = &config->floor;

        for (size_t i = 0; i < floor->n_ipe_policies; i++)
                ret[i] = (struct ipe_named) { .source = IPE_INITRAMFS, .sha256 = floor->ipe_policies[i] };
        if (floor->n_ipe_policies > 0 || config->ipe_policy.alg == DIGEST_NONE)
                return floor->n_ipe_policies;
        ret[0] = (struct ipe_named) { .source = IPE_USR, .sha256 = config->ipe_policy };
        return 1;
}

const char *ipe_source_name(enum ipe_source source)
{
        return source == IPE_USR ? "usr" : "initramfs";
}
