/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What an initramfs holds, for programs.
 */
#include <stdio.h>

#include "verinit/credential.h"

#include "initrd_report.h"
#include "json_value.h"

static struct json_object *text_or_null(const char *s)
{
        return json_value_text(s);
}

static void add(struct json_object *o, const char *key, struct json_object *value)
{
        json_value_add(o, key, value);
}

static void add_text(struct json_object *o, const char *key, const char *value)
{
        json_value_add_text(o, key, value);
}

static void add_size(struct json_object *o, const char *key, size_t value)
{
        add(o, key, json_value_u64(value));
}

static void append(struct json_object *array, struct json_object *value)
{
        json_value_append(array, value);
}

static void add_digest(struct json_object *o, const char *key, const struct digest *d)
{
        char text[DIGEST_MAX_HEX + 8];

        report_digest_text(d, text);
        add_text(o, key, text[0] ? text : NULL);
}

static void add_digests(struct json_object *o, const char *key, const struct digest *list, size_t n)
{
        struct json_object *array = json_value_array();
        char text[DIGEST_MAX_HEX + 8];

        for (size_t i = 0; i < n; i++) {
                report_digest_text(&list[i], text);
                append(array, text_or_null(text));
        }
        add(o, key, array);
}

static void add_words(struct json_object *o, const char *key, const char (*list)[FLOOR_WORD_MAX], size_t n)
{
        struct json_object *array = json_value_array();

        for (size_t i = 0; i < n; i++)
                append(array, text_or_null(list[i]));
        add(o, key, array);
}

/* In the order of the floor's own words, the default first. */
static void add_failure_actions(struct json_object *o, const struct floor *f)
{
        struct json_object *array = json_value_array();

        for (int is_default = 1; is_default >= 0; is_default--)
                for (unsigned bit = 1; failure_action_word(bit); bit <<= 1)
                        if (f->failure_actions & bit && (f->failure_default == bit) == is_default)
                                append(array, text_or_null(failure_action_word(bit)));
        add(o, "failure-actions", array);
}

static void add_tpm_ek(struct json_object *o, const struct floor *f)
{
        char hex[2 * FLOOR_TPM_NAME_MAX + 1];

        hex_encode(f->tpm_ek, f->tpm_ek_size, hex);
        add_text(o, "tpm-ek", f->tpm_ek_size > 0 ? hex : NULL);
}

static struct json_object *format_floor(const struct floor *f)
{
        struct json_object *o = json_value_object();

        for (const struct report_need *need = report_needs; need->key; need++)
                add_text(o, need->key, report_need_name(report_need_of(f, need)));
        add_text(o, "root", report_root_name(f->root));
        add_text(o, "etc", report_etc_name(f->etc));
        add_text(o, "credentials", credentials_name(f->credentials));
        add(o, "os-separator", json_value_bool(f->os_separator));
        add_words(o, "extra-words", f->extra_words, f->n_extra_words);
        add_digests(o, "addon", f->addons, f->n_addons);
        add_words(o, "addon-keys", f->addon_keys, f->n_addon_keys);
        add_digest(o, "baked-cmdline", &f->baked_cmdline);
        add_digest(o, "modules", &f->modules);
        add_digests(o, "certificate", f->certificates, f->n_certificates);
        add_digests(o, "ipe-policy", f->ipe_policies, f->n_ipe_policies);
        add(o, "ipe-drop-mac-admin", json_value_bool(!f->keeps_mac_admin));
        add_text(o, "selinux-lock", selinux_lock_name(f->selinux_lock));
        add_text(o, "selinux-dir", f->selinux_dir);
        add_text(o, "init", f->init_path[0] ? f->init_path : NULL);
        add_tpm_ek(o, f);
        add_failure_actions(o, f);
        add_size(o, "device-timeout", f->device_timeout_s);
        add_size(o, "panic-timeout", f->panic_timeout_s);
        add_size(o, "failure-delay", f->failure_delay_s);
        add_size(o, "failure-delay-max", f->failure_delay_max_s);
        add_size(o, "watchdog", f->watchdog_s);
        return o;
}

static struct json_object *format_table(const struct modtable *table)
{
        struct json_object *o = json_value_object();
        struct json_object *names = json_value_array();

        add_text(o, "release", table->release);
        add_size(o, "modules", table->n_modules);
        add_size(o, "aliases", table->n_aliases);
        for (size_t i = 0; i < table->n_features; i++)
                append(names, text_or_null(table->features[i].name));
        add(o, "features", names);
        return o;
}

static struct json_object *format_entries(const struct report *r)
{
        struct json_object *array = json_value_array();

        for (size_t i = 0; i < r->tree.n_entries; i++) {
                const struct tree_entry *e = &r->tree.entries[i];
                struct json_object *o = json_value_object();
                char mode[16];

                (void) snprintf(mode, sizeof(mode), "%06o", (unsigned) e->mode);
                add_text(o, "path", e->path);
                add_text(o, "mode", mode);
                add_size(o, "size", e->content.size);
                add_text(o, "sha256", r->sha256[i][0] ? r->sha256[i] : NULL);
                append(array, o);
        }
        return array;
}

struct json_object *report_format_json(const struct report *r)
{
        struct json_object *o = json_value_object();
        struct json_object *problems = json_value_array();

        add_text(o, "file", r->path);
        add_size(o, "file_bytes", r->file_bytes);
        add_text(o, "compression", r->compression);
        add_size(o, "unpacked_bytes", r->unpacked_bytes);
        add_size(o, "content_bytes", r->content_bytes);
        add_text(o, "verinit_version", r->version);
        add_text(o, "cmdline", r->cmdline);
        add(o, "has_floor", json_value_bool(r->has_floor));
        add(o, "floor", format_floor(&r->floor));
        add_digest(o, "floor_note", &r->note);
        add(o, "modules", r->has_table ? format_table(&r->table) : NULL);
        add(o, "sbom", r->sbom ? json_value_ref(r->sbom) : NULL);
        add(o, "entries", format_entries(r));
        for (size_t i = 0; i < r->n_problems; i++)
                append(problems, text_or_null(r->problems[i]));
        add(o, "problems", problems);
        return o;
}

int report_print_json(const struct report *r, bool is_pretty, struct trouble *t)
{
        _cleanup_json_ struct json_object *o = report_format_json(r);

        return json_value_print(o, is_pretty, t);
}
