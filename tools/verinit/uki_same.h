/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What has to be the same before and after another program had the image in its hands: FALSE, where it is not.
 */
#pragma once

#include "verinit/digest.h"

#include "uki.h"

/* The first n sections of both: name, place in memory, content. */
int uki_same_sections(const struct uki *before, const struct uki *after, unsigned n, struct trouble *t);

/* That it begins with the sections of the stub, which ukify lengthens by its own; of .sbat, to which it adds, each line. path names the stub. */
int uki_has_stub(const struct uki *uki, const struct buffer *stub, const char *path, struct trouble *t);

/* Authenticode, in every digest: all but signatures and the checksum. */
int uki_same_program(const struct uki *before, const struct uki *after, struct trouble *t);

int uki_authenticode(const struct uki *uki, enum digest_alg alg, struct digest *ret, struct trouble *t);
