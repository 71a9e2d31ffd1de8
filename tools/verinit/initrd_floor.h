/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The floor as it is packed: what was written by hand, and below it what only the builder knows.
 */
#pragma once

#include "addon.h"
#include "initrd_build.h"
#include "tree.h"

#include "verinit/boot_config.h"
#include "verinit/ipe_policy.h"

struct floor_build {
        struct buffer text;
        struct floor floor;
        size_t n_addons, n_certificates, n_ipe_policies;
        struct addon addons[FLOOR_MAX_ADDONS];
        struct buffer certificates[FLOOR_MAX_CERTIFICATES]; /* DER */
        struct digest certificate_digests[FLOOR_MAX_CERTIFICATES];
        struct buffer ipe_policies[FLOOR_MAX_IPE_POLICIES]; /* as they were signed */
        struct digest ipe_digests[FLOOR_MAX_IPE_POLICIES];
        struct ipe_header ipe_headers[FLOOR_MAX_IPE_POLICIES];
};

void floor_build_done(struct floor_build *f);

/* --floor, --addon, --certificate and --ipe-policy: read and checked, each for itself. */
int floor_build_read(const struct build_options *o, struct floor_build *ret, struct trouble *t);

/* With the policies that will be filled in: the command line has to agree with them. */
void floor_build_with_policies(const struct floor_build *f, struct floor *ret);

/* What is written and what will be filled in against what the line names: whether any machine can meet it. */
int floor_build_check_possible(const struct floor_build *f, const struct boot_config *config, struct trouble *t);

/* The rules of each policy; the first, which becomes active, has to let the host start from the volume that the line names. */
int floor_build_check_policies(const struct build_options *o, const struct floor_build *f, const struct boot_config *config,
                               struct trouble *t);

/* The command line that each add-on makes: refused as PID 1 would. */
int floor_build_check_addons(const struct build_options *o, const struct floor_build *f, const struct buffer *cmdline,
                             struct trouble *t);

/*
 * Adds baked-cmdline=, modules=, addon=, certificate= and ipe-policy=, parses the whole once more, and puts it, the certificates, the
 * policies and the floor's digest in /init into the tree, in which etc/verinit/cmdline, etc/verinit/modules and init are.
 */
int floor_build_pack(struct floor_build *f, struct tree *tree, struct trouble *t);
