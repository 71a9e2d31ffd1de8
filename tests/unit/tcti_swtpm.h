/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A TPM for tests of measure/tpm_esys.c: tcti_init() is answered from here instead of from measure/tcti_device.c. It
 * talks to a software TPM over a socket pair, and can answer in its place.
 */
#pragma once

#include "verinit/base.h"

enum { TCTI_MAX_ANSWERS = 64 };

struct tcti_answer {
        uint8_t bytes[96];
        size_t size; /* 0: the transport fails */
};

struct tcti_swtpm {
        int fd; /* to the TPM */
        unsigned n_inits;    /* connections made */
        unsigned n_commands; /* seen, whoever answered */
        uint8_t last_command[512];
        size_t last_size;
        /* Given instead of the TPM's, which does not see the command. */
        size_t n_answers, next_answer;
        struct tcti_answer answers[TCTI_MAX_ANSWERS];
        bool is_refusing; /* new connections */
        unsigned n_refuse; /* that many of them */
        /* A TPM that hangs: the time that it is given is over at once. It may have taken the command all the same. */
        bool is_silent, is_taking;
        unsigned n_silent;  /* that many waits, and then it answers */
        int32_t waited_ms;  /* in vain, for the last command: as long as it was given */
        unsigned delay_ms;  /* before each answer */
        unsigned n_ends;    /* connections that were ended */
        void (*on_command)(const uint8_t *command); /* before the TPM sees it; may set any of these */
        bool is_breaking; /* the TPM takes it, its answer is lost with the connection */
        unsigned n_passed; /* commands that the TPM got */
        void (*alter)(const uint8_t *command, uint8_t *response, size_t *size); /* what the TPM said, before it is handed on */
};

extern struct tcti_swtpm tcti_swtpm;

/* One answer with nothing but this response code. */
void tcti_answer_code(uint32_t code);
void tcti_answer_bytes(const uint8_t *bytes, size_t size);
void tcti_answer_failure(void);
