/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The ELF note in PID 1's program file that names the floor: SHA-256 of etc/verinit/floor.conf. All zero: no floor was
 * packed with this program. 'verinit initrd build' writes it into the copy that it packs.
 */
#pragma once

#include "verinit/digest.h"

#define FLOOR_NOTE_NAME "verinit"
enum { FLOOR_NOTE_TYPE = 0x666c /* "fl" */, FLOOR_NOTE_BYTES = 32 };

/* What the note of this program says, read from memory; DIGEST_NONE: all zero. In init alone, and in the fakes. */
struct digest floor_note(void);

/*
 * Pure: where the 32 bytes are in a program file, which is 64-bit and little-endian, as ours is. 0, -ENOENT: it has no
 * such note; -EBADMSG: it is no such program, or the note is there twice or has another size.
 */
int floor_note_find(const uint8_t *program, size_t size, size_t *ret_offset);
