/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Signatures that the openssl program makes, through the real OpenSSL and the real json-c.
 */
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>

#include "run_program.h"
#include "temp_dir.h"
#include "unit.h"
#include "verinit/fsat.h"
#include "verinit/signature.h"

#define HASH "c0ffee0000000000000000000000000000000000000000000000000000000123"
#define OTHER "c0ffee0000000000000000000000000000000000000000000000000000000124"

static struct temp_dir dir;
static struct signature_certificate certificates[FLOOR_MAX_CERTIFICATES];
static size_t n_certificates;
static struct signature_der der;
static struct error err;

/* "openssl …", words parted by one blank, run in the directory. */
static _printf_(1, 2) void openssl(const char *fmt, ...)
{
        char text[1024];
        va_list ap;

        va_start(ap, fmt);
        assert_true(vsnprintf(text, sizeof(text), fmt, ap) < (int) sizeof(text));
        va_end(ap);
        run_openssl(text);
}

static void make_signer(const char *name, const char *algorithm)
{
        openssl("req -new -x509 -nodes -sha256 -days 3650 -newkey %s -subj /CN=%s -keyout %s.key -out %s.pem", algorithm, name,
                name, name);
        openssl("x509 -in %s.pem -outform der -out %s.der", name, name);
}

static int setup(_unused_ void **state)
{
        static const char ca[] = "[ca]\ndefault_ca=c\n[c]\ndatabase=index\nserial=serial\nnew_certs_dir=.\n"
                                 "default_md=sha256\npolicy=p\n[p]\ncommonName=supplied\n";

        assert_int_equal(temp_dir_make(&dir), 0);
        assert_return_code(chdir(dir.path), 0);
        assert_int_equal(fsat_create(AT_FDCWD, "hash", HASH, 64, 0600), 0);
        assert_int_equal(fsat_create(AT_FDCWD, "newline", HASH "\n", 65, 0600), 0);
        assert_int_equal(fsat_create(AT_FDCWD, "other", OTHER, 64, 0600), 0);
        make_signer("rsa", "rsa:2048");
        make_signer("second", "rsa:3072");
        make_signer("weak", "rsa:1024");
        make_signer("p256", "ec -pkeyopt ec_paramgen_curve:P-256");
        make_signer("p384", "ec -pkeyopt ec_paramgen_curve:P-384");
        make_signer("p521", "ec -pkeyopt ec_paramgen_curve:P-521");
        make_signer("explicit", "ec -pkeyopt ec_paramgen_curve:P-256 -pkeyopt ec_param_enc:explicit");
        /* From the last century. */
        assert_int_equal(fsat_create(AT_FDCWD, "ca.cnf", ca, strlen(ca), 0600), 0);
        assert_int_equal(fsat_create(AT_FDCWD, "index", "", 0, 0600), 0);
        assert_int_equal(fsat_create(AT_FDCWD, "serial", "07\n", 3, 0600), 0);
        openssl("req -new -key rsa.key -subj /CN=expired -out expired.csr");
        openssl("ca -batch -selfsign -config ca.cnf -keyfile rsa.key -in expired.csr -startdate 19990101000000Z"
                " -enddate 19990102000000Z -notext -out expired.pem");
        openssl("x509 -in expired.pem -outform der -out expired.der");
        return 0;
}

static int teardown(_unused_ void **state)
{
        assert_return_code(chdir("/"), 0);
        return temp_dir_remove(&dir);
}

static void trust_nobody(void)
{
        n_certificates = 0;
}

static void trust(const char *name)
{
        struct signature_certificate *c = &certificates[n_certificates++];
        struct iovec part = { c->bytes, 0 };
        char path[64];
        ssize_t n;

        (void) snprintf(path, sizeof(path), "%s.der", name);
        n = fsat_read(AT_FDCWD, path, c->bytes, sizeof(c->bytes));
        assert_true(n > 0);
        part.iov_len = c->size = (size_t) n;
        assert_int_equal(crypto_digest(DIGEST_SHA256, &part, 1, &c->sha256, &err), 0);
}

