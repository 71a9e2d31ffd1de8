/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The only file that includes the generated header: a new commit recompiles this and nothing else.
 */
#include "verinit/version.h"
#include "verinit/version_string.h"

const char verinit_version[] = VERINIT_VERSION;

/* So that `verinit initrd inspect` can tell the version of a stripped PID 1. Nothing refers to it: hence retain. */
__attribute__((used, retain)) static const char version_tag[] = "@(#)verinit " VERINIT_VERSION;
