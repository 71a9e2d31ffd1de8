/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Where the signature is from, and the certificates that it is checked with. A source that is named or was found has to
 * hold a good one: there is no way from here to a boot without.
 */
#include <errno.h>
#include <stdio.h>

#include "verinit/devices.h"
#include "verinit/floor_check.h"
#include "verinit/fsat.h"
#include "verinit/log.h"
#include "verinit/signature.h"
#include "verinit/signature_load.h"

#define CERTIFICATE_DIR "etc/verinit/certificates/"

static struct signature_certificate certificates[FLOOR_MAX_CERTIFICATES];
static struct signature_partition partition;

static int load_certificate(struct boot *boot, const struct digest *wanted, struct signature_certificate *ret,
                            struct error *err)
{
        char path[sizeof(CERTIFICATE_DIR) + DIGEST_MAX_HEX + sizeof(".der")], hex[DIGEST_MAX_HEX];
        ssize_t n;
        int r;

        digest_hex(wanted, hex);
        (void) snprintf(path, sizeof(path), CERTIFICATE_DIR "%s.der", hex);
        n = fsat_read(boot->root_fd, path, ret->bytes, sizeof(ret->bytes));
        /* As signature_check_certificate() says it of one that the builder is given. */
        if (n == -EFBIG)
                return error_set(err, FAIL_SIGNATURE_UNTRUSTED_CODE, EFBIG, "/%s: longer than %d bytes", path,
                                 SIGNATURE_CERTIFICATE_MAX_BYTES);
        if (n < 0)
                return error_set(err, FAIL_FLOOR_FILE_MISMATCH_CODE, (int) -n,
                                 "the floor names a certificate, and /%s cannot be read: %s", path, errno_name((int) -n));
        r = floor_check_file(path, "certificate", wanted, ret->bytes, (size_t) n, err);
        if (r < 0)
                return r;
        r = signature_check_certificate(ret->bytes, (size_t) n, err);
        if (r < 0)
                return error_prefix(err, "/%s", path);
        ret->size = (size_t) n;
        ret->sha256 = *wanted;
        return 0;
}

static int load_certificates(struct boot *boot, struct error *err)
{
        const struct floor *floor = &boot->config.floor;

        for (size_t i = 0; i < floor->n_certificates; i++) {
                int r = load_certificate(boot, &floor->certificates[i], &certificates[i], err);

                if (r < 0)
                        return r;
        }
        return 0;
}

static int load_file(struct boot *boot, struct signature_der *ret, struct error *err)
{
        const char *path = boot->config.signature.path;
        ssize_t n;

        n = fsat_read(boot->root_fd, path + strspn(path, "/"), ret->bytes, SIGNATURE_MAX_BYTES + 1);
        if (n == -EFBIG)
                return error_set(err, FAIL_SIGNATURE_MALFORMED_CODE, EFBIG, "%s: longer than %d bytes", path,
                                 SIGNATURE_MAX_BYTES);
        if (n < 0)
                return error_set(err, FAIL_SIGNATURE_MISSING_CODE, (int) -n,
                                 "%s, which root-hash-signature= names in the initramfs, cannot be read: %s", path,
                                 errno_name((int) -n));
        ret->size = (size_t) n;
        return 0;
}

static int read_partition(struct boot *boot, const struct found_device *device, struct signature_partition *ret,
                          struct error *err)
{
        size_t size = (size_t) device->size_bytes, done;
        _cleanup_free_ uint8_t *bytes = NULL;
        _cleanup_fd_ int fd = -1;
        int why;

        /* Before it is read: nobody has vouched for the size. */
        if (device->size_bytes > SIGNATURE_PARTITION_MAX_BYTES)
                return error_set(err, FAIL_SIGNATURE_MALFORMED_CODE, EFBIG, "it has %llu bytes; at most %d are read",
                                 (unsigned long long) device->size_bytes, SIGNATURE_PARTITION_MAX_BYTES);
        fd = devices_open(boot, device, err);
        if (fd < 0)
                return fd;
        bytes = malloc(size);
        if (!bytes)
                return error_set(err, FAIL_VERITY_READ_FAILED_CODE, ENOMEM, "no memory for its %zu bytes", size);
        done = fsat_read_at(fd, 0, bytes, size, &why);
        if (done < size)
                return error_set(err, FAIL_VERITY_READ_FAILED_CODE, why != 0 ? why : EIO,
                                 "reading it failed at byte %zu: %s", done, errno_name(why != 0 ? why : EIO));
        return signature_partition_parse(bytes, size, ret, err);
}

