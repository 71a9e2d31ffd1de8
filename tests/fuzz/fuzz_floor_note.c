/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "fuzz.h"
#include "verinit/floor_note.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        size_t offset = 0;

        if (floor_note_find(data, size, &offset) < 0) {
                FUZZ_ASSERT(offset == 0);
                return 0;
        }
        /* What the builder writes over is inside the file, and behind name and type. */
        FUZZ_ASSERT(offset >= 12 + sizeof(FLOOR_NOTE_NAME) && offset <= size && size - offset >= FLOOR_NOTE_BYTES);
        FUZZ_ASSERT(memcmp(data + offset - 8, FLOOR_NOTE_NAME, sizeof(FLOOR_NOTE_NAME)) == 0 ||
                    memcmp(data + offset - 12, FLOOR_NOTE_NAME, sizeof(FLOOR_NOTE_NAME)) == 0);
        return 0;
}
