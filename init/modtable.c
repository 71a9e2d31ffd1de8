/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The module table. A module's dependencies stand above it, so loading in the table's order is right and no cycle
 * can be written down.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>

#include "verinit/modtable.h"

#include "modtable_chains.h"

enum { MODTABLE_MAX_FIELDS = 5, MODTABLE_MAX_NAME = 63 };

struct parser {
        struct modtable *table;
        unsigned line;
        struct error *err;
};

static _printf_(2, 3) int refuse(struct parser *p, const char *fmt, ...)
{
        char text[256];
        va_list ap;

        va_start(ap, fmt);
        (void) vsnprintf(text, sizeof(text), fmt, ap);
        va_end(ap);
        return error_set(p->err, FAIL_MODULE_TABLE_MALFORMED_CODE, EINVAL, "module table, line %u: %s", p->line,
                         text);
}

static bool is_word_of(const char *text, const char *others)
{
        if (text[0] == '\0')
                return false;
        for (; *text; text++)
                if (!((*text >= 'a' && *text <= 'z') || (*text >= 'A' && *text <= 'Z') ||
                      (*text >= '0' && *text <= '9') || strchr(others, *text)))
                        return false;
        return true;
}

static bool is_module_name(const char *text)
{
        return is_word_of(text, "_") && strlen(text) <= MODTABLE_MAX_NAME;
}

/* Relative and normalised: joined to lib/modules it must stay below it. */
static bool is_file_name(const char *text)
{
        size_t n = strlen(text);

        return is_word_of(text, "._/+-") && text[0] != '/' && text[n - 1] != '/' && !strstr(text, "//") &&
               !strstr(text, "..") && !str_after(text, "./") && !strstr(text, "/./");
}

static bool find_module(const struct modtable *t, const char *name, uint16_t *ret)
{
        for (size_t i = 0; i < t->n_modules; i++)
                if (str_equal(t->modules[i].name, name)) {
                        *ret = (uint16_t) i;
                        return true;
                }
        return false;
}

/* "a,b,c" or "-". */
static int parse_names(struct parser *p, char *text, uint16_t ret[static MODTABLE_MAX_DEPS], size_t *ret_n)
{
        size_t n = 0;

        if (!str_equal(text, "-"))
                while (text) {
                        char *next = strchr(text, ',');

                        if (next)
                                *next++ = '\0';
                        if (n == MODTABLE_MAX_DEPS)
                                return refuse(p, "more than %d modules in one list", MODTABLE_MAX_DEPS);
                        if (!find_module(p->table, text, &ret[n]))
                                return refuse(p, "module '%.64s' is not defined above", text);
                        n++;
                        text = next;
                }
        *ret_n = n;
        return 0;
}

static int parse_module(struct parser *p, char **fields)
{
        struct modtable *t = p->table;
        struct modtable_module *m;
        uint16_t known;

        if (t->n_modules == MODTABLE_MAX_MODULES)
                return refuse(p, "more than %d modules", MODTABLE_MAX_MODULES);
        if (!is_module_name(fields[1]))
                return refuse(p, "'%.80s' is no module name (letters, digits and '_')", fields[1]);
        if (find_module(t, fields[1], &known))
                return refuse(p, "module '%s' is defined a second time", fields[1]);
        if (!is_file_name(fields[2]))
                return refuse(p, "'%.80s' is no relative, normalised file name", fields[2]);
        if (!str_equal(fields[4], "-") && !str_equal(fields[4], "optional"))
                return refuse(p, "flags '%.32s': expected '-' or 'optional'", fields[4]);

        m = &t->modules[t->n_modules];
        m->name = fields[1];
        m->file = fields[2];
        m->is_optional = str_equal(fields[4], "optional");
        /* Before it is counted: a module that depends on itself is not defined above. */
        if (parse_names(p, fields[3], m->deps, &m->n_deps) < 0)
                return -EINVAL;
        t->n_modules++;
        return 0;
}

static int parse_feature(struct parser *p, char **fields)
{
        struct modtable *t = p->table;
        struct modtable_feature *f;

        if (t->n_features == MODTABLE_MAX_FEATURES)
                return refuse(p, "more than %d features", MODTABLE_MAX_FEATURES);
        if (!is_word_of(fields[1], "_-"))
                return refuse(p, "'%.80s' is no feature name", fields[1]);
        if (modtable_feature(t, fields[1]))
                return refuse(p, "feature '%.80s' is defined a second time", fields[1]);

        f = &t->features[t->n_features];
        f->name = fields[1];
        if (parse_names(p, fields[2], f->modules, &f->n_modules) < 0)
                return -EINVAL;
        t->n_features++;
        return 0;
}

