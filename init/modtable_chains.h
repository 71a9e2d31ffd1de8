/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What the parser of the module table (modtable.c) and the search in it (modtable_match.c) share.
 */
#pragma once

#include "verinit/modtable.h"

/* The last alias of t, whose pattern is set: behind those that begin alike. */
void modtable_chain_alias(struct modtable *t, struct modtable_alias *alias);
