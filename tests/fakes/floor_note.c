/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The note of PID 1's program file, settable.
 */
#include "fake_floor_note.h"

struct digest fake_floor_note;

struct digest floor_note(void)
{
        return fake_floor_note;
}
