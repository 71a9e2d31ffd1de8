/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * UUIDs in text: the partitions that a root hash names, and the mapping's own. Textual order throughout, so
 * no mixed-endian GUIDs here.
 */
#include "verinit/verity.h"

#include <stdio.h>

void verity_uuid_format(const uint8_t uuid[static 16], char ret_text[static 37])
{
        char hex[33];

        hex_encode(uuid, 16, hex);
        (void) snprintf(ret_text, 37, "%.8s-%.4s-%.4s-%.4s-%.12s", hex, hex + 8, hex + 12, hex + 16, hex + 20);
}

void verity_partuuids(const uint8_t *root_hash, size_t size, char ret_data[static 37], char ret_hash[static 37])
{
        verity_uuid_format(root_hash, ret_data);
        verity_uuid_format(root_hash + size - 16, ret_hash);
}

void verity_dm_uuid(const uint8_t uuid[static 16], const char *name, char ret_text[static 64])
{
        char hex[33];

        hex_encode(uuid, 16, hex);
        (void) snprintf(ret_text, 64, "CRYPT-VERITY-%s-%.*s", hex, VERITY_NAME_MAX, name);
}
