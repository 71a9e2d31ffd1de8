/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Stage prove: what the kernel handed us is what was signed. The first witness is the text baked into the initramfs, the
 * second the firmware's log and the TPM.
 *
 * Boot menus without Secure Boot, signed add-ons of another release, SMBIOS strings (which systemd-stub appends under
 * Secure Boot too) and the kernel's own built-in words can all lengthen the command line after signing. It runs before our
 * first extend: the PCRs are still those of firmware, stub and kernel.
 */
#include <errno.h>

#include "verinit/firmware.h"
#include "verinit/floor_check.h"
#include "verinit/fsat.h"
#include "verinit/log.h"
#include "verinit/proof.h"
#include "verinit/witness.h"

#define BAKED_PATH "etc/verinit/cmdline"

static char baked_text[CMDLINE_MAX_BYTES + 1];

/* First, since what else is believed of loader and stub comes from such variables. */
static int check_variables(const struct facts *facts, struct error *err)
{
        if (facts->forged_variable[0] == '\0')
                return 0;
        if (facts->forged_errno == EFBIG)
                return error_set(err, FAIL_LOADER_VARIABLE_FORGED_CODE, EFBIG,
                                 "the EFI variable %s is longer than any that loader and stub set", facts->forged_variable);
        if (facts->forged_errno != 0)
                return error_set(err, FAIL_LOADER_VARIABLE_UNREADABLE_CODE, facts->forged_errno,
                                 "the EFI variable %s is there and cannot be read: whose it is is not known",
                                 facts->forged_variable);
        return error_set(err, FAIL_LOADER_VARIABLE_FORGED_CODE, EPERM,
                         "the EFI variable %s has the attributes 0x%x: loader and stub set it with 0x6, and what is kept "
                         "was written by a running system", facts->forged_variable, facts->forged_attributes);
}

static int check_secure_boot(struct boot *boot, struct error *err)
{
        const struct facts *facts = &boot->facts;
        struct evidence_provenance *e = &boot->evidence.provenance;

        (void) str_copy(e->secure_boot, sizeof(e->secure_boot), facts->is_secure_boot ? "on" : "off");
        if (facts->is_secure_boot || boot->config.floor.secure_boot == NEED_ALLOW)
                return 0;
        return error_set(err, FAIL_SECURE_BOOT_OFF_CODE, ENOTSUP,
                         "Secure Boot does not hold: %s, and the floor requires it (secure-boot=require)",
                         facts->insecure_because);
}

/* *ret stays NULL where none is packed and the floor allows that. */
static int read_baked(const struct boot *boot, const char **ret, struct error *err)
{
        const struct floor *floor = &boot->config.floor;
        ssize_t n = fsat_read(boot->root_fd, BAKED_PATH, baked_text, sizeof(baked_text));
        int r;

        /* One that the floor names was packed, whatever the floor allows. */
        if (n == -ENOENT && floor->cmdline == NEED_ALLOW && floor->baked_cmdline.alg == DIGEST_NONE)
                return 0;
        if (n == -ENOENT)
                return error_set(err, FAIL_BAKED_CMDLINE_MISSING_CODE, ENOENT, "the initramfs has no /" BAKED_PATH);
        if (n < 0)
                return error_set(err, FAIL_BAKED_CMDLINE_MISSING_CODE, (int) -n, "cannot read /" BAKED_PATH);
        r = floor_check_file(BAKED_PATH, "baked-cmdline", &floor->baked_cmdline, baked_text, (size_t) n, err);
        if (r < 0)
                return r;
        *ret = baked_text;
        return 0;
}

/* The second witness has been asked and says of the words what the first does, who can name them. */
static bool is_about_words(const struct error *err)
{
        return err->code == FAIL_EVENT_UNEXPLAINED_CODE || err->code == FAIL_CMDLINE_NOT_SIGNED_CODE;
}

/*
 * Both witnesses. Words behind the packed text that the floor does not list as such may be those of an add-on: that, only
 * the second can say. Where it does not, the first one's refusal stands; a second witness who lies, or cannot be asked, is not
 * passed over for it.
 */
static int hear_witnesses(struct boot *boot, const char *baked, struct provenance *ret, struct error *err)
{
        const struct boot_config *config = &boot->config;
        struct evidence *e = &boot->evidence;
        struct error difference = {};
        struct provenance p = {};
        size_t n_extra = 0;
        int r, first = 0;

        if (baked)
                first = proof_cmdline(config->cmdline_text, baked, 0, &config->floor, &n_extra, &difference);
        if (first == 0 || config->floor.n_addons > 0) {
                r = witness_prove(boot, baked, &p, err);
                if (r < 0 && (first == 0 || !is_about_words(err)))
                        return r;
                if (r < 0)
                        log_error("%s", err->msg);
                if (r == 0 && first < 0 && p.addons_size > 0)
                        first = proof_cmdline(config->cmdline_text, baked, p.addons_size, &config->floor, &n_extra,
                                              &difference);
        }
        if (first < 0) {
                *err = difference;
                return first;
        }
        (void) str_copy(e->cmdline_proof, sizeof(e->cmdline_proof),
                        !baked ? "not-baked" : n_extra > 0 || p.addons_size > 0 ? "baked+extra-words" : "baked");
        *ret = p;
        return 0;
}

int stage_prove(struct boot *boot, struct error *err)
{
        const struct floor *floor = &boot->config.floor;
        const char *baked = NULL;
        struct provenance p = {};
        int r;

        r = check_variables(&boot->facts, err);
        if (r < 0)
                return r;
        r = firmware_check_systemd_options(&boot->facts, err);
        if (r < 0)
                return r;
        r = check_secure_boot(boot, err);
        if (r < 0)
                return r;
        r = read_baked(boot, &baked, err);
        if (r < 0)
                return r;
        r = hear_witnesses(boot, baked, &p, err);
        if (r < 0)
                return r;
        if (p.verdict != PROVENANCE_PROVED && floor->cmdline_replay != NEED_ALLOW)
                return error_set(err, FAIL_CMDLINE_UNPROVED_CODE, ENODATA,
                                 "the TPM cannot bear witness to the command line (%s), and the floor requires that "
                                 "(cmdline-replay=require)", p.reason);
        boot->is_cmdline_proved = baked || p.verdict == PROVENANCE_PROVED;
        if (!boot->is_cmdline_proved)
                return stage_skip(boot, STAGE_PROVE, "cmdline-not-baked");
        log_info("command line: %s; replay: %s%s%s", boot->evidence.cmdline_proof, boot->evidence.provenance.replay,
                 p.reason ? ", " : "", p.reason ? p.reason : "");
        return 0;
}
