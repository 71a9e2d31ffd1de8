/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * json.h without a library: finds "name":"value", without blanks and escapes, which is how the tests of the core write it.
 */
#include "verinit/json.h"

#include <errno.h>
#include <stdio.h>

#include "fakes.h"

int json_read_strings(const char *text, size_t size, const struct json_member *members, size_t n_members,
                      enum fail_code code, struct error *err)
{
        if (fake_call("json_read_strings"))
                return error_set(err, code, EBADMSG, "fake json_read_strings");
        for (size_t i = 0; i < n_members; i++) {
                const struct json_member *m = &members[i];
                char begin[64];
                const char *at, *end;
                size_t n;

                (void) snprintf(begin, sizeof(begin), "\"%s\":\"", m->name);
                at = memmem(text, size, begin, strlen(begin));
                m->ret_text[0] = '\0';
                if (!at && m->is_optional)
                        continue;
                if (!at)
                        return error_set(err, code, EBADMSG, "no member '%s'", m->name);
                at += strlen(begin);
                end = memchr(at, '"', size - (size_t) (at - text));
                n = end ? (size_t) (end - at) : m->size;
                if (n >= m->size)
                        return error_set(err, code, EFBIG, "'%s' does not fit", m->name);
                memcpy(m->ret_text, at, n);
                m->ret_text[n] = '\0';
        }
        return 0;
}
