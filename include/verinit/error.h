/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The one error value: fixed storage, so failing needs no memory and has no owner.
 *
 * A function that can fail takes `struct error *err` (never NULL) last and returns 0 or a documented positive
 * answer, or -errno with *err filled. It is set exactly once, at the origin, with the object's name and what
 * went wrong; callers prefix it with what they were about; main() logs it once.
 */
#pragma once

#include "verinit/base.h"
#include "verinit/failure_codes.h"
#include "verinit/stage.h"

/* Zero is the strictest: a forgotten class is a bug of ours. */
enum fail_class {
        FAIL_BUG = 0,
        FAIL_TAMPER,     /* proof of wrong content */
        FAIL_UNVERIFIED, /* no proof either way */
        FAIL_CONFIG,     /* what was asked makes no sense or is not allowed */
        FAIL_ABSENT,     /* not there in time */
        FAIL_SYSTEM,     /* kernel or library refused */
        _FAIL_CLASS_MAX,
};

enum fail_code {
        FAIL_CODES(FAIL_CODE_ENUM)
        _FAIL_CODE_MAX,
};

struct error {
        enum fail_code code;
        enum stage_id stage; /* stamped by stage_run(), by nobody else */
        int err;             /* positive errno, 0 if none applies */
        char msg[768];
};

const char *fail_class_name(enum fail_class class);
const char *fail_code_name(enum fail_code code);
enum fail_class fail_code_class(enum fail_code code);
const char *fail_code_remedy(enum fail_code code);

/* Returns -errno_value, or -EINVAL for errno_value 0: always negative, so `return error_set(…)` fails. */
int error_set(struct error *err, enum fail_code code, int errno_value, const char *fmt, ...) _printf_(4, 5);

/* Puts "text: " before the message. Returns -err->err, so `return error_prefix(…)` fails too. */
int error_prefix(struct error *err, const char *fmt, ...) _printf_(2, 3);

/* "EBADMSG" for 74; a decimal number where the libc has no name. Never NULL. */
const char *errno_name(int errno_value);
