/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The root hash's signature, without where it is from. The JSON of a signature partition says which root hash it is for
 * and who signed; both are only used to say better what is wrong. What decides is the PKCS#7 over our own root hash.
 */
#include "verinit/signature.h"

#include <errno.h>

#include "verinit/json.h"

struct proven_signature {
        struct signature_der der;
        struct digest signer;
};

static struct proven_signature the_signature;

static int refuse(struct error *err, const char *what)
{
        return error_set(err, FAIL_SIGNATURE_MALFORMED_CODE, EBADMSG, "%s", what);
}

/* The text before the first NUL. Behind it there may be nothing but NUL: what nobody reads is where something could hide. */
static int find_text(const uint8_t *bytes, size_t size, size_t *ret_size, struct error *err)
{
        const uint8_t *end = size > 0 ? memchr(bytes, '\0', size) : NULL;
        size_t n = end ? (size_t) (end - bytes) : size;

        if (size > SIGNATURE_PARTITION_MAX_BYTES)
                return error_set(err, FAIL_SIGNATURE_MALFORMED_CODE, EFBIG,
                                 "the signature partition has %zu bytes; at most %d are read", size,
                                 SIGNATURE_PARTITION_MAX_BYTES);
        /* Is each byte the one before it? A partition has megabytes of them. */
        if (n < size && memcmp(bytes + n, bytes + n + 1, size - n - 1) != 0) {
                size_t i = n;

                while (bytes[i] == '\0')
                        i++;
                return error_set(err, FAIL_SIGNATURE_MALFORMED_CODE, EBADMSG,
                                 "byte %zu of the signature partition is not NUL, as all behind its text", i);
        }
        if (n == 0)
                return refuse(err, "the signature partition is empty");
        if (n > SIGNATURE_JSON_MAX_BYTES)
                return error_set(err, FAIL_SIGNATURE_MALFORMED_CODE, EFBIG,
                                 "the signature partition holds %zu bytes of text; at most %d are read", n,
                                 SIGNATURE_JSON_MAX_BYTES);
        *ret_size = n;
        return 0;
}

/* The one spelling: the same text is what was signed, and what the kernel gets. */
static ssize_t decode_lower_hex(const char *hex, uint8_t *ret, size_t max)
{
        for (const char *p = hex; *p; p++)
                if (*p >= 'A' && *p <= 'F')
                        return -1;
        return hex_decode(hex, ret, max);
}

static int parse_members(const char *root_hash, const char *fingerprint, struct signature_partition *ret,
                         struct error *err)
{
        uint8_t hash[DIGEST_MAX_BYTES];
        ssize_t n = decode_lower_hex(root_hash, hash, sizeof(hash));

        if (n != 32 && n != 48 && n != 64)
                return refuse(err, "rootHash is not 64, 96 or 128 lower-case hex digits");
        memcpy(ret->root_hash, root_hash, (size_t) n * 2 + 1);
        if (fingerprint[0] == '\0')
                return 0;
        ret->certificate.alg = DIGEST_SHA256;
        if (decode_lower_hex(fingerprint, ret->certificate.bytes, 32) != 32)
                return refuse(err, "certificateFingerprint is not 64 lower-case hex digits");
        return 0;
}

int signature_partition_parse(const uint8_t *bytes, size_t size, struct signature_partition *ret, struct error *err)
{
        static char base64[SIGNATURE_JSON_MAX_BYTES + 1];
        static struct signature_partition parsed;
        char root_hash[DIGEST_MAX_HEX], fingerprint[65];
        const struct json_member members[] = {
                { .name = "rootHash", .ret_text = root_hash, .size = sizeof(root_hash) },
                { .name = "certificateFingerprint", .is_optional = true, .ret_text = fingerprint,
                  .size = sizeof(fingerprint) },
                { .name = "signature", .ret_text = base64, .size = sizeof(base64) },
        };
        size_t n = 0;
        int r;

        r = find_text(bytes, size, &n, err);
        if (r < 0)
                return r;
        r = json_read_strings((const char *) bytes, n, members, ARRAY_SIZE(members), FAIL_SIGNATURE_MALFORMED_CODE, err);
        if (r < 0)
                return error_prefix(err, "the signature partition");
        memset(&parsed, 0, sizeof(parsed));
        r = parse_members(root_hash, fingerprint, &parsed, err);
        if (r == 0)
                r = signature_decode(base64, &parsed.der, err);
        if (r < 0)
                return error_prefix(err, "the signature partition");
        *ret = parsed;
        return 0;
}

int signature_decode(const char *base64, struct signature_der *ret, struct error *err)
{
        static struct signature_der der;
        size_t n = strlen(base64);

        if (n > (SIGNATURE_MAX_BYTES + 2) / 3 * 4)
                return error_set(err, FAIL_SIGNATURE_MALFORMED_CODE, EFBIG,
                                 "the signature is longer than %d bytes", SIGNATURE_MAX_BYTES);
        memset(&der, 0, sizeof(der));
        if (!crypto_decode_base64(base64, der.bytes, &der.size))
                return refuse(err, "the signature is not Base64, in one piece and padded");
        *ret = der;
        return 0;
}

int signature_prove(const struct signature_der *der, const uint8_t *root_hash, size_t root_hash_size,
                    const struct signature_certificate *certificates, size_t n_certificates,
                    const struct proven_signature **ret, struct error *err)
{
        struct iovec trusted[FLOOR_MAX_CERTIFICATES], signature = { (void *) der->bytes, der->size }, content;
        char hex[DIGEST_MAX_HEX];
        size_t signer = 0;
        int r;

        if (n_certificates > ARRAY_SIZE(trusted) || root_hash_size > DIGEST_MAX_BYTES)
                return error_set(err, FAIL_BUG_CODE, EINVAL, "%zu certificates, a root hash of %zu bytes",
                                 n_certificates, root_hash_size);
        if (n_certificates == 0)
                return error_set(err, FAIL_SIGNATURE_UNTRUSTED_CODE, ENOKEY,
                                 "there is a signature, but the floor names no certificate= to check it with");
        if (der->size == 0 || der->size > SIGNATURE_MAX_BYTES)
                return error_set(err, FAIL_SIGNATURE_MALFORMED_CODE, EFBIG,
                                 "the signature has %zu bytes; 1 to %d are taken", der->size, SIGNATURE_MAX_BYTES);
        for (size_t i = 0; i < n_certificates; i++)
                trusted[i] = (struct iovec) { (void *) certificates[i].bytes, certificates[i].size };
        hex_encode(root_hash, root_hash_size, hex);
        content = (struct iovec) { hex, 2 * root_hash_size };
        r = crypto_check_signature(&signature, &content, trusted, n_certificates, &signer, err);
        if (r < 0)
                return r;
        the_signature.der = *der;
        the_signature.signer = certificates[signer].sha256;
        *ret = &the_signature;
        return 0;
}

const struct signature_der *proven_signature_der(const struct proven_signature *signature)
{
        return &signature->der;
}

const struct digest *proven_signature_signer(const struct proven_signature *signature)
{
        return &signature->signer;
}

const char *signature_source_name(enum signature_source source)
{
        switch (source) {
        case SIGNATURE_FILE:
                return "file";
        case SIGNATURE_INLINE:
                return "inline";
        case SIGNATURE_PARTITION:
                return "partition";
        case SIGNATURE_DISCOVERED:
        default:
                return "discovered";
        }
}
