/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What a unified kernel image holds, for programs.
 */
#include "json_value.h"
#include "uki_report.h"

static struct json_object *profile_number(unsigned profile)
{
        return profile == UKI_COMMON ? NULL : json_value_u64(profile);
}

static struct json_object *format_sections(const struct uki_report *r)
{
        struct json_object *list = json_value_array();

        for (unsigned i = 0; i < r->uki.pe.n_sections; i++) {
                const struct uki_row *row = &r->rows[i];
                struct json_object *o = json_value_object();

                json_value_add_text(o, "name", row->section.name);
                json_value_add(o, "profile", profile_number(row->profile));
                json_value_add(o, "size", json_value_u64(row->section.size));
                json_value_add(o, "offset", json_value_u64(row->section.offset));
                json_value_add(o, "file_bytes", json_value_u64(row->section.raw_size));
                json_value_add(o, "memory_bytes", json_value_u64(row->section.virtual_size));
                json_value_add(o, "address", json_value_u64(row->section.virtual_address));
                json_value_add(o, "measured", row->order > 0 ? json_value_u64(row->order) : NULL);
                json_value_add(o, "sha256", json_value_digest(&row->sha256));
                json_value_append(list, o);
        }
        return list;
}

static struct json_object *format_authenticode(const struct uki_report *r)
{
        struct json_object *o = json_value_object();

        for (enum digest_alg alg = DIGEST_SHA1; alg < _DIGEST_ALG_MAX; alg++)
                json_value_add(o, digest_name(alg), json_value_digest(&r->authenticode[alg]));
        return o;
}

static struct json_object *format_signatures(const struct uki_report *r)
{
        struct json_object *list = json_value_array();

        for (size_t i = 0; i < r->n_signatures; i++)
                json_value_append(list, json_value_text(r->signatures[i]));
        return list;
}

static struct json_object *format_policies(const struct uki_profile *p)
{
        struct json_object *list = json_value_array();
        char text[2 * PCR_POLICY_DIGEST_BYTES + 1];

        for (size_t i = 0; i < p->policies.n; i++) {
                const struct pcr_policy *policy = &p->policies.list[i];
                struct json_object *o = json_value_object();

                pcr_policy_hex(policy, text);
                json_value_add_text(o, "bank", digest_name(policy->bank));
                json_value_add_text(o, "pol", text);
                json_value_add_text(o, "phase", p->answers[i].phase);
                json_value_add_text(o, "signed_with", p->answers[i].signed_with != DIGEST_NONE ? digest_name(p->answers[i].signed_with) : NULL);
                json_value_append(list, o);
        }
        return list;
}

static struct json_object *format_profile(const struct uki_profile *p)
{
        struct json_object *o = json_value_object();

        json_value_add(o, "number", json_value_u64(p->number));
        json_value_add_text(o, "profile", p->text);
        json_value_add_text(o, "cmdline", p->cmdline);
        json_value_add_text(o, "uname", p->uname);
        json_value_add_text(o, "osrel", p->osrel);
        json_value_add_text(o, "kernel", p->kernel[0] ? p->kernel : NULL);
        json_value_add(o, "pcrpkey", p->has_key ? json_value_digest(&p->fingerprint) : NULL);
        json_value_add(o, "pcrsig", p->has_policies ? format_policies(p) : NULL);
        return o;
}

int uki_report_print_json(const struct uki_report *r, bool is_pretty, struct trouble *t)
{
        _cleanup_json_ struct json_object *o = json_value_object();
        struct json_object *profiles = json_value_array(), *problems = json_value_array();

        json_value_add_text(o, "file", r->path);
        json_value_add(o, "file_bytes", json_value_u64(r->uki.file.size));
        json_value_add(o, "sha256", json_value_digest(&r->sha256));
        json_value_add_text(o, "stub", r->uki.stub[0] ? r->uki.stub : NULL);
        json_value_add(o, "authenticode", format_authenticode(r));
        json_value_add(o, "signatures", format_signatures(r));
        json_value_add_text(o, "verified_by", r->verified_by);
        json_value_add(o, "sections", format_sections(r));
        for (size_t i = 0; i < r->n_profiles; i++)
                json_value_append(profiles, format_profile(&r->profiles[i]));
        json_value_add(o, "profiles", profiles);
        json_value_add(o, "initrd", r->has_initrd ? report_format_json(&r->initrd) : NULL);
        for (size_t i = 0; i < r->n_problems; i++)
                json_value_append(problems, json_value_text(r->problems[i]));
        json_value_add(o, "problems", problems);
        return json_value_print(o, is_pretty, t);
}
