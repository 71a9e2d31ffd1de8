/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Adapter: OpenSSL's base64.
 */
#include <openssl/evp.h>

#include "base64.h"

char *base64_encode(const void *data, size_t size)
{
        char *text = tool_alloc((size + 2) / 3 * 4 + 1, 1);

        text[EVP_EncodeBlock((unsigned char *) text, data, (int) size)] = '\0';
        return text;
}
