/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "verinit/witness.h"

#include <errno.h>

#include "verinit/fsat.h"
#include "verinit/smbios.h"
#include "verinit/tcg2_log.h"

#define EVENT_LOG "sys/kernel/security/tpm0/binary_bios_measurements"
/* Always there where the kernel found an SMBIOS; sys/firmware/dmi/entries would take a module. */
#define SMBIOS_TABLE "sys/firmware/dmi/tables/DMI"

static char smbios_table[SMBIOS_MAX_BYTES + 1];

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
        for (size_t i = 0; i < PROVENANCE_PCRS; i++)
                for (size_t j = 0; j < m->banks.n; j++) {
                        r = tpm_read_pcr(m->tpm, pcrs[i], m->banks.algs[j], &in->pcrs[i][j], err);
                        if (r < 0)
                                return r;
                }
        if (floor->tpm_ek_size > 0) {
                tpm_session_end(m->tpm);
                boot->evidence.provenance.is_tpm_key_checked = true;
        }
        in->banks = m->banks;
        return 0;
}

static void read_smbios(int root_fd, struct smbios_extras *extras, struct provenance_input *in)
{
        ssize_t n = fsat_read(root_fd, SMBIOS_TABLE, smbios_table, sizeof(smbios_table));

        if (n < 0)
                return;
        smbios_find_extras(smbios_table, (size_t) n, extras);
        in->is_smbios_read = true;
        in->smbios_extras = extras->values;
        in->n_smbios_extras = extras->n;
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
        };
        const char *unasked = unasked_because(&boot->facts);
        struct smbios_extras extras = {};
        _cleanup_free_ void *log = NULL;
        struct provenance p = {};
        int r, log_read = 0;

        read_smbios(boot->root_fd, &extras, &in);
        if (!unasked) {
                r = read_pcrs(boot, &in, err);
                if (r < 0)
                        return r;
                log_read = fsat_read_alloc(boot->root_fd, EVENT_LOG, TCG2_LOG_MAX_BYTES, &log, &in.log_size);
                in.log = log;
        }
        r = provenance_prove(&in, &p, err);
        if (r < 0)
                return r;
        if (unasked)
                p.reason = unasked;
        else if (log_read == -EFBIG)
                p.reason = "event-log-too-long";
        note(&boot->evidence.provenance, &in, &p);
        *ret = p;
        return 0;
}