/* The aliases of a module stand together. */
static bool find_module_of_alias(const struct modtable *t, const char *name, uint16_t *ret)
{
        if (t->n_aliases == 0 || !str_equal(t->modules[t->aliases[t->n_aliases - 1].module].name, name))
                return find_module(t, name, ret);
        *ret = t->aliases[t->n_aliases - 1].module;
        return true;
}

static int parse_alias(struct parser *p, char **fields)
{
        struct modtable *t = p->table;
        struct modtable_alias *a;

        if (t->n_aliases == MODTABLE_MAX_ALIASES)
                return refuse(p, "more than %d aliases", MODTABLE_MAX_ALIASES);
        a = &t->aliases[t->n_aliases];
        if (!find_module_of_alias(t, fields[2], &a->module))
                return refuse(p, "module '%.64s' is not defined above", fields[2]);
        a->pattern = fields[1];
        modtable_chain_alias(t, a);
        t->n_aliases++;
        return 0;
}

static const struct record {
        const char *name;
        size_t n_fields;
        int (*parse)(struct parser *p, char **fields);
} records[] = {
        { "module", 5, parse_module },
        { "feature", 3, parse_feature },
        { "alias", 3, parse_alias },
};

/* Cuts at each single blank. More fields than there is room for count as one more. */
static size_t split_fields(char *text, char *ret[static MODTABLE_MAX_FIELDS])
{
        size_t n = 0;

        while (text) {
                char *blank = strchr(text, ' ');

                if (blank)
                        *blank++ = '\0';
                if (n == MODTABLE_MAX_FIELDS)
                        return n + 1;
                ret[n++] = text;
                text = blank;
        }
        return n;
}

static int parse_record(struct parser *p, char *line)
{
        char *fields[MODTABLE_MAX_FIELDS];
        size_t n = split_fields(line, fields);

        for (size_t i = 0; i < n && i < ARRAY_SIZE(fields); i++)
                if (fields[i][0] == '\0')
                        return refuse(p, "a field is empty: fields are parted by one blank");
        for (size_t i = 0; i < ARRAY_SIZE(records); i++) {
                if (!str_equal(fields[0], records[i].name))
                        continue;
                if (n != records[i].n_fields)
                        return refuse(p, "%s has %zu fields%s, expected %zu", fields[0], n,
                                      n > ARRAY_SIZE(fields) ? " or more" : "", records[i].n_fields);
                return records[i].parse(p, fields);
        }
        return refuse(p, "unknown record '%.32s': the table is of another version", fields[0]);
}

static int parse_header(struct parser *p, char *line)
{
        const char *release = str_after(line, "verinit-modules 1 ");

        if (!release)
                return refuse(p, "expected 'verinit-modules 1 <kernel release>', found '%.64s'", line);
        if (!is_word_of(release, "._+~-") || strlen(release) > 64)
                return refuse(p, "'%.80s' is no kernel release", release);
        p->table->release = release;
        return 0;
}

static int parse_lines(struct parser *p)
{
        char *text = p->table->storage;
        int r;

        while (*text) {
                char *next = strchrnul(text, '\n');

                if (*next == '\n')
                        *next++ = '\0';
                p->line++;
                if (p->line == 1)
                        r = parse_header(p, text);
                else
                        r = text[0] == '\0' || text[0] == '#' ? 0 : parse_record(p, text);
                if (r < 0)
                        return r;
                text = next;
        }
        if (p->line == 0)
                return refuse(p, "the table is empty");
        return 0;
}

int modtable_parse(const char *text, size_t size, struct modtable *ret, struct error *err)
{
        struct parser p = { .table = ret, .err = err };

        ret->n_modules = ret->n_features = ret->n_aliases = 0;
        memset(ret->chains, 0, sizeof(ret->chains));
        memset(ret->chain_ends, 0, sizeof(ret->chain_ends));
        if (size >= MODTABLE_MAX_BYTES)
                return error_set(err, FAIL_MODULE_TABLE_MALFORMED_CODE, EFBIG,
                                 "module table: %zu bytes; less than %d are read", size, MODTABLE_MAX_BYTES);
        for (size_t i = 0; i < size; i++) {
                unsigned char c = (unsigned char) text[i];

                if ((c < 0x20 && c != '\n') || c >= 0x7f)
                        return error_set(err, FAIL_MODULE_TABLE_MALFORMED_CODE, EINVAL,
                                         "module table: byte %zu is not printable ASCII", i);
        }
        if (size > 0)
                memcpy(ret->storage, text, size);
        ret->storage[size] = '\0';
        return parse_lines(&p);
}

const struct modtable_feature *modtable_feature(const struct modtable *t, const char *name)
{
        for (size_t i = 0; i < t->n_features; i++)
                if (str_equal(t->features[i].name, name))
                        return &t->features[i];
        return NULL;
}
