/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The text of an IPE policy: written for an image, and explained.
 */
#pragma once

#include "verinit/ipe_rules.h"

#include "tool.h"

enum { IPE_WANTED_ROOT_HASHES = 8 };

struct ipe_wanted {
        const char *name, *version;
        size_t n_root_hashes;
        struct digest root_hashes[IPE_WANTED_ROOT_HASHES];
        bool from_volume[_IPE_OP_MAX]; /* what is allowed of the volumes with these root hashes */
        bool from_signed[_IPE_OP_MAX]; /* and of any whose root hash the kernel takes a signature of */
        struct buffer own_rules;       /* lines of the builder's, before all others */
};

int ipe_text_write(const struct ipe_wanted *w, struct buffer *ret, struct trouble *t);

/* "programs and libraries, of the volume with the root hash sha256:…"; to be freed. */
char *ipe_rule_explain(const struct ipe_rule *rule);
const char *ipe_op_explain(enum ipe_op op); /* "programs and libraries" */

/* As the rule's line has it: "dmverity_roothash=sha256:…"; to be freed. */
char *ipe_property_format(const struct ipe_property *p);
