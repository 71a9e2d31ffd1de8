/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What firmware, systemd-stub and kernel measure before PID 1: into the fake TPM, and into a log as they write it.
 */
#pragma once

#include "verinit/base.h"

enum { FAKE_FIRMWARE_LOG_MAX = 16384 };

struct fake_firmware {
        size_t size;
        uint8_t log[FAKE_FIRMWARE_LOG_MAX];
};

extern struct fake_firmware fake_firmware;

/* An empty log with the banks of the fake TPM, which is reset first. */
void fake_firmware_begin(void);

void fake_firmware_section(const char *name, const void *content, size_t size); /* of the UKI: PCR 11 */
void fake_firmware_words(const char *words);                                    /* added to the command line: PCR 12 */
void fake_firmware_archive(const char *text); /* systemd-stub: an archive of which the event says this */
void fake_firmware_load_options(const char *text);                              /* what the kernel was given: PCR 9 */
