/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <stdio.h>

#include "verinit/crypto.h"

#include "ipe_report.h"

void ipe_report_done(struct ipe_report *r)
{
        buffer_done(&r->file);
        buffer_done(&r->text);
}

/* DER begins with a SEQUENCE; no line of a policy begins with '0'. */
static bool is_der(const struct buffer *file)
{
        return file->size > 0 && file->data[0] == 0x30;
}

int ipe_report_read(const char *path, struct buffer *file, struct ipe_report *ret, struct trouble *t)
{
        struct error err = {};
        void *text = NULL;
        size_t size = 0;
        struct iovec message = { file->data, file->size };

        ret->path = path;
        if (!is_der(file)) {
                ret->text = *file;
                *file = (struct buffer) {};
                return 0;
        }
        if (crypto_signed_content(&message, &text, &size, &err) < 0) {
                (void) trouble_from_error(t, &err);
                return trouble_prefix(t, "%s", path);
        }
        ret->text = (struct buffer) { .data = text, .size = size, .allocated = size };
        ret->file = *file;
        *file = (struct buffer) {};
        return 0;
}

static void add_finding(struct ipe_report *r, const struct ipe_finding *f)
{
        for (size_t i = 0; i < r->n_findings; i++)
                if (r->findings[i].fault == f->fault && r->findings[i].op == f->op)
                        return;
        if (r->n_findings < IPE_MAX_FINDINGS)
                r->findings[r->n_findings++] = *f;
}

int ipe_report_judge(struct ipe_report *r, const struct digest *root_hashes, size_t n, struct trouble *t)
{
        struct ipe_finding found[IPE_MAX_FINDINGS];
        struct error err = {};

        if (ipe_rules_parse((const char *) r->text.data, r->text.size, &r->rules, &err) < 0) {
                (void) trouble_from_error(t, &err);
                return trouble_prefix(t, "%s", r->path);
        }
        for (size_t i = 0; i == 0 || i < n; i++) {
                size_t n_found = ipe_rules_judge(&r->rules, n > 0 ? &root_hashes[i] : NULL, found);

                for (size_t j = 0; j < n_found; j++)
                        add_finding(r, &found[j]);
        }
        return 0;
}

static char *format_finding(const struct ipe_finding *f)
{
        static const char *const words[_IPE_FAULT_MAX] = {
                [IPE_ALLOWED_BY_DEFAULT] = "%s is allowed by default: say DEFAULT action=DENY",
                [IPE_ALLOWS_UNVERIFIED] = "%s is allowed of files that nothing verifies: ask for dmverity_roothash= or dmverity_signature=TRUE",
                [IPE_ALLOWS_INITRAMFS] = "%s is allowed of files of the initramfs, where root can write for ever: take boot_verified= out",
                [IPE_DENIES_ALL] = "nothing is allowed for %s, so that PID 1 could not start the host's systemd: allow it from dmverity_roothash=",
                [IPE_DENIES_VOLUME] = "%s is denied for the volume named, so that PID 1 could not start the host's systemd: allow it from its dmverity_roothash=",
        };
        const char *format = words[f->fault], *name = strstr(format, "%s");
        _cleanup_free_ char *where = f->line > 0 ? tool_format("line %u: ", f->line) : tool_strdup("");

        return tool_format("%s%.*s%s%s", where, (int) (name - format), format, ipe_op_name(f->op), name + 2);
}

static int hash(const struct buffer *b, struct digest *ret, struct trouble *t)
{
        const struct iovec part = { b->data, b->size };
        struct error err = {};

        return crypto_digest(DIGEST_SHA256, &part, 1, ret, &err) < 0 ? trouble_set(t, OUTCOME_TROUBLE, "%s", err.msg) : 0;
}

static struct json_object *rule_json(const struct ipe_rule *rule)
{
        struct json_object *o = json_value_object(), *list = json_value_array();
        _cleanup_free_ char *meaning = ipe_rule_explain(rule);

        json_value_add(o, "line", json_value_u64(rule->line));
        json_value_add_text(o, "op", ipe_op_name(rule->op));
        for (size_t i = 0; i < rule->n_properties; i++) {
                _cleanup_free_ char *property = ipe_property_format(&rule->properties[i]);

                json_value_append(list, json_value_text(property));
        }
        json_value_add(o, "properties", list);
        json_value_add_text(o, "action", ipe_action_name(rule->action));
        json_value_add_text(o, "meaning", meaning);
        return o;
}

static struct json_object *problems_json(const struct ipe_report *r)
{
        struct json_object *list = json_value_array();

