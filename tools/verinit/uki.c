/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <ctype.h>
#include <errno.h>
#include <stdio.h>

#include "verinit/uki.h"

#include "uki.h"

enum { UKI_MAX_ZEROS = 1024 * 1024 };

static const uint8_t zeros[UKI_MAX_ZEROS];

/* Every section has been read once in check_sections(). */
static struct pe_section section_at(const struct uki *uki, unsigned index)
{
        struct pe_section section = {};

        (void) pe_section_at(&uki->pe, index, &section);
        return section;
}

/* The next .profile from there on, or the end of the table. */
static unsigned next_profile(const struct uki *uki, unsigned from)
{
        while (from < uki->pe.n_sections && !str_equal(section_at(uki, from).name, ".profile"))
                from++;
        return from;
}

/* Sections of profile N stand from the N-th .profile (from 0) to the next; those before the first are everybody's. */
static unsigned start_of_profile(const struct uki *uki, unsigned profile)
{
        unsigned start = next_profile(uki, 0);

        for (unsigned i = 0; i < profile && start < uki->pe.n_sections; i++)
                start = next_profile(uki, start + 1);
        return start;
}

static bool find_in(const struct uki *uki, unsigned start, unsigned end, const char *name, struct pe_section *ret)
{
        for (unsigned i = start; i < end; i++) {
                struct pe_section section = section_at(uki, i);

                if (str_equal(section.name, name)) {
                        *ret = section;
                        return true;
                }
        }
        return false;
}

bool uki_section(const struct uki *uki, const char *name, struct pe_section *ret)
{
        unsigned start = start_of_profile(uki, uki->profile);
        struct pe_section found;

        /* With profile 0 and no .profile at all the first range is empty. */
        if (start < uki->pe.n_sections && find_in(uki, start, next_profile(uki, start + 1), name, &found)) {
                *ret = found;
                return found.virtual_size > 0;
        }
        if (!find_in(uki, 0, next_profile(uki, 0), name, &found) || found.virtual_size == 0)
                return false;
        *ret = found;
        return true;
}

bool uki_has(const struct uki *uki, const char *name)
{
        struct pe_section section;

        return find_in(uki, 0, uki->pe.n_sections, name, &section);
}

size_t uki_section_parts(const struct uki *uki, const struct pe_section *section,
                         struct iovec ret[static UKI_SECTION_PARTS])
{
        ret[0] = (struct iovec) { uki->file.data + section->offset, section->size };
        ret[1] = (struct iovec) { (void *) (uintptr_t) zeros, section->virtual_size - section->size };
        return ret[1].iov_len > 0 ? 2 : 1;
}

unsigned uki_n_profiles(const struct uki *uki)
{
        unsigned n = 0;

        for (unsigned i = next_profile(uki, 0); i < uki->pe.n_sections; i = next_profile(uki, i + 1))
                n++;
        return n > 0 ? n : 1;
}

unsigned uki_profile_of(const struct uki *uki, unsigned index)
{
        unsigned n = 0;

        for (unsigned i = next_profile(uki, 0); i <= index && i < uki->pe.n_sections; i = next_profile(uki, i + 1))
                n++;
        return n > 0 ? n - 1 : UKI_COMMON;
}

static bool is_of_uki(const char *name)
{
        for (size_t i = 0; i < UKI_N_MEASURED; i++)
                if (str_equal(uki_measured[i], name))
                        return true;
        return str_equal(name, ".pcrsig");
}

static int check_sections(const struct uki *uki, struct trouble *t)
{
        for (unsigned i = 0; i < uki->pe.n_sections; i++) {
                struct pe_section section;

                if (pe_section_at(&uki->pe, i, &section) < 0)
                        return trouble_set(t, OUTCOME_TROUBLE, "%s is not a sound PE file: section %u ends behind the file",
                                           uki->path, i);
                if (is_of_uki(section.name) && section.virtual_size - section.size > UKI_MAX_ZEROS)
                        return trouble_set(t, OUTCOME_TROUBLE, "%s: section %s claims %u bytes and has %zu of them",
                                           uki->path, section.name, section.virtual_size, section.size);
        }
        return 0;
}

/* The stub says who it is in .sdmagic: "#### LoaderInfo: systemd-stub 257.13-1~deb13u1 ####". */
static void read_stub(struct uki *uki)
{
        static const char before[] = "systemd-stub ";
        struct pe_section section;
        const uint8_t *p, *end;
        size_t n = 0;

        if (!find_in(uki, 0, uki->pe.n_sections, ".sdmagic", &section) || section.size == 0)
                return;
        end = uki->file.data + section.offset + section.size;
        p = memmem(uki->file.data + section.offset, section.size, before, sizeof(before) - 1);
        if (!p)
                return;
        for (p += sizeof(before) - 1; p < end && *p > ' ' && *p < 0x7f && n < sizeof(uki->stub) - 1; p++)
                uki->stub[n++] = (char) *p;
        uki->stub[n] = '\0';
        for (size_t i = 0; i < 4 && isdigit((unsigned char) uki->stub[i]); i++)
                uki->stub_version = uki->stub_version * 10 + (unsigned) (uki->stub[i] - '0');
}

static int check_uki(struct uki *uki, struct trouble *t)
{
        struct pe_section section;

        if (pe_open(uki->file.data, uki->file.size, &uki->pe) < 0)
                return trouble_set(t, OUTCOME_TROUBLE, "%s is not a sound PE file", uki->path);
        if (check_sections(uki, t) < 0)
                return -1;
        if (uki->profile > 0 && start_of_profile(uki, uki->profile) == uki->pe.n_sections)
                return trouble_set(t, OUTCOME_FALSE, "%s has no profile %u: systemd-stub would not start it", uki->path,
                                   uki->profile);
        if (!uki_section(uki, ".linux", &section))
                return trouble_set(t, OUTCOME_FALSE, "%s has no .linux section: it is no unified kernel image", uki->path);
        read_stub(uki);
        return 0;
}

int uki_parse(const char *path, unsigned profile, struct buffer *file, struct uki *ret, struct trouble *t)
{
        struct uki uki = { .path = path, .profile = profile, .file = *file };

        if (check_uki(&uki, t) < 0)
                return -1;
        *file = (struct buffer) {};
        *ret = uki;
        return 0;
}

int uki_read(const char *path, unsigned profile, struct uki *ret, struct trouble *t)
{
        _cleanup_buffer_ struct buffer file = {};

        if (tool_read_file(path, UKI_MAX_BYTES, &file, t) < 0)
                return -1;
        return uki_parse(path, profile, &file, ret, t);
}

void uki_done(struct uki *uki)
{
        buffer_done(&uki->file);
}
