/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Files in /run for the booted system, with their labels.
 */
#pragma once

#include "verinit/boot.h"

int record_file(struct boot *boot, const char *path, const void *data, size_t size, mode_t mode, struct error *err);

/* Writes boot.json as the evidence stands now: stage record does so, and handoff again with its last act. */
int record_boot_json(struct boot *boot, struct error *err);