static void trust_only(const char *name)
{
        trust_nobody();
        trust(name);
}

static void load(const char *path)
{
        ssize_t n = fsat_read(AT_FDCWD, path, der.bytes, SIGNATURE_MAX_BYTES + 1);

        assert_true(n > 0);
        der.size = (size_t) n;
}

/* As an image builder does. */
static void sign(const char *signer, const char *content, const char *more)
{
        openssl("smime -sign -binary -noattr -outform der -signer %s.pem -inkey %s.key -in %s -out sig%s%s", signer,
                str_equal(signer, "expired") ? "rsa" : signer, content, more[0] ? " " : "", more);
        load("sig");
}

#define PLAIN "-nocerts -md sha256"

static int prove(const struct proven_signature **ret)
{
        uint8_t hash[32];

        err = (struct error) {};
        assert_int_equal(hex_decode(HASH, hash, sizeof(hash)), 32);
        return signature_prove(&der, hash, sizeof(hash), certificates, n_certificates, ret, &err);
}

static void accepted(size_t signer)
{
        const struct proven_signature *signature = NULL;

        if (prove(&signature) < 0)
                fail_msg("refused: %s", err.msg);
        assert_true(digest_equal(proven_signature_signer(signature), &certificates[signer].sha256));
        assert_int_equal(proven_signature_der(signature)->size, der.size);
        assert_memory_equal(proven_signature_der(signature)->bytes, der.bytes, der.size);
}

static void refused(enum fail_code code, const char *named)
{
        const struct proven_signature *const untouched = (const struct proven_signature *) &dir, *signature = untouched;

        assert_true(prove(&signature) < 0);
        assert_ptr_equal(signature, untouched);
        if (err.code != code)
                fail_msg("%s instead of %s: %s", fail_code_name(err.code), fail_code_name(code), err.msg);
        if (!strstr(err.msg, named))
                fail_msg("\"%s\" does not name \"%s\"", err.msg, named);
}

static void test_signers(_unused_ void **state)
{
        static const char *const signers[] = { "rsa", "second", "p256", "p384", "expired" };
        static const char *const digests[] = { "-nocerts -md sha256", "-nocerts -md sha384", "-nocerts -md sha512" };

        for (size_t i = 0; i < ARRAY_SIZE(signers); i++)
                for (size_t j = 0; j < ARRAY_SIZE(digests); j++) {
                        sign(signers[i], "hash", digests[j]);
                        trust_only(signers[i]);
                        accepted(0);
                }
}

/* Also that of "openssl cms", which names the signer in the same way unless it is told otherwise. */
static void test_cms(_unused_ void **state)
{
        trust_only("rsa");
        openssl("cms -sign -binary -noattr -nocerts -outform der -signer rsa.pem -inkey rsa.key -in hash -out sig");
        load("sig");
        accepted(0);
        openssl("cms -sign -binary -noattr -nocerts -keyid -outform der -signer rsa.pem -inkey rsa.key -in hash -out sig");
        load("sig");
        refused(FAIL_SIGNATURE_MALFORMED_CODE, "");
}

static void test_any_of_the_floor(_unused_ void **state)
{
        sign("p256", "hash", PLAIN);
        trust_only("second");
        trust("p256");
        trust("rsa");
        accepted(1);
}

static void test_others_are_not_trusted(_unused_ void **state)
{
        sign("rsa", "hash", PLAIN);
        trust_nobody();
        refused(FAIL_SIGNATURE_UNTRUSTED_CODE, "names no certificate=");
        trust("second");
        trust("p256");
        refused(FAIL_SIGNATURE_UNTRUSTED_CODE, "by none of the 2 certificates");
        /* It may bring its own, and gains nothing by it. */
        sign("rsa", "hash", "-md sha256");
        refused(FAIL_SIGNATURE_UNTRUSTED_CODE, "brings a certificate that the floor does not name");
        trust("rsa");
        accepted(2);
        /* Nothing unsigned is passed on to the kernel. */
        sign("rsa", "hash", "-md sha256 -certfile p384.pem");
        refused(FAIL_SIGNATURE_UNTRUSTED_CODE, "brings a certificate");
}

