/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "describe.h"
#include "options.h"

int options_parse(struct options *o, int argc, char *argv[], const struct option *list, bool takes_words, options_take *take,
                  void *userdata, struct trouble *t)
{
        int id, r = 0;

        if (describe_is_asked())
                return describe_leaf(argv[0], list, takes_words, t);
        /* 0: glibc's way to start again; the words before were another verb's. */
        optind = 0;
        opterr = 0;
        while (r == 0 && (id = getopt_long(argc, argv, takes_words ? ":" : "+:", list, NULL)) != -1)
                switch (id) {
                case 'j':
                        r = json_how_parse(o->verb, optarg, &o->json, t);
                        break;
                case 'q':
                        o->is_quiet = true;
                        tool_set_quiet(true);
                        break;
                case 'h':
                        o->wants_help = true;
                        break;
                case ':':
                case '?':
                        r = trouble_set_option(t, o->verb, id, argv[optind - 1]);
                        break;
                default:
                        r = take(id, userdata, t);
                }
        o->words = argv + optind;
        o->n_words = (size_t) (argc - optind);
        if (r == 0 && !takes_words && !o->wants_help && o->n_words > 0)
                r = trouble_set_usage(t, o->verb, "word that is no option", o->words[0]);
        return r;
}

int options_take_once(const char **field, const char *verb, const char *name, struct trouble *t)
{
        if (*field)
                return trouble_set_usage(t, verb, "option given twice", name);
        *field = optarg;
        return 0;
}

int options_take_listed(struct option_list *list, const char *verb, const char *name, struct trouble *t)
{
        if (list->n == OPTION_LIST_MAX)
                return trouble_set_usage(t, verb, "option given too often", name);
        list->list[list->n++] = optarg;
        return 0;
}

int options_demand(const struct options *o, const char *value, const char *name, struct trouble *t)
{
        return value || o->wants_help ? 0 : trouble_set_usage(t, o->verb, "option missing", name);
}
