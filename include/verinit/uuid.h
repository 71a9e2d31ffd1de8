/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * UUIDs (RFC 9562) in text: 36 characters, lower case.
 */
#pragma once

#include "verinit/base.h"

enum { UUID_BYTES = 16, UUID_TEXT_SIZE = 37 /* with the NUL */ };

/* Bytes in the order of the text. */
void uuid_format(const uint8_t uuid[static UUID_BYTES], char ret_text[static UUID_TEXT_SIZE]);
/* False: anything else than that form; upper case, too. */
bool uuid_parse(const char *text, uint8_t ret[static UUID_BYTES]);
/* A GUID as GPT and UEFI store it: the first three fields are little-endian (UEFI 2.10, appendix A). */
void uuid_format_guid(const uint8_t guid[static UUID_BYTES], char ret_text[static UUID_TEXT_SIZE]);
