/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Stage prove: what the kernel handed us is what was signed. First witness: the text baked into the initramfs.
 *
 * Boot menus without Secure Boot, signed add-ons of another release, SMBIOS strings (which systemd-stub appends under
 * Secure Boot too) and the kernel's own built-in words can all lengthen the command line after signing.
 */
#include <errno.h>

#include "verinit/boot.h"
#include "verinit/firmware.h"
#include "verinit/floor_check.h"
#include "verinit/fsat.h"
#include "verinit/log.h"
#include "verinit/proof.h"

#define BAKED_PATH "etc/verinit/cmdline"

static char baked_text[CMDLINE_MAX_BYTES + 1];

int stage_prove(struct boot *boot, struct error *err)
{
        const struct boot_config *config = &boot->config;
        struct evidence *e = &boot->evidence;
        size_t n_extra = 0;
        ssize_t n;
        int r;

        r = firmware_check_systemd_options(&boot->facts, err);
        if (r < 0)
                return r;
        n = fsat_read(boot->root_fd, BAKED_PATH, baked_text, sizeof(baked_text));
        if (n == -ENOENT) {
                /* One that the floor names was packed, whatever the floor allows. */
                if (config->floor.cmdline != NEED_ALLOW || config->floor.baked_cmdline.alg != DIGEST_NONE)
                        return error_set(err, FAIL_BAKED_CMDLINE_MISSING_CODE, ENOENT,
                                         "the initramfs has no /" BAKED_PATH);
                (void) str_copy(e->cmdline_proof, sizeof(e->cmdline_proof), "not-baked");
                return stage_skip(boot, STAGE_PROVE, "cmdline-not-baked");
        }
        if (n < 0)
                return error_set(err, FAIL_BAKED_CMDLINE_MISSING_CODE, (int) -n, "cannot read /" BAKED_PATH);

        r = floor_check_file(BAKED_PATH, "baked-cmdline", &config->floor.baked_cmdline, baked_text, (size_t) n, err);
        if (r < 0)
                return r;
        r = proof_cmdline(config->cmdline_text, baked_text, 0, &config->floor, &n_extra, err);
        if (r < 0)
                return r;
        (void) str_copy(e->cmdline_proof, sizeof(e->cmdline_proof), n_extra > 0 ? "baked+extra-words" : "baked");
        log_info("command line is the one baked in%s", n_extra > 0 ? ", and words that the floor allows" : "");
        return 0;
}
