/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "verinit/floor_note.h"

extern struct digest fake_floor_note; /* DIGEST_NONE: no floor was packed */
