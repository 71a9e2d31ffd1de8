/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "unit.h"
#include "verinit/credential.h"

/* The first 16 bytes of what systemd-creds writes, in base64, by another's encoder. */
static const struct {
        const char *text;
        bool is_sealed;
} kinds[] = {
        { "DHzAexF2RZGcSwvqCLwg/gAAAAA=", true },  /* tpm2 */
        { "+vfrk0HjQSyhpDb5Wik2LwAAAAA=", true },  /* tpm2-with-public-key */
        { "WhxqhobfnUCWsdWmXghi8ZoAAAA=", false }, /* a byte too many before the end */
        { "WhxqhtfnQJax1aZeCGLxmgAAAAA=", false }, /* a byte too few */
        { "k6iUCUh0RJCQyvL8k8q1UwAAAAA=", true },  /* host+tpm2 */
        { "r0lQqEkTTrGnOEYwT/MMBQAAAAA=", true },  /* host+tpm2-with-public-key */
        { "BYRp2vb1QySABUnaD46i+wAAAAA=", false }, /* null */
        { "VbntHThZTUOoMZ0uuzMqxgAAAAA=", false }, /* host, of a user */
};

static void test_kinds(_unused_ void **state)
{
        for (size_t i = 0; i < ARRAY_SIZE(kinds); i++)
                if (credential_is_sealed(kinds[i].text, strlen(kinds[i].text)) != kinds[i].is_sealed)
                        fail_msg("%s", kinds[i].text);
}

static void test_form(_unused_ void **state)
{
        static const char text[] = "DHzAexF2RZGcSwvqCLwg/g";

        assert_true(credential_is_sealed(text, 22));
        for (size_t n = 0; n < 22; n++)
                assert_false(credential_is_sealed(text, n));
        /* Lines, as systemd-creds breaks them. */
        assert_true(credential_is_sealed("DHzAexF2\nRZGcSw vqCL\r\nwg/g\t", 28));
        assert_false(credential_is_sealed("DHzAexF2-RZGcSwvqCLwg/g", 23));
        assert_false(credential_is_sealed("DHzAexF2\0RZGcSwvqCLwg/g", 23));
        assert_false(credential_is_sealed("=DHzAexF2RZGcSwvqCLwg/g", 23));
        assert_false(credential_is_sealed(NULL, 0));
}

static void test_names(_unused_ void **state)
{
        static const char *const good[] = { "a", "...", "systemd.extra-unit.a@b.service", "~!#%", "-" };
        static const char *const bad[] = { "", ".", "..", "a/b", "a:b", "a b", "a\nb", "\xc3\xb6", "a\x7f" };
        char name[CREDENTIAL_NAME_MAX + 2];

        for (size_t i = 0; i < ARRAY_SIZE(good); i++)
                assert_true(credential_name_is_valid(good[i]));
        for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
                assert_false(credential_name_is_valid(bad[i]));
        memset(name, 'n', sizeof(name));
        name[CREDENTIAL_NAME_MAX + 1] = '\0';
        assert_false(credential_name_is_valid(name));
        name[CREDENTIAL_NAME_MAX] = '\0';
        assert_true(credential_name_is_valid(name));
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_kinds),
                cmocka_unit_test(test_form),
                cmocka_unit_test(test_names),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