/* Same name and number, another key. */
static void test_a_namesake(_unused_ void **state)
{
        openssl("req -new -x509 -nodes -sha256 -days 9 -newkey rsa:2048 -subj /CN=twin -set_serial 7 -keyout twin.key -out twin.pem");
        openssl("x509 -in twin.pem -outform der -out twin.der");
        openssl("req -new -x509 -nodes -sha256 -days 9 -newkey rsa:2048 -subj /CN=twin -set_serial 7 -keyout mine.key -out mine.pem");
        openssl("x509 -in mine.pem -outform der -out mine.der");
        sign("mine", "hash", PLAIN);
        trust_only("twin");
        refused(FAIL_SIGNATURE_INVALID_CODE, "does not verify");
        trust("mine");
        accepted(1);
}

static void test_other_content(_unused_ void **state)
{
        trust_only("rsa");
        sign("rsa", "other", PLAIN);
        refused(FAIL_SIGNATURE_INVALID_CODE, "does not verify");
        sign("rsa", "newline", PLAIN);
        refused(FAIL_SIGNATURE_INVALID_CODE, "does not verify");
        sign("rsa", "other", "-nocerts -md sha256 -nodetach");
        refused(FAIL_SIGNATURE_OTHER_HASH_CODE, "another content");
        sign("rsa", "hash", "-nocerts -md sha256 -nodetach");
        refused(FAIL_SIGNATURE_MALFORMED_CODE, "make a detached one");
}

static void test_weak_algorithms(_unused_ void **state)
{
        sign("rsa", "hash", "-nocerts -md sha1");
        trust_only("rsa");
        refused(FAIL_SIGNATURE_UNTRUSTED_CODE, "other than SHA-256");
        sign("weak", "hash", PLAIN);
        trust_only("weak");
        refused(FAIL_SIGNATURE_UNTRUSTED_CODE, "less than 2048 bits");
        sign("p521", "hash", PLAIN);
        trust_only("p521");
        refused(FAIL_SIGNATURE_UNTRUSTED_CODE, "neither on P-256 nor on P-384");
        sign("explicit", "hash", PLAIN);
        trust_only("explicit");
        refused(FAIL_SIGNATURE_UNTRUSTED_CODE, "whose curve has no name");
}

static void test_other_forms(_unused_ void **state)
{
        trust_only("rsa");
        openssl("smime -sign -binary -nocerts -outform der -signer rsa.pem -inkey rsa.key -in hash -out sig");
        load("sig");
        refused(FAIL_SIGNATURE_MALFORMED_CODE, "attributes");
        openssl("smime -sign -binary -noattr -nocerts -outform pem -signer rsa.pem -inkey rsa.key -in hash -out sig");
        load("sig");
        refused(FAIL_SIGNATURE_MALFORMED_CODE, "no DER");
        openssl("smime -sign -binary -noattr -nocerts -outform der -signer rsa.pem -inkey rsa.key -signer p256.pem"
                " -inkey p256.key -in hash -out sig");
        load("sig");
        refused(FAIL_SIGNATURE_MALFORMED_CODE, "one signer");
        /* BER: the outermost length is left open. */
        sign("rsa", "hash", PLAIN);
        assert_int_equal(der.bytes[1], 0x82);
        memmove(der.bytes + 2, der.bytes + 4, der.size - 4);
        der.bytes[1] = 0x80;
        der.bytes[der.size - 2] = der.bytes[der.size - 1] = 0;
        refused(FAIL_SIGNATURE_MALFORMED_CODE, "not the one DER encoding");
        openssl("crl2pkcs7 -nocrl -certfile rsa.pem -outform der -out sig");
        load("sig");
        refused(FAIL_SIGNATURE_MALFORMED_CODE, "");
        openssl("smime -encrypt -binary -aes256 -outform der -in hash -out sig rsa.pem");
        load("sig");
        refused(FAIL_SIGNATURE_MALFORMED_CODE, "signedData");
        load("rsa.der");
        refused(FAIL_SIGNATURE_MALFORMED_CODE, "");
}

