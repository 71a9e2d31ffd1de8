/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * verinit log show: the measurement logs, for people or for programs.
 */
#include <stdio.h>

#include "log_events.h"
#include "options.h"

static const char usage[] =
        "Usage: verinit log show [FILE...] [--bank=BANK|all] [--json=short|pretty|off] [--quiet]\n"
        "\n"
        "Lists what was measured, in order: the firmware's TCG2 log, then systemd's userspace log. Which is which is seen\n"
        "from the first byte; without FILE those of this machine are read. Nothing is checked: see 'verinit log replay'.\n"
        "\n"
        "  --bank=BANK   the digests that are shown: sha1, sha256, sha384, sha512 or all; default: sha256\n"
        "  --json=HOW    short (one line), pretty, or off (default: text for people); JSON always has all banks\n"
        "  --quiet       no talk on stderr but errors\n"
        "  --help        this text\n"
        "\n"
        "Exit status: 0 shown, 1 trouble (what stands before a damage is shown), 2 wrong usage.\n"
        "\n"
        "Examples:\n"
        "  verinit log show\n"
        "  verinit log show binary_bios_measurements tpm2-measure.log --bank=all\n"
        "  verinit log show --json=short | jq '.[] | select(.pcr == 11) | .description'\n";

#define VERB "log show"

struct show_options {
        struct options common;
        enum digest_alg bank; /* DIGEST_NONE: all */
};

static int take(_unused_ int id, void *userdata, struct trouble *t)
{
        struct show_options *o = userdata;

        o->bank = digest_from_name(optarg);
        return o->bank != DIGEST_NONE || str_equal(optarg, "all") ? 0 : trouble_set_usage(t, VERB, "--bank: no such bank", optarg);
}

static void print_digests(const struct log_event *e, enum digest_alg wanted)
{
        for (enum digest_alg alg = DIGEST_NONE + 1; alg < _DIGEST_ALG_MAX; alg++) {
                char hex[DIGEST_MAX_HEX];

                if (e->digests[alg].alg == DIGEST_NONE || (wanted != DIGEST_NONE && wanted != alg))
                        continue;
                digest_hex(&e->digests[alg], hex);
                printf("      %s:%s\n", digest_name(alg), hex);
        }
}

static void print_event(const struct log_event *e, enum digest_alg bank)
{
        _cleanup_free_ char *what = log_event_describe(e);
        _cleanup_free_ char *where = tool_format(e->is_nv ? "0x%x" : "%u", e->pcr);
        char type[16];
        _cleanup_free_ char *name = tool_strdup(log_event_type(e, type));

        /* An event that is only noted may name no PCR. */
        printf("%c%-4zu %4s  %-34s  %s\n", e->source == LOG_FIRMWARE ? 'F' : 'U', e->number,
               !e->is_nv && e->pcr >= TCG2_PCRS ? "-" : where, tool_printable(name), what);
        if (log_event_is_measured(e))
                print_digests(e, bank);
}

static struct json_object *format_event(const struct log_event *e)
{
        struct json_object *o = json_value_object(), *digests = json_value_object();
        _cleanup_free_ char *what = log_event_describe(e);
        char hex[DIGEST_MAX_HEX], type[16];

        json_value_add_text(o, "log", log_source_name(e->source));
        json_value_add(o, "record", json_value_u64(e->number));
        json_value_add(o, e->is_nv ? "nv_index" : "pcr", e->is_nv || e->pcr < TCG2_PCRS ? json_value_u64(e->pcr) : NULL);
        json_value_add_text(o, "event_type", log_event_type(e, type));
        json_value_add(o, "is_measured", json_value_bool(log_event_is_measured(e)));
        for (enum digest_alg alg = DIGEST_NONE + 1; alg < _DIGEST_ALG_MAX; alg++)
                if (e->digests[alg].alg != DIGEST_NONE) {
                        digest_hex(&e->digests[alg], hex);
                        json_value_add_text(digests, digest_name(alg), hex);
                }
        json_value_add(o, "digests", digests);
        json_value_add_text(o, "description", what);
        return o;
}

static int print_json(const struct log_events *l, bool is_pretty, struct trouble *t)
{
        _cleanup_json_ struct json_object *array = json_value_array();

        for (size_t i = 0; i < l->n; i++)
                json_value_append(array, format_event(&l->list[i]));
        return json_value_print(array, is_pretty, t);
}

int log_show(int argc, char *argv[], struct trouble *t)
{
        _cleanup_events_ struct log_events l = {};
        static const struct option list[] = { { "bank", required_argument, NULL, 'b' }, OPTION_JSON, OPTION_QUIET, OPTION_HELP, {} };
        struct show_options o = { .common = { .verb = VERB }, .bank = DIGEST_SHA256 };

        if (options_parse(&o.common, argc, argv, list, true, take, &o, t) < 0)
                return -1;
        if (o.common.wants_help)
                return fputs(usage, stdout) < 0 ? -1 : 0;
        if (log_events_read(o.common.words, o.common.n_words, &l, t) < 0)
                return -1;
        if (o.common.json != JSON_OFF) {
                if (print_json(&l, o.common.json == JSON_PRETTY, t) < 0)
                        return -1;
        } else {
                printf("%-5s %4s  %-34s  %s\n", "LOG", "PCR", "EVENT", "DESCRIPTION");
                for (size_t i = 0; i < l.n; i++)
                        print_event(&l.list[i], o.bank);
        }
        if (l.mark)
                tool_say("%s", l.mark);
        return l.damage ? trouble_set(t, OUTCOME_TROUBLE, "%s", l.damage) : 0;
}
