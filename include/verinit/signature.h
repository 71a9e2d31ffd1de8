/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The signature of the root hash: PKCS#7, detached, over the root hash as lower-case hex without a newline, which is what
 * dm-verity itself checks (6.12 drivers/md/dm-verity-verify-sig.c). First by us against the certificates of the floor, then
 * by the kernel against its keyrings.
 */
#pragma once

#include "verinit/boot_config.h"
#include "verinit/crypto.h"

enum {
        SIGNATURE_MAX_BYTES = 16 * 1024,               /* DER; the kernel takes keys up to 32767 bytes */
        SIGNATURE_PARTITION_MAX_BYTES = 4 * 1024 * 1024, /* as systemd */
        SIGNATURE_JSON_MAX_BYTES = 64 * 1024,
        SIGNATURE_CERTIFICATE_MAX_BYTES = 8 * 1024,
};

/* The name of the kernel's key, which is a word of the table. One a boot. */
#define SIGNATURE_KEY_NAME "verinit:usr"

struct signature_der {
        size_t size;
        uint8_t bytes[SIGNATURE_MAX_BYTES + 2]; /* the decoder of Base64 writes three bytes at a time */
};

/* What a signature partition says (UAPI.2 Discoverable Partitions Specification). Nothing in it is to be believed. */
struct signature_partition {
        char root_hash[DIGEST_MAX_HEX]; /* lower-case hex */
        struct digest certificate;      /* certificateFingerprint; DIGEST_NONE: not said */
        struct signature_der der;
};

/* Pure, but for the JSON port: all bytes of the partition, JSON and then NUL. SIGNATURE_MALFORMED. */
int signature_partition_parse(const uint8_t *bytes, size_t size, struct signature_partition *ret, struct error *err);

/* Base64 as on the command line. SIGNATURE_MALFORMED. */
int signature_decode(const char *base64, struct signature_der *ret, struct error *err);

/* A certificate that the floor names: its bytes, and their SHA-256. */
struct signature_certificate {
        size_t size;
        uint8_t bytes[SIGNATURE_CERTIFICATE_MAX_BYTES + 1]; /* whoever reads it can see that there is more */
        struct digest sha256;
};

/*
 * Is this a certificate that may stand in a floor? Asked when it is packed, and when it is loaded. SIGNATURE_UNTRUSTED: it is too
 * long, not one certificate in DER, or of a key that is too weak.
 */
int signature_check_certificate(const void *der, size_t size, struct error *err);

struct proven_signature;

/*
 * Is der a signature of this root hash by one of these certificates? The witness lives in static storage, one a boot; only
 * its bytes are handed to the kernel. SIGNATURE_MALFORMED, SIGNATURE_OTHER_HASH, SIGNATURE_INVALID, SIGNATURE_UNTRUSTED.
 */
int signature_prove(const struct signature_der *der, const uint8_t *root_hash, size_t root_hash_size,
                    const struct signature_certificate *certificates, size_t n_certificates,
                    const struct proven_signature **ret, struct error *err);
const struct signature_der *proven_signature_der(const struct proven_signature *signature);
const struct digest *proven_signature_signer(const struct proven_signature *signature); /* SHA-256 of its certificate */

const char *signature_source_name(enum signature_source source); /* "discovered", "file", "inline", "partition" */
