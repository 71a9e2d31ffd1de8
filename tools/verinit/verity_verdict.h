/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What becomes of a volume: by PID 1's own code, and then of all of it.
 */
#pragma once

#include "json_value.h"
#include "verity_device.h"
#include "whole_tree.h"

enum volume_verdict {
        VOLUME_UNREADABLE = 0, /* could not be found out */
        VOLUME_REFUSED,        /* by PID 1 */
        VOLUME_DAMAGED,        /* where PID 1 does not look, but the kernel will */
        VOLUME_VERIFIED,
};

const char *verity_verdict_name(enum volume_verdict v);

struct verity_verdict {
        enum volume_verdict verdict;
        struct error err; /* unless it is verified */
        /*
         * Of a pinned geometry: that the file system agrees is asked only where nobody has proved the signed text, on a machine without a TPM.
         * Those would refuse it with this.
         */
        bool is_refused_unproved;
        struct error unproved;
        bool has_shape, is_pinned;
        struct verity_superblock superblock;
        struct verity_tree tree;
        bool is_whole; /* all of it was looked at, or all that comes before err */
        struct whole_tree_result whole;
        enum fail_code whole_code; /* where whole.has_place */
        struct digest root_hash;   /* DIGEST_NONE: not known which */
};

/* req is complete but for the devices. */
void verity_verdict_find(struct verity_request *req, const struct verity_device *data, const struct verity_device *hash,
                         struct verity_verdict *ret);

void verity_verdict_print(const struct verity_verdict *v);
struct json_object *verity_verdict_json(const struct verity_verdict *v, const struct verity_device *data, const struct verity_device *hash);

/* 0 for VOLUME_VERIFIED; else -1, and why. */
int verity_verdict_answer(const struct verity_verdict *v, struct trouble *t);
