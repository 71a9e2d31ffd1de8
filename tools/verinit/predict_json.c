/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * measurements.json; docs/measurements.schema.json. Keys are added in the order of their bytes, numbers are small and
 * texts ASCII: what comes out short is RFC 8785's one form, so two builders get one file.
 */
#include "verinit/crypto.h"

#include "json_value.h"
#include "predict.h"

enum { SCHEMA_VERSION = 1 };

/* ASCII only, see above. */
static struct json_object *text(const char *s)
{
        _cleanup_free_ char *copy = tool_printable(tool_strdup(s));

        return json_value_text(copy);
}

/* sha1 sha256 sha384 sha512: the order of the enum is that of the bytes. */
static struct json_object *format_digests(const struct digest *digests)
{
        struct json_object *o = json_value_object();

        for (enum digest_alg alg = DIGEST_SHA1; alg < _DIGEST_ALG_MAX; alg++)
                if (digests[alg].alg != DIGEST_NONE)
                        json_value_add(o, digest_name(alg), json_value_digest(&digests[alg]));
        return o;
}

static struct json_object *format_files(const struct predict_files *list)
{
        struct json_object *array = json_value_array();

        for (size_t i = 0; i < list->n; i++) {
                struct json_object *o = json_value_object();

                json_value_add(o, "file", text(list->files[i].name));
                json_value_add(o, "sha256", json_value_digest(&list->files[i].sha256));
                json_value_append(array, o);
        }
        return array;
}

static struct json_object *format_event(const struct predict_event *e)
{
        struct json_object *o = json_value_object();

        json_value_add(o, "digests", format_digests(e->digests));
        json_value_add(o, "pcr", json_value_u64(e->pcr));
        json_value_add(o, "secure_boot",
                       e->when == PREDICT_ALWAYS ? NULL : json_value_bool(e->when == PREDICT_SECURE_BOOT_ON));
        json_value_add(o, "what", text(e->what));
        return o;
}

static struct json_object *format_events(const struct prediction *p, bool are_words)
{
        struct json_object *array = json_value_array();

        for (size_t i = 0; i < p->n_events; i++) {
                const struct predict_event *e = &p->events[i];
                struct json_object *o;

                if (!predict_is_given(p, e->pcr) || (are_words && !e->is_word))
                        continue;
                if (!are_words) {
                        json_value_append(array, format_event(e));
                        continue;
                }
                o = json_value_object();
                json_value_add(o, "pcr", json_value_u64(e->pcr));
                json_value_add(o, "word", text(e->what));
                json_value_append(array, o);
        }
        return array;
}

static struct json_object *format_floor(const struct prediction *p)
{
        static const char *const names[] = {
                [PREDICT_FLOOR_NONE] = "none", [PREDICT_FLOOR_UKI] = "uki", [PREDICT_FLOOR_FILE] = "file",
        };
        const struct buffer *floor_text = &p->in->floor_text;
        const struct iovec part = { floor_text->data, floor_text->size };
        struct json_object *o = json_value_object();
        struct digest digest = {};
        struct error err = {};

        if (p->in->floor_from != PREDICT_FLOOR_NONE)
                (void) crypto_digest(DIGEST_SHA256, &part, 1, &digest, &err);
        json_value_add(o, "from", text(names[p->in->floor_from]));
        json_value_add(o, "os_separator", json_value_bool(p->floor.os_separator));
        json_value_add(o, "sha256", json_value_digest(&digest));
        return o;
}

static struct json_object *format_uki(const struct prediction *p)
{
        const char *slash = strrchr(p->in->uki.path, '/');
        struct json_object *o = json_value_object();

        json_value_add(o, "file", text(slash ? slash + 1 : p->in->uki.path));
        json_value_add(o, "profile", json_value_u64(p->in->uki.profile));
        json_value_add(o, "sha256", json_value_digest(&p->in->uki_sha256));
        json_value_add(o, "stub", text(p->in->uki.stub));
        return o;
}

static struct json_object *format_undecided(const struct prediction *p)
{
        struct json_object *array = json_value_array();

        for (unsigned pcr = 0; pcr < PREDICT_PCRS; pcr++) {
                struct json_object *o;

                if (!p->in->pcrs[pcr] || !p->undecided[pcr])
                        continue;
                o = json_value_object();
                json_value_add(o, "pcr", json_value_u64(pcr));
                json_value_add(o, "reason", text(p->undecided[pcr]));
                json_value_append(array, o);
        }
        return array;
}

/* By the digests of their data; null: no store was named. */
static struct json_object *format_variables(const struct prediction *p)
{
        /* In the order of bytes, as the keys have to stand. */
        static const enum secure_boot_variable order[] = {
                SECURE_BOOT_KEK, SECURE_BOOT_PK, SECURE_BOOT_STATE, SECURE_BOOT_DB, SECURE_BOOT_DBX,
        };
        const struct secure_boot *sb = &p->in->variables;
        struct json_object *o;

