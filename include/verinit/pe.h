/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Sections of a PE file (Microsoft's PE Format; UAPI.5 for what a UKI and its add-ons have). For the host command.
 */
#pragma once

#include "verinit/base.h"

/*
 * Pure: where the section of this name is, as its program would find it in memory: VirtualSize, less what the file does not
 * have and the loader fills with zeros. 0, -ENOENT, -EBADMSG: no PE file, out of bounds, or the section is there twice.
 */
int pe_section_find(const uint8_t *file, size_t size, const char *name, size_t *ret_offset, size_t *ret_size);
