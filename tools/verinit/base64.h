/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "tool.h"

/* In one line, with '=' at the end; to be freed. At most 1 MiB. Adapter: base64_openssl.c. */
char *base64_encode(const void *data, size_t size);
