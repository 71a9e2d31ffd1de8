/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Which bytes Authenticode hashes. Where the document leaves a choice, it is done as EDK2 does it (DxeImageVerificationLib,
 * DxeTpm2MeasureBootLib): that is what ends up in PCR 4. What tools and firmware could read differently is refused.
 */
#include <errno.h>

#include "verinit/le.h"
#include "verinit/pe.h"

enum {
        MAGIC_PE32 = 0x10b,
        MAGIC_PE32_PLUS = 0x20b,
        OPTIONAL_HEADERS_SIZE = 60, /* u32: of everything before the sections */
        OPTIONAL_CHECKSUM = 64,
        OPTIONAL_N_DIRECTORIES_PE32 = 92,
        OPTIONAL_N_DIRECTORIES_PE32_PLUS = 108,
        DIRECTORY_BYTES = 8,
        DIRECTORY_CERTIFICATES = 4,
        SECTION_BYTES = 40,
        /* WIN_CERTIFICATE: u32 length, with these bytes; u16 revision; u16 type */
        CERTIFICATE_HEADER = 8,
        CERTIFICATE_TYPE = 6,
        CERTIFICATE_ALIGN = 8,
        CERTIFICATE_PKCS7 = 2,
};

/* Offsets in the file. */
struct layout {
        size_t checksum;
        size_t entry; /* of the certificates in the directory; 0: the directory ends before it */
        size_t headers_end;
        size_t certificates_size; /* at the end of the file */
};

static int find_certificates(const struct pe *pe, struct layout *l)
{
        size_t offset = le32_read(pe->file + l->entry), size = le32_read(pe->file + l->entry + 4);

        if (size == 0)
                return 0;
        /* Behind them nothing: some readers would hash it and others would not. */
        if (offset < l->headers_end || offset > pe->size || size != pe->size - offset)
                return -EBADMSG;
        l->certificates_size = size;
        return 0;
}

static int find_layout(const struct pe *pe, struct layout *ret)
{
        size_t base = (size_t) (pe->optional - pe->file), n_at, table_end;
        struct layout l = { .checksum = base + OPTIONAL_CHECKSUM };
        unsigned magic;

        if (pe->optional_size < OPTIONAL_N_DIRECTORIES_PE32 + 4)
                return -EBADMSG;
        magic = le16_read(pe->optional);
        if (magic != MAGIC_PE32 && magic != MAGIC_PE32_PLUS)
                return -EBADMSG;
        n_at = magic == MAGIC_PE32 ? OPTIONAL_N_DIRECTORIES_PE32 : OPTIONAL_N_DIRECTORIES_PE32_PLUS;
        if (pe->optional_size < n_at + 4)
                return -EBADMSG;
        l.headers_end = le32_read(pe->optional + OPTIONAL_HEADERS_SIZE);
        table_end = (size_t) (pe->table - pe->file) + (size_t) pe->n_sections * SECTION_BYTES;
        if (l.headers_end < table_end || l.headers_end > pe->size)
                return -EBADMSG;
        if (le32_read(pe->optional + n_at) > DIRECTORY_CERTIFICATES) {
                size_t at = n_at + 4 + (size_t) DIRECTORY_CERTIFICATES * DIRECTORY_BYTES;

                if (pe->optional_size < at + DIRECTORY_BYTES)
                        return -EBADMSG;
                l.entry = base + at;
                if (find_certificates(pe, &l) < 0)
                        return -EBADMSG;
        }
        *ret = l;
        return 0;
}

/* By where they are in the file; of two at one place, the first of the table first. */
static int sort_sections(const struct pe *pe, struct pe_section ret[static PE_MAX_SECTIONS])
{
        for (unsigned i = 0; i < pe->n_sections; i++) {
                struct pe_section section;
                unsigned j = i;

                if (pe_section_at(pe, i, &section) < 0)
                        return -EBADMSG;
                for (; j > 0 && ret[j - 1].offset > section.offset; j--)
                        ret[j] = ret[j - 1];
                ret[j] = section;
        }
        return 0;
}

static void add(const struct pe *pe, size_t start, size_t end, struct iovec *parts, size_t *n)
{
        if (end > start)
                parts[(*n)++] = (struct iovec) { (void *) (uintptr_t) (pe->file + start), end - start };
}

int pe_hashed_parts(const struct pe *pe, struct iovec ret[static PE_MAX_HASHED], size_t *ret_n)
{
        struct pe_section sections[PE_MAX_SECTIONS];
        size_t n = 0, done, end;
        struct layout l;

        if (find_layout(pe, &l) < 0 || sort_sections(pe, sections) < 0)
                return -EBADMSG;
        end = pe->size - l.certificates_size;
        add(pe, 0, l.checksum, ret, &n);
        add(pe, l.checksum + 4, l.entry > 0 ? l.entry : l.headers_end, ret, &n);
        if (l.entry > 0)
                add(pe, l.entry + DIRECTORY_BYTES, l.headers_end, ret, &n);

        /* The count, not the place, says where the rest begins: so in the document and in EDK2. */
        done = l.headers_end;
        for (unsigned i = 0; i < pe->n_sections; i++) {
                const struct pe_section *s = &sections[i];

                /* No signature in a section; and no more in all than there is, which sections that overlap may come to. */
                if (s->offset + s->raw_size > end || s->raw_size > end - done)
                        return -EBADMSG;
                add(pe, s->offset, s->offset + s->raw_size, ret, &n);
                done += s->raw_size;
        }
        add(pe, done, end, ret, &n);
        *ret_n = n;
        return 0;
}

int pe_certificates(const struct pe *pe, struct iovec *ret)
{
        struct layout l;

        if (find_layout(pe, &l) < 0)
                return -EBADMSG;
        *ret = (struct iovec) { (void *) (uintptr_t) (pe->file + pe->size - l.certificates_size), l.certificates_size };
        return 0;
}

int pe_certificate_next(struct iovec *table, struct iovec *ret_pkcs7)
{
        while (table->iov_len >= CERTIFICATE_HEADER) {
                uint8_t *p = table->iov_base;
                size_t n = le32_read(p), step;

                if (n <= CERTIFICATE_HEADER || n > table->iov_len)
                        return -EBADMSG;
                step = n + (-n % CERTIFICATE_ALIGN);
                if (step > table->iov_len)
                        step = table->iov_len;
                *table = (struct iovec) { p + step, table->iov_len - step };
                if (le16_read(p + CERTIFICATE_TYPE) != CERTIFICATE_PKCS7)
                        continue;
                *ret_pkcs7 = (struct iovec) { p + CERTIFICATE_HEADER, n - CERTIFICATE_HEADER };
                return 1;
        }
        return 0;
}
