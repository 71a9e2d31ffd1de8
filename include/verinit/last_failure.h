/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * VerinitLastFailure: one EFI variable, by which a boot that ended tells the next one why. Nothing is counted in it, and
 * nothing is decided by it but how long a failing machine waits: whoever was root of the last boot can write it.
 *
 * Its data is ASCII, at most 128 bytes: "1 <stage> <code>\n", both of our closed lists.
 */
#pragma once

#include <sys/types.h>

#include "verinit/efi_variable.h"
#include "verinit/error.h"

#define LAST_FAILURE_GUID "fb83e530-e324-4175-ae84-dd2dce5ddc63"
#define LAST_FAILURE_PATH EFIVARS_DIR "/VerinitLastFailure-" LAST_FAILURE_GUID

enum { LAST_FAILURE_MAX_BYTES = 128, EFIVAR_ATTRIBUTES_BYTES = 4 };

enum last_failure_state {
        LAST_FAILURE_UNKNOWN = 0, /* there are no EFI variables, or not yet */
        LAST_FAILURE_NONE,        /* the last boot was good, or could not say that it was not */
        LAST_FAILURE_UNREADABLE,  /* there is one, and not of the form that this version writes */
        LAST_FAILURE_KNOWN,
};

struct last_failure {
        enum last_failure_state state;
        enum stage_id stage; /* of KNOWN */
        enum fail_code code;
};

/* Pure: the variable as efivarfs shows it, attributes first. 0, or -EBADMSG for all that last_failure_format() does not write. */
int last_failure_parse(const uint8_t *variable, size_t size, struct last_failure *ret);

/* Pure: attributes and data; how many bytes, or -ENOBUFS. */
ssize_t last_failure_format(enum stage_id stage, enum fail_code code, uint8_t *ret_variable, size_t size);

/* "verify", "root-hash-mismatch"; "unknown" twice for one that is not readable; empty if there is none. For boot.json. */
const char *last_failure_stage_name(const struct last_failure *last);
const char *last_failure_code_name(const struct last_failure *last);

/* Reads it, where efivarfs is mounted. Every fault of it is one of the states. */
void last_failure_load(int root_fd, struct last_failure *ret);

/* Writes it, unless *last already says so. -errno: the next boot will not know. */
int last_failure_store(int root_fd, const struct last_failure *last, const struct error *err);

/* Removes what last_failure_load() has found. */
int last_failure_clear(int root_fd, const struct last_failure *last);
