/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Whether floor and files are those that were packed together, and whether any machine can meet the floor. PID 1 asks while it
 * boots, the host command before. Pure, but for the digest.
 */
#pragma once

#include "verinit/floor.h"

/*
 * The floor's text against the note in PID 1's program file. data NULL: there is no floor. Where none was packed (note
 * DIGEST_NONE), one that is there was planted. FLOOR_DIGEST_MISMATCH.
 */
int floor_check_digest(const struct digest *note, const void *data, size_t size, struct error *err);

/*
 * A file of the initramfs against the digest that the floor gives for it with this key. FLOOR_FILE_UNNAMED: it gives none,
 * so the file may be anybody's. FLOOR_FILE_MISMATCH.
 */
int floor_check_file(const char *path, const char *key, const struct digest *named, const void *data, size_t size,
                     struct error *err);

/*
 * What this floor requires and no machine can have: such an image never boots. has_certificates, has_ipe_policy: the floor names one, or
 * will when the builder has filled it in; of policies the command line may, too. IPE_ABSENT, SIGNATURE_MISSING.
 */
int floor_check_possible(const struct floor *floor, bool has_certificates, bool has_ipe_policy, struct error *err);
