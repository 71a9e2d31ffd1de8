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
        SECTION_NAME_BYTES = 8,
        SECTION_VIRTUAL_SIZE = 8,
        SECTION_RAW_SIZE = 16,
        SECTION_RAW_OFFSET = 20,
};

static bool is_inside(size_t size, uint64_t offset, uint64_t n)
{
        return offset <= size && n <= size - offset;
}

static int find_table(const uint8_t *file, size_t size, const uint8_t **ret_table, unsigned *ret_n)
{
        uint64_t coff, table;
        unsigned n;

        if (size < DOS_HEADER_BYTES || memcmp(file, "MZ", 2) != 0)
                return -EBADMSG;
        coff = le32_read(file + DOS_NEW_HEADER);
        if (!is_inside(size, coff, COFF_HEADER_BYTES) || memcmp(file + coff, "PE\0\0", 4) != 0)
                return -EBADMSG;
        n = le16_read(file + coff + COFF_N_SECTIONS);
        table = coff + COFF_HEADER_BYTES + le16_read(file + coff + COFF_OPTIONAL_SIZE);
        if (!is_inside(size, table, (uint64_t) n * SECTION_BYTES))
                return -EBADMSG;
        *ret_table = file + table;
        *ret_n = n;
        return 0;
}

int pe_section_find(const uint8_t *file, size_t size, const char *name, size_t *ret_offset, size_t *ret_size)
{
        char wanted[SECTION_NAME_BYTES] = {};
        const uint8_t *table, *found = NULL;
        uint32_t offset, n;
        unsigned n_sections;
        int r;

        if (strlen(name) > sizeof(wanted))
                return -EINVAL;
        memcpy(wanted, name, strlen(name));
        r = find_table(file, size, &table, &n_sections);
        if (r < 0)
                return r;
        for (unsigned i = 0; i < n_sections; i++) {
                const uint8_t *section = table + (size_t) i * SECTION_BYTES;

                if (memcmp(section, wanted, sizeof(wanted)) != 0)
                        continue;
                if (found)
                        return -EBADMSG;
                found = section;
        }
        if (!found)
                return -ENOENT;
        offset = le32_read(found + SECTION_RAW_OFFSET);
        n = le32_read(found + SECTION_RAW_SIZE);
        if (!is_inside(size, offset, n))
                return -EBADMSG;
        *ret_offset = offset;
        *ret_size = n < le32_read(found + SECTION_VIRTUAL_SIZE) ? n : le32_read(found + SECTION_VIRTUAL_SIZE);
        return 0;
}
