/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The error value, and what the closed list of failure codes says about each code.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>

#include "verinit/error.h"

struct fail_code_info {
        const char *name;
        enum fail_class class;
        const char *remedy;
};

#define FAIL_CODE_INFO(id, name_, class_, remedy_)                                                         \
        [FAIL_##id##_CODE] = { .name = (name_), .class = (class_), .remedy = (remedy_) },

static const struct fail_code_info fail_codes[_FAIL_CODE_MAX] = { FAIL_CODES(FAIL_CODE_INFO) };

static const char *const fail_classes[_FAIL_CLASS_MAX] = {
        [FAIL_BUG] = "BUG",       [FAIL_TAMPER] = "TAMPER", [FAIL_UNVERIFIED] = "UNVERIFIED",
        [FAIL_CONFIG] = "CONFIG", [FAIL_ABSENT] = "ABSENT", [FAIL_SYSTEM] = "SYSTEM",
};

/* A value out of range can only come from a bug: it is shown as one, never as something milder. */
static const struct fail_code_info *fail_code_info(enum fail_code code)
{
        return &fail_codes[(unsigned) code < _FAIL_CODE_MAX ? code : FAIL_BUG_CODE];
}

const char *fail_class_name(enum fail_class class)
{
        return fail_classes[(unsigned) class < _FAIL_CLASS_MAX ? class : FAIL_BUG];
}

const char *fail_code_name(enum fail_code code)
{
        return fail_code_info(code)->name;
}

enum fail_class fail_code_class(enum fail_code code)
{
        return fail_code_info(code)->class;
}

const char *fail_code_remedy(enum fail_code code)
{
        return fail_code_info(code)->remedy;
}

/* A reader must see that the end is missing. */
static void mark_cut_off(char *text, size_t size)
{
        static const char mark[] = "...";

        memcpy(text + size - sizeof(mark), mark, sizeof(mark));
}

static int error_return(const struct error *err)
{
        return err->err > 0 ? -err->err : -EINVAL;
}

int error_set(struct error *err, enum fail_code code, int errno_value, const char *fmt, ...)
{
        va_list ap;
        int n;

        err->code = code;
        err->err = errno_value;
        va_start(ap, fmt);
        n = vsnprintf(err->msg, sizeof(err->msg), fmt, ap);
        va_end(ap);
        if (n < 0)
                err->msg[0] = '\0';
        else if ((size_t) n >= sizeof(err->msg))
                mark_cut_off(err->msg, sizeof(err->msg));
        return error_return(err);
}

int error_prefix(struct error *err, const char *fmt, ...)
{
        char text[sizeof(err->msg)];
        va_list ap;
        int n, m;

        va_start(ap, fmt);
        n = vsnprintf(text, sizeof(text), fmt, ap);
        va_end(ap);
        if (n < 0 || (size_t) n >= sizeof(text) - sizeof(": "))
                return error_return(err);

        m = snprintf(text + n, sizeof(text) - (size_t) n, ": %s", err->msg);
        if (m >= 0 && (size_t) (n + m) >= sizeof(text))
                mark_cut_off(text, sizeof(text));
        memcpy(err->msg, text, sizeof(text));
        return error_return(err);
}

const char *errno_name(int errno_value)
{
        static char number[16];
        const char *name = strerrorname_np(errno_value);

        if (name)
                return name;
        (void) snprintf(number, sizeof(number), "%d", errno_value);
        return number;
}
