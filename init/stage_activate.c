/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Stage activate: the kernel's mapping, and the kernel's own word that it is the one that was meant.
 */
#include <errno.h>

#include "verinit/boot.h"
#include "verinit/devices.h"
#include "verinit/dm.h"
#include "verinit/fsat.h"
#include "verinit/log.h"
#include "verinit/signature.h"

/* systemd's name: the host's veritysetup generator takes an active "usr" for its own and leaves it alone. */
#define USR_NAME "usr"

/* ENOENT: 6.12 compiles the parameter with the check of signatures, or not at all (drivers/md/Makefile). */
static int refuse_unknown(int e, struct error *err)
{
        if (e == ENOENT)
                return error_set(err, FAIL_VERITY_TAKES_UNSIGNED_CODE, e,
                                 "/" DM_REQUIRE_SIGNATURES " is not there, so the kernel's dm-verity checks no signature of the volumes that "
                                 "the host opens: it needs CONFIG_DM_VERITY_VERIFY_ROOTHASH_SIG=y");
        return error_set(err, FAIL_VERITY_TAKES_UNSIGNED_CODE, e,
                         "/" DM_REQUIRE_SIGNATURES ", whether the kernel's dm-verity wants signatures of all volumes, cannot be read: %s",
                         errno_name(e));
}

/*
 * /usr needs its signature either way; this is for the volumes that the host opens later. The parameter was given with the module,
 * and a dm-verity that is built into the kernel had no module to give it with. Nobody can write it now (6.12, mode 0444).
 */
static int check_signatures_are_required(const struct boot *boot, struct error *err)
{
        char value[8];
        ssize_t n;

        if (boot->config.floor.root_hash_signature == NEED_ALLOW)
                return 0;
        n = fsat_read_line(boot->root_fd, DM_REQUIRE_SIGNATURES, value, sizeof(value));
        if (n < 0)
                return refuse_unknown((int) -n, err);
        if (str_equal(value, "Y"))
                return 0;
        return error_set(err, FAIL_VERITY_TAKES_UNSIGNED_CODE, EINVAL,
                         "/" DM_REQUIRE_SIGNATURES " is '%s': the kernel's dm-verity would open volumes without a signature, which the floor "
                         "does not allow; if it is built into the kernel, put dm_verity.require_signatures=1 on the command line",
                         value);
}

/*
 * The table has the numbers of the devices that were found. Held since then, they cannot have become another's; and if the
 * disk was pulled, or its medium exchanged, that is said here and not by the first read that fails.
 */
static int check_devices(struct boot *boot, struct error *err)
{
        const struct facts *facts = &boot->facts;
        int r;

        r = devices_check_unchanged(boot, &facts->usr_data, boot->data_fd, err);
        if (r == 0)
                r = devices_check_unchanged(boot, &facts->usr_hash, boot->hash_fd, err);
        if (r == 0 && facts->usr_fec.is_found)
                r = devices_check_unchanged(boot, &facts->usr_fec, boot->fec_fd, err);
        return r;
}

/* Where dm-verity looks for it while the table is loaded; afterwards nobody needs it. */
static int hand_over_signature(const struct proven_signature *signature, int32_t *ret_serial, struct error *err)
{
        const struct signature_der *der = proven_signature_der(signature);
        int r = os_add_key(SIGNATURE_KEY_NAME, der->bytes, der->size, ret_serial);

        if (r < 0)
                return error_set(err, FAIL_DM_FAILED_CODE, -r,
                                 "the kernel takes no key for the signature of the root hash: %s", errno_name(-r));
        return 0;
}

static int take_back_signature(struct boot *boot, int32_t serial, struct error *err)
{
        int r = os_drop_key(serial);

        if (r < 0)
                return error_set(err, FAIL_DM_FAILED_CODE, -r, "the signature's key cannot be removed: %s",
                                 errno_name(-r));
        (void) str_copy(boot->evidence.signature_kernel, sizeof(boot->evidence.signature_kernel), "accepted");
        return 0;
}

int stage_activate(struct boot *boot, struct error *err)
{
        struct evidence *e = &boot->evidence;
        int32_t serial = 0;
        int r = check_signatures_are_required(boot, err);

        if (r == 0 && boot->signature)
                r = hand_over_signature(boot->signature, &serial, err);
        if (r == 0)
                r = verity_activate(boot->verified, USR_NAME, &boot->active, err);
        if (r == 0 && boot->signature)
                r = take_back_signature(boot, serial, err);
        if (r < 0)
                return r;
        (void) str_copy(e->dm_name, sizeof(e->dm_name), active_volume_name(boot->active));
        verity_dm_uuid(verified_root_superblock(boot->verified)->uuid, USR_NAME, e->dm_uuid);
        (void) str_copy(e->dm_table, sizeof(e->dm_table), active_volume_table(boot->active));

        r = check_devices(boot, err);
        if (r < 0)
                return r;
        /* The mapping holds the devices now, and its table names the numbers that were verified. */
        boot->data_fd = fd_close(boot->data_fd);
        boot->hash_fd = fd_close(boot->hash_fd);
        boot->fec_fd = fd_close(boot->fec_fd);
        log_info("/dev/mapper/" USR_NAME " is up, table and status are as meant");
        return 0;
}
