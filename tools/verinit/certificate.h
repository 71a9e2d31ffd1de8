/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "tool.h"

/* An X.509 certificate, PEM or DER: its DER, which is what PID 1 reads. Adapter: certificate_openssl.c. */
int certificate_read(const char *path, struct buffer *ret_der, struct trouble *t);
