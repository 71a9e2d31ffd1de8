/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * tpm.h without a TPM: keeps what was extended, in order. A PCR is computed when it is read.
 */
#pragma once

#include "verinit/tpm.h"

enum { FAKE_TPM_MAX_EXTENDS = 64 };

struct fake_tpm_extend {
        unsigned pcr;
        size_t n_digests;
        struct digest digests[TPM_MAX_BANKS];
};

struct fake_tpm {
        bool is_open;
        struct tpm_banks banks;
        struct digest measured[TPM_PCRS][TPM_MAX_BANKS]; /* before PID 1 */
        size_t key_name_size; /* the Name of the one key that it keeps; 0: none */
        uint8_t key_name[66];
        bool is_session_on;
        size_t n_extends;
        struct fake_tpm_extend extends[FAKE_TPM_MAX_EXTENDS];
        /* Called before the extend is noted, and before a wished-for failure: what does the world look like just then? */
        void (*on_extend)(unsigned pcr);
        void (*on_wait)(void *userdata); /* as tpm_on_wait() was given it */
        void *waiting;
        uint64_t answer_us; /* that each command takes; who waits is called every 3 s */
};

extern struct fake_tpm fake_tpm;

/* Closed, nothing extended, banks SHA-1 and SHA-256. */
void fake_tpm_reset(void);

/* How often this PCR was extended. */
size_t fake_tpm_count(unsigned pcr);
