/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What verbs that predict let one choose: the argument is in optarg, and goes into *in.
 */
#pragma once

#include "predict.h"

/* Digits alone. */
bool choose_number(const char *text, size_t n, unsigned max, unsigned *ret);

int choose_pcrs(struct predict_input *in, const char *verb, struct trouble *t);  /* 11,13 */
int choose_banks(struct predict_input *in, const char *verb, struct trouble *t); /* sha1,sha256 */
int choose_phase(struct predict_input *in, const char *verb, struct trouble *t); /* enter-initrd:leave-initrd */
void choose_default_phases(struct predict_input *in); /* where none was chosen */
