/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "pcr_policy.h"

/*
 * All that a signature may be for: of PCR 11 of in->uki, in each bank and in the phases of in (or else those of systemd-measure); with
 * measurements, which is a file or NULL, of PCRs 11, 12 and 13 together. FALSE: the file is of another image.
 */
int attach_predict(struct predict_input *in, const char *measurements, struct pcr_policies *ret, struct trouble *t);

/* Each of list is one of known, and signed by the key; the fingerprint is filled in. has_more: known is not of PCR 11 alone. */
int attach_check(struct pcr_policies *list, const struct pcr_policies *known, const struct public_key *key, bool has_more,
                 struct trouble *t);
