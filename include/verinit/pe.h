/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * PE files (Microsoft's PE Format; UAPI.5 for what a UKI and its add-ons have): sections, and what Authenticode hashes. For the
 * host command. All of it is pure and bounded; -EBADMSG: no PE file, or something is out of bounds.
 */
#pragma once

#include <sys/uio.h>

#include "verinit/base.h"

enum {
        PE_MAX_SECTIONS = 96, /* as Windows' loader has it */
        /* Before the checksum, behind it, behind the entry of the certificates; the sections; what follows them. */
        PE_MAX_HASHED = 3 + PE_MAX_SECTIONS + 1,
        PE_NAME_MAX = 8,
};

struct pe {
        const uint8_t *file;
        size_t size;
        const uint8_t *optional; /* header */
        size_t optional_size;
        const uint8_t *table;
        unsigned n_sections;
};

/* As its program finds it in memory: VirtualSize bytes, of which the loader fills with zeros what the file does not have. */
struct pe_section {
        char name[PE_NAME_MAX + 1];
        uint32_t virtual_size, virtual_address;
        size_t offset, size; /* in the file; size is at most virtual_size */
        size_t raw_size;     /* in the file, with what fills it up to the next section */
};

int pe_open(const uint8_t *file, size_t size, struct pe *ret);

/* index is below n_sections. */
int pe_section_at(const struct pe *pe, unsigned index, struct pe_section *ret);

/* The section of this name, less its zeros. 0, -ENOENT, -EBADMSG: also where it is there twice. */
int pe_section_find(const uint8_t *file, size_t size, const char *name, size_t *ret_offset, size_t *ret_size);

/*
 * What the firmware hashes of the file (Windows Authenticode Portable Executable Signature Format, "Calculating the PE Image
 * Hash"; EDK2 does it for Secure Boot and for PCR 4): all but the checksum, the place of the certificates and the certificates
 * themselves, so that a signature does not change it. The parts are in the order in which they are hashed.
 */
int pe_hashed_parts(const struct pe *pe, struct iovec ret[static PE_MAX_HASHED], size_t *ret_n);

/* The table of signatures, empty where there is none; and the PKCS#7 messages in it, which are taken off. 1, 0: no more, -EBADMSG. */
int pe_certificates(const struct pe *pe, struct iovec *ret);
int pe_certificate_next(struct iovec *table, struct iovec *ret_pkcs7);

/* Where its sections lie. What firmware loads may have holes; what ukify(1) writes has none, and who finds one asks what is in it. */
enum pe_fault_kind {
        PE_FAULT_HEADER = 0,     /* the optional header is too short, or its alignments are none */
        PE_FAULT_FILE_OVERLAP,   /* section and other share bytes of the file, or the section those of the headers */
        PE_FAULT_FILE_GAP,       /* bytes before the section, in the file, that belong to none */
        PE_FAULT_BEHIND,         /* bytes behind the last section that are no signature */
        PE_FAULT_MEMORY_OVERLAP, /* as loaded */
        PE_FAULT_MEMORY_GAP,     /* more than the alignment asks for */
        PE_FAULT_IMAGE_SIZE,     /* the section ends behind the image */
};

struct pe_fault {
        enum pe_fault_kind kind;
        unsigned section; /* index; of the later one */
        uint64_t bytes;
};

enum { PE_MAX_FAULTS = 2 * PE_MAX_SECTIONS + 4 };

/* How many there are, or -EBADMSG. */
int pe_find_faults(const struct pe *pe, struct pe_fault ret[static PE_MAX_FAULTS]);
