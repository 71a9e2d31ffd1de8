/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The first witness of the command line (design: the baked text). Pure.
 */
#pragma once

#include "verinit/floor.h"

/* The words behind the signed text. */
struct proof_tail {
        size_t n_extra;   /* that the floor lists */
        size_t n_console; /* that systemd-stub 261 and newer append by themselves, where there is no console= before */
        const char *bad;  /* the first that is neither; NULL: all are explained */
        size_t bad_size;
};

/* Of read, from start on. */
struct proof_tail proof_tail(const char *read, size_t start, const struct floor *floor);

/*
 * read must be baked, or baked followed by one blank and words that are all in the floor's extra-words, or systemd-stub's
 * console words. addons_size: that many bytes right behind baked are the words of add-ons, as the second witness has shown
 * (provenance.h); 0 where it has not. *ret_n_extra is the number of words behind that. CMDLINE_NOT_BAKED names the first
 * word that differs.
 */
int proof_cmdline(const char *read, const char *baked, size_t addons_size, const struct floor *floor,
                  size_t *ret_n_extra, struct error *err);

/* The same refusal, for the second witness: names the first word in which the two differ. Always negative. */
int proof_refuse_difference(enum fail_code code, const char *read, const char *baked, struct error *err);
