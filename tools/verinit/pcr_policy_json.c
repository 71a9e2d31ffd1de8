/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Signed PCR policies as JSON, which others have written: systemd-measure, ukify, whoever signs.
 */
#include "verinit/crypto.h"

#include "base64.h"
#include "pcr_policy.h"

enum { SIGNATURE_MAX_BYTES = 2048, TPM_PCRS = 24 };

struct reader {
        const char *what;
        struct pcr_policies *list;
        enum digest_alg bank;
        struct trouble *t;
};

static int malformed(const struct reader *r, const char *why)
{
        return trouble_set(r->t, OUTCOME_TROUBLE, "%s is no signed PCR policy as systemd-measure writes it: %s", r->what, why);
}

static bool take_pcrs(struct json_object *array, uint32_t *ret)
{
        uint32_t pcrs = 0;

        for (size_t i = 0; i < json_value_count(array); i++) {
                uint64_t pcr;

                if (!json_value_as_u64(json_value_at(array, i), &pcr) || pcr >= TPM_PCRS || (pcrs & 1u << pcr))
                        return false;
                pcrs |= 1u << pcr;
        }
        *ret = pcrs;
        return pcrs != 0;
}

static bool take_hex(struct json_object *value, uint8_t ret[static PCR_POLICY_DIGEST_BYTES])
{
        const char *text = json_value_as_text(value);

        return text && hex_decode(text, ret, PCR_POLICY_DIGEST_BYTES) == PCR_POLICY_DIGEST_BYTES;
}

static bool take_signature(struct json_object *value, struct buffer *ret)
{
        const char *text = json_value_as_text(value);
        uint8_t bytes[SIGNATURE_MAX_BYTES + 3];
        size_t n;

        return text && strlen(text) <= SIGNATURE_MAX_BYTES / 3 * 4 && crypto_decode_base64(text, bytes, &n) &&
               buffer_append(ret, bytes, n) == 0;
}

static int read_entry(const struct reader *r, struct json_object *entry)
{
        struct pcr_policy p = { .bank = r->bank };

        if (!json_value_is_object(entry) || !take_pcrs(json_value_get(entry, "pcrs"), &p.pcrs))
                return malformed(r, "\"pcrs\"");
        if (!take_hex(json_value_get(entry, "pol"), p.digest))
                return malformed(r, "\"pol\"");
        if (json_value_has(entry, "pkfp")) {
                p.fingerprint.alg = DIGEST_SHA256;
                if (!take_hex(json_value_get(entry, "pkfp"), p.fingerprint.bytes))
                        return malformed(r, "\"pkfp\"");
        }
        if (r->list->n == PCR_POLICY_MAX)
                return malformed(r, "too many entries");
        if (json_value_has(entry, "sig") && !take_signature(json_value_get(entry, "sig"), &p.signature)) {
                buffer_done(&p.signature);
                return malformed(r, "\"sig\"");
        }
        r->list->list = tool_grow(r->list->list, r->list->n, sizeof(*r->list->list));
        r->list->list[r->list->n++] = p;
        return 0;
}

static int read_bank(const char *name, struct json_object *entries, void *userdata)
{
        struct reader *r = userdata;

        r->bank = digest_from_name(name);
        if (r->bank == DIGEST_NONE || !json_value_is_array(entries))
                return malformed(r, "a bank");
        for (size_t i = 0; i < json_value_count(entries); i++)
                if (read_entry(r, json_value_at(entries, i)) < 0)
                        return -1;
        return 0;
}

int pcr_policies_parse(const struct buffer *json, const char *what, struct pcr_policies *ret, struct trouble *t)
{
        struct pcr_policies list = {};
        struct reader reader = { .what = what, .list = &list, .t = t };
        size_t n = json->size;
        int r;

        /* In a section there may be zeros behind it. */
        while (n > 0 && json->data[n - 1] == '\0')
                n--;
        _cleanup_json_ struct json_object *value = n > 0 && n <= PCR_POLICY_MAX_FILE_BYTES ?
                json_value_parse((const char *) json->data, n) : NULL;
        r = json_value_is_object(value) ? json_value_each(value, read_bank, &reader) : malformed(&reader, "no JSON object");
        if (r < 0) {
                pcr_policies_done(&list);
                return -1;
        }
        *ret = list;
        return 0;
}

static struct json_object *format_entry(const struct pcr_policy *p)
{
        struct json_object *o = json_value_object(), *pcrs = json_value_array();
        char text[2 * PCR_POLICY_DIGEST_BYTES + 1];

        for (unsigned pcr = 0; pcr < TPM_PCRS; pcr++)
                if (p->pcrs & 1u << pcr)
                        json_value_append(pcrs, json_value_u64(pcr));
        json_value_add(o, "pcrs", pcrs);
        if (p->fingerprint.alg != DIGEST_NONE)
                json_value_add(o, "pkfp", json_value_digest(&p->fingerprint));
        pcr_policy_hex(p, text);
        json_value_add_text(o, "pol", text);
        if (p->signature.size > 0) {
                _cleanup_free_ char *signature = base64_encode(p->signature.data, p->signature.size);

                json_value_add_text(o, "sig", signature);
        }
        return o;
}

struct json_object *pcr_policies_format(const struct pcr_policies *p)
{
        struct json_object *o = json_value_object();

        for (enum digest_alg alg = DIGEST_SHA1; alg < _DIGEST_ALG_MAX; alg++) {
                struct json_object *entries = json_value_array();

                for (size_t i = 0; i < p->n; i++)
                        if (p->list[i].bank == alg)
                                json_value_append(entries, format_entry(&p->list[i]));
                if (json_value_count(entries) > 0)
                        json_value_add(o, digest_name(alg), entries);
                else
                        json_value_done(&entries);
        }
        return o;
}
