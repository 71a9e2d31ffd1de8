/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Where the signature is taken from. In the fakes a signature is "certificate/content", and hex stands for Base64.
 */
#include <fcntl.h>
#include <stdio.h>

#include "fake_os.h"
#include "fakes.h"
#include "temp_dir.h"
#include "unit.h"
#include "verinit/fsat.h"
#include "verinit/signature.h"
#include "verinit/signature_load.h"

#define CERTIFICATE "CERT"
#define OTHER_CERTIFICATE "OTHER"

static struct temp_dir dir;
static struct boot boot;
static struct error err;
static char hash[DIGEST_MAX_HEX]; /* of the boot */

static void put(const char *path, const char *text, size_t size)
{
        char parent[256];

        assert_true(str_copy(parent, sizeof(parent), path));
        *strrchr(parent, '/') = '\0';
        assert_int_equal(fsat_mkdir_p(boot.root_fd, parent, 0755), 0);
        assert_int_equal(fsat_create(boot.root_fd, path, text, size, 0644), 0);
}

static void digest_of(const char *text, struct digest *ret)
{
        const struct iovec part = { (void *) (uintptr_t) text, strlen(text) };

        assert_int_equal(crypto_digest(DIGEST_SHA256, &part, 1, ret, &err), 0);
}

/* The floor names it by what "named" hashes to; the file holds "held". */
static void trust(const char *named, const char *held)
{
        struct digest *d = &boot.config.floor.certificates[boot.config.floor.n_certificates++];
        char hex[DIGEST_MAX_HEX], path[160];

        digest_of(named, d);
        digest_hex(d, hex);
        (void) snprintf(path, sizeof(path), "etc/verinit/certificates/%s.der", hex);
        if (held)
                put(path, held, strlen(held));
}

static int setup(_unused_ void **state)
{
        fake_reset();
        fake_os_reset();
        assert_int_equal(temp_dir_make(&dir), 0);
        boot = (struct boot) { .root_fd = open(dir.path, O_RDONLY | O_DIRECTORY | O_CLOEXEC) };
        assert_true(boot.root_fd >= 0);
        err = (struct error) {};
        floor_init(&boot.config.floor);
        boot.config.root_hash_size = 32;
        memset(boot.config.root_hash, 0xab, 32);
        hex_encode(boot.config.root_hash, 32, hash);
        trust(CERTIFICATE, CERTIFICATE);
        return 0;
}

static int teardown(_unused_ void **state)
{
        boot.root_fd = fd_close(boot.root_fd);
        return temp_dir_remove(&dir);
}

static void message(const char *certificate, const char *content, char ret[static 256])
{
        (void) snprintf(ret, 256, "%s/%s", certificate, content);
}

static void encoded(const char *certificate, const char *content, char ret[static 512])
{
        char text[256];

        message(certificate, content, text);
        hex_encode((const uint8_t *) text, strlen(text), ret);
}

/* Stage find has seen it: dev/vdaN, with this JSON in it. */
static void put_partition(const char *root_hash, const char *signature, const char *fingerprint)
{
        struct found_device *d = &boot.facts.usr_signatures[boot.facts.n_usr_signatures++];
        char path[64], json[4096] = "";

        *d = (struct found_device) { .is_found = true, .size_bytes = sizeof(json) };
        (void) snprintf(d->name, sizeof(d->name), "vda%zu", 3 + boot.facts.n_usr_signatures);
        (void) snprintf(path, sizeof(path), "dev/%s", d->name);
        (void) snprintf(json, sizeof(json), "{\"rootHash\":\"%s\",\"signature\":\"%s\"%s%s%s}", root_hash, signature,
                        fingerprint ? ",\"certificateFingerprint\":\"" : "", fingerprint ? fingerprint : "",
                        fingerprint ? "\"" : "");
        put(path, json, sizeof(json));
}

static void put_good_partition(void)
{
        char signature[512];

        encoded(CERTIFICATE, hash, signature);
        put_partition(hash, signature, NULL);
}

