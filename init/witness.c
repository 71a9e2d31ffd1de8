/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "verinit/witness.h"

#include <errno.h>

#include "verinit/fsat.h"
#include "verinit/smbios.h"
#include "verinit/tcg2_log.h"

#define EVENT_LOG "sys/kernel/security/tpm0/binary_bios_measurements"
/* Always there where the kernel found an SMBIOS; sys/firmware/dmi/entries would take a module. */
#define SMBIOS_TABLE "sys/firmware/dmi/tables/DMI"

/* Why there are no PCRs of this boot to ask for; NULL: there are. */
static const char *unasked_because(const struct facts *facts)
{
        if (facts->is_crash_kernel)
                return "crash-kernel"; /* they are those of the boot that crashed */
        switch (facts->tpm) {
        case TPM_STATE_MEASURED:
                return NULL;
        case TPM_STATE_UNMEASURED:
                return "unmeasured-uki";
        case TPM_STATE_ABSENT:
        default:
                return "no-tpm";
        }
}

static int read_pcrs(struct boot *boot, struct provenance_input *in, struct error *err)
{
        static const unsigned pcrs[PROVENANCE_PCRS] = PROVENANCE_PCR_LIST;
        const struct floor *floor = &boot->config.floor;
        struct measure *m = &boot->measure;
        int r;

        if (floor->tpm_ek_size > 0) {
                r = tpm_session_begin(m->tpm, floor->tpm_ek, floor->tpm_ek_size, err);
                if (r < 0)
                        return r;
        }
        r = tpm_read_pcrs(m->tpm, pcrs, PROVENANCE_PCRS, &m->banks, in->pcrs, err);
        if (r < 0)
                return r;
        if (floor->tpm_ek_size > 0) {
                tpm_session_end(m->tpm);
                boot->evidence.provenance.is_tpm_key_checked = true;
        }
        in->banks = m->banks;
        return 0;
}

/*
 * A kernel that found no SMBIOS shows none: then it was not looked at, and evidence says so. One that is there and cannot be
 * read whole is another thing: whoever fills it decides how long it is.
 */
static int read_smbios(int root_fd, void **ret, struct smbios_extras *extras, struct provenance_input *in, struct error *err)
{
        size_t size;
        int r = fsat_read_alloc(root_fd, SMBIOS_TABLE, SMBIOS_MAX_BYTES, ret, &size);

        if (r == -ENOENT)
                return 0;
        if (r < 0)
                return error_set(err, FAIL_SMBIOS_UNREADABLE_CODE, -r,
                                 "/" SMBIOS_TABLE " cannot be read, or has more than %d bytes: what it asks of systemd-stub "
                                 "is not known", SMBIOS_MAX_BYTES);
        smbios_find_extras(*ret, size, extras);
        in->is_smbios_read = true;
        in->smbios_extras = extras->values;
        in->n_smbios_extras = extras->n;
        return 0;
}

/* The kernel has no log to show: not provable. One that it cannot show, or that has no end, is not the same as none. */
static int read_log(int root_fd, void **ret, struct provenance_input *in, struct error *err)
{
        int r = fsat_read_alloc(root_fd, EVENT_LOG, TCG2_LOG_MAX_BYTES, ret, &in->log_size);

        if (r == -EFBIG)
                return error_set(err, FAIL_EVENT_LOG_MALFORMED_CODE, EFBIG,
                                 "the firmware's event log: more than %d bytes", TCG2_LOG_MAX_BYTES);
        if (r < 0 && r != -ENOENT)
                return error_set(err, FAIL_TPM_FAILED_CODE, -r, "the firmware's event log, /" EVENT_LOG ", cannot be read");
        in->log = *ret;
        return 0;
}

static void note(struct evidence_provenance *e, const struct provenance_input *in, const struct provenance *p)
{
        (void) str_copy(e->replay, sizeof(e->replay), p->verdict == PROVENANCE_PROVED ? "proved" : "not-provable");
        (void) str_copy(e->reason, sizeof(e->reason), p->reason ? p->reason : "");
        (void) str_copy(e->smbios, sizeof(e->smbios), in->is_smbios_read ? "clean" : "unread");
        e->n_events = p->n_events;
        e->n_addons = p->n_addons;
}

int witness_prove(struct boot *boot, const char *baked, struct provenance *ret, struct error *err)
{
        struct provenance_input in = {
                .read = boot->config.cmdline_text, .baked = baked, .floor = &boot->config.floor,
                .has_credentials = fsat_exists(boot->root_fd, ".extra/credentials"),
                .has_global_credentials = fsat_exists(boot->root_fd, ".extra/global_credentials"),
        };
        const char *unasked = unasked_because(&boot->facts);
        struct smbios_extras extras = {};
        _cleanup_free_ void *log = NULL, *smbios_table = NULL;
        struct provenance p = {};
        int r;

        r = read_smbios(boot->root_fd, &smbios_table, &extras, &in, err);
        if (r >= 0 && !unasked)
                r = read_pcrs(boot, &in, err);
        stage_lap("pcrs");
        if (r >= 0 && !unasked)
                r = read_log(boot->root_fd, &log, &in, err);
        if (r >= 0)
                r = provenance_prove(&in, &p, err);
        if (r < 0)
                return r;
        if (unasked)
                p.reason = unasked;
        note(&boot->evidence.provenance, &in, &p);
        *ret = p;
        return 0;
}
