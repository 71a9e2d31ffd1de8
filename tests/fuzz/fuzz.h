/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * One pure parser a target. Beyond what the sanitizers see, a target states what must hold of each answer.
 */
#pragma once

#include <stdlib.h>

#include "verinit/base.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Also in builds with NDEBUG. */
#define FUZZ_ASSERT(condition)                                                                             \
        do {                                                                                               \
                if (!(condition))                                                                          \
                        abort();                                                                           \
        } while (0)