static void put_other_partition(void)
{
        char other[DIGEST_MAX_HEX], signature[512];

        (void) str_copy(other, sizeof(other), hash);
        other[0] = 'c';
        encoded(CERTIFICATE, other, signature);
        put_partition(other, signature, NULL);
}

static void loaded(const char *source)
{
        struct digest expected;
        char hex[DIGEST_MAX_HEX], text[256];

        if (signature_load(&boot, &err) < 0)
                fail_msg("%s: %s", fail_code_name(err.code), err.msg);
        assert_string_equal(boot.evidence.signature_source, source);
        digest_of(CERTIFICATE, &expected);
        digest_hex(&expected, hex);
        assert_string_equal(boot.evidence.signature_signer, hex);
        message(CERTIFICATE, hash, text);
        assert_int_equal(proven_signature_der(boot.signature)->size, strlen(text));
        assert_memory_equal(proven_signature_der(boot.signature)->bytes, text, strlen(text));
}

static void refused(enum fail_code code, const char *named)
{
        err = (struct error) {};
        assert_true(signature_load(&boot, &err) < 0);
        if (err.code != code)
                fail_msg("%s instead of %s: %s", fail_code_name(err.code), fail_code_name(code), err.msg);
        if (!strstr(err.msg, named))
                fail_msg("\"%s\" does not name \"%s\"", err.msg, named);
        assert_null(boot.signature);
        assert_string_equal(boot.evidence.signature_source, "");
}

static void test_discovered(_unused_ void **state)
{
        put_good_partition();
        loaded("discovered");
}

static void test_named_partition(_unused_ void **state)
{
        boot.config.signature.source = SIGNATURE_PARTITION;
        put_good_partition();
        loaded("partition");
}

/* A/B: the other slot's may stand first, may be half written, may be empty. */
static void test_ours_among_others(_unused_ void **state)
{
        put_other_partition();
        put_partition("not-hex", "00", NULL);
        put_good_partition();
        loaded("discovered");
}

static void test_only_others(_unused_ void **state)
{
        put_other_partition();
        refused(FAIL_SIGNATURE_OTHER_HASH_CODE, "signature partition vda4: it is for root hash cb");
        put_partition("not-hex", "00", NULL);
        refused(FAIL_SIGNATURE_OTHER_HASH_CODE, "signature partition vda4");
}

static void test_ours_must_be_good(_unused_ void **state)
{
        char signature[512];

        /* A second one that would be good does not help. */
        encoded(CERTIFICATE, "something else", signature);
        put_partition(hash, signature, NULL);
        put_good_partition();
        refused(FAIL_SIGNATURE_INVALID_CODE, "fake signature");
}

static void test_garbage(_unused_ void **state)
{
        put_partition("not-hex", "00", NULL);
        refused(FAIL_SIGNATURE_MALFORMED_CODE, "signature partition vda4: ");
}

static void test_a_large_partition_is_not_read(_unused_ void **state)
{
        put_good_partition();
        boot.facts.usr_signatures[0].size_bytes = SIGNATURE_PARTITION_MAX_BYTES + 512;
        refused(FAIL_SIGNATURE_MALFORMED_CODE, "4194816 bytes");
        assert_int_equal(fake_count("os_block_dev"), 0);
}

static void test_a_partition_that_cannot_be_read(_unused_ void **state)
{
        put_good_partition();
        put_other_partition();
        fake_fail_name("os_block_size");
        refused(FAIL_DEVICE_UNREADABLE_CODE, "vda4");
        /* What a disk that fails might have held: that counts, not what another one holds. */
        fake_fail_name(NULL);
        boot.facts.usr_signatures[0] = boot.facts.usr_signatures[1];
        (void) str_copy(boot.facts.usr_signatures[1].name, BLOCKDEV_NAME_MAX, "vda9");
        refused(FAIL_DEVICE_UNREADABLE_CODE, "vda9");
}

static void test_none_at_all(_unused_ void **state)
{
        refused(FAIL_SIGNATURE_MISSING_CODE, "there is no signature partition");
}

