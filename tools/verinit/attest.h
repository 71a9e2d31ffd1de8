/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What is found out about a quote, one finding after the other, so that each deviation is named.
 */
#pragma once

#include "log_replay.h"
#include "measure_export.h"
#include "quote.h"

enum attest_verdict { ATTEST_UNDECIDED = 0, ATTEST_FALSE, ATTEST_TRUE };

struct attest_finding {
        const char *check;        /* "signature", "nonce", "log", "pcr" */
        enum attest_verdict verdict;
        unsigned pcr;             /* of "pcr" */
        enum digest_alg alg;      /* likewise; DIGEST_NONE: of no bank */
        struct digest value;      /* what was quoted; DIGEST_NONE: not known */
        char *what;               /* what it is, or why it is not so */
};

struct attest {
        size_t n;
        struct attest_finding *findings;
        bool has_values;          /* the digest of the quote is that of the logs' values */
        bool secure_boot[2];      /* states that all values allow: off, on */
        bool is_state_known;      /* a value of PCR 4 or 7 was compared */
        const char *phase;        /* that of PCR 11 */
};

struct attest_finding *attest_add(struct attest *a, const char *check, enum attest_verdict verdict, char *what);
void attest_done(struct attest *a);

/* attest_quote.c: the digest in the quote beside the logs. */
int attest_compare_logs(struct attest *a, const struct quote *q, enum digest_alg alg, const struct log_events *l,
                        const struct log_replay *r, struct trouble *t);

struct attest_demand {
        const char *secure_boot, *phase; /* NULL: any that is predicted */
};

/* attest_values.c: the logs' values, proved by the quote, beside measurements.json. */
int attest_compare_values(struct attest *a, const struct quote *q, const struct log_replay *r, const struct prediction *p,
                          const struct attest_demand *d, struct trouble *t);
