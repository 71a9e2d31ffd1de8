/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Stage find: waits for the partitions that the command line or the root hash names. It finds; it does not decide.
 *
 * A root named by LABEL= or UUID= waits for stage root: to look for it is to parse an unverified file system, and that
 * does not happen before the policy is enforcing. Of a disk nothing is parsed here but its GPT.
 */
#include "verinit/boot.h"
#include "verinit/devices.h"
#include "verinit/log.h"

static struct devices_scan scan;

/* Type of the partitions with the signature of a /usr (Discoverable Partitions Specification). */
static const struct device_spec signature_type = {
        .kind = DEVICE_PARTTYPE,
#if defined(__x86_64__)
        .value = "e7bb33fb-06cf-4e81-8273-e543b413e2e2",
#elif defined(__aarch64__)
        .value = "c23ce4ff-44bd-4b00-b2d4-b41b3419e02a",
#else
#error "which type has the partition with the signature of /usr on this architecture?"
#endif
};

static void want(const char *what, const struct device_spec *spec, struct found_device *found)
{
        scan.wanted[scan.n_wanted++] = (struct devices_wanted) { .what = what, .spec = spec, .found = found };
}

/* By its type, as many as there are: which one is for this root hash stands in them. */
static void want_signatures(const struct boot_config *config, struct facts *facts)
{
        struct devices_wanted *w = &scan.wanted[scan.n_wanted];

        if (config->signature.source == SIGNATURE_DISCOVERED) {
                want("signature of the root hash", &signature_type, facts->usr_signatures);
                w->max_found = FACTS_MAX_SIGNATURES;
                w->is_optional = true;
        } else if (config->signature.source == SIGNATURE_PARTITION)
                want("signature of the root hash", &config->signature.device, facts->usr_signatures);
        else
                return;
        w->ret_n_found = &facts->n_usr_signatures;
}

static bool is_known_without_reading(const struct device_spec *spec)
{
        return spec->kind == DEVICE_PATH || spec->kind == DEVICE_PARTUUID || spec->kind == DEVICE_PARTLABEL;
}

static int hold(struct boot *boot, const struct found_device *device, int *ret_fd, struct error *err)
{
        int fd = devices_open(boot, device, err);

        if (fd < 0)
                return fd;
        *ret_fd = fd;
        return 0;
}

/* From here to the live table: a device that is swapped keeps its name, not its number. */
static int hold_devices(struct boot *boot, struct error *err)
{
        const struct facts *facts = &boot->facts;
        int r;

        r = hold(boot, &facts->usr_data, &boot->data_fd, err);
        if (r == 0)
                r = hold(boot, &facts->usr_hash, &boot->hash_fd, err);
        if (r == 0 && facts->usr_fec.is_found)
                r = hold(boot, &facts->usr_fec, &boot->fec_fd, err);
        return r;
}

int stage_find(struct boot *boot, struct error *err)
{
        const struct boot_config *config = &boot->config;
        struct facts *facts = &boot->facts;
        int r;

        scan.n_wanted = 0;
        want("data of /usr", &config->usr_data, &facts->usr_data);
        want("hash tree of /usr", &config->usr_hash, &facts->usr_hash);
        if (config->fec.device.kind != DEVICE_NONE)
                want("error correction of /usr", &config->fec.device, &facts->usr_fec);
        want_signatures(config, facts);
        if (is_known_without_reading(&config->root))
                want("root", &config->root, &facts->root);

        r = devices_find(boot, &scan, config->device_timeout_us, FAIL_DEVICE_ABSENT_CODE, err);
        if (r < 0)
                return r;
        (void) str_copy(boot->evidence.usr_data, sizeof(boot->evidence.usr_data), facts->usr_data.name);
        (void) str_copy(boot->evidence.usr_hash, sizeof(boot->evidence.usr_hash), facts->usr_hash.name);
        (void) str_copy(boot->evidence.usr_fec, sizeof(boot->evidence.usr_fec), facts->usr_fec.name);
        r = hold_devices(boot, err);
        if (r < 0)
                return r;
        log_info("boot disk %s, data on %s, hash tree on %s", facts->boot_disk[0] ? facts->boot_disk : "unknown",
                 facts->usr_data.name, facts->usr_hash.name);
        return 0;
}
