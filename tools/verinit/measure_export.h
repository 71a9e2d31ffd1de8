/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * measurements.json read back, and what others make of it.
 */
#pragma once

#include "predict.h"

/*
 * The events, banks, PCRs and phases of the file, as if they had just been predicted. in holds the phases; both are done with
 * measurements_done(). FALSE: the events do not come to the values that stand beside them.
 */
int measurements_read(const char *path, struct predict_input *in, struct prediction *ret, struct trouble *t);
void measurements_done(struct predict_input *in, struct prediction *p);

struct export_choice {
        bool secure_boot;
        enum digest_alg bank; /* for those who take one */
        const char *phase;    /* likewise, of PCR 11 */
        const char *prefix;   /* of the names of reference values */
        const char *vendor;   /* of the class of CoMID, or NULL */
};

/*
 * Components for systemd-pcrlock(8), as files of a directory, which is made if need be; those of an earlier export that are none of
 * this one go. PCR 7 is left to `systemd-pcrlock lock-secureboot-policy` and `lock-secureboot-authority`.
 */
int export_pcrlock(const struct prediction *p, const struct export_choice *c, const char *directory, struct trouble *t);
int export_keylime(const struct prediction *p, const struct export_choice *c, struct buffer *ret, struct trouble *t);
int export_comid(const struct prediction *p, const struct export_choice *c, struct buffer *ret, struct trouble *t);
int export_in_toto(const struct prediction *p, const struct export_choice *c, struct buffer *ret, struct trouble *t);
int export_rvps(const struct prediction *p, const struct export_choice *c, struct buffer *ret, struct trouble *t);
