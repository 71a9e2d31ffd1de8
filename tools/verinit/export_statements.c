/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What a builder signs about an image: a CoMID tag and an in-toto statement. Both have all banks.
 */
#include <stdio.h>

#include "verinit/uuid.h"
#include "verinit/verity.h"

#include "base64.h"
#include "json_value.h"
#include "measure_export.h"

static bool is_asked(const struct prediction *p, const struct export_choice *c, unsigned pcr)
{
        return p->in->pcrs[pcr] && (pcr != 7 || predict_knows_state(p, c->secure_boot));
}

static int values_of(const struct prediction *p, const struct export_choice *c, unsigned pcr,
                     struct digest ret[static _DIGEST_ALG_MAX], struct trouble *t)
{
        for (enum digest_alg alg = DIGEST_SHA1; alg < _DIGEST_ALG_MAX; alg++) {
                ret[alg] = (struct digest) {};
                if (p->in->banks[alg] && predict_value(p, alg, pcr, c->secure_boot, pcr == 11 ? c->phase : NULL, &ret[alg], t) < 0)
                        return -1;
        }
        return 0;
}

/* Names of IANA's registry for Named Information, which has no SHA-1. */
static struct json_object *format_named(const struct digest values[static _DIGEST_ALG_MAX])
{
        static const char *const names[_DIGEST_ALG_MAX] = {
                [DIGEST_SHA256] = "sha-256", [DIGEST_SHA384] = "sha-384", [DIGEST_SHA512] = "sha-512",
        };
        struct json_object *array = json_value_array();

        for (enum digest_alg alg = DIGEST_SHA256; alg < _DIGEST_ALG_MAX; alg++) {
                _cleanup_free_ char *base64 = NULL, *text = NULL;

                if (values[alg].alg == DIGEST_NONE)
                        continue;
                base64 = base64_encode(values[alg].bytes, digest_size(alg));
                text = tool_format("%s;%s", names[alg], base64);
                json_value_append(array, json_value_text(text));
        }
        return array;
}

static int add_registers(struct json_object *registers, const struct prediction *p, const struct export_choice *c, struct trouble *t)
{
        for (size_t i = 0; i < PREDICT_N_KNOWN; i++) {
                unsigned pcr = predict_known[i];
                struct digest values[_DIGEST_ALG_MAX] = {};
                struct json_object *o;
                char number[8];

                if (!is_asked(p, c, pcr))
                        continue;
                if (values_of(p, c, pcr, values, t) < 0)
                        return -1;
                (void) snprintf(number, sizeof(number), "%u", pcr);
                o = json_value_object();
                json_value_add(registers, number, o);
                json_value_add_text(o, "key-type", "uint");
                json_value_add(o, "value", format_named(values));
        }
        return 0;
}

/* RFC 9562 version 8: of the measurements, so that the same ones make the same tag. */
static struct json_object *format_tag(const struct digest *measurements)
{
        uint8_t b[16];
        char uuid[37];
        struct json_object *o = json_value_object();

        memcpy(b, measurements->bytes, sizeof(b));
        b[6] = (uint8_t) ((b[6] & 0x0f) | 0x80);
        b[8] = (uint8_t) ((b[8] & 0x3f) | 0x80);
        uuid_format(b, uuid);
        json_value_add_text(o, "id", uuid);
        json_value_add(o, "version", json_value_u64(0));
        return o;
}

/* draft-ietf-rats-corim, in the JSON that the tool cocli makes its CBOR of. */
int export_comid(const struct prediction *p, const struct export_choice *c, struct buffer *ret, struct trouble *t)
{
        _cleanup_json_ struct json_object *o = json_value_object();
        struct json_object *triples = json_value_object(), *list = json_value_array(), *triple = json_value_object();
        struct json_object *environment = json_value_object(), *class = json_value_object(), *measurements = json_value_array();
        struct json_object *measurement = json_value_object(), *value = json_value_object(), *registers = json_value_object();

        json_value_add_text(o, "lang", "en");
        json_value_add(o, "tag-identity", format_tag(&p->in->measurements));
        json_value_add(o, "triples", triples);
        json_value_add(triples, "reference-values", list);
        json_value_append(list, triple);
        json_value_add(triple, "environment", environment);
        json_value_add(environment, "class", class);
        if (c->vendor)
                json_value_add_text(class, "vendor", c->vendor);
        json_value_add_text(class, "model", p->in->uki.path);
        json_value_add(triple, "measurements", measurements);
        json_value_append(measurements, measurement);
        json_value_add(measurement, "value", value);
        json_value_add(value, "integrity-registers", registers);
        if (add_registers(registers, p, c, t) < 0)
                return -1;
        return json_value_build(o, true, ret, t);
}

