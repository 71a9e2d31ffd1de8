/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * verinit log join: the userspace records behind the firmware's, in the firmware's format, for tools that read only that.
 * An EV_EVENT_TAG each (TCG PFP 1.06, 10.4.2.1), its data the word, its digests as they were extended.
 */
#include <errno.h>
#include <stdio.h>

#include "verinit/tcg2_describe.h"

#include "log_events.h"
#include "options.h"
#include "output.h"

static const char usage[] =
        "Usage: verinit log join [FILE...] --output FILE [--fragment] [--json=short|pretty|off] [--quiet]\n"
        "\n"
        "Writes the firmware's TCG2 log and the records of the userspace log behind it as one TCG2 log, which tpm2_eventlog\n"
        "and go-attestation replay. Without FILE the logs of this machine are read.\n"
        "\n"
        "  --output FILE  where to: the whole log or nothing, by a temporary name\n"
        "  --fragment     without the firmware's events, under a header of its own, to be appended by the reader; its\n"
        "                 banks are those of each record and of the firmware's log, if that is given\n"
        "  --json=HOW     what was written: short (one line), pretty, or off (default: nothing)\n"
        "  --quiet        no talk on stderr but errors\n"
        "  --help         this text\n"
        "\n"
        "Exit status: 0 written, 1 trouble, 2 wrong usage.\n"
        "\n"
        "Examples:\n"
        "  verinit log join --output /run/verinit/eventlog.tcg2\n"
        "  verinit log join binary_bios_measurements tpm2-measure.log --output all.tcg2 && tpm2_eventlog all.tcg2\n";

#define VERB "log join"

struct join_options {
        struct options common;
        const char *output;
        bool is_fragment;
};

struct joined {
        struct buffer bytes;
        bool has_bank[_DIGEST_ALG_MAX]; /* of the header */
        size_t n_appended, n_left_out, n_incomplete;
};

static int take(int id, void *userdata, _unused_ struct trouble *t)
{
        struct join_options *o = userdata;

        if (id == 'o')
                o->output = optarg;
        else
                o->is_fragment = true;
        return 0;
}

static void put(struct buffer *b, const void *bytes, size_t n)
{
        if (buffer_append(b, bytes, n) < 0) {
                (void) fputs("verinit: out of memory\n", stderr);
                exit(tool_exit_status(OUTCOME_TROUBLE));
        }
}

static void put_number(struct buffer *b, uint32_t value, size_t n_bytes)
{
        for (size_t i = 0; i < n_bytes; i++)
                put(b, &(uint8_t) { (uint8_t) (value >> (8 * i)) }, 1);
}

static bool is_joinable(const struct log_event *e)
{
        return e->source == LOG_USERSPACE && !e->is_nv;
}

/* Readers refuse to append a log with a bank that the first one does not have, and to replay one that lacks a digest. */
static void find_fragment_banks(const struct log_events *l, struct joined *j)
{
        for (enum digest_alg alg = DIGEST_SHA1; alg < _DIGEST_ALG_MAX; alg++) {
                j->has_bank[alg] = l->has_bank[alg];
                for (size_t i = 0; i < l->n; i++)
                        if (is_joinable(&l->list[i]) && l->list[i].digests[alg].alg == DIGEST_NONE)
                                j->has_bank[alg] = false;
        }
}

static size_t count_banks(const struct joined *j)
{
        size_t n = 0;

        for (enum digest_alg alg = DIGEST_SHA1; alg < _DIGEST_ALG_MAX; alg++)
                n += j->has_bank[alg] ? 1 : 0;
        return n;
}

/* TCG PFP 1.06, 10.4.5.1: in the form of the older logs, so that it is seen what follows. */
static void put_header(struct joined *j)
{
        static const uint8_t zeros[20];
        uint32_t n = (uint32_t) count_banks(j);
        struct buffer *b = &j->bytes;

        put_number(b, 0, 4);
        put_number(b, TCG2_EV_NO_ACTION, 4);
        put(b, zeros, sizeof(zeros));
        put_number(b, 16 + 8 + 4 + 4 * n + 1, 4);
        put(b, "Spec ID Event03", 16);
        put_number(b, 0, 4);                /* platform class: client */
        put(b, "\0\2\0\2", 4);              /* version 2.0, errata 0, size of UINTN: two 32-bit words */
        put_number(b, n, 4);
        for (enum digest_alg alg = DIGEST_SHA1; alg < _DIGEST_ALG_MAX; alg++)
                if (j->has_bank[alg]) {
                        put_number(b, digest_tpm_id(alg), 2);
                        put_number(b, (uint32_t) digest_size(alg), 2);
                }
        put_number(b, 0, 1); /* no vendor information */
}

/* In each bank that the firmware says to have filled, one that cannot be computed here included; else that any record has. */
static bool is_complete(const struct log_events *l, const struct log_event *e)
{
        for (size_t i = 0; l->has_firmware && i < l->header.n_algs; i++)
                if (e->digests[l->header.algs[i].alg].alg == DIGEST_NONE)
                        return false;
        for (enum digest_alg alg = DIGEST_SHA1; !l->has_firmware && alg < _DIGEST_ALG_MAX; alg++)
                if (l->has_bank[alg] && e->digests[alg].alg == DIGEST_NONE)
                        return false;
        return true;
}

