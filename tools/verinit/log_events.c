/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>

#include "verinit/tcg2_describe.h"

#include "log_events.h"

enum { RECORD_SEPARATOR = 0x1e, EVENTS_MAX = 65536 };

static struct log_event *add_event(struct log_events *l, enum log_source source, size_t number, size_t offset)
{
        l->list = tool_grow(l->list, l->n, sizeof(l->list[0]));
        l->list[l->n] = (struct log_event) { .source = source, .number = number, .offset = offset };
        return &l->list[l->n++];
}

static void take_firmware_event(struct log_events *l, const struct tcg2_event *event)
{
        struct log_event *e = add_event(l, LOG_FIRMWARE, event->number, event->offset);

        e->pcr = event->pcr;
        e->firmware = *event;
        for (enum digest_alg alg = DIGEST_NONE + 1; alg < _DIGEST_ALG_MAX; alg++)
                if (event->digests[alg]) {
                        e->digests[alg].alg = alg;
                        memcpy(e->digests[alg].bytes, event->digests[alg], digest_size(alg));
                }
}

static void parse_firmware(struct log_events *l, const char *path)
{
        struct tcg2_event event;
        struct error err = {};
        int r;

        l->has_firmware = true;
        r = tcg2_log_open(l->firmware.data, l->firmware.size, &l->header, &err);
        if (r == 0) {
                struct tcg2_log log = l->header;

                for (enum digest_alg alg = DIGEST_NONE + 1; alg < _DIGEST_ALG_MAX; alg++)
                        l->has_bank[alg] = tcg2_log_has(&log, alg);
                while ((r = tcg2_log_next(&log, &event, &err)) > 0)
                        take_firmware_event(l, &event);
        }
        if (r < 0)
                l->damage = tool_format("%s: %s", path, err.msg);
}

static const char *take_digest(struct json_object *entry, struct log_event *e)
{
        const char *name = json_value_as_text(json_value_get(entry, "hashAlg"));
        const char *hex = json_value_as_text(json_value_get(entry, "digest"));
        struct digest d = {};

        if (!name || !hex)
                return "a digest without 'hashAlg' or 'digest'";
        d.alg = digest_from_name(name);
        if (d.alg == DIGEST_NONE)
                return NULL; /* it stays in the record, and nothing is computed of it */
        if (hex_decode(hex, d.bytes, digest_size(d.alg)) != (ssize_t) digest_size(d.alg))
                return "a digest that is no hexadecimal number of its bank's size";
        if (e->digests[d.alg].alg != DIGEST_NONE)
                return "two digests of one bank";
        e->digests[d.alg] = d;
        return NULL;
}

/* NULL, or what is wrong. As systemd-pcrlock has it: a PCR or an NV index, and digests; the rest may be missing. */
static const char *take_record(struct json_object *record, struct log_event *e)
{
        struct json_object *digests = json_value_get(record, "digests"), *content = json_value_get(record, "content");
        uint64_t index;

        if (json_value_as_u64(json_value_get(record, "pcr"), &index)) {
                if (index >= TCG2_PCRS)
                        return "there is no such PCR";
        } else if (json_value_as_u64(json_value_get(record, "nv_index"), &index) && index <= UINT32_MAX) {
                e->is_nv = true;
        } else {
                return "neither 'pcr' nor 'nv_index'";
        }
        e->pcr = (uint32_t) index;
        if (!json_value_is_array(digests))
                return "no array 'digests'";
        for (size_t i = 0; i < json_value_count(digests); i++) {
                const char *wrong = take_digest(json_value_at(digests, i), e);

                if (wrong)
                        return wrong;
        }
        e->word = json_value_as_text(json_value_get(content, "string"));
        e->word_type = json_value_as_text(json_value_get(content, "eventType"));
        return NULL;
}

/* RFC 7464: a record is whole if it ends with a newline. */
static const char *parse_record(struct log_events *l, const char *text, size_t size, struct log_event *e)
{
        const char *wrong;

        if (size == 0 || text[size - 1] != '\n')
                return "it is cut off";
        e->record = json_value_parse(text, size);
        if (!e->record)
                return "it is no JSON";
        wrong = take_record(e->record, e);
        for (enum digest_alg alg = DIGEST_NONE + 1; !wrong && !l->has_firmware && alg < _DIGEST_ALG_MAX; alg++)
                l->has_bank[alg] = l->has_bank[alg] || e->digests[alg].alg != DIGEST_NONE;
        return wrong;
}

