/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The UUIDs of the partitions that a root hash names. Textual order throughout, so
 * no mixed-endian GUIDs here.
 */
#include "verinit/uuid.h"
#include "verinit/verity.h"

#include <stdio.h>

void verity_partuuids(const uint8_t *root_hash, size_t size, char ret_data[static 37], char ret_hash[static 37])
{
        uuid_format(root_hash, ret_data);
        uuid_format(root_hash + size - 16, ret_hash);
}

void verity_dm_uuid(const uint8_t uuid[static 16], const char *name, char ret_text[static 64])
{
        char hex[33];

        hex_encode(uuid, 16, hex);
        (void) snprintf(ret_text, 64, "CRYPT-VERITY-%s-%.*s", hex, VERITY_NAME_MAX, name);
}
