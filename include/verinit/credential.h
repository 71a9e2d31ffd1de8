/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Credentials that systemd-stub took from the ESP. Nobody has looked at them; systemd opens them with a key of this
 * machine, or not at all.
 */
#pragma once

#include "verinit/boot.h"

enum {
        CREDENTIAL_MAX_FILES = 64,
        CREDENTIAL_MAX_BYTES = 1024 * 1024, /* all together: systemd's own limit (CREDENTIALS_TOTAL_SIZE_MAX) */
        CREDENTIAL_NAME_MAX = 128,
};

/* Pure: what systemd takes as a name, less the longest ones: printable ASCII without blank, '/' and ':'; no "." and "..". */
bool credential_name_is_valid(const char *name);

/*
 * Pure: does the file say, in its first 16 bytes (base64), that it was sealed with a key of this machine: the TPM's or the
 * host's? The one other kind, with a key of no bytes, anybody can make, and systemd takes it where there is no TPM.
 */
bool credential_is_sealed(const char *text, size_t size);

/* As the floor has it: copies them into run/credentials/@encrypted, or none. CREDENTIAL_REFUSED, RECORD_FAILED. */
int record_credentials(struct boot *boot, struct error *err);

const char *credentials_name(enum floor_credentials credentials); /* "none", "esp-encrypted", "platform" */
