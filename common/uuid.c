/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <stdio.h>

#include "verinit/digest.h"
#include "verinit/uuid.h"

void uuid_format(const uint8_t uuid[static UUID_BYTES], char ret_text[static UUID_TEXT_SIZE])
{
        char hex[2 * UUID_BYTES + 1];

        hex_encode(uuid, UUID_BYTES, hex);
        (void) snprintf(ret_text, UUID_TEXT_SIZE, "%.8s-%.4s-%.4s-%.4s-%.12s", hex, hex + 8, hex + 12, hex + 16, hex + 20);
}

void uuid_format_guid(const uint8_t guid[static UUID_BYTES], char ret_text[static UUID_TEXT_SIZE])
{
        uint8_t uuid[UUID_BYTES] = { guid[3], guid[2], guid[1], guid[0], guid[5], guid[4], guid[7], guid[6] };

        memcpy(uuid + 8, guid + 8, 8);
        uuid_format(uuid, ret_text);
}

bool uuid_parse(const char *text, uint8_t ret[static UUID_BYTES])
{
        char hex[2 * UUID_BYTES + 1];
        size_t n = 0;

        if (strlen(text) != UUID_TEXT_SIZE - 1)
                return false;
        for (size_t i = 0; i < UUID_TEXT_SIZE - 1; i++) {
                bool is_dash = i == 8 || i == 13 || i == 18 || i == 23;

                if (is_dash != (text[i] == '-') || (text[i] >= 'A' && text[i] <= 'F'))
                        return false;
                if (!is_dash)
                        hex[n++] = text[i];
        }
        hex[n] = '\0';
        return hex_decode(hex, ret, UUID_BYTES) == UUID_BYTES;
}
