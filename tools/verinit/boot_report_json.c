/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "boot_report.h"

static struct json_object *texts(char *const *list, size_t n)
{
        struct json_object *array = json_value_array();

        for (size_t i = 0; i < n; i++)
                json_value_append(array, json_value_text(tool_printable(list[i])));
        return array;
}

static struct json_object *failure(const struct boot_failure *f)
{
        struct json_object *object = json_value_object();

        json_value_add_text(object, "stage", f->stage);
        json_value_add_text(object, "class", f->class);
        json_value_add_text(object, "code", f->code);
        json_value_add_text(object, "message", f->message);
        json_value_add_text(object, "remedy", f->remedy);
        json_value_add_text(object, "action", f->action);
        json_value_add(object, "at_us", f->has_time ? json_value_u64(f->at_us) : NULL);
        json_value_add_text(object, "poison", f->poison);
        return object;
}

int boot_report_json(const struct boot_report *r, bool is_pretty, struct buffer *page, struct trouble *t)
{
        static const char *const names[] = { [BOOT_UNDECIDED] = "undecided", [BOOT_FAILED] = "failed", [BOOT_VERIFIED] = "verified" };
        _cleanup_json_ struct json_object *object = json_value_object();

        json_value_add_text(object, "verdict", names[r->verdict]);
        json_value_add_text(object, "summary", tool_printable(r->headline));
        json_value_add(object, "why", texts(r->notes, r->n_notes));
        json_value_add(object, "relaxed", texts(r->relaxed, r->n_relaxed));
        json_value_add(object, "failure", r->is_failed ? failure(&r->failure) : NULL);
        json_value_add_text(object, "evidence_is", r->is_console ? "console" : "boot.json");
        json_value_add(object, "evidence", json_value_ref(r->evidence));
        json_value_add_text(object, "note", boot_report_footer);
        return json_value_build(object, is_pretty, page, t);
}