static void put_record(const struct log_events *l, struct joined *j, const struct log_event *e)
{
        /* A record of another kind has its content in place of a word. */
        struct json_object *content = e->word ? NULL : json_value_get(e->record, "content");
        const char *data = e->word ? e->word : content ? json_value_format(content, false) : "";
        uint32_t n = 0, size = (uint32_t) strlen(data);
        struct buffer *b = &j->bytes;

        for (enum digest_alg alg = DIGEST_SHA1; alg < _DIGEST_ALG_MAX; alg++)
                n += j->has_bank[alg] && e->digests[alg].alg != DIGEST_NONE ? 1 : 0;
        if (n == 0) {
                j->n_left_out++;
                return;
        }
        put_number(b, e->pcr, 4);
        put_number(b, TCG2_EV_EVENT_TAG, 4);
        put_number(b, n, 4);
        for (enum digest_alg alg = DIGEST_SHA1; alg < _DIGEST_ALG_MAX; alg++) {
                const struct digest *d = &e->digests[alg];

                if (!j->has_bank[alg] || d->alg == DIGEST_NONE)
                        continue;
                put_number(b, digest_tpm_id(alg), 2);
                put(b, d->bytes, digest_size(d->alg));
        }
        put_number(b, 8 + size, 4);
        put_number(b, TCG2_TAG_USERSPACE, 4);
        put_number(b, size, 4);
        put(b, data, size);
        j->n_appended++;
        j->n_incomplete += is_complete(l, e) ? 0 : 1;
}

static int join(const struct log_events *l, bool is_fragment, struct joined *j, struct trouble *t)
{
        if (is_fragment) {
                if (!l->has_userspace)
                        return trouble_set(t, OUTCOME_TROUBLE, "a fragment is made of a userspace log, and none was given");
                find_fragment_banks(l, j);
                if (count_banks(j) == 0)
                        return trouble_set(t, OUTCOME_TROUBLE, "there is no bank that all records have");
                put_header(j);
        } else {
                if (!l->has_firmware)
                        return trouble_set(t, OUTCOME_TROUBLE, "no log of the firmware was given: --fragment writes the "
                                           "userspace records alone");
                memcpy(j->has_bank, l->has_bank, sizeof(j->has_bank));
                put(&j->bytes, l->firmware.data, l->firmware.size);
        }
        for (size_t i = 0; i < l->n; i++)
                if (is_joinable(&l->list[i]))
                        put_record(l, j, &l->list[i]);
                else if (l->list[i].is_nv)
                        j->n_left_out++;
        if (j->bytes.size > TCG2_LOG_MAX_BYTES)
                tool_say("the joined log is longer than 1 MiB, which some readers do not take");
        return 0;
}

static int print_json(const struct join_options *o, const struct joined *j, struct trouble *t)
{
        _cleanup_json_ struct json_object *object = json_value_object();
        struct json_object *names = json_value_array();

        for (enum digest_alg alg = DIGEST_SHA1; alg < _DIGEST_ALG_MAX; alg++)
                if (j->has_bank[alg])
                        json_value_append(names, json_value_text(digest_name(alg)));
        json_value_add_text(object, "output", o->output);
        json_value_add(object, "bytes", json_value_u64(j->bytes.size));
        json_value_add(object, "is_fragment", json_value_bool(o->is_fragment));
        json_value_add(object, "banks", names);
        json_value_add(object, "appended", json_value_u64(j->n_appended));
        json_value_add(object, "left_out", json_value_u64(j->n_left_out));
        json_value_add(object, "incomplete", json_value_u64(j->n_incomplete));
        return json_value_print(object, o->common.json == JSON_PRETTY, t);
}

int log_join(int argc, char *argv[], struct trouble *t)
{
        _cleanup_events_ struct log_events l = {};
        static const struct option list[] = { { "output", required_argument, NULL, 'o' }, { "fragment", no_argument, NULL, 'f' },
                                              OPTION_JSON, OPTION_QUIET, OPTION_HELP, {} };
        struct join_options o = { .common = { .verb = VERB } };
        struct joined j = {};
        int r;

        if (options_parse(&o.common, argc, argv, list, true, take, &o, t) < 0 ||
            options_demand(&o.common, o.output, "--output", t) < 0)
                return -1;
        if (o.common.wants_help)
                return fputs(usage, stdout) < 0 ? -1 : 0;
        if (output_check(o.output, t) < 0 || log_events_read_whole(o.common.words, o.common.n_words, &l, t) < 0)
                return -1;
        r = join(&l, o.is_fragment, &j, t);
        if (r == 0 && j.n_left_out > 0)
                tool_say("%zu records are not in it: of no PCR, or without a digest of its banks", j.n_left_out);
        if (r == 0 && j.n_incomplete > 0)
                tool_say("%zu records lack a digest of a bank that %s: there the log cannot be replayed",
                         j.n_incomplete, l.has_firmware ? "the firmware's log has" : "others have");
        if (r == 0)
                r = output_write(o.output, &j.bytes, t);
        if (r == 0 && o.common.json != JSON_OFF)
                r = print_json(&o, &j, t);
        buffer_done(&j.bytes);
        return r;
}
