/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <stdarg.h>
#include <stdio.h>

#include "verinit/uki.h"

#include "certificate.h"
#include "uki_report.h"
#include "uki_same.h"

void uki_report_problem(struct uki_report *r, const char *fmt, ...)
{
        va_list args;
        char *text;

        if (r->n_problems == UKI_REPORT_MAX_PROBLEMS)
                return;
        va_start(args, fmt);
        if (vasprintf(&text, fmt, args) >= 0)
                r->problems[r->n_problems++] = tool_printable(text);
        va_end(args);
}

/* As that profile sees the image: it owns nothing. */
static struct uki as_seen_by(const struct uki *uki, unsigned profile)
{
        struct uki view = *uki;

        view.profile = profile;
        return view;
}

static char *text_of(const struct uki *view, const char *name)
{
        struct pe_section s;

        return uki_section(view, name, &s) ?
                tool_format("%.*s", (int) s.size, s.size > 0 ? (const char *) view->file.data + s.offset : "") : NULL;
}

/* Lines stay lines: what prints them prints each alone. */
static char *printable_lines(char *text)
{
        for (char *p = text; p && *p; p++)
                if (*p != '\n' && ((unsigned char) *p < 0x20 || (unsigned char) *p > 0x7e))
                        *p = '?';
        return text;
}

static int hash_rows(struct uki_report *r, struct trouble *t)
{
        const struct uki *uki = &r->uki;

        r->rows = tool_alloc(uki->pe.n_sections, sizeof(*r->rows));
        for (unsigned i = 0; i < uki->pe.n_sections; i++) {
                struct uki_row *row = &r->rows[i];
                struct iovec part;

                *row = (struct uki_row) { .profile = uki_profile_of(uki, i) };
                (void) pe_section_at(&uki->pe, i, &row->section);
                /* What the file has of it, as `ukify inspect` says it. */
                part = (struct iovec) { uki->file.data + row->section.offset, row->section.size };
                if (predict_hash(DIGEST_SHA256, &part, 1, &row->sha256, t) < 0)
                        return -1;
                (void) tool_printable(row->section.name);
        }
        return 0;
}

static void number_rows(struct uki_report *r)
{
        for (size_t p = 0; p < r->n_profiles; p++) {
                const struct uki view = as_seen_by(&r->uki, (unsigned) p);
                unsigned order = 0;

                for (size_t i = 0; i < UKI_N_MEASURED; i++) {
                        struct pe_section s;

                        if (!uki_section(&view, uki_measured[i], &s))
                                continue;
                        order++;
                        for (unsigned j = 0; j < r->uki.pe.n_sections; j++) {
                                struct uki_row *row = &r->rows[j];

                                if (row->section.offset == s.offset && row->section.virtual_address == s.virtual_address && row->order == 0)
                                        row->order = order;
                        }
                }
        }
}

static int hash_program(struct uki_report *r, struct trouble *t)
{
        const struct iovec whole = { r->uki.file.data, r->uki.file.size };

        if (predict_hash(DIGEST_SHA256, &whole, 1, &r->sha256, t) < 0)
                return -1;
        for (enum digest_alg alg = DIGEST_SHA1; alg < _DIGEST_ALG_MAX; alg++)
                if (uki_authenticode(&r->uki, alg, &r->authenticode[alg], t) < 0)
                        return -1;
        return 0;
}

static void take_signer(const char *subject, void *userdata)
{
        struct uki_report *r = userdata;

        r->signatures = tool_grow(r->signatures, r->n_signatures, sizeof(*r->signatures));
        r->signatures[r->n_signatures++] = tool_strdup(subject);
}

static void read_signatures(struct uki_report *r)
{
        struct iovec table, pkcs7;
        int n;

        if (pe_certificates(&r->uki.pe, &table) < 0)
                return;
        while ((n = pe_certificate_next(&table, &pkcs7)) > 0)
                if (certificate_signers(&pkcs7, take_signer, r) < 0)
                        take_signer("nobody: it cannot be read", r);
        if (n < 0)
                uki_report_problem(r, "the table of signatures is malformed");
}

