/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * JSON into fixed storage. Whatever the bytes of a string are, the text stays valid JSON: quotes, backslashes and
 * control bytes are escaped, what is not UTF-8 becomes U+FFFD. Running out of room is remembered, so that one
 * check at the end is enough.
 */
#pragma once

#include <sys/types.h>

#include "verinit/base.h"

struct json_text {
        char *text;
        size_t size;
        size_t n; /* bytes that the text has or, out of room, would have had so far */
        bool needs_comma;
};

struct json_text json_text_begin(char *text, size_t size);
/* The length, NUL-terminated; or -ENOBUFS. */
ssize_t json_text_end(const struct json_text *j);

void json_open(struct json_text *j, const char *key, char bracket); /* key NULL in an array; '{' or '[' */
void json_close(struct json_text *j, char bracket);                 /* '}' or ']' */
void json_string(struct json_text *j, const char *key, const char *value);
void json_u64(struct json_text *j, const char *key, uint64_t value);
void json_bool(struct json_text *j, const char *key, bool value);
