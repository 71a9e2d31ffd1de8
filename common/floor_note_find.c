/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <elf.h>
#include <errno.h>

#include "verinit/floor_note.h"

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "the headers are copied as they are");

static bool is_inside(size_t size, uint64_t offset, uint64_t n)
{
        return offset <= size && n <= size - offset;
}

static uint64_t align_up(uint64_t n, uint64_t alignment)
{
        return (n + alignment - 1) / alignment * alignment;
}

static bool is_ours(const Elf64_Nhdr *note, const uint8_t *name)
{
        return note->n_type == FLOOR_NOTE_TYPE && note->n_namesz == sizeof(FLOOR_NOTE_NAME) &&
               memcmp(name, FLOOR_NOTE_NAME, sizeof(FLOOR_NOTE_NAME)) == 0;
}

/* One PT_NOTE. *offset is 0 until it was found. */
static int look_into(const uint8_t *segment, uint64_t size, uint64_t alignment, uint64_t segment_offset, size_t *offset)
{
        uint64_t at = 0;

        while (at < size) {
                Elf64_Nhdr note;
                uint64_t desc;

                if (!is_inside(size, at, sizeof(note)))
                        return -EBADMSG;
                memcpy(&note, segment + at, sizeof(note));
                at += sizeof(note);
                desc = align_up(at + note.n_namesz, alignment);
                if (!is_inside(size, at, note.n_namesz) || !is_inside(size, desc, note.n_descsz))
                        return -EBADMSG;
                if (is_ours(&note, segment + at)) {
                        if (note.n_descsz != FLOOR_NOTE_BYTES || *offset != 0)
                                return -EBADMSG;
                        *offset = segment_offset + desc;
                }
                at = align_up(desc + note.n_descsz, alignment);
        }
        return 0;
}

int floor_note_find(const uint8_t *program, size_t size, size_t *ret_offset)
{
        static const uint8_t ident[] = { 0x7f, 'E', 'L', 'F', ELFCLASS64, ELFDATA2LSB };
        Elf64_Ehdr header;
        size_t offset = 0;

        if (size < sizeof(header) || memcmp(program, ident, sizeof(ident)) != 0)
                return -EBADMSG;
        memcpy(&header, program, sizeof(header));
        if (header.e_phentsize != sizeof(Elf64_Phdr) ||
            !is_inside(size, header.e_phoff, header.e_phnum * (uint64_t) sizeof(Elf64_Phdr)))
                return -EBADMSG;
        for (unsigned i = 0; i < header.e_phnum; i++) {
                Elf64_Phdr segment;
                int r;

                memcpy(&segment, program + header.e_phoff + i * sizeof(segment), sizeof(segment));
                if (segment.p_type != PT_NOTE)
                        continue;
                if (!is_inside(size, segment.p_offset, segment.p_filesz))
                        return -EBADMSG;
                /* binutils pads to eight bytes where the segment is so aligned, and to four otherwise. */
                r = look_into(program + segment.p_offset, segment.p_filesz, segment.p_align == 8 ? 8 : 4,
                              segment.p_offset, &offset);
                if (r < 0)
                        return r;
        }
        if (offset == 0)
                return -ENOENT;
        *ret_offset = offset;
        return 0;
}
