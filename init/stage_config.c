/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Stage config: floor and command line become one const boot_config. No device is touched.
 */
#include <errno.h>
#include <inttypes.h>

#include "verinit/boot.h"
#include "verinit/floor_check.h"
#include "verinit/floor_note.h"
#include "verinit/fsat.h"
#include "verinit/log.h"
#include "verinit/panic.h"

static char floor_text[FLOOR_MAX_BYTES + 1];
static char cmdline_text[CMDLINE_MAX_BYTES + 2];

static int read_floor(struct boot *boot, struct floor *ret, struct error *err)
{
        const struct digest note = floor_note();
        ssize_t n;
        int r;

        floor_init(ret);
        n = fsat_read(boot->root_fd, FLOOR_PATH, floor_text, sizeof(floor_text));
        /* What we packed can be read. */
        if (n < 0 && n != -ENOENT)
                return error_set(err, FAIL_FLOOR_DIGEST_MISMATCH_CODE, (int) -n, "cannot read /" FLOOR_PATH ": %s",
                                 errno_name((int) -n));
        /* Before it is parsed: another's floor is not even malformed. */
        r = floor_check_digest(&note, n < 0 ? NULL : floor_text, n < 0 ? 0 : (size_t) n, err);
        if (r < 0)
                return r;
        if (n < 0) {
                log_debug("no floor: everything is required");
                return 0;
        }
        return floor_parse(floor_text, (size_t) n, ret, err);
}

int stage_config(struct boot *boot, struct error *err)
{
        struct boot_config *config = &boot->config;
        struct floor floor;
        char root[160];
        ssize_t n;
        int r;

        r = read_floor(boot, &floor, err);
        if (r < 0)
                return r;
        /* At once: a failure from here on already waits and ends as the floor says. */
        config->floor = floor;
        r = panic_set(boot->root_fd, floor.panic_timeout_s, err);
        if (r < 0)
                return r;

        n = fsat_read(boot->root_fd, "proc/cmdline", cmdline_text, sizeof(cmdline_text));
        if (n == -EFBIG)
                return error_set(err, FAIL_CMDLINE_TOO_LONG_CODE, E2BIG, "/proc/cmdline is longer than %d bytes",
                                 CMDLINE_MAX_BYTES);
        if (n < 0)
                return error_set(err, FAIL_CMDLINE_UNREADABLE_CODE, (int) -n, "cannot read /proc/cmdline");
        r = boot_config_parse(cmdline_text, (size_t) n, CMDLINE_KERNEL_LIMIT, &floor, config, err);
        if (r < 0)
                return r;

        log_set_debug(config->debug);
        boot->evidence.is_debug = config->debug;
        hex_encode(config->root_hash, config->root_hash_size, boot->evidence.root_hash);
        (void) str_copy(boot->evidence.slot, sizeof(boot->evidence.slot), config->acl_slot);
        device_spec_format(&config->root, root, sizeof(root));
        log_info("usrhash %.16s…, root %s%s%s", boot->evidence.root_hash, root_kind_name(config->root_kind),
                 config->root.kind == DEVICE_NONE ? "" : " ", config->root.kind == DEVICE_NONE ? "" : root);
        log_debug("command line: %s", config->cmdline_text);
        log_debug("device timeout %" PRIu64 " s, init %s, panic timeout %u s", config->device_timeout_us / 1000000,
                  config->init_path, floor.panic_timeout_s);
        return 0;
}
