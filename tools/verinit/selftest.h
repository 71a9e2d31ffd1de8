/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Known answers. What every other verb says rests on these functions, and on the libraries that this machine has below them.
 */
#pragma once

#include "verinit/digest.h"

#include "tool.h"

/* What is computed, as text, to be freed; NULL: it could not be. */
typedef char *selftest_compute(const char *input, struct trouble *t);

struct selftest {
        const char *name;
        selftest_compute *compute;
        const char *input, *expected;
};

struct selftest_result {
        bool is_right;
        char *found; /* NULL: nothing, and why says what hindered it */
        char *why;
};

/* One result for each; how many are not right. */
size_t selftest_run(const struct selftest *tests, size_t n, struct selftest_result *ret);
void selftest_done(struct selftest_result *results, size_t n);

/* selftest_vectors.c */
extern const struct selftest selftests[];
extern const size_t selftests_n;

/* selftest_compute.c: what input holds stands above each. */
selftest_compute selftest_digest, selftest_authenticode, selftest_json;
selftest_compute selftest_word, selftest_word_volume, selftest_word_ipe, selftest_word_policy, selftest_word_root, selftest_pcr13, selftest_policy_pcr;
/* selftest_volume.c */
selftest_compute selftest_verity;
/* selftest_log.c */
selftest_compute selftest_event_log;

/* Takes the first word of *input, which names a digest. */
int selftest_take_alg(const char **input, enum digest_alg *ret, struct trouble *t);
/* All of hex, which is not empty. */
int selftest_take_bytes(const char *hex, struct buffer *ret, struct trouble *t);
/* Lower-case hexadecimal. */
char *selftest_format(const struct digest *d);
/* A file of these bytes that has no name; the descriptor. */
int selftest_file(const struct buffer *content, struct trouble *t);
