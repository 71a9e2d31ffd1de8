/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * verinit log cel: TCG Canonical Event Log 1.0 in its JSON form, with the content types that systemd-pcrlock writes.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>

#include "verinit/tcg2_describe.h"

#include "log_events.h"
#include "options.h"
#include "output.h"

static const char usage[] =
        "Usage: verinit log cel [FILE...] [--output FILE] [--json=short|pretty] [--quiet]\n"
        "\n"
        "Writes the measurement logs as canonical event log records (TCG CEL, JSON): the firmware's events as pcclient_std,\n"
        "the userspace records as they are behind them. What extends nothing is left out. Without FILE the logs of this\n"
        "machine are read.\n"
        "\n"
        "  --output FILE  where to; default: standard output\n"
        "  --json=HOW     short (one line, the default) or pretty\n"
        "  --quiet        no talk on stderr but errors\n"
        "  --help         this text\n"
        "\n"
        "Exit status: 0 written, 1 trouble, 2 wrong usage.\n"
        "\n"
        "Examples:\n"
        "  verinit log cel --json=pretty\n"
        "  verinit log cel binary_bios_measurements tpm2-measure.log --output node.cel.json\n";

#define VERB "log cel"

struct cel_options {
        struct options common;
        const char *output;
};

static int take(_unused_ int id, void *userdata, _unused_ struct trouble *t)
{
        struct cel_options *o = userdata;

        o->output = optarg;
        return 0;
}

static void add_firmware(struct json_object *o, const struct log_event *e)
{
        struct json_object *digests = json_value_array(), *content = json_value_object();
        _cleanup_free_ char *data = tool_alloc(2 * e->firmware.data_size + 1, 1);
        const char *name = tcg2_event_type_name(e->firmware.type);
        char number[16];

        for (enum digest_alg alg = DIGEST_NONE + 1; alg < _DIGEST_ALG_MAX; alg++)
                if (e->digests[alg].alg != DIGEST_NONE) {
                        struct json_object *d = json_value_object();
                        char hex[DIGEST_MAX_HEX];

                        digest_hex(&e->digests[alg], hex);
                        json_value_add_text(d, "hashAlg", digest_name(alg));
                        json_value_add_text(d, "digest", hex);
                        json_value_append(digests, d);
                }
        (void) snprintf(number, sizeof(number), "%" PRIu32, e->firmware.type);
        hex_encode(e->firmware.data, e->firmware.data_size, data);
        json_value_add(o, "digests", digests);
        json_value_add_text(o, "content_type", "pcclient_std");
        json_value_add_text(content, "event_type", name ? name : number);
        json_value_add_text(content, "event_data", data);
        json_value_add(o, "content", content);
}

/* As it stands there: what is not understood here, a reader may understand. */
static void add_userspace(struct json_object *o, const struct log_event *e)
{
        static const char *const keys[] = { "digests", "content_type", "content" };

        for (size_t i = 0; i < ARRAY_SIZE(keys); i++) {
                struct json_object *value = json_value_get(e->record, keys[i]);

                if (value)
                        json_value_add(o, keys[i], json_value_ref(value));
        }
}

static struct json_object *format(const struct log_events *l)
{
        struct json_object *array = json_value_array();

        for (size_t i = 0; i < l->n; i++) {
                const struct log_event *e = &l->list[i];
                struct json_object *o;

                if (!log_event_is_measured(e))
                        continue;
                o = json_value_object();
                json_value_add(o, "recnum", json_value_u64(json_value_count(array) + 1));
                json_value_add(o, e->is_nv ? "nv_index" : "pcr", json_value_u64(e->pcr));
                if (e->source == LOG_FIRMWARE)
                        add_firmware(o, e);
                else
                        add_userspace(o, e);
                json_value_append(array, o);
        }
        return array;
}

static int write_file(const char *path, struct json_object *array, bool is_pretty, struct trouble *t)
{
        _cleanup_buffer_ struct buffer b = {};

        return json_value_build(array, is_pretty, &b, t) < 0 ? -1 : output_write(path, &b, t);
}

int log_cel(int argc, char *argv[], struct trouble *t)
{
        _cleanup_json_ struct json_object *array = NULL;
        _cleanup_events_ struct log_events l = {};
        static const struct option list[] = { { "output", required_argument, NULL, 'o' }, OPTION_JSON, OPTION_QUIET, OPTION_HELP, {} };
        struct cel_options o = { .common = { .verb = VERB, .json = JSON_SHORT } };

        if (options_parse(&o.common, argc, argv, list, true, take, &o, t) < 0)
                return -1;
        if (o.common.wants_help)
                return fputs(usage, stdout) < 0 ? -1 : 0;
        if (o.common.json == JSON_OFF)
                return trouble_set_usage(t, VERB, "it is JSON, so --json cannot be", "off");
        if (log_events_read_whole(o.common.words, o.common.n_words, &l, t) < 0)
                return -1;
        array = format(&l);
        if (o.output)
                return write_file(o.output, array, o.common.json == JSON_PRETTY, t);
        return json_value_print(array, o.common.json == JSON_PRETTY, t);
}
