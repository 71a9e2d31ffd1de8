/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Policies that the openssl program signs, through the real OpenSSL.
 */
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>

#include "run_program.h"
#include "temp_dir.h"
#include "unit.h"
#include "verinit/fsat.h"
#include "verinit/ipe_policy.h"

#define POLICY "# node\npolicy_name=node policy_version=1.2.3\nDEFAULT action=DENY\n"
#define SIGNER "-outform der -signer key.crt -inkey key.pem -out signed"
#define SIGN(verb, more, what) sign(verb " -sign -binary -nodetach " more " -in " what " " SIGNER)

static struct temp_dir dir;
static uint8_t bytes[16384];
static size_t size;

static int setup(_unused_ void **state)
{
        assert_int_equal(temp_dir_make(&dir), 0);
        assert_return_code(chdir(dir.path), 0);
        run_openssl("req -new -x509 -nodes -sha256 -days 3650 -newkey rsa:2048 -subj /CN=signer -keyout key.pem -out key.crt");
        assert_int_equal(fsat_create(AT_FDCWD, "policy", POLICY, strlen(POLICY), 0600), 0);
        assert_int_equal(fsat_create(AT_FDCWD, "empty", "", 0, 0600), 0);
        assert_int_equal(fsat_create(AT_FDCWD, "rules", "DEFAULT action=DENY\n", 20, 0600), 0);
        return 0;
}

static int teardown(_unused_ void **state)
{
        assert_return_code(chdir("/"), 0);
        return temp_dir_remove(&dir);
}

static void load(void)
{
        ssize_t n = fsat_read(AT_FDCWD, "signed", bytes, sizeof(bytes));

        assert_true(n > 0);
        size = (size_t) n;
}

static void sign(const char *words)
{
        run_openssl(words);
        load();
}

static void read_ok(void)
{
        struct ipe_header h;
        struct error err = {};

        if (ipe_policy_read(bytes, size, &h, &err) < 0)
                fail_msg("refused: %s", err.msg);
        assert_string_equal(h.name, "node");
        assert_string_equal(h.version, "1.2.3");
}

static void refused(const char *in_message)
{
        struct ipe_header h = { .name = "kept" };
        struct error err = {};

        assert_true(ipe_policy_read(bytes, size, &h, &err) < 0);
        assert_string_equal(fail_code_name(err.code), "ipe-policy-malformed");
        if (!strstr(err.msg, in_message))
                fail_msg("'%s' is not in '%s'", in_message, err.msg);
        assert_string_equal(h.name, "kept");
}

/* All that the kernel takes, since it is the kernel that checks it. */
static void test_ways_to_sign(_unused_ void **state)
{
        SIGN("smime", "-noattr -nocerts", "policy");
        read_ok();
        SIGN("smime", "-noattr", "policy");
        read_ok();
        SIGN("smime", "-nosmimecap", "policy");
        read_ok();
        SIGN("cms", "-noattr -nosmimecap -nocerts", "policy");
        read_ok();
}

static void test_not_a_signed_policy(_unused_ void **state)
{
        SIGN("smime", "-noattr -nocerts", "rules");
        refused("does not begin with policy_name=");
        SIGN("smime", "-noattr -nocerts", "empty");
        refused("it holds no content");
        sign("smime -sign -binary -noattr -nocerts -in policy " SIGNER);
        refused("it holds no content: sign it with -nodetach");
        sign("crl2pkcs7 -nocrl -certfile key.crt -outform der -out signed");
        refused("it holds no content");
        sign("x509 -in key.crt -outform der -out signed");
        refused("it is no DER of PKCS#7");
        (void) str_copy((char *) bytes, sizeof(bytes), POLICY);
        size = strlen(POLICY);
        refused("it is no DER of PKCS#7");
        size = 0;
        refused("it is no DER of PKCS#7");
}

static void test_bytes_more_and_less(_unused_ void **state)
{
        SIGN("smime", "-noattr -nocerts", "policy");
        bytes[size++] = 0;
        refused("or there are bytes behind it");
        for (size -= 2; size > 0; size -= size > 16 ? 16 : 1)
                refused("it is no DER of PKCS#7");
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_ways_to_sign),
                cmocka_unit_test(test_not_a_signed_policy),
                cmocka_unit_test(test_bytes_more_and_less),
        };

        return cmocka_run_group_tests(tests, setup, teardown);
}