static void test_fingerprint(_unused_ void **state)
{
        char signature[512], hex[DIGEST_MAX_HEX];
        struct digest d;

        digest_of(OTHER_CERTIFICATE, &d);
        digest_hex(&d, hex);
        encoded(CERTIFICATE, hash, signature);
        put_partition(hash, signature, hex);
        refused(FAIL_SIGNATURE_UNTRUSTED_CODE, hex);
        trust(OTHER_CERTIFICATE, OTHER_CERTIFICATE);
        loaded("discovered");
}

static void test_inline(_unused_ void **state)
{
        boot.config.signature.source = SIGNATURE_INLINE;
        encoded(CERTIFICATE, hash, boot.config.signature.base64);
        loaded("inline");
}

static void test_inline_garbage(_unused_ void **state)
{
        boot.config.signature.source = SIGNATURE_INLINE;
        (void) str_copy(boot.config.signature.base64, sizeof(boot.config.signature.base64), "!!!!");
        refused(FAIL_SIGNATURE_MALFORMED_CODE, "root-hash-signature=");
        encoded(OTHER_CERTIFICATE, hash, boot.config.signature.base64);
        refused(FAIL_SIGNATURE_UNTRUSTED_CODE, "by another");
}

static void test_file(_unused_ void **state)
{
        char text[256];

        boot.config.signature.source = SIGNATURE_FILE;
        (void) str_copy(boot.config.signature.path, sizeof(boot.config.signature.path), "/etc/usr.p7s");
        message(CERTIFICATE, hash, text);
        put("etc/usr.p7s", text, strlen(text));
        loaded("file");
}

/* Named and not there is no reason to look elsewhere. */
static void test_a_file_that_is_missing(_unused_ void **state)
{
        put_good_partition();
        boot.config.signature.source = SIGNATURE_FILE;
        (void) str_copy(boot.config.signature.path, sizeof(boot.config.signature.path), "/etc/usr.p7s");
        refused(FAIL_SIGNATURE_MISSING_CODE, "/etc/usr.p7s, which root-hash-signature= names");
}

static void test_a_file_too_long(_unused_ void **state)
{
        static char text[SIGNATURE_MAX_BYTES + 1];

        boot.config.signature.source = SIGNATURE_FILE;
        (void) str_copy(boot.config.signature.path, sizeof(boot.config.signature.path), "/etc/usr.p7s");
        put("etc/usr.p7s", text, sizeof(text));
        refused(FAIL_SIGNATURE_MALFORMED_CODE, "longer than 16384 bytes");
        put("etc/usr.p7s", "", 0);
        refused(FAIL_SIGNATURE_MALFORMED_CODE, "0 bytes");
}

static void test_no_certificate(_unused_ void **state)
{
        put_good_partition();
        boot.config.floor.n_certificates = 0;
        refused(FAIL_SIGNATURE_UNTRUSTED_CODE, "names no certificate=");
}

/* Any of the floor's: one that is not as it was packed says that somebody was there. */
static void test_certificate_files(_unused_ void **state)
{
        put_good_partition();
        trust(OTHER_CERTIFICATE, "forged");
        refused(FAIL_FLOOR_FILE_MISMATCH_CODE, "etc/verinit/certificates/");
        boot.config.floor.n_certificates = 1;
        trust("not packed", NULL);
        refused(FAIL_FLOOR_FILE_MISMATCH_CODE, "cannot be read: ENOENT");
        boot.config.floor.n_certificates = 1;
        trust("weak", "weak");
        refused(FAIL_SIGNATURE_UNTRUSTED_CODE, ".der: fake certificate: weak");
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
        const struct CMUnitTest tests[] = {
                TEST(test_discovered),
                TEST(test_named_partition),
                TEST(test_ours_among_others),
                TEST(test_only_others),
                TEST(test_ours_must_be_good),
                TEST(test_garbage),
                TEST(test_a_large_partition_is_not_read),
                TEST(test_a_partition_that_cannot_be_read),
                TEST(test_none_at_all),
                TEST(test_fingerprint),
                TEST(test_inline),
                TEST(test_inline_garbage),
                TEST(test_file),
                TEST(test_a_file_that_is_missing),
                TEST(test_a_file_too_long),
                TEST(test_no_certificate),
                TEST(test_certificate_files),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
