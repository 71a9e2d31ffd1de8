/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>

#include "verinit/le.h"
#include "verinit/pe.h"

enum {
        DOS_HEADER_BYTES = 64,
        DOS_NEW_HEADER = 60, /* u32: where "PE\0\0" is */
        COFF_HEADER_BYTES = 4 + 20,
        COFF_N_SECTIONS = 4 + 2,
        COFF_OPTIONAL_SIZE = 4 + 16,
        SECTION_BYTES = 40,
        SECTION_VIRTUAL_SIZE = 8,
        SECTION_VIRTUAL_ADDRESS = 12,
        SECTION_RAW_SIZE = 16,
        SECTION_RAW_OFFSET = 20,
};

static bool is_inside(size_t size, uint64_t offset, uint64_t n)
{
        return offset <= size && n <= size - offset;
}

int pe_open(const uint8_t *file, size_t size, struct pe *ret)
{
        uint64_t coff, optional_size, table;
        unsigned n;

        if (size < DOS_HEADER_BYTES || memcmp(file, "MZ", 2) != 0)
                return -EBADMSG;
        coff = le32_read(file + DOS_NEW_HEADER);
        if (!is_inside(size, coff, COFF_HEADER_BYTES) || memcmp(file + coff, "PE\0\0", 4) != 0)
                return -EBADMSG;
        n = le16_read(file + coff + COFF_N_SECTIONS);
        optional_size = le16_read(file + coff + COFF_OPTIONAL_SIZE);
        table = coff + COFF_HEADER_BYTES + optional_size;
        if (n > PE_MAX_SECTIONS || !is_inside(size, table, (uint64_t) n * SECTION_BYTES))
                return -EBADMSG;
        *ret = (struct pe) {
                .file = file, .size = size, .optional = file + coff + COFF_HEADER_BYTES,
                .optional_size = (size_t) optional_size, .table = file + table, .n_sections = n,
        };
        return 0;
}

static const uint8_t *section_header(const struct pe *pe, unsigned index)
{
        return pe->table + (size_t) index * SECTION_BYTES;
}

int pe_section_at(const struct pe *pe, unsigned index, struct pe_section *ret)
{
        const uint8_t *header = section_header(pe, index);
        uint32_t offset = le32_read(header + SECTION_RAW_OFFSET), n = le32_read(header + SECTION_RAW_SIZE);
        uint32_t virtual_size = le32_read(header + SECTION_VIRTUAL_SIZE);

        /* Where nothing is, nobody looks: linkers leave any offset there. */
        if (n == 0)
                offset = 0;
        if (!is_inside(pe->size, offset, n))
                return -EBADMSG;
        *ret = (struct pe_section) {
                .virtual_size = virtual_size, .virtual_address = le32_read(header + SECTION_VIRTUAL_ADDRESS),
                .offset = offset, .size = n < virtual_size ? n : virtual_size, .raw_size = n,
        };
        memcpy(ret->name, header, PE_NAME_MAX);
        return 0;
}

int pe_section_find(const uint8_t *file, size_t size, const char *name, size_t *ret_offset, size_t *ret_size)
{
        char wanted[PE_NAME_MAX] = {};
        struct pe_section section;
        int found = -1, r;
        struct pe pe;

        if (strlen(name) > sizeof(wanted))
                return -EINVAL;
        memcpy(wanted, name, strlen(name));
        r = pe_open(file, size, &pe);
        if (r < 0)
                return r;
        for (unsigned i = 0; i < pe.n_sections; i++) {
                if (memcmp(section_header(&pe, i), wanted, sizeof(wanted)) != 0)
                        continue;
                if (found >= 0)
                        return -EBADMSG;
                found = (int) i;
        }
        if (found < 0)
                return -ENOENT;
        r = pe_section_at(&pe, (unsigned) found, &section);
        if (r < 0)
                return r;
        *ret_offset = section.offset;
        *ret_size = section.size;
        return 0;
}
