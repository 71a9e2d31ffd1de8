/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <stdio.h>

#include "table.h"

char *table_file_name(const struct set_module *m, bool is_unpacked)
{
        char *file = tool_strdup(m->file);
        char *end = strstr(file, ".ko.");

        if (is_unpacked && end)
                end[strlen(".ko")] = '\0';
        return file;
}

static void put_names(FILE *f, const struct module_set *set, const uint16_t *indexes, size_t n)
{
        if (n == 0)
                (void) fputc('-', f);
        for (size_t i = 0; i < n; i++)
                (void) fprintf(f, "%s%s", i > 0 ? "," : "", set->modules[indexes[i]].name);
}

static void put_module(FILE *f, const struct module_set *set, const struct set_module *m, bool is_unpacked)
{
        _cleanup_free_ char *file = table_file_name(m, is_unpacked);

        (void) fprintf(f, "module %s %s ", m->name, file);
        put_names(f, set, m->deps, m->n_deps);
        (void) fprintf(f, " %s\n", m->is_optional ? "optional" : "-");
}

static bool is_repeated(const struct set_module *m, size_t alias)
{
        for (size_t i = 0; i < alias; i++)
                if (str_equal(m->aliases[i], m->aliases[alias]))
                        return true;
        return false;
}

static void put_aliases(FILE *f, const struct set_module *m)
{
        for (size_t i = 0; m->has_aliases && i < m->n_aliases; i++)
                if (!is_repeated(m, i))
                        (void) fprintf(f, "alias %s %s\n", m->aliases[i], m->name);
}

static void put_table(FILE *f, const struct module_set *set, bool is_unpacked)
{
        (void) fprintf(f, "verinit-modules 1 %s\n", set->release);
        for (size_t i = 0; i < set->n_modules; i++)
                put_module(f, set, &set->modules[i], is_unpacked);
        for (size_t i = 0; i < set->n_features; i++) {
                (void) fprintf(f, "feature %s ", set->features[i].name);
                put_names(f, set, set->features[i].modules, set->features[i].n_modules);
                (void) fputc('\n', f);
        }
        for (size_t i = 0; i < set->n_modules; i++)
                put_aliases(f, &set->modules[i]);
}

int table_format(const struct module_set *set, bool is_unpacked, struct buffer *ret, struct trouble *t)
{
        static struct modtable parsed;
        struct error err = {};
        char *text = NULL;
        size_t size = 0;
        FILE *f = open_memstream(&text, &size);

        if (!f)
                return trouble_set_errno(t, errno, "cannot write the module table");
        put_table(f, set, is_unpacked);
        if (fclose(f) != 0) {
                free(text);
                return trouble_set_errno(t, ENOMEM, "cannot write the module table");
        }
        if (modtable_parse(text, size, &parsed, &err) < 0) {
                free(text);
                /* Of our own making, so trouble and no verdict on what was given. */
                return trouble_set(t, OUTCOME_TROUBLE, "the module table for kernel %s would be refused by PID 1 "
                                   "with %s: %s; name fewer features or modules", set->release,
                                   fail_code_name(err.code), err.msg);
        }
        *ret = (struct buffer) { .data = (uint8_t *) text, .size = size, .allocated = size };
        return 0;
}
