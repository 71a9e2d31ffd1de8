/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * PCR values that a replay is compared with, wherever they come from.
 */
#pragma once

#include "verinit/tpm.h"

#include "tool.h"

#define LOG_TPM_PATH "/sys/class/tpm/tpm0"

struct log_value {
        struct digest digest; /* DIGEST_NONE: not given */
        bool is_named;        /* by --pcr: somebody wants to know about this one */
};

struct log_values {
        size_t n;
        char unknown_bank[32]; /* one that has values and that we cannot compute; empty: none */
        struct log_value pcrs[TPM_PCRS][_DIGEST_ALG_MAX];
};

/* A value that is given twice has to be the same. */
int log_values_add(struct log_values *v, const char *pcr, const char *bank, const char *hex, bool is_named, struct trouble *t);
/* "11:sha256=HEX" */
int log_values_add_word(struct log_values *v, const char *word, struct trouble *t);
/* What the kernel shows of a TPM: a directory with pcr-BANK/NUMBER. */
int log_values_add_tpm(struct log_values *v, const char *path, struct trouble *t);

/*
 * log_values_yaml.c (libyaml). A map of banks of PCRs of values, as tpm2_pcrread prints it, or as JSON, which is YAML too; or that
 * under the key "pcrs", as tpm2_eventlog prints it.
 */
int log_values_add_file(struct log_values *v, const char *path, struct trouble *t);
