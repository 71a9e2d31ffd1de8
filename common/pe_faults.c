/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>

#include "verinit/le.h"
#include "verinit/pe.h"

enum {
        OPTIONAL_SECTION_ALIGNMENT = 32,
        OPTIONAL_IMAGE_SIZE = 56,
        OPTIONAL_HEADERS_SIZE = 60,
        OPTIONAL_BYTES = 64,
        ALIGNMENT_MAX = 1024 * 1024,
        TABLE_ALIGNMENT = 8, /* what signers fill up to before their table */
};

struct faults {
        struct pe_fault *list;
        size_t n;
};

/* Each section adds two at most. */
static void add(struct faults *f, enum pe_fault_kind kind, unsigned section, uint64_t bytes)
{
        if (f->n < PE_MAX_FAULTS)
                f->list[f->n++] = (struct pe_fault) { kind, section, bytes };
}

struct placed {
        unsigned index;
        uint64_t start, end;
};

static void insert(struct placed *list, unsigned n, struct placed p)
{
        for (; n > 0 && list[n - 1].start > p.start; n--)
                list[n] = list[n - 1];
        list[n] = p;
}

static void compare(struct faults *f, const struct placed *list, unsigned n, uint64_t end, uint64_t alignment,
                    enum pe_fault_kind overlap, enum pe_fault_kind gap)
{
        for (unsigned i = 0; i < n; i++) {
                uint64_t wanted = (end + alignment - 1) / alignment * alignment;

                if (list[i].start < end)
                        add(f, overlap, list[i].index, end - list[i].start);
                else if (list[i].start > wanted)
                        add(f, gap, list[i].index, list[i].start - wanted);
                if (list[i].end > end)
                        end = list[i].end;
        }
}

static int look_at_file(const struct pe *pe, uint64_t headers_size, struct faults *f)
{
        struct placed list[PE_MAX_SECTIONS] = {};
        uint64_t end = headers_size;
        struct pe_section s;
        struct iovec table;
        unsigned n = 0;

        for (unsigned i = 0; i < pe->n_sections; i++) {
                if (pe_section_at(pe, i, &s) < 0)
                        return -EBADMSG;
                if (s.raw_size > 0)
                        insert(list, n++, (struct placed) { i, s.offset, s.offset + s.raw_size });
        }
        compare(f, list, n, headers_size, 1, PE_FAULT_FILE_OVERLAP, PE_FAULT_FILE_GAP);
        if (pe_certificates(pe, &table) < 0)
                return -EBADMSG;
        for (unsigned i = 0; i < n; i++)
                if (list[i].end > end)
                        end = list[i].end;
        if (pe->size - table.iov_len >= end + (table.iov_len > 0 ? TABLE_ALIGNMENT : 1))
                add(f, PE_FAULT_BEHIND, n > 0 ? list[n - 1].index : 0, pe->size - table.iov_len - end);
        return 0;
}

static void look_at_memory(const struct pe *pe, uint64_t headers_size, uint64_t alignment, uint64_t image_size, struct faults *f)
{
        struct placed list[PE_MAX_SECTIONS] = {};
        struct pe_section s = {};
        unsigned n = 0;

        for (unsigned i = 0; i < pe->n_sections; i++) {
                (void) pe_section_at(pe, i, &s);
                if (s.virtual_size > 0)
                        insert(list, n++, (struct placed) { i, s.virtual_address, (uint64_t) s.virtual_address + s.virtual_size });
        }
        compare(f, list, n, headers_size, alignment, PE_FAULT_MEMORY_OVERLAP, PE_FAULT_MEMORY_GAP);
        for (unsigned i = 0; i < n; i++)
                if (list[i].end > image_size) {
                        add(f, PE_FAULT_IMAGE_SIZE, list[i].index, list[i].end - image_size);
                        return;
                }
}

int pe_find_faults(const struct pe *pe, struct pe_fault ret[static PE_MAX_FAULTS])
{
        struct faults f = { .list = ret };
        uint64_t headers_size, alignment;

        if (pe->optional_size < OPTIONAL_BYTES) {
                add(&f, PE_FAULT_HEADER, 0, 0);
                return (int) f.n;
        }
        headers_size = le32_read(pe->optional + OPTIONAL_HEADERS_SIZE);
        alignment = le32_read(pe->optional + OPTIONAL_SECTION_ALIGNMENT);
        if (alignment == 0 || alignment > ALIGNMENT_MAX) {
                add(&f, PE_FAULT_HEADER, 0, 0);
                return (int) f.n;
        }
        if (look_at_file(pe, headers_size, &f) < 0)
                return -EBADMSG;
        look_at_memory(pe, headers_size, alignment, le32_read(pe->optional + OPTIONAL_IMAGE_SIZE), &f);
        return (int) f.n;
}
