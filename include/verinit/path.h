/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "verinit/base.h"

/* Pure. Absolute, normalised (no '.', '..', '//', no '/' at the end), printable, shorter than size bytes with its NUL. */
bool path_is_normalised(const char *text, size_t size);
