/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "fuzz.h"
#include "verinit/pe.h"

static bool is_inside(const struct pe *pe, const struct iovec *part)
{
        const uint8_t *p = part->iov_base;

        return p >= pe->file && p <= pe->file + pe->size && part->iov_len <= (size_t) (pe->file + pe->size - p);
}

static void check_sections(const struct pe *pe)
{
        FUZZ_ASSERT(pe->n_sections <= PE_MAX_SECTIONS);
        for (unsigned i = 0; i < pe->n_sections; i++) {
                struct pe_section s;

                if (pe_section_at(pe, i, &s) < 0)
                        continue;
                FUZZ_ASSERT(s.size <= s.virtual_size && s.size <= s.raw_size && strlen(s.name) <= PE_NAME_MAX);
                FUZZ_ASSERT(s.offset <= pe->size && s.raw_size <= pe->size - s.offset);
        }
}

static void check_certificates(const struct pe *pe)
{
        struct iovec table = {}, pkcs7 = {};
        size_t sum = 0;

        if (pe_certificates(pe, &table) < 0)
                return;
        FUZZ_ASSERT(is_inside(pe, &table));
        while (pe_certificate_next(&table, &pkcs7) > 0) {
                FUZZ_ASSERT(pkcs7.iov_len > 0 && is_inside(pe, &pkcs7));
                sum += pkcs7.iov_len;
        }
        FUZZ_ASSERT(sum < pe->size);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        struct iovec parts[PE_MAX_HASHED];
        size_t n = 0, sum = 0;
        struct pe pe;

        if (pe_open(data, size, &pe) < 0)
                return 0;
        check_sections(&pe);
        check_certificates(&pe);
        if (pe_hashed_parts(&pe, parts, &n) < 0) {
                FUZZ_ASSERT(n == 0);
                return 0;
        }
        FUZZ_ASSERT(n >= 2 && n <= PE_MAX_HASHED);
        for (size_t i = 0; i < n; i++) {
                FUZZ_ASSERT(parts[i].iov_len > 0 && is_inside(&pe, &parts[i]));
                sum += parts[i].iov_len;
        }
        /* All but the checksum and, at most, the place of the signatures and those themselves. */
        FUZZ_ASSERT(sum <= size - 4);
        return 0;
}