/* ResourceDescriptor: SHA-256 of a file, or a PCR in all banks. */
static struct json_object *format_resource(const char *name, const char *media_type, const struct digest *digests, size_t n)
{
        struct json_object *o = json_value_object(), *set = json_value_object();

        json_value_add(o, "digest", set);
        for (size_t i = 0; i < n; i++)
                if (digests[i].alg != DIGEST_NONE)
                        json_value_add(set, digest_name(digests[i].alg), json_value_digest(&digests[i]));
        if (media_type)
                json_value_add_text(o, "mediaType", media_type);
        json_value_add_text(o, "name", name);
        return o;
}

static struct json_object *format_subjects(const struct predict_input *in)
{
        const struct predict_files *lists[] = { &in->loaders, &in->addons };
        struct json_object *array = json_value_array();

        json_value_append(array, format_resource(in->uki.path, NULL, &in->uki_sha256, 1));
        for (size_t i = 0; i < ARRAY_SIZE(lists); i++)
                for (size_t j = 0; j < lists[i]->n; j++)
                        json_value_append(array, format_resource(lists[i]->files[j].name, NULL, &lists[i]->files[j].sha256, 1));
        return array;
}

/* When the value stands in the PCR: what of this does not matter to it is left out. */
static struct json_object *format_conditions(const struct export_choice *c, unsigned pcr)
{
        struct json_object *o;

        if (pcr != 4 && pcr != 7 && pcr != 11)
                return NULL;
        o = json_value_object();
        if (pcr == 11)
                json_value_add_text(o, "phase", c->phase);
        else
                json_value_add_text(o, "secure_boot", c->secure_boot ? "on" : "off");
        return o;
}

static int add_attributes(struct json_object *array, const struct prediction *p, const struct export_choice *c, struct trouble *t)
{
        for (size_t i = 0; i < PREDICT_N_KNOWN; i++) {
                unsigned pcr = predict_known[i];
                struct json_object *o, *conditions;
                struct digest values[_DIGEST_ALG_MAX] = {};
                char name[16];

                if (!is_asked(p, c, pcr))
                        continue;
                if (values_of(p, c, pcr, values, t) < 0)
                        return -1;
                (void) snprintf(name, sizeof(name), "pcr%u", pcr);
                o = json_value_object();
                json_value_append(array, o);
                json_value_add_text(o, "attribute", "TPM_PCR_AFTER_BOOT");
                conditions = format_conditions(c, pcr);
                if (conditions)
                        json_value_add(o, "conditions", conditions);
                json_value_add(o, "evidence", format_resource("measurements.json", "application/json", &p->in->measurements, 1));
                json_value_add(o, "target", format_resource(name, NULL, values, _DIGEST_ALG_MAX));
        }
        return 0;
}

/* Statement v1 with the predicate SCAI v0.3 (github.com/in-toto/attestation): of its vetted ones the one for what a thing does. */
int export_in_toto(const struct prediction *p, const struct export_choice *c, struct buffer *ret, struct trouble *t)
{
        _cleanup_json_ struct json_object *o = json_value_object();
        struct json_object *predicate = json_value_object(), *attributes = json_value_array();

        json_value_add_text(o, "_type", "https://in-toto.io/Statement/v1");
        json_value_add(o, "predicate", predicate);
        json_value_add(predicate, "attributes", attributes);
        json_value_add_text(o, "predicateType", "https://in-toto.io/attestation/scai/v0.3");
        json_value_add(o, "subject", format_subjects(p->in));
        if (add_attributes(attributes, p, c, t) < 0)
                return -1;
        return json_value_build(o, false, ret, t);
}
