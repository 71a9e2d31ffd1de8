/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <stdio.h>
#include <sys/stat.h>

#include "verinit/measure.h"

#include "json_value.h"
#include "measure_export.h"
#include "output.h"

static struct json_object *format_record(const struct predict_event *e)
{
        struct json_object *record = json_value_object(), *digests = json_value_array();

        json_value_add(record, "pcr", json_value_u64(e->pcr));
        json_value_add(record, "digests", digests);
        for (enum digest_alg alg = DIGEST_SHA1; alg < _DIGEST_ALG_MAX; alg++) {
                struct json_object *o;

                if (e->digests[alg].alg == DIGEST_NONE)
                        continue;
                o = json_value_object();
                json_value_add_text(o, "hashAlg", digest_name(alg));
                json_value_add(o, "digest", json_value_digest(&e->digests[alg]));
                json_value_append(digests, o);
        }
        return record;
}

/*
 * systemd brings components for what the firmware says of the boot option in PCR 4, the first two events, and, from 261 on, for
 * its separator.
 */
static bool is_of_systemd(const struct predict_event *e, size_t number)
{
        return (e->pcr == 4 && number < 2) || str_equal(e->what, MEASURE_SEPARATOR);
}

static int format_component(const struct prediction *p, unsigned pcr, bool secure_boot, struct buffer *ret, size_t *ret_n,
                            struct trouble *t)
{
        _cleanup_json_ struct json_object *o = json_value_object();
        struct json_object *records = json_value_array();
        size_t number = 0;

        json_value_add(o, "records", records);
        *ret_n = 0;
        for (size_t i = 0; i < p->n_events; i++) {
                const struct predict_event *e = &p->events[i];

                if (!predict_has(e, pcr, secure_boot) || is_of_systemd(e, number++))
                        continue;
                json_value_append(records, format_record(e));
                ++*ret_n;
        }
        return json_value_build(o, false, ret, t);
}

/*
 * One component a PCR: of one with several, systemd-pcrlock wants the records in the order of the log. Components have the order
 * of their names; systemd's enter-initrd is 750 and its leave-initrd 800.
 */
int export_pcrlock(const struct prediction *p, const struct export_choice *c, const char *directory, struct trouble *t)
{
        if (mkdir(directory, 0755) < 0 && errno != EEXIST)
                return trouble_set_errno(t, errno, "cannot make %s", directory);
        for (size_t i = 0; i < PREDICT_N_KNOWN; i++) {
                unsigned pcr = predict_known[i];
                _cleanup_free_ char *path = tool_format("%s/%u-verinit-pcr%u.pcrlock", directory,
                                                        pcr == MEASURE_PCR_WORDS ? 760 : 650, pcr);
                _cleanup_buffer_ struct buffer text = {};
                size_t n;

                if (pcr == 7)
                        continue;
                if (format_component(p, pcr, c->secure_boot, &text, &n, t) < 0)
                        return -1;
                if (n > 0 && output_write(path, &text, t) < 0)
                        return -1;
                /* Of a former image: systemd-pcrlock would wait for what nobody measures any more. */
                if (n == 0 && unlink(path) < 0 && errno != ENOENT)
                        return trouble_set_errno(t, errno, "cannot remove %s", path);
        }
        return 0;
}

/* One list of one value for each PCR: what is not listed is refused by who reads it. */
static int format_lists(const struct prediction *p, const struct export_choice *c, bool is_padded, struct buffer *ret, struct trouble *t)
{
        _cleanup_json_ struct json_object *o = json_value_object();

        for (size_t i = 0; i < PREDICT_N_KNOWN; i++) {
                unsigned pcr = predict_known[i];
                char name[64 + 16];
                struct json_object *list;
                struct digest value;

                if (!p->in->pcrs[pcr])
                        continue;
                (void) snprintf(name, sizeof(name), is_padded ? "%spcr%02u" : "%s%u", c->prefix, pcr);
                if (predict_value(p, c->bank, pcr, c->secure_boot, pcr == MEASURE_PCR_PHASE ? c->phase : NULL, &value, t) < 0)
                        return -1;
                list = json_value_array();
                json_value_append(list, json_value_digest(&value));
                json_value_add(o, name, list);
        }
        return json_value_build(o, true, ret, t);
}

int export_keylime(const struct prediction *p, const struct export_choice *c, struct buffer *ret, struct trouble *t)
{
        return format_lists(p, c, false, ret, t);
}

int export_rvps(const struct prediction *p, const struct export_choice *c, struct buffer *ret, struct trouble *t)
{
        return format_lists(p, c, true, ret, t);
}
