/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Which modules have an alias of a device. A table may hold a thousand aliases, and a machine hundreds of devices: so a device is
 * compared with those alone that begin as it does.
 */
#include <fnmatch.h>

#include "verinit/modtable.h"

#include "modtable_chains.h"

/* Of each bus its own, nearly: by the first bytes, "pci", "usb", "acp". Chain 0 has the patterns that are shorter before their wildcard. */
static size_t chain_of(const char *text, size_t n_literal)
{
        const unsigned char *c = (const unsigned char *) text;

        return n_literal < 3 ? 0 : 1 + ((c[0] * 31U + c[1]) * 31U + c[2]) % (MODTABLE_CHAINS - 1);
}

void modtable_chain_alias(struct modtable *t, struct modtable_alias *alias)
{
        uint16_t number = (uint16_t) (alias - t->aliases + 1);
        size_t chain;

        alias->n_literal = strcspn(alias->pattern, "*?[\\");
        alias->next = 0;
        chain = chain_of(alias->pattern, alias->n_literal);
        if (t->chain_ends[chain] == 0)
                t->chains[chain] = number;
        else
                t->aliases[t->chain_ends[chain] - 1].next = number;
        t->chain_ends[chain] = number;
}

/* Nearly every alias of a bus is of another maker, and the first bytes tell it without fnmatch(). */
static bool alias_matches(const struct modtable_alias *a, const char *modalias)
{
        return strncmp(a->pattern, modalias, a->n_literal) == 0 && fnmatch(a->pattern, modalias, /* flags= */ 0) == 0;
}

/* Of two chains, which both go upwards, in the order of the table. */
static const struct modtable_alias *next_alias(const struct modtable *t, uint16_t *a, uint16_t *b)
{
        uint16_t *at = *b == 0 || (*a != 0 && *a < *b) ? a : b;
        const struct modtable_alias *alias = *at == 0 ? NULL : &t->aliases[*at - 1];

        if (alias)
                *at = alias->next;
        return alias;
}

int modtable_match(const struct modtable *t, const char *modalias, int (*f)(uint16_t index, void *userdata),
                   void *userdata)
{
        bool is_called[MODTABLE_MAX_MODULES] = { false };
        size_t chain = chain_of(modalias, strlen(modalias));
        uint16_t any = t->chains[0], own = chain == 0 ? 0 : t->chains[chain];
        const struct modtable_alias *a;

        while ((a = next_alias(t, &any, &own))) {
                int r;

                if (is_called[a->module] || !alias_matches(a, modalias))
                        continue;
                is_called[a->module] = true;
                r = f(a->module, userdata);
                if (r != 0)
                        return r;
        }
        return 0;
}
