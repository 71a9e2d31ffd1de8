/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The note itself. The compiler must not know that it is zero, since it will not be.
 */
#include "verinit/floor_note.h"

static const struct {
        uint32_t name_size, desc_size, type;
        char name[sizeof(FLOOR_NOTE_NAME)];
        uint8_t digest[FLOOR_NOTE_BYTES];
} note __attribute__((section(".note.verinit.floor"), aligned(4), used)) = {
        .name_size = sizeof(FLOOR_NOTE_NAME),
        .desc_size = FLOOR_NOTE_BYTES,
        .type = FLOOR_NOTE_TYPE,
        .name = FLOOR_NOTE_NAME,
};

struct digest floor_note(void)
{
        const volatile uint8_t *p = note.digest;
        struct digest d = {};

        for (size_t i = 0; i < FLOOR_NOTE_BYTES; i++) {
                d.bytes[i] = p[i];
                if (d.bytes[i] != 0)
                        d.alg = DIGEST_SHA256;
        }
        return d;
}