static void test_size(_unused_ void **state)
{
        trust_only("rsa");
        sign("rsa", "hash", PLAIN);
        der.bytes[der.size++] = 0;
        refused(FAIL_SIGNATURE_MALFORMED_CODE, "bytes behind it");
        der.size = 0;
        refused(FAIL_SIGNATURE_MALFORMED_CODE, "0 bytes");
        der.size = SIGNATURE_MAX_BYTES + 1;
        refused(FAIL_SIGNATURE_MALFORMED_CODE, "16385 bytes");
}

/* Every bit counts: none can be turned, no byte left out at the end. */
static void test_every_bit(_unused_ void **state)
{
        static const char *const signers[] = { "rsa", "p256" };

        for (size_t i = 0; i < ARRAY_SIZE(signers); i++) {
                struct signature_der whole;
                const struct proven_signature *signature;

                sign(signers[i], "hash", PLAIN);
                trust_only(signers[i]);
                whole = der;
                for (size_t bit = 0; bit < 8 * whole.size; bit++) {
                        der.bytes[bit / 8] ^= (uint8_t) (1U << bit % 8);
                        if (prove(&signature) == 0)
                                fail_msg("%s: bit %zu of byte %zu does not matter", signers[i], bit % 8, bit / 8);
                        if (fail_code_class(err.code) != FAIL_TAMPER && fail_code_class(err.code) != FAIL_UNVERIFIED)
                                fail_msg("%s: %s", fail_code_name(err.code), err.msg);
                        der = whole;
                }
                for (der.size = 1; der.size < whole.size; der.size++)
                        assert_true(prove(&signature) < 0);
                accepted(0);
        }
}

static void test_a_certificate_that_is_none(_unused_ void **state)
{
        sign("rsa", "hash", PLAIN);
        trust_only("rsa");
        certificates[0].bytes[certificates[0].size++] = 0;
        refused(FAIL_SIGNATURE_UNTRUSTED_CODE, "certificate 1 of the floor");
        certificates[0].size = 20;
        refused(FAIL_SIGNATURE_UNTRUSTED_CODE, "certificate 1 of the floor");
}

static void test_base64(_unused_ void **state)
{
        static const char *const bad[] = {
                "", "=", "A", "AA", "AAA", "AA=", "AA==AAAA", "A===", "====", "AAAA\n", " AAAA", "AA AA", "AB==", "AAB=", "AA-_",
        };
        static const struct {
                const char *text;
                size_t size;
        } good[] = { { "AA==", 1 }, { "AAA=", 2 }, { "AAAA", 3 }, { "+/+/AAAA", 6 }, { "/w==", 1 } };
        uint8_t bytes[64];
        size_t n;

        for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
                n = 99;
                if (crypto_decode_base64(bad[i], bytes, &n) || n != 99)
                        fail_msg("\"%s\" is accepted", bad[i]);
        }
        for (size_t i = 0; i < ARRAY_SIZE(good); i++) {
                assert_true(crypto_decode_base64(good[i].text, bytes, &n));
                assert_int_equal(n, good[i].size);
        }
        assert_int_equal(bytes[0], 0xff);
}

static void test_longest_base64(_unused_ void **state)
{
        static char text[SIGNATURE_MAX_BYTES * 2];

        memset(text, 'A', (SIGNATURE_MAX_BYTES + 2) / 3 * 4);
        assert_int_equal(signature_decode(text, &der, &err), 0);
        strcat(text, "AAAA");
        assert_true(signature_decode(text, &der, &err) < 0);
        assert_int_equal(err.code, FAIL_SIGNATURE_MALFORMED_CODE);
        assert_true(signature_decode("AAA\n", &der, &err) < 0);
        assert_int_equal(err.code, FAIL_SIGNATURE_MALFORMED_CODE);
}

static struct signature_partition partition;

