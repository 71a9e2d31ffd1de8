/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * poison PCR...: what PID 1 does to the TPM when a boot fails, by its own code, on a host that has come up; but only those PCRs
 * are let through, so that each can be looked at by itself.
 */
#include <stdio.h>

#include "verinit/measure.h"

#define REASON "bug"

static bool is_wanted[TPM_PCRS];
static unsigned n_extended;

int __real_tpm_extend(struct tpm *tpm, unsigned pcr, const struct digest *digests, size_t n_digests, struct error *err);
int __wrap_tpm_extend(struct tpm *tpm, unsigned pcr, const struct digest *digests, size_t n_digests, struct error *err);

int __wrap_tpm_extend(struct tpm *tpm, unsigned pcr, const struct digest *digests, size_t n_digests, struct error *err)
{
        int r;

        if (!is_wanted[pcr])
                return 0;
        r = __real_tpm_extend(tpm, pcr, digests, n_digests, err);
        n_extended += r == 0 ? 1 : 0;
        return r;
}

int main(int argc, char *argv[])
{
        struct measure m = { .root_fd = -1 };
        struct error err = {};
        unsigned n_wanted = 0;

        for (int i = 1; i < argc; i++) {
                unsigned long pcr = strtoul(argv[i], NULL, 10);

                if (pcr >= TPM_PCRS)
                        return 2;
                n_wanted += is_wanted[pcr] ? 0 : 1;
                is_wanted[pcr] = true;
        }
        if (tpm_open("/dev/tpmrm0", &m.tpm, &err) < 0 || tpm_read_banks(m.tpm, &m.banks, &err) < 0) {
                fprintf(stderr, "poison: %s\n", err.msg);
                return 1;
        }
        measure_poison(&m, REASON);
        tpm_close(m.tpm);
        printf("poison: %u of %u\n", n_extended, n_wanted);
        return n_extended == n_wanted ? 0 : 1;
}
