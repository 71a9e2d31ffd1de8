/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What the files of the adapter to tpm2-tss share: the connection, and how an answer becomes an error.
 */
#pragma once

#include <tss2/tss2_esys.h>
#include <tss2/tss2_rc.h>

#include "verinit/tpm.h"

enum { TCTI_MAX_BYTES = 8192 /* the device TCTI's context holds a response buffer of 4096 */ };

/* Outlives the connections. */
struct tcti_waiting {
        void (*call)(void *userdata); /* NULL: nobody waits with us */
        void *userdata;
        int32_t silence_ms; /* so far */
};

/* tcti_bounded.c. A connection whose waits have an end, and whose answers are whole. */
struct tcti_bounded {
        TSS2_TCTI_CONTEXT_COMMON_V1 common; /* first: what ESYS is given */
        TSS2_TCTI_CONTEXT *below;
        int32_t answer_ms;
        struct tcti_waiting *waiting;
        int32_t waited_ms; /* for the last answer, in vain */
        bool has_hung; /* no answer came in time, and perhaps one comes later */
};

TSS2_TCTI_CONTEXT *tcti_bounded_init(struct tcti_bounded *b, TSS2_TCTI_CONTEXT *below, int32_t answer_ms,
                                     struct tcti_waiting *waiting);

struct tpm {
        bool is_open;
        char path[64];
        ESYS_CONTEXT *esys; /* NULL between a broken connection and the next call */
        TSS2_TCTI_CONTEXT *tcti;
        struct tcti_bounded bounded; /* what tcti points to; that which it bounds is in tcti_storage */
        struct tcti_waiting waiting;
        bool has_hung;               /* once, on any connection: it is not waited for as long again */
        bool is_session_on; /* PCRs are read through the session, or not at all */
        ESYS_TR session;    /* ESYS_TR_NONE: there is none, or it broke with its connection */
        _Alignas(max_align_t) uint8_t tcti_storage[TCTI_MAX_BYTES];
};

/* Connects, if a failure has ended the connection before. */
TSS2_RC tpm_esys_connect(struct tpm *tpm);

/* After an answer of that kind. */
void tpm_esys_drop_if_broken(struct tpm *tpm, TSS2_RC rc);

/* The TPM said "not now": waits, longer each time, and is true; false once it has been enough, or for another answer. */
bool tpm_esys_retry(TSS2_RC rc, unsigned *n_tried);

int tpm_esys_error(struct error *err, enum fail_code code, struct tpm *tpm, TSS2_RC rc, const char *what);
