/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "tool.h"

/* A signature of these bytes by the certificate, by sbverify(1). FALSE: there is none that holds. */
int uki_verify(const struct buffer *file, const char *certificate, struct trouble *t);
