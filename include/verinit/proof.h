/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The first witness of the command line (design: the baked text). Pure.
 */
#pragma once

#include "verinit/floor.h"

/*
 * read must be baked, or baked followed by one blank and words that are all in the floor's extra-words.
 * *ret_n_extra is their number. CMDLINE_NOT_BAKED names the first word that differs.
 */
int proof_cmdline(const char *read, const char *baked, const struct floor *floor, size_t *ret_n_extra,
                  struct error *err);
