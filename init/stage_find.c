/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Stage find: waits for the partitions that the command line or the root hash names. It finds; it does not decide.
 *
 * A root named by LABEL= or UUID= waits for stage root: to look for it is to parse an unverified file system, and that
 * does not happen before the policy is enforcing.
 */
#include "verinit/boot.h"
#include "verinit/devices.h"
#include "verinit/log.h"

static struct devices_scan scan;

static void want(const char *what, const struct device_spec *spec, struct found_device *found)
{
        scan.wanted[scan.n_wanted++] = (struct devices_wanted) { .what = what, .spec = spec, .found = found };
}

static bool is_known_without_reading(const struct device_spec *spec)
{
        return spec->kind == DEVICE_PATH || spec->kind == DEVICE_PARTUUID || spec->kind == DEVICE_PARTLABEL;
}

int stage_find(struct boot *boot, struct error *err)
{
        const struct boot_config *config = &boot->config;
        struct facts *facts = &boot->facts;
        int r;

        scan.n_wanted = 0;
        want("data of /usr", &config->usr_data, &facts->usr_data);
        want("hash tree of /usr", &config->usr_hash, &facts->usr_hash);
        if (is_known_without_reading(&config->root))
                want("root", &config->root, &facts->root);

        r = devices_find(boot, &scan, config->device_timeout_us, FAIL_DEVICE_ABSENT_CODE, err);
        if (r < 0)
                return r;
        (void) str_copy(boot->evidence.usr_data, sizeof(boot->evidence.usr_data), facts->usr_data.name);
        (void) str_copy(boot->evidence.usr_hash, sizeof(boot->evidence.usr_hash), facts->usr_hash.name);

        /* Held from here to the live table: a device that is swapped keeps its name, not its number. */
        boot->data_fd = devices_open(boot, &facts->usr_data, err);
        if (boot->data_fd < 0)
                return boot->data_fd;
        boot->hash_fd = devices_open(boot, &facts->usr_hash, err);
        if (boot->hash_fd < 0)
                return boot->hash_fd;
        log_info("data on %s, hash tree on %s", facts->usr_data.name, facts->usr_hash.name);
        return 0;
}