/* Better than "by none of the certificates": it says which one it would take. */
static int check_fingerprint(const struct floor *floor, const struct signature_partition *p, struct error *err)
{
        char hex[DIGEST_MAX_HEX];

        if (p->certificate.alg == DIGEST_NONE)
                return 0;
        for (size_t i = 0; i < floor->n_certificates; i++)
                if (digest_equal(&floor->certificates[i], &p->certificate))
                        return 0;
        digest_hex(&p->certificate, hex);
        return error_set(err, FAIL_SIGNATURE_UNTRUSTED_CODE, ENOKEY,
                         "it says that certificate sha256-%s signed, which the floor does not name", hex);
}

/*
 * The partition that is for our root hash. An A/B image has one for each slot, and the other may be half written: if ours
 * is there, the others do not matter; if it is not, the first one says why.
 */
static int load_partition(struct boot *boot, struct signature_der *ret, struct error *err)
{
        const struct facts *facts = &boot->facts;
        char hex[DIGEST_MAX_HEX];
        struct error first = {};

        hex_encode(boot->config.root_hash, boot->config.root_hash_size, hex);
        for (size_t i = 0; i < facts->n_usr_signatures; i++) {
                const struct found_device *device = &facts->usr_signatures[i];
                struct error why = {};
                int r = read_partition(boot, device, &partition, &why);

                if (r == 0 && !str_equal(partition.root_hash, hex))
                        r = error_set(&why, FAIL_SIGNATURE_OTHER_HASH_CODE, EBADMSG, "it is for root hash %s",
                                      partition.root_hash);
                else if (r == 0) {
                        r = check_fingerprint(&boot->config.floor, &partition, err);
                        if (r < 0)
                                return error_prefix(err, "signature partition %s", device->name);
                        log_debug("signature partition %s", device->name);
                        *ret = partition.der;
                        return 0;
                }
                (void) error_prefix(&why, "signature partition %s", device->name);
                log_debug("%s", why.msg);
                /* The first; but before all one that could not be read: who knows what it holds. */
                if (first.err == 0 || (fail_code_class(why.code) == FAIL_SYSTEM && fail_code_class(first.code) != FAIL_SYSTEM))
                        first = why;
        }
        if (first.err == 0)
                return error_set(err, FAIL_SIGNATURE_MISSING_CODE, ENOENT, "there is no signature partition");
        *err = first;
        return -err->err;
}

static int load_der(struct boot *boot, struct signature_der *ret, struct error *err)
{
        const struct signature_config *config = &boot->config.signature;
        int r;

        switch (config->source) {
        case SIGNATURE_FILE:
                return load_file(boot, ret, err);
        case SIGNATURE_INLINE:
                r = signature_decode(config->base64, ret, err);
                return r < 0 ? error_prefix(err, "root-hash-signature=") : 0;
        case SIGNATURE_DISCOVERED:
        case SIGNATURE_PARTITION:
                return load_partition(boot, ret, err);
        }
        return error_set(err, FAIL_BUG_CODE, EINVAL, "signature source %d", (int) config->source);
}

int signature_load(struct boot *boot, struct error *err)
{
        static struct signature_der der;
        const struct boot_config *config = &boot->config;
        struct evidence *e = &boot->evidence;
        int r;

        r = load_certificates(boot, err);
        if (r < 0)
                return r;
        r = load_der(boot, &der, err);
        if (r < 0)
                return r;
        r = signature_prove(&der, config->root_hash, config->root_hash_size, certificates, config->floor.n_certificates,
                            &boot->signature, err);
        if (r < 0)
                return r;
        (void) str_copy(e->signature_source, sizeof(e->signature_source), signature_source_name(config->signature.source));
        digest_hex(proven_signature_signer(boot->signature), e->signature_signer);
        log_info("root hash signed by certificate sha256-%s", e->signature_signer);
        return 0;
}