static int parse(const char *text, size_t padding)
{
        size_t n = strlen(text);
        uint8_t *bytes = calloc(1, n + padding + 1);
        int r;

        assert_non_null(bytes);
        memcpy(bytes, text, n);
        err = (struct error) {};
        r = signature_partition_parse(bytes, n + padding, &partition, &err);
        free(bytes);
        return r;
}

static void unparsable(const char *text, const char *named)
{
        if (parse(text, 16) == 0)
                fail_msg("accepted: %s", text);
        assert_int_equal(err.code, FAIL_SIGNATURE_MALFORMED_CODE);
        if (!strstr(err.msg, named))
                fail_msg("\"%s\" does not name \"%s\"", err.msg, named);
}

#define J_HASH "\"rootHash\":\"" HASH "\""
#define J_SIG "\"signature\":\"AAEC\""

static void test_partition(_unused_ void **state)
{
        static const uint8_t bytes[] = { 0, 1, 2 };

        /* As systemd-repart writes it, and with what is allowed around it. */
        assert_int_equal(parse("{" J_HASH ",\"certificateFingerprint\":\"" OTHER "\"," J_SIG "}", 4096), 0);
        assert_string_equal(partition.root_hash, HASH);
        assert_int_equal(partition.certificate.alg, DIGEST_SHA256);
        assert_int_equal(partition.certificate.bytes[31], 0x24);
        assert_int_equal(partition.der.size, 3);
        assert_memory_equal(partition.der.bytes, bytes, 3);
        assert_int_equal(parse(" {\n\t" J_HASH " , " J_SIG ", \"more\": [ 1, { \"a\": null } ] }\n", 0), 0);
        assert_int_equal(partition.certificate.alg, DIGEST_NONE);
        assert_int_equal(parse("{" J_HASH "," J_SIG ",\"\\u0073ignature\":\"AA==\"}", 1), 0);
        assert_int_equal(partition.der.size, 1);
}

static void test_partition_garbage(_unused_ void **state)
{
        unparsable("", "empty");
        unparsable("{", "ends inside a value");
        unparsable("[]", "no object");
        unparsable("null ", "no object");
        unparsable("{}", "no member 'rootHash'");
        unparsable("{" J_HASH "}", "no member 'signature'");
        unparsable("{" J_HASH "," J_SIG "}x", "not JSON");
        unparsable("{" J_HASH "," J_SIG "}{}", "not JSON");
        unparsable("{" J_HASH "," J_SIG ",}", "not JSON");
        unparsable("{" J_HASH "," J_SIG "/* */}", "not JSON");
        unparsable("{'rootHash':'" HASH "'," J_SIG "}", "not JSON");
        unparsable("{" J_HASH ",\"signature\":[\"AAEC\"]}", "'signature' is no string");
        unparsable("{" J_HASH ",\"signature\":\"AA\\u0000=\"}", "holds a NUL");
        unparsable("{" J_HASH ",\"signature\":\"AA\xff=\"}", "not JSON");
        unparsable("{" J_HASH ",\"signature\":\"AAE\"}", "Base64");
        unparsable("{" J_HASH ",\"signature\":\"AA\\nEC\"}", "Base64");
        unparsable("{" J_HASH "," J_SIG ",\"a\":[[[[[[1]]]]]]}", "not JSON");
        unparsable("{\"rootHash\":\"abcd\"," J_SIG "}", "rootHash is not");
        unparsable("{\"rootHash\":\"C0FFEE0000000000000000000000000000000000000000000000000000000123\"," J_SIG "}",
                   "lower-case");
        unparsable("{\"rootHash\":\"" HASH HASH "00\"," J_SIG "}", "'rootHash' has 130 bytes");
        unparsable("{" J_HASH "," J_SIG ",\"certificateFingerprint\":\"ab\"}", "certificateFingerprint is not");
        unparsable("{" J_HASH "," J_SIG ",\"certificateFingerprint\":7}", "is no string");
}