        if (!sb->is_read)
                return NULL;
        o = json_value_object();
        for (size_t i = 0; i < ARRAY_SIZE(order); i++)
                json_value_add(o, secure_boot_names[order[i]].name, json_value_digest(&sb->sha256[order[i]]));
        return o;
}

static int add_value(struct json_object *o, const char *key, const struct prediction *p, enum digest_alg alg, unsigned pcr,
                     bool secure_boot, const char *phase, struct trouble *t)
{
        struct digest value;

        if (predict_value(p, alg, pcr, secure_boot, phase, &value, t) < 0)
                return -1;
        json_value_add(o, key, json_value_digest(&value));
        return 0;
}

/* PCR 4 or 7, by the state of Secure Boot. */
static int add_states(struct json_object *bank, const char *key, const struct prediction *p, enum digest_alg alg, unsigned pcr,
                      struct trouble *t)
{
        static const char *const names[] = { [false] = "secure_boot_off", [true] = "secure_boot_on" };
        struct json_object *o = json_value_object();

        json_value_add(bank, key, o);
        for (size_t i = 0; i < ARRAY_SIZE(names); i++)
                if ((pcr == 4 ? p->in->secure_boot[i] : predict_knows_state(p, i == true)) &&
                    add_value(o, names[i], p, alg, pcr, i == true, NULL, t) < 0)
                        return -1;
        return 0;
}

static int add_phases(struct json_object *bank, const struct prediction *p, enum digest_alg alg, struct trouble *t)
{
        struct json_object *array = json_value_array();

        json_value_add(bank, "11", array);
        for (size_t i = 0; i < p->in->n_phases; i++) {
                struct json_object *o = json_value_object();

                json_value_append(array, o);
                json_value_add(o, "phase", text(p->in->phases[i]));
                if (add_value(o, "value", p, alg, 11, false, p->in->phases[i], t) < 0)
                        return -1;
        }
        return 0;
}

/* "11" before "12", "13", "4", "7" and "9". */
static int add_bank(struct json_object *pcrs, const struct prediction *p, enum digest_alg alg, struct trouble *t)
{
        struct json_object *bank = json_value_object();

        json_value_add(pcrs, digest_name(alg), bank);
        if (predict_is_given(p, 11) && add_phases(bank, p, alg, t) < 0)
                return -1;
        if (predict_is_given(p, 12) && add_value(bank, "12", p, alg, 12, false, NULL, t) < 0)
                return -1;
        if (predict_is_given(p, 13) && add_value(bank, "13", p, alg, 13, false, NULL, t) < 0)
                return -1;
        if (predict_is_given(p, 4) && add_states(bank, "4", p, alg, 4, t) < 0)
                return -1;
        if (predict_is_given(p, 7) && add_states(bank, "7", p, alg, 7, t) < 0)
                return -1;
        return predict_is_given(p, 9) ? add_value(bank, "9", p, alg, 9, false, NULL, t) : 0;
}

static int add_pcrs(struct json_object *o, const struct prediction *p, struct trouble *t)
{
        struct json_object *pcrs = json_value_object();

        json_value_add(o, "pcrs", pcrs);
        for (enum digest_alg alg = DIGEST_SHA1; alg < _DIGEST_ALG_MAX; alg++)
                if (p->in->banks[alg] && add_bank(pcrs, p, alg, t) < 0)
                        return -1;
        return 0;
}

static int fill(struct json_object *o, const struct prediction *p, struct trouble *t)
{
        const struct buffer *c = &p->cmdline;
        _cleanup_free_ char *cmdline = tool_format("%.*s", (int) c->size, c->size > 0 ? (const char *) c->data : "");

        json_value_add(o, "addons", format_files(&p->in->addons));
        json_value_add(o, "cmdline", text(cmdline));
        json_value_add(o, "confexts", format_files(&p->in->confexts));
        json_value_add(o, "credentials", format_files(&p->in->credentials));
        json_value_add(o, "events", format_events(p, false));
        json_value_add(o, "floor", format_floor(p));
        json_value_add(o, "global_credentials", format_files(&p->in->global_credentials));
        json_value_add(o, "loaders", format_files(&p->in->loaders));
        if (add_pcrs(o, p, t) < 0)
                return -1;
        json_value_add(o, "policy_sha256", json_value_digest(&p->in->policy));
        json_value_add(o, "schema", json_value_u64(SCHEMA_VERSION));
        json_value_add(o, "sysexts", format_files(&p->in->sysexts));
        json_value_add(o, "uki", format_uki(p));
        json_value_add(o, "undecided", format_undecided(p));
        json_value_add(o, "variables", format_variables(p));
        json_value_add(o, "words", format_events(p, true));
        return 0;
}

int predict_format_json(const struct prediction *p, bool is_pretty, struct buffer *ret, struct trouble *t)
{
        _cleanup_json_ struct json_object *o = json_value_object();

        return fill(o, p, t) < 0 ? -1 : json_value_build(o, is_pretty, ret, t);
}
