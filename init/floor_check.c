/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Other cpio archives share our root file system: of a loader in front of ours, of systemd-stub's sidecars behind it. What
 * they bring stands over or beside what was signed, so a file counts by its digest, and by its name not at all.
 */
#include <errno.h>

#include "verinit/crypto.h"
#include "verinit/floor_check.h"

static int hash(const void *data, size_t size, struct digest *ret, struct error *err)
{
        const struct iovec part = { .iov_base = (void *) (uintptr_t) data, .iov_len = size };

        return crypto_digest(DIGEST_SHA256, &part, 1, ret, err);
}

static int refuse(struct error *err, enum fail_code code, const char *path, const struct digest *wanted,
                  const struct digest *seen)
{
        char wanted_hex[DIGEST_MAX_HEX], seen_hex[DIGEST_MAX_HEX];

        digest_hex(wanted, wanted_hex);
        digest_hex(seen, seen_hex);
        return error_set(err, code, EBADMSG, "/%s has the SHA-256 %s; %s was packed", path, seen_hex, wanted_hex);
}

int floor_check_digest(const struct digest *note, const void *data, size_t size, struct error *err)
{
        struct digest seen;
        int r;

        if (note->alg == DIGEST_NONE && !data)
                return 0;
        if (note->alg == DIGEST_NONE)
                return error_set(err, FAIL_FLOOR_DIGEST_MISMATCH_CODE, EBADMSG,
                                 "there is a /" FLOOR_PATH ", and none was packed with this /init");
        if (!data)
                return error_set(err, FAIL_FLOOR_DIGEST_MISMATCH_CODE, ENOENT,
                                 "there is no /" FLOOR_PATH ", and one was packed with this /init");
        r = hash(data, size, &seen, err);
        if (r < 0)
                return error_prefix(err, "floor");
        return digest_equal(note, &seen) ? 0 : refuse(err, FAIL_FLOOR_DIGEST_MISMATCH_CODE, FLOOR_PATH, note, &seen);
}

int floor_check_file(const char *path, const char *key, const struct digest *named, const void *data, size_t size,
                     struct error *err)
{
        struct digest seen;
        int r;

        if (named->alg == DIGEST_NONE)
                return error_set(err, FAIL_FLOOR_FILE_UNNAMED_CODE, ENOKEY, "the floor has no %s= for /%s", key, path);
        r = hash(data, size, &seen, err);
        if (r < 0)
                return error_prefix(err, "/%s", path);
        return digest_equal(named, &seen) ? 0 : refuse(err, FAIL_FLOOR_FILE_MISMATCH_CODE, path, named, &seen);
}

int floor_check_possible(const struct floor *floor, bool has_certificates, bool has_ipe_policy, struct error *err)
{
        if (floor->ipe != NEED_ALLOW && !has_ipe_policy)
                return error_set(err, FAIL_IPE_ABSENT_CODE, ENOENT,
                                 "the floor requires an IPE policy (ipe=require), and neither floor (ipe-policy=) nor command line "
                                 "(init.ipe=) names one");
        if (floor->root_hash_signature != NEED_ALLOW && !has_certificates)
                return error_set(err, FAIL_SIGNATURE_MISSING_CODE, ENOKEY,
                                 "the floor requires a signature of the root hash (root-hash-signature=require), and names no "
                                 "certificate that could have made one");
        return 0;
}
