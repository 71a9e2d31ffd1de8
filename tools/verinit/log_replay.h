/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What the logs make of each PCR in each bank, and what is to be thought of it beside the TPM's value.
 */
#pragma once

#include "log_events.h"
#include "log_values.h"

enum log_verdict {
        LOG_UNDECIDED = 0,
        LOG_DIFFERS,
        LOG_EQUAL,
        LOG_NOT_COMPARED, /* no value was given, or none of these logs says how it came about */
};

struct log_pcr {
        struct digest value;
        size_t n_events;
        const struct log_event *incomplete; /* the first that has no digest of this bank: value is that before it */
        enum log_verdict verdict;
        char *why;                       /* of UNDECIDED and DIFFERS */
        const struct log_event *culprit; /* the first event that cannot be so; NULL: it cannot be told */
};

struct log_replay {
        struct log_pcr pcrs[TPM_PCRS][_DIGEST_ALG_MAX]; /* value.alg is DIGEST_NONE where the logs have no such bank */
        char *lie;                                      /* of a userspace record that is not what it says; NULL: none */
        const struct log_event *liar;
};

/* log_pcrs.c */
int log_replay_run(const struct log_events *l, struct log_replay *ret, struct trouble *t);
void log_replay_done(struct log_replay *r);
/* The value as if `without` had not been measured (NULL: all are), and before `end` was (NULL: after all). */
int log_pcr_compute(const struct log_events *l, unsigned pcr, enum digest_alg alg, const struct log_event *without,
                    const struct log_event *end, struct log_pcr *ret, struct trouble *t);

/* log_verdict.c */
int log_replay_judge(const struct log_events *l, const struct log_values *v, struct log_replay *r, struct trouble *t);
