/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A software TPM for one test: started, and reached through tcti_swtpm.
 */
#pragma once

#include "tcti_swtpm.h"
#include "temp_dir.h"
#include "verinit/tpm.h"

struct swtpm {
        struct temp_dir dir;
        int pid;
        struct tpm *tpm; /* open */
};

int swtpm_start(struct swtpm *s); /* 0, or -1 */
int swtpm_stop(struct swtpm *s);
void swtpm_open(struct swtpm *s); /* after a tpm_close() */

/* tpm_read_pcrs() of one value; *ret is what that leaves of it. */
int swtpm_read_pcr(struct tpm *tpm, unsigned pcr, enum digest_alg alg, struct digest *ret, struct error *err);