static int read_policies(const struct uki *view, const struct predict_input *choice, struct uki_profile *p, const struct buffer *json,
                         const struct public_key *key, struct trouble *t)
{
        _cleanup_pcr_policies_ struct pcr_policies known = {};
        static struct predict_input in;
        static struct prediction prediction;
        struct trouble ignored = {};
        int r;

        if (pcr_policies_parse(json, "its .pcrsig", &p->policies, t) < 0)
                return -1;
        p->has_policies = true;
        in = *choice;
        in.uki = *view;
        in.pcrs[11] = true;
        for (enum digest_alg alg = DIGEST_SHA1; alg < _DIGEST_ALG_MAX; alg++)
                in.banks[alg] = true;
        r = predict_make(&in, &prediction, &ignored);
        if (r == 0 && predict_is_given(&prediction, 11))
                r = pcr_policies_predict(&prediction, 1u << 11, &known, t);
        p->answers = tool_alloc(p->policies.n, sizeof(*p->answers));
        for (size_t i = 0; i < p->policies.n; i++) {
                const struct pcr_policy *same = pcr_policies_find(&known, &p->policies.list[i]);

                p->answers[i] = (struct uki_policy) {
                        .phase = same ? same->phase : NULL,
                        .signed_with = key ? pcr_policy_signed_with(&p->policies.list[i], key) : DIGEST_NONE,
                };
        }
        predict_done(&prediction);
        buffer_done(&in.floor_text);
        return 0;
}

static void read_profile(struct uki_report *r, unsigned number, const struct predict_input *choice)
{
        struct uki_profile *p = &r->profiles[number];
        const struct uki view = as_seen_by(&r->uki, number);
        _cleanup_public_key_ struct public_key *key = NULL;
        struct pe_section s;
        struct trouble t = {};

        p->number = number;
        p->text = printable_lines(text_of(&view, ".profile"));
        p->osrel = printable_lines(text_of(&view, ".osrel"));
        p->uname = text_of(&view, ".uname");
        p->cmdline = text_of(&view, ".cmdline");
        if (uki_section(&view, ".linux", &s))
                (void) bzimage_release(view.file.data + s.offset, s.size, p->kernel);
        if (uki_section(&view, ".pcrpkey", &s)) {
                const struct buffer pem = { .data = view.file.data + s.offset, .size = s.size };

                if (public_key_parse(&pem, "its .pcrpkey", &key, &t) < 0)
                        uki_report_problem(r, "profile %u: %s", number, t.msg);
                else {
                        p->has_key = true;
                        p->fingerprint = *public_key_fingerprint(key);
                }
        }
        if (uki_section(&view, ".pcrsig", &s)) {
                const struct buffer json = { .data = view.file.data + s.offset, .size = s.size };

                if (read_policies(&view, choice, p, &json, key, &t) < 0)
                        uki_report_problem(r, "profile %u: %s", number, t.msg);
        }
}

static void read_initrd(struct uki_report *r)
{
        struct buffer packed;
        struct pe_section s;
        struct trouble t = {};

        if (!uki_section(&r->uki, ".initrd", &s)) {
                uki_report_problem(r, "no .initrd section: PID 1 is not in it");
                return;
        }
        packed = (struct buffer) { .data = r->uki.file.data + s.offset, .size = s.size };
        if (report_parse(".initrd", &packed, &r->initrd, &t) < 0)
                uki_report_problem(r, ".initrd: %s", t.msg);
        else
                r->has_initrd = true;
}

int uki_report_make(const char *path, struct buffer *file, const struct predict_input *choice, struct uki_report *ret, struct trouble *t)
{
        *ret = (struct uki_report) { .path = path };
        if (uki_parse(path, 0, file, &ret->uki, t) < 0)
                return -1;
        ret->n_profiles = uki_n_profiles(&ret->uki);
        if (ret->n_profiles > UKI_REPORT_MAX_PROFILES)
                return trouble_set(t, OUTCOME_TROUBLE, "%s has more than %d profiles", path, UKI_REPORT_MAX_PROFILES);
        if (hash_rows(ret, t) < 0 || hash_program(ret, t) < 0)
                return -1;
        number_rows(ret);
        read_signatures(ret);
        read_initrd(ret);
        for (unsigned i = 0; i < ret->n_profiles; i++)
                read_profile(ret, i, choice);
        uki_report_find_problems(ret);
        return 0;
}

void uki_report_done(struct uki_report *r)
{
        for (size_t i = 0; i < r->n_profiles && i < UKI_REPORT_MAX_PROFILES; i++) {
                struct uki_profile *p = &r->profiles[i];

                free(p->text);
                free(p->cmdline);
                free(p->uname);
                free(p->osrel);
                free(p->answers);
                pcr_policies_done(&p->policies);
        }
        for (size_t i = 0; i < r->n_signatures; i++)
                free(r->signatures[i]);
        for (size_t i = 0; i < r->n_problems; i++)
                free(r->problems[i]);
        free(r->signatures);
        free(r->rows);
        if (r->has_initrd)
                report_done(&r->initrd);
        uki_done(&r->uki);
        r->n_profiles = r->n_signatures = r->n_problems = 0;
}

int uki_report_verdict(const struct uki_report *r, struct trouble *t)
{
        if (r->n_problems == 0)
                return 0;
        return trouble_set(t, OUTCOME_FALSE, "%s has %zu problem%s; the first: %s", r->path, r->n_problems, r->n_problems > 1 ? "s" : "",
                           r->problems[0]);
}