static void parse_userspace(struct log_events *l, const char *path)
{
        const char *text = (const char *) l->userspace.data;
        size_t at = 0, size = l->userspace.size;

        l->has_userspace = true;
        for (size_t number = 1; at < size; number++) {
                const char *end = memchr(text + at + 1, RECORD_SEPARATOR, size - at - 1);
                size_t n = end ? (size_t) (end - text) - at : size - at;
                struct log_event *e = add_event(l, LOG_USERSPACE, number, at);
                const char *wrong = l->n > EVENTS_MAX ? "there are too many" : parse_record(l, text + at + 1, n - 1, e);

                if (wrong) {
                        json_value_done(&e->record);
                        l->n--;
                        l->damage = tool_format("%s: record %zu at byte %zu: %s", path, number, at, wrong);
                        return;
                }
                at += n;
        }
}

static int read_one(const char *path, struct log_events *l, const char **ret_firmware, const char **ret_userspace,
                    struct trouble *t)
{
        _cleanup_buffer_ struct buffer b = {};
        enum log_source source;
        bool is_marked;

        if (log_read(path, &b, &source, &is_marked, t) < 0)
                return -1;
        if (source == LOG_FIRMWARE ? *ret_firmware != NULL : *ret_userspace != NULL)
                return trouble_set(t, OUTCOME_USAGE, "%s is a second log of the %s: one of each kind is taken", path,
                                   log_source_name(source));
        if (source == LOG_FIRMWARE) {
                *ret_firmware = path;
                l->firmware = b;
        } else {
                *ret_userspace = path;
                l->userspace = b;
        }
        if (is_marked)
                l->mark = tool_format("%s is marked: a writer did not finish, and its last record may be missing", path);
        b = (struct buffer) {};
        return 0;
}

static size_t default_paths(const char *ret[static 2])
{
        static const char *const all[] = { LOG_FIRMWARE_PATH, LOG_USERSPACE_PATH };
        size_t n = 0;

        for (size_t i = 0; i < ARRAY_SIZE(all); i++)
                if (access(all[i], F_OK) == 0)
                        ret[n++] = all[i];
        return n;
}

int log_events_read(char *const *paths, size_t n_paths, struct log_events *ret, struct trouble *t)
{
        const char *firmware = NULL, *userspace = NULL, *found[2];
        _cleanup_events_ struct log_events l = {};

        if (n_paths == 0) {
                size_t n = default_paths(found);

                if (n == 0)
                        return trouble_set(t, OUTCOME_TROUBLE, "this machine has neither %s nor %s: name a FILE",
                                           LOG_FIRMWARE_PATH, LOG_USERSPACE_PATH);
                for (size_t i = 0; i < n; i++)
                        if (read_one(found[i], &l, &firmware, &userspace, t) < 0)
                                return -1;
        }
        for (size_t i = 0; i < n_paths; i++)
                if (read_one(paths[i], &l, &firmware, &userspace, t) < 0)
                        return -1;
        if (firmware)
                parse_firmware(&l, firmware);
        if (userspace && !l.damage)
                parse_userspace(&l, userspace);
        *ret = l;
        l = (struct log_events) {};
        return 0;
}

int log_events_read_whole(char *const *paths, size_t n_paths, struct log_events *ret, struct trouble *t)
{
        if (log_events_read(paths, n_paths, ret, t) < 0)
                return -1;
        if (ret->mark)
                tool_say("%s", ret->mark);
        return ret->damage ? trouble_set(t, OUTCOME_TROUBLE, "%s", ret->damage) : 0;
}

void log_events_done(struct log_events *l)
{
        for (size_t i = 0; i < l->n; i++)
                json_value_done(&l->list[i].record);
        free(l->list);
        free(l->damage);
        free(l->mark);
        buffer_done(&l->firmware);
        buffer_done(&l->userspace);
        *l = (struct log_events) {};
}

const char *log_source_name(enum log_source source)
{
        return source == LOG_FIRMWARE ? "firmware" : "userspace";
}

bool log_event_is_measured(const struct log_event *e)
{
        return e->source == LOG_USERSPACE || e->firmware.type != TCG2_EV_NO_ACTION;
}

const char *log_event_type(const struct log_event *e, char ret[static 16])
{
        const char *name = e->source == LOG_FIRMWARE ? tcg2_event_type_name(e->firmware.type) : e->word_type;

        if (name)
                return name;
        if (e->source == LOG_USERSPACE)
                return "-";
        (void) snprintf(ret, 16, "0x%08" PRIx32, e->firmware.type);
        return ret;
}

char *log_event_describe(const struct log_event *e)
{
        char text[TCG2_DESCRIPTION_MAX + 1];

        if (e->source == LOG_USERSPACE)
                return tool_printable(tool_strdup(e->word ? e->word : ""));
        tcg2_event_describe(&e->firmware, text);
        return tool_strdup(text);
}

char *log_event_name(const struct log_event *e)
{
        _cleanup_free_ char *what = log_event_describe(e);
        char type[16];
        char *name = tool_format("%s record %zu (%s: %s)", log_source_name(e->source), e->number, log_event_type(e, type), what);

        return tool_printable(name);
}
