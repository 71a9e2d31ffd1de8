/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What a unified kernel image holds, for people.
 */
#include <stdio.h>

#include "uki_report.h"

static void print_sections(const struct uki_report *r)
{
        printf("\nPCR 11  profile     offset       size  SHA-256                                                           section\n");
        for (unsigned i = 0; i < r->uki.pe.n_sections; i++) {
                const struct uki_row *row = &r->rows[i];
                char hex[DIGEST_MAX_HEX], order[16] = "-", profile[16] = "all";

                digest_hex(&row->sha256, hex);
                if (row->order > 0)
                        (void) snprintf(order, sizeof(order), "%u", row->order);
                if (row->profile != UKI_COMMON)
                        (void) snprintf(profile, sizeof(profile), "%u", row->profile);
                printf("%6s  %7s %10zu %10zu  %s  %s\n", order, profile, row->section.offset, row->section.size, hex, row->section.name);
        }
        putchar('\n');
}

static void print_lines(const char *name, const char *text)
{
        for (const char *line = text; line && *line;) {
                size_t n = strcspn(line, "\n");

                printf("%-14s%.*s\n", line == text ? name : "", (int) n, line);
                line += n;
                line += *line == '\n';
        }
}

static void print_policies(const struct uki_profile *p)
{
        char text[DIGEST_MAX_HEX];

        if (p->has_key) {
                digest_hex(&p->fingerprint, text);
                printf("PCR key:      %s\n", text);
        }
        for (size_t i = 0; p->has_policies && i < p->policies.n; i++) {
                const struct uki_policy *a = &p->answers[i];

                pcr_policy_hex(&p->policies.list[i], text);
                printf("PCR policy:   %s %s %s, %s%s\n", digest_name(p->policies.list[i].bank), text,
                       a->phase ? a->phase : "of no phase that was asked",
                       a->signed_with != DIGEST_NONE ? "signed by the PCR key with " : "no signature by a PCR key that is there",
                       a->signed_with != DIGEST_NONE ? digest_name(a->signed_with) : "");
        }
}

static void print_profile(const struct uki_report *r, const struct uki_profile *p)
{
        if (r->n_profiles > 1)
                printf("profile %u\n", p->number);
        print_lines("profile:", p->text);
        printf("kernel:       %s\n", p->kernel[0] ? p->kernel : "does not say its version");
        printf("uname:        %s\n", p->uname ? p->uname : "none");
        print_lines("command line:", p->cmdline);
        print_lines("os-release:", p->osrel);
        print_policies(p);
        putchar('\n');
}

static void print_initrd(const struct report *r)
{
        printf("initramfs:    %zu bytes, %s, %zu unpacked, %zu entries\n", r->file_bytes, r->compression, r->unpacked_bytes,
               r->tree.n_entries);
        printf("verinit:      %s\n", r->version ? r->version : "version unknown");
        printf("floor:        %s\n", r->has_floor ? "packed" : "none: everything is required");
        if (r->has_table)
                printf("modules:      %zu for kernel %s, %zu features\n", r->table.n_modules, r->table.release, r->table.n_features);
}

void uki_report_print_text(const struct uki_report *r)
{
        char hex[DIGEST_MAX_HEX];

        digest_hex(&r->sha256, hex);
        printf("file:         %s: %zu bytes, SHA-256 %s\n", r->path, r->uki.file.size, hex);
        printf("systemd-stub: %s\n", r->uki.stub[0] ? r->uki.stub : "does not say its version");
        for (enum digest_alg alg = DIGEST_SHA1; alg < _DIGEST_ALG_MAX; alg++) {
                digest_hex(&r->authenticode[alg], hex);
                printf("%-14s%-6s %s\n", alg == DIGEST_SHA1 ? "Authenticode:" : "", digest_name(alg), hex);
        }
        for (size_t i = 0; i < r->n_signatures; i++)
                printf("%-14s%s%s\n", i == 0 ? "signed by:" : "", r->signatures[i], r->verified_by ? "" : " (as it says itself)");
        if (r->verified_by)
                printf("verified by:  %s\n", r->verified_by);
        print_sections(r);
        for (size_t i = 0; i < r->n_profiles; i++)
                print_profile(r, &r->profiles[i]);
        if (r->has_initrd)
                print_initrd(&r->initrd);
        for (size_t i = 0; i < r->n_problems; i++)
                printf("%sproblem: %s\n", i == 0 ? "\n" : "", r->problems[i]);
}
