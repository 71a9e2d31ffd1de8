/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What an event of the firmware's log says of itself, for people. Nothing is decided by it: type and data are covered by
 * no PCR.
 */
#pragma once

#include "verinit/tcg2_log.h"

enum { TCG2_DESCRIPTION_MAX = 191 };

/* "EV_IPL"; NULL: the profile has no such type. */
const char *tcg2_event_type_name(uint32_t type);

/* Printable ASCII, cut with "..." where it is long. Pure. */
void tcg2_event_describe(const struct tcg2_event *event, char ret[static TCG2_DESCRIPTION_MAX + 1]);