        for (size_t i = 0; i < r->n_findings; i++) {
                struct json_object *o = json_value_object();
                _cleanup_free_ char *text = format_finding(&r->findings[i]);

                json_value_add_text(o, "problem", ipe_fault_name(r->findings[i].fault));
                json_value_add_text(o, "op", ipe_op_name(r->findings[i].op));
                json_value_add(o, "line", r->findings[i].line > 0 ? json_value_u64(r->findings[i].line) : json_value_text(NULL));
                json_value_add_text(o, "message", text);
                json_value_append(list, o);
        }
        return list;
}

static struct json_object *report_json(const struct ipe_report *r, const struct digest *file, const struct digest *text)
{
        struct json_object *o = json_value_object(), *defaults = json_value_object(), *rules = json_value_array();

        json_value_add_text(o, "name", r->rules.header.name);
        json_value_add_text(o, "version", r->rules.header.version);
        json_value_add(o, "sha256", r->file.size > 0 ? json_value_digest(file) : json_value_text(NULL));
        json_value_add(o, "text_sha256", json_value_digest(text));
        json_value_add_text(o, "verified_by", r->verified_by);
        for (enum ipe_op op = 0; op < _IPE_OP_MAX; op++)
                json_value_add_text(defaults, ipe_op_name(op), ipe_action_name(ipe_rules_default(&r->rules, op)->action));
        json_value_add(o, "defaults", defaults);
        for (size_t i = 0; i < r->rules.n; i++)
                json_value_append(rules, rule_json(&r->rules.list[i]));
        json_value_add(o, "rules", rules);
        json_value_add(o, "problems", problems_json(r));
        return o;
}

static void print_text(const struct ipe_report *r, const struct digest *file)
{
        char hex[DIGEST_MAX_HEX];

        printf("%-10s %s, version %s\n", "policy", r->rules.header.name, r->rules.header.version);
        digest_hex(file, hex);
        if (r->file.size > 0)
                printf("%-10s %s\n", "sha256", hex);
        else
                printf("%-10s none: the kernel takes no policy without one\n", "signature");
        if (r->verified_by)
                printf("%-10s verified with %s\n", "signature", r->verified_by);
        for (size_t i = 0; i < r->rules.n; i++) {
                _cleanup_free_ char *meaning = ipe_rule_explain(&r->rules.list[i]);

                printf("line %-5u %-5s  %s: %s\n", r->rules.list[i].line, ipe_action_name(r->rules.list[i].action),
                       ipe_op_name(r->rules.list[i].op), meaning);
        }
        for (enum ipe_op op = 0; op < _IPE_OP_MAX; op++) {
                const struct ipe_default *d = ipe_rules_default(&r->rules, op);

                printf("line %-5u %-5s  %s: all other %s\n", d->line, ipe_action_name(d->action), ipe_op_name(op), ipe_op_explain(op));
        }
        for (size_t i = 0; i < r->n_findings; i++) {
                _cleanup_free_ char *text = format_finding(&r->findings[i]);

                printf("problem    %s: %s\n", ipe_fault_name(r->findings[i].fault), text);
        }
}

int ipe_report_print(const struct ipe_report *r, enum json_how how, struct trouble *t)
{
        _cleanup_json_ struct json_object *o = NULL;
        struct digest file, text;

        if (hash(&r->file, &file, t) < 0 || hash(&r->text, &text, t) < 0)
                return -1;
        if (how == JSON_OFF) {
                print_text(r, &file);
                return 0;
        }
        o = report_json(r, &file, &text);
        return json_value_print(o, how == JSON_PRETTY, t);
}

int ipe_report_verdict(const struct ipe_report *r, struct trouble *t)
{
        _cleanup_free_ char *first = r->n_findings > 0 ? format_finding(&r->findings[0]) : NULL;

        if (r->n_findings == 0)
                return 0;
        return trouble_set(t, OUTCOME_FALSE, "%s: %s: %s%s", r->path, ipe_fault_name(r->findings[0].fault), first,
                           r->n_findings > 1 ? "; and more" : "");
}

int ipe_report_check(const char *path, const void *policy, size_t size, const struct digest *root_hash, struct trouble *t)
{
        /* Static: its rules are too many for a stack. */
        static struct ipe_report report;
        _cleanup_buffer_ struct buffer file = {};
        int r;

        report = (struct ipe_report) {};
        if (buffer_append(&file, policy, size) < 0)
                return trouble_set_errno(t, ENOMEM, "cannot copy %s", path);
        r = ipe_report_read(path, &file, &report, t);
        if (r == 0)
                r = ipe_report_judge(&report, root_hash, root_hash ? 1 : 0, t);
        if (r == 0)
                r = ipe_report_verdict(&report, t);
        ipe_report_done(&report);
        return r;
}
