/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <stdio.h>

#include "image.h"
#include "options.h"

enum { SCHEMA_VERSION = 1 };

static const char *code_of(const struct image_check *c)
{
        return c->has_code ? fail_code_name(c->code) : c->firmware;
}

static const char *outcome_name(const struct image_checks *checks, bool is_quick)
{
        switch (image_outcome(checks, is_quick)) {
        case OUTCOME_YES:
                return "ok";
        case OUTCOME_FALSE:
                return "refused";
        case OUTCOME_UNDECIDED:
        case OUTCOME_USAGE:
        case OUTCOME_TROUBLE:
        default:
                return "undecided";
        }
}

void image_print_text(const struct image_options *o, const struct machine *m, const struct image_checks *checks)
{
        const struct image_check *first = image_first_refusal(checks);

        for (size_t i = 0; i < m->n_disks; i++)
                printf("%s is %s, %zu partitions\n", m->disks[i].name, m->disks[i].path, m->disks[i].table.n_partitions);
        for (size_t i = 0; i < checks->n; i++) {
                const struct image_check *c = &checks->list[i];

                printf("%-9s  %-11s  %s%s%s\n", image_verdict_name(c->verdict), c->name, code_of(c) ? code_of(c) : "",
                       code_of(c) && c->message[0] ? ": " : "", c->message);
        }
        if (!first)
                printf("%s\n", image_outcome(checks, o->is_quick) == OUTCOME_YES ? "would boot" : "cannot be decided");
        else
                printf("would be refused: %s%s%s\n", first->name, code_of(first) ? "/" : "", code_of(first) ? code_of(first) : "");
        if (first && first->has_code)
                printf("remedy: %s\n", fail_code_remedy(first->code));
}

static struct json_object *format_check(const struct image_check *c)
{
        struct json_object *o = json_value_object();

        json_value_add_text(o, "name", c->name);
        json_value_add_text(o, "verdict", image_verdict_name(c->verdict));
        if (code_of(c))
                json_value_add_text(o, "code", code_of(c));
        if (c->has_code)
                json_value_add_text(o, "class", fail_class_name(fail_code_class(c->code)));
        json_value_add_text(o, "message", c->message);
        if (c->has_code)
                json_value_add_text(o, "remedy", fail_code_remedy(c->code));
        return o;
}

static struct json_object *format_disk(const struct machine_disk *d)
{
        struct json_object *o = json_value_object(), *list = json_value_array();

        json_value_add_text(o, "name", d->name);
        for (size_t i = 0; i < d->table.n_partitions; i++) {
                const struct partition *p = &d->table.partitions[i];
                struct json_object *one = json_value_object();
                _cleanup_free_ char *label = tool_printable(tool_strdup(p->label));

                json_value_add(one, "number", json_value_u64(p->number));
                json_value_add(one, "start", json_value_u64(p->start_bytes));
                json_value_add(one, "size", json_value_u64(p->size_bytes));
                json_value_add_text(one, "partuuid", p->uuid);
                json_value_add_text(one, "type", p->type);
                json_value_add_text(one, "label", label);
                json_value_append(list, one);
        }
        json_value_add(o, "partitions", list);
        return o;
}

int image_print_json(const struct image_options *o, const struct machine *m, const struct image_checks *checks, struct trouble *t)
{
        _cleanup_json_ struct json_object *top = json_value_object();
        const struct image_check *first = image_first_refusal(checks);
        struct json_object *list = json_value_array(), *disks = json_value_array();

        json_value_add(top, "version", json_value_u64(SCHEMA_VERSION));
        json_value_add_text(top, "verdict", outcome_name(checks, o->is_quick));
        json_value_add_text(top, "check", first ? first->name : NULL);
        json_value_add_text(top, "code", first ? code_of(first) : NULL);
        for (size_t i = 0; i < checks->n; i++)
                json_value_append(list, format_check(&checks->list[i]));
        for (size_t i = 0; i < m->n_disks; i++)
                json_value_append(disks, format_disk(&m->disks[i]));
        json_value_add(top, "checks", list);
        json_value_add(top, "disks", disks);
        return json_value_print(top, o->common->json == JSON_PRETTY, t);
}
