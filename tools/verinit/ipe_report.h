/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What a policy says, for people and as JSON, and what is wrong with it.
 */
#pragma once

#include "ipe_policy_text.h"
#include "json_value.h"

struct ipe_report {
        const char *path;       /* for messages */
        struct buffer file;     /* as it is deployed; empty where it is not signed */
        struct buffer text;
        struct ipe_rules rules;
        const char *verified_by; /* the certificate; NULL: that was not asked */
        size_t n_findings;
        struct ipe_finding findings[IPE_MAX_FINDINGS];
};

void ipe_report_done(struct ipe_report *r);

/* A signed policy, or its text: tells them apart, and takes *file. FALSE: PID 1 or the kernel would not take it. */
int ipe_report_read(const char *path, struct buffer *file, struct ipe_report *ret, struct trouble *t);

/* Parses and judges r->text for these volumes; none: no volume is asked for. */
int ipe_report_judge(struct ipe_report *r, const struct digest *root_hashes, size_t n, struct trouble *t);

int ipe_report_print(const struct ipe_report *r, enum json_how how, struct trouble *t);

/* 0; FALSE with the first problem. */
int ipe_report_verdict(const struct ipe_report *r, struct trouble *t);

/* All of that, less the report: whether a signed policy is sound. path is for the message; root_hash NULL: no volume is asked for. */
int ipe_report_check(const char *path, const void *policy, size_t size, const struct digest *root_hash, struct trouble *t);