static void test_partition_padding(_unused_ void **state)
{
        static uint8_t bytes[SIGNATURE_PARTITION_MAX_BYTES + 1];
        static const char text[] = "{" J_HASH "," J_SIG "}";

        memcpy(bytes, text, strlen(text));
        assert_int_equal(signature_partition_parse(bytes, SIGNATURE_PARTITION_MAX_BYTES, &partition, &err), 0);
        assert_true(signature_partition_parse(bytes, SIGNATURE_PARTITION_MAX_BYTES + 1, &partition, &err) < 0);
        assert_int_equal(err.code, FAIL_SIGNATURE_MALFORMED_CODE);
        assert_non_null(strstr(err.msg, "at most 4194304"));
        bytes[SIGNATURE_PARTITION_MAX_BYTES - 1] = ' ';
        assert_true(signature_partition_parse(bytes, SIGNATURE_PARTITION_MAX_BYTES, &partition, &err) < 0);
        assert_non_null(strstr(err.msg, "byte 4194303 of the signature partition is not NUL"));
        /* In a partition that ends right behind it. */
        bytes[strlen(text) + 1] = ' ';
        assert_true(signature_partition_parse(bytes, strlen(text) + 2, &partition, &err) < 0);
        assert_non_null(strstr(err.msg, "is not NUL"));
        assert_int_equal(signature_partition_parse(bytes, strlen(text) + 1, &partition, &err), 0);
        assert_int_equal(signature_partition_parse(bytes, strlen(text), &partition, &err), 0);
        memset(bytes + strlen(text), ' ', SIGNATURE_JSON_MAX_BYTES);
        assert_true(signature_partition_parse(bytes, SIGNATURE_PARTITION_MAX_BYTES - 1, &partition, &err) < 0);
        assert_non_null(strstr(err.msg, "at most 65536"));
}

/* What may stand in a floor: asked when it is packed, and when it is loaded. */
static void test_certificates_of_a_floor(_unused_ void **state)
{
        static const char *const good[] = { "rsa", "second", "p256", "p384", "expired" };
        uint8_t *bytes = certificates[0].bytes;
        size_t size;

        for (size_t i = 0; i < ARRAY_SIZE(good); i++) {
                trust_only(good[i]);
                if (signature_check_certificate(bytes, certificates[0].size, &err) < 0)
                        fail_msg("%s: %s", good[i], err.msg);
        }
        size = certificates[0].size;
        assert_true(signature_check_certificate(bytes, size - 1, &err) < 0);
        bytes[size] = 0;
        assert_true(signature_check_certificate(bytes, size + 1, &err) < 0);
        assert_non_null(strstr(err.msg, "no X.509 certificate in DER"));
        assert_true(signature_check_certificate(bytes, SIGNATURE_CERTIFICATE_MAX_BYTES + 1, &err) < 0);
        assert_non_null(strstr(err.msg, "at most 8192 are read"));
        trust_only("weak");
        assert_true(signature_check_certificate(bytes, certificates[0].size, &err) < 0);
        assert_int_equal(err.code, FAIL_SIGNATURE_UNTRUSTED_CODE);
        assert_non_null(strstr(err.msg, "an RSA key of less than 2048 bits"));
        trust_only("p521");
        assert_true(signature_check_certificate(bytes, certificates[0].size, &err) < 0);
        assert_non_null(strstr(err.msg, "neither on P-256 nor on P-384"));
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_certificates_of_a_floor),
                cmocka_unit_test(test_signers),
                cmocka_unit_test(test_cms),
                cmocka_unit_test(test_any_of_the_floor),
                cmocka_unit_test(test_others_are_not_trusted),
                cmocka_unit_test(test_a_namesake),
                cmocka_unit_test(test_other_content),
                cmocka_unit_test(test_weak_algorithms),
                cmocka_unit_test(test_other_forms),
                cmocka_unit_test(test_size),
                cmocka_unit_test(test_every_bit),
                cmocka_unit_test(test_a_certificate_that_is_none),
                cmocka_unit_test(test_base64),
                cmocka_unit_test(test_longest_base64),
                cmocka_unit_test(test_partition),
                cmocka_unit_test(test_partition_garbage),
                cmocka_unit_test(test_partition_padding),
        };

        return cmocka_run_group_tests(tests, setup, teardown);
}
