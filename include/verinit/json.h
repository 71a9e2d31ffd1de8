/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Port: JSON from outside. Adapter: common/json_jsonc.c (json-c).
 */
#pragma once

#include "verinit/error.h"

enum { JSON_MAX_DEPTH = 4 };

struct json_member {
        const char *name;
        bool is_optional;
        char *ret_text; /* NUL-terminated; empty if it is optional and not there */
        size_t size;
};

/*
 * Takes strings out of one JSON object (RFC 8259), with nothing but white space around it, at most JSON_MAX_DEPTH deep and
 * in UTF-8. Members that are not asked for are left alone; of two with one name the last one counts. A member that is
 * missing, is no string, holds a NUL, or does not fit, is refused with code.
 */
int json_read_strings(const char *text, size_t size, const struct json_member *members, size_t n_members,
                      enum fail_code code, struct error *err);
