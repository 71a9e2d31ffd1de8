/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A unified kernel image (UAPI.5) as the systemd-stub in it sees it.
 */
#pragma once

#include "verinit/pe.h"

#include "tool.h"

struct uki {
        const char *path;
        struct buffer file;
        struct pe pe;
        unsigned profile;
        unsigned stub_version; /* of systemd-stub: 257; 0: it does not say */
        char stub[64];         /* "257.13-1~deb13u1"; empty */
};

enum { UKI_SECTION_PARTS = 2, UKI_MAX_BYTES = 1024 * 1024 * 1024 };

/* A profile that it does not have: FALSE. Profile 0 is there always. */
int uki_read(const char *path, unsigned profile, struct uki *ret, struct trouble *t);
/* The same of bytes, which *ret owns then. path names them in messages. */
int uki_parse(const char *path, unsigned profile, struct buffer *file, struct uki *ret, struct trouble *t);
void uki_done(struct uki *uki);

/* That of the profile, or else that of all profiles; of two the first. An empty one does not count. False: there is none. */
bool uki_section(const struct uki *uki, const char *name, struct pe_section *ret);
/* How many there are; 1 where no section .profile is. And of which one section number index is: UKI_COMMON of all. */
enum { UKI_COMMON = PE_MAX_SECTIONS };
unsigned uki_n_profiles(const struct uki *uki);
unsigned uki_profile_of(const struct uki *uki, unsigned index);

/* In any profile. */
bool uki_has(const struct uki *uki, const char *name);

/* Its bytes in memory: those of the file, then zeros. */
size_t uki_section_parts(const struct uki *uki, const struct pe_section *section,
                         struct iovec ret[static UKI_SECTION_PARTS]);
