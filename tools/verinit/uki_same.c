/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "predict.h"
#include "uki_same.h"

static bool is_same(const struct uki *a, const struct pe_section *x, const struct uki *b, const struct pe_section *y)
{
        return str_equal(x->name, y->name) && x->virtual_address == y->virtual_address && x->virtual_size == y->virtual_size &&
               x->size == y->size && (x->size == 0 || memcmp(a->file.data + x->offset, b->file.data + y->offset, x->size) == 0);
}

int uki_same_sections(const struct uki *before, const struct uki *after, unsigned n, struct trouble *t)
{
        for (unsigned i = 0; i < n; i++) {
                struct pe_section x = {}, y = {};

                if (i >= before->pe.n_sections || i >= after->pe.n_sections || pe_section_at(&before->pe, i, &x) < 0 ||
                    pe_section_at(&after->pe, i, &y) < 0 || !is_same(before, &x, after, &y))
                        return trouble_set(t, OUTCOME_FALSE, "section %u (%s) is not what it was before", i, tool_printable(x.name));
        }
        return 0;
}

/* ukify puts lines of its own, and of the kernel, to those of the stub. */
static bool has_lines(const struct uki *a, const struct pe_section *x, const struct uki *b, const struct pe_section *y)
{
        const char *p = (const char *) a->file.data + x->offset, *end = p + strnlen(p, x->size);

        while (p < end) {
                const char *newline = memchr(p, '\n', (size_t) (end - p));
                size_t n = (size_t) ((newline ? newline : end) - p);

                if (n > 0 && !memmem(b->file.data + y->offset, y->size, p, n))
                        return false;
                p += n + (newline ? 1 : 0);
        }
        return true;
}

static bool is_of_stub(const struct uki *stub, const struct pe_section *x, const struct uki *uki, const struct pe_section *y)
{
        if (is_same(stub, x, uki, y))
                return true;
        return str_equal(x->name, ".sbat") && str_equal(y->name, ".sbat") && has_lines(stub, x, uki, y);
}

int uki_has_stub(const struct uki *uki, const struct buffer *stub, const char *path, struct trouble *t)
{
        struct uki other = { .path = path, .file = *stub };

        if (pe_open(stub->data, stub->size, &other.pe) < 0)
                return trouble_set(t, OUTCOME_TROUBLE, "%s is not a sound PE file", path);
        for (unsigned i = 0; i < other.pe.n_sections; i++) {
                struct pe_section x = {}, y = {};

                if (i >= uki->pe.n_sections || pe_section_at(&other.pe, i, &x) < 0 || pe_section_at(&uki->pe, i, &y) < 0 ||
                    !is_of_stub(&other, &x, uki, &y))
                        return trouble_set(t, OUTCOME_FALSE, "section %u (%s) is not that of %s", i, tool_printable(x.name), path);
        }
        return 0;
}

int uki_authenticode(const struct uki *uki, enum digest_alg alg, struct digest *ret, struct trouble *t)
{
        struct iovec parts[PE_MAX_HASHED];
        size_t n;

        if (pe_hashed_parts(&uki->pe, parts, &n) < 0)
                return trouble_set(t, OUTCOME_FALSE, "%s: its sections, headers and signatures are not in an order in which firmware and "
                                   "tools would hash the same", uki->path);
        return predict_hash(alg, parts, n, ret, t);
}

int uki_same_program(const struct uki *before, const struct uki *after, struct trouble *t)
{
        for (enum digest_alg alg = DIGEST_SHA1; alg < _DIGEST_ALG_MAX; alg++) {
                struct digest a, b;

                if (uki_authenticode(before, alg, &a, t) < 0 || uki_authenticode(after, alg, &b, t) < 0)
                        return -1;
                if (!digest_equal(&a, &b))
                        return trouble_set(t, OUTCOME_FALSE, "the image is not what it was before: its Authenticode digest (%s) is another",
                                           digest_name(alg));
        }
        return 0;
}
