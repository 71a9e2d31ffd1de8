/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What a unified kernel image holds, for verinit uki inspect and for what verinit uki build has made. All of it is untrusted; text in it is
 * made printable.
 */
#pragma once

#include "verinit/bzimage.h"

#include "initrd_report.h"
#include "pcr_policy.h"
#include "uki.h"

enum { UKI_REPORT_MAX_PROBLEMS = 32, UKI_REPORT_MAX_PROFILES = 32 };

struct uki_row {
        struct pe_section section;
        unsigned profile; /* UKI_COMMON: of all */
        unsigned order;   /* in which systemd-stub measures it, from 1; 0: not, or not in the first profile that has it */
        struct digest sha256;
};

struct uki_policy {
        const char *phase;           /* after which PCR 11 is so; NULL: after none that was asked */
        enum digest_alg signed_with; /* DIGEST_NONE: not by .pcrpkey, or that is not there */
};

struct uki_profile {
        unsigned number;
        char *text;                     /* .profile; NULL: none. As the following */
        char *cmdline, *uname, *osrel;
        char kernel[BZIMAGE_RELEASE_MAX + 1]; /* the release that .linux says of itself; empty: it does not */
        bool has_key, has_policies;     /* .pcrpkey that can be read; .pcrsig, likewise */
        struct digest fingerprint;
        struct pcr_policies policies;
        struct uki_policy *answers; /* one a policy */
};

struct uki_report {
        const char *path;
        struct uki uki;
        struct digest sha256, authenticode[_DIGEST_ALG_MAX];
        struct uki_row *rows; /* uki.pe.n_sections */
        size_t n_signatures;
        char **signatures; /* who each says that it is by */
        const char *verified_by; /* a certificate, by which one of them was verified; NULL: nobody asked */
        bool has_initrd;
        struct report initrd; /* of the first profile; with has_initrd */
        size_t n_profiles;
        struct uki_profile profiles[UKI_REPORT_MAX_PROFILES];
        /* Each would end a boot, or is not what a good build makes. */
        size_t n_problems;
        char *problems[UKI_REPORT_MAX_PROBLEMS];
};

/* *file is the report's then; the phases, for .pcrsig, are those of choice. *ret must be static: it is large. */
int uki_report_make(const char *path, struct buffer *file, const struct predict_input *choice, struct uki_report *ret, struct trouble *t);
void uki_report_done(struct uki_report *r);

/* For what fills it. */
void uki_report_problem(struct uki_report *r, const char *fmt, ...) _printf_(2, 3);
void uki_report_find_problems(struct uki_report *r);

void uki_report_print_text(const struct uki_report *r);
int uki_report_print_json(const struct uki_report *r, bool is_pretty, struct trouble *t);

/* FALSE, with the first, where there are any. */
int uki_report_verdict(const struct uki_report *r, struct trouble *t);
