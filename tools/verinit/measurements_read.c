/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * measurements.json is not believed: the values are computed again from the events.
 */
#include "verinit/measure.h"

#include "json_value.h"
#include "measure_export.h"

enum { MEASUREMENTS_MAX_BYTES = 4 * 1024 * 1024, MEASUREMENTS_MAX_EVENTS = 512, MEASUREMENTS_MAX_FILES = 64, SCHEMA_VERSION = 1 };

struct reader {
        const char *path;
        struct predict_input *in;
        struct prediction *p;
        struct trouble *t;
        enum digest_alg alg; /* of the bank that is compared */
};

static int malformed(const struct reader *r, const char *what)
{
        return trouble_set(r->t, OUTCOME_TROUBLE, "%s is not as `verinit measure predict` writes it: %s", r->path, what);
}

/* NULL: it is no text, or not printable. */
static const char *as_ascii(struct json_object *value)
{
        const char *s = json_value_as_text(value);

        for (const char *p = s; p && *p; p++)
                if (*p < ' ' || *p > '~')
                        return NULL;
        return s;
}

static bool take_digest(struct json_object *value, enum digest_alg alg, struct digest *ret)
{
        const char *s = json_value_as_text(value);
        struct digest d = { .alg = alg };

        if (!s || hex_decode(s, d.bytes, sizeof(d.bytes)) != (ssize_t) digest_size(alg))
                return false;
        *ret = d;
        return true;
}

static bool is_known(uint64_t pcr)
{
        for (size_t i = 0; i < PREDICT_N_KNOWN; i++)
                if (predict_known[i] == pcr)
                        return true;
        return false;
}

static int read_bank(const char *name, struct json_object *bank, void *userdata)
{
        enum digest_alg alg = digest_from_name(name);
        struct reader *r = userdata;

        if (alg == DIGEST_NONE || !json_value_is_object(bank))
                return malformed(r, "a bank that is not known");
        r->in->banks[alg] = true;
        return 0;
}

static int read_digests(const struct reader *r, struct json_object *digests, struct predict_event *e)
{
        for (enum digest_alg alg = DIGEST_SHA1; alg < _DIGEST_ALG_MAX; alg++)
                if (r->in->banks[alg] && !take_digest(json_value_get(digests, digest_name(alg)), alg, &e->digests[alg]))
                        return malformed(r, "an event that has no digest in one of the banks");
        return 0;
}

static int read_event(const struct reader *r, struct json_object *o)
{
        struct json_object *state = json_value_get(o, "secure_boot");
        const char *what = as_ascii(json_value_get(o, "what"));
        struct predict_event e = {};
        bool is_on = false;
        uint64_t pcr;

        if (!json_value_as_u64(json_value_get(o, "pcr"), &pcr) || !is_known(pcr) || !what || !json_value_has(o, "secure_boot") ||
            (state && !json_value_as_bool(state, &is_on)))
                return malformed(r, "an event that has no PCR, name or state");
        e.pcr = (unsigned) pcr;
        if (state)
                e.when = is_on ? PREDICT_SECURE_BOOT_ON : PREDICT_SECURE_BOOT_OFF;
        if (read_digests(r, json_value_get(o, "digests"), &e) < 0)
                return -1;
        e.what = tool_strdup(what);
        r->p->events = tool_grow(r->p->events, r->p->n_events, sizeof(*r->p->events));
        r->p->events[r->p->n_events++] = e;
        r->in->pcrs[e.pcr] = true;
        return 0;
}

static int compare(const struct reader *r, struct json_object *stated, enum digest_alg alg, unsigned pcr, bool secure_boot,
                   const char *phase)
{
        struct digest wanted, value;

        if (!take_digest(stated, alg, &wanted))
                return malformed(r, "a value that is no digest of its bank");
        if (predict_value(r->p, alg, pcr, secure_boot, phase, &value, r->t) < 0)
                return -1;
        return digest_equal(&wanted, &value) ? 0 :
               trouble_set(r->t, OUTCOME_FALSE, "%s: PCR %u, %s%s%s: the events do not come to the value that it states", r->path,
                           pcr, digest_name(alg), phase ? " " : "", phase ? phase : "");
}

static int compare_states(const struct reader *r, struct json_object *o, enum digest_alg alg, unsigned pcr)
{
        static const char *const names[] = { [false] = "secure_boot_off", [true] = "secure_boot_on" };
        bool found = false;

        for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
                struct json_object *value = json_value_get(o, names[i]);

                if (!value)
                        continue;
                found = true;
                if (pcr == 4)
                        r->in->secure_boot[i] = true;
                else if (!predict_knows_state(r->p, i == true))
                        return malformed(r, "PCR 7 in a state that no event is of");
                if (compare(r, value, alg, pcr, i == true, NULL) < 0)
                        return -1;
        }
        return found ? 0 : malformed(r, "PCR 4 or 7 without a value");
}

static bool phase_is_valid(const char *phase)
{
        _cleanup_free_ char *copy = tool_strdup(phase);
        char *rest = copy;

        while (rest)
                if (!measure_word_is_valid(strsep(&rest, ":")))
                        return false;
        return true;
}

static int take_phase(const struct reader *r, const char *phase)
{
        for (size_t i = 0; i < r->in->n_phases; i++)
                if (str_equal(r->in->phases[i], phase))
                        return 0;
        if (r->in->n_phases == PREDICT_MAX_PHASES)
                return malformed(r, "too many phases");
        r->in->phases[r->in->n_phases++] = tool_strdup(phase);
        return 0;
}

