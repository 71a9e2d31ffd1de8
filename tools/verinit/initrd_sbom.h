/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The list of what PID 1 is linked from (SPDX 2.3 JSON, made by tools/sbom), which travels with it. Nothing at boot reads it:
 * it is for whoever looks into an image.
 */
#pragma once

#include "initrd_build.h"
#include "json_value.h"
#include "tree.h"

#define SBOM_PATH "usr/lib/verinit/sbom.spdx.json"

enum { SBOM_MAX_BYTES = 1024 * 1024 };

/* --sbom, or what lies beside --init. Before the floor's digest is written into /init, which is in the tree. */
int sbom_pack(const struct build_options *o, struct tree *tree, struct trouble *t);

/*
 * Its packages: name, version and purl each. FALSE: not one of ours, or of another program than init, whose note for the floor
 * does not count.
 */
int sbom_read(const struct buffer *text, const struct buffer *init, struct json_object **ret_packages, struct trouble *t);