static int compare_phases(const struct reader *r, struct json_object *array, enum digest_alg alg)
{
        for (size_t i = 0; i < json_value_count(array); i++) {
                struct json_object *o = json_value_at(array, i);
                const char *phase = as_ascii(json_value_get(o, "phase"));

                if (!phase || !phase_is_valid(phase))
                        return malformed(r, "PCR 11 without its phase");
                if (take_phase(r, phase) < 0 || compare(r, json_value_get(o, "value"), alg, 11, false, phase) < 0)
                        return -1;
        }
        return 0;
}

static int compare_pcr(const char *name, struct json_object *value, void *userdata)
{
        unsigned pcr = str_equal(name, "9") ? 9 : str_equal(name, "12") ? 12 : str_equal(name, "13") ? 13 : 0;
        struct reader *r = userdata;

        if ((str_equal(name, "4") || str_equal(name, "7")) && json_value_is_object(value)) {
                pcr = name[0] == '4' ? 4 : 7;
                r->in->pcrs[pcr] = true;
                return compare_states(r, value, r->alg, pcr);
        }
        if (str_equal(name, "11") && json_value_is_array(value)) {
                r->in->pcrs[11] = true;
                return compare_phases(r, value, r->alg);
        }
        if (pcr == 0)
                return malformed(r, "a PCR that is not known");
        /* PCR 12 of a boot without parameters has a value and no event. */
        r->in->pcrs[pcr] = true;
        return compare(r, value, r->alg, pcr, false, NULL);
}

static int compare_bank(const char *name, struct json_object *bank, void *userdata)
{
        struct reader *r = userdata;

        r->alg = digest_from_name(name);
        return json_value_each(bank, compare_pcr, r);
}

static int read_file(const struct reader *r, struct json_object *o, const char **ret_name, struct digest *ret)
{
        const char *name = as_ascii(json_value_get(o, "file"));

        if (!name || *name == '\0' || !take_digest(json_value_get(o, "sha256"), DIGEST_SHA256, ret))
                return malformed(r, "a file without its name or digest");
        *ret_name = tool_strdup(name);
        return 0;
}

static int read_files(const struct reader *r, struct json_object *array, struct predict_files *ret)
{
        size_t n = json_value_count(array);

        if (!json_value_is_array(array) || n > MEASUREMENTS_MAX_FILES)
                return malformed(r, "no list of files, or too many");
        ret->files = tool_alloc(n, sizeof(*ret->files));
        for (; ret->n < n; ret->n++)
                if (read_file(r, json_value_at(array, ret->n), &ret->files[ret->n].name, &ret->files[ret->n].sha256) < 0)
                        return -1;
        return 0;
}

static int read_document(struct reader *r, struct json_object *o)
{
        struct json_object *events = json_value_get(o, "events"), *pcrs = json_value_get(o, "pcrs");
        uint64_t schema;

        if (!json_value_as_u64(json_value_get(o, "schema"), &schema) || schema != SCHEMA_VERSION)
                return malformed(r, "its schema is not 1");
        if (!json_value_is_array(events) || !json_value_is_object(pcrs) || json_value_count(events) > MEASUREMENTS_MAX_EVENTS)
                return malformed(r, "no events, or too many, or no values");
        if (read_file(r, json_value_get(o, "uki"), &r->in->uki.path, &r->in->uki_sha256) < 0 ||
            read_files(r, json_value_get(o, "loaders"), &r->in->loaders) < 0 ||
            read_files(r, json_value_get(o, "addons"), &r->in->addons) < 0 || json_value_each(pcrs, read_bank, r) < 0)
                return -1;
        for (size_t i = 0; i < json_value_count(events); i++)
                if (read_event(r, json_value_at(events, i)) < 0)
                        return -1;
        return json_value_each(pcrs, compare_bank, r);
}

int measurements_read(const char *path, struct predict_input *in, struct prediction *ret, struct trouble *t)
{
        struct reader r = { .path = path, .in = in, .p = ret, .t = t };
        _cleanup_buffer_ struct buffer text = {};
        _cleanup_json_ struct json_object *o = NULL;

        *in = (struct predict_input) {};
        *ret = (struct prediction) { .in = in };
        if (tool_read_file(path, MEASUREMENTS_MAX_BYTES, &text, t) < 0)
                return -1;
        if (predict_hash(DIGEST_SHA256, &(const struct iovec) { text.data, text.size }, 1, &in->measurements, t) < 0)
                return -1;
        o = json_value_parse((const char *) text.data, text.size);
        return json_value_is_object(o) ? read_document(&r, o) : malformed(&r, "it is no JSON object");
}

static void files_done(struct predict_files *list)
{
        for (size_t i = 0; i < list->n; i++)
                free((char *) (uintptr_t) list->files[i].name);
        free(list->files);
}

void measurements_done(struct predict_input *in, struct prediction *p)
{
        predict_done(p);
        for (size_t i = 0; i < in->n_phases; i++)
                free((char *) (uintptr_t) in->phases[i]);
        files_done(&in->loaders);
        files_done(&in->addons);
        free((char *) (uintptr_t) in->uki.path);
        *in = (struct predict_input) {};
}
