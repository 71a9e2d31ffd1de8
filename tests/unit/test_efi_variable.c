/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "unit.h"
#include "verinit/efi_variable.h"

struct sample {
        const char *bytes;
        size_t size;
        const char *want; /* NULL: refused */
};

#define SAMPLE(text, value) { .bytes = (text), .size = sizeof(text) - 1, .want = (value) }

/* So that a read beyond the end is seen. */
static struct efi_variable exact(const struct sample *s, uint8_t **ret_owner)
{
        *ret_owner = malloc(s->size > 0 ? s->size : 1);
        assert_non_null(*ret_owner);
        memcpy(*ret_owner, s->bytes, s->size);
        return (struct efi_variable) { .data = *ret_owner, .size = s->size };
}

static void test_attributes(_unused_ void **state)
{
        static const uint8_t bytes[] = { 0x06, 0x01, 0x02, 0x80, 'x' };
        struct efi_variable v = {};

        for (size_t n = 0; n < 4; n++)
                assert_false(efi_variable_parse(bytes, n, &v));
        assert_null(v.data);
        assert_true(efi_variable_parse(bytes, 4, &v));
        assert_int_equal(v.size, 0);
        assert_true(efi_variable_parse(bytes, sizeof(bytes), &v));
        assert_int_equal(v.attributes, 0x80020106);
        assert_int_equal(v.size, 1);
        assert_int_equal(v.data[0], 'x');
}

static void test_pcr(_unused_ void **state)
{
        static const struct sample samples[] = {
                SAMPLE("1\0" "1\0\0\0", "11"), SAMPLE("1\0" "1\0", "11"), SAMPLE("0\0\0\0", "0"), SAMPLE("9\0", "9"),
                SAMPLE("1\0" "2\0\0\0", "12"), SAMPLE("9\0" "9\0\0\0", "99"),
                SAMPLE("0\0" "1\0\0\0", NULL), SAMPLE("1\0" "1\0" "1\0\0\0", NULL), SAMPLE(" \0" "1\0\0\0", NULL),
                SAMPLE("1\0" "1\0\0\0\0\0", NULL), SAMPLE("1\0" "1\0\0", NULL), SAMPLE("1\0" "1\x01\0\0", NULL),
                SAMPLE("11", NULL), SAMPLE("1\0" "x\0\0\0", NULL), SAMPLE("\0\0", NULL), SAMPLE("\0", NULL), SAMPLE("", NULL),
        };

        for (size_t i = 0; i < ARRAY_SIZE(samples); i++) {
                _cleanup_free_ uint8_t *owner = NULL;
                struct efi_variable v = exact(&samples[i], &owner);
                unsigned pcr = 77;
                bool is_number = efi_variable_pcr(&v, &pcr);

                if (is_number != (samples[i].want != NULL))
                        fail_msg("sample %zu", i);
                assert_int_equal(pcr, is_number ? strtoul(samples[i].want, NULL, 10) : 77);
        }
}

/* "8A…" as the stub writes it. */
static size_t put_utf16(const char *text, bool has_nul, uint8_t *ret)
{
        size_t n = strlen(text) + (has_nul ? 1 : 0);

        for (size_t i = 0; i < n; i++) {
                ret[2 * i] = (uint8_t) text[i];
                ret[2 * i + 1] = 0;
        }
        return 2 * n;
}

static void test_partuuid(_unused_ void **state)
{
        static const struct {
                const char *text;
                const char *want;
        } samples[] = {
                { "8A1F0C6E-0D4B-49E7-A1C5-6A8E3DEADBEF", "8a1f0c6e-0d4b-49e7-a1c5-6a8e3deadbef" },
                { "8a1f0c6e-0d4b-49e7-a1c5-6a8e3deadbef", "8a1f0c6e-0d4b-49e7-a1c5-6a8e3deadbef" },
                { "8A1F0C6E-0D4B-49E7-A1C5-6A8E3DEADBE", NULL },
                { "8A1F0C6E-0D4B-49E7-A1C5-6A8E3DEADBEF0", NULL },
                { "8A1F0C6E00D4B-49E7-A1C5-6A8E3DEADBEF", NULL },
                { "8A1F0C6E-0D4B-49E7-A1C5-6A8E3DEADBEG", NULL },
                { "8A1F0C6E-0D4B-49E7-A1C5-6A8E3D-ADBEF", NULL },
                { "8A1F0C6E-0D4B-49E7-A1C5-6A8E3DEADB\n", NULL },
                { "8A1F0C6E-0D4B-49E7-A1C5-6A8E3DEADB/.", NULL },
                { "", NULL },
        };
        uint8_t bytes[256];

        for (size_t i = 0; i < 2 * ARRAY_SIZE(samples); i++) {
                struct sample s = { .bytes = (const char *) bytes, .size = put_utf16(samples[i / 2].text, i % 2, bytes) };
                _cleanup_free_ uint8_t *owner = NULL;
                struct efi_variable v = exact(&s, &owner);
                char uuid[EFI_PARTUUID_SIZE] = "untouched";

                if (efi_variable_partuuid(&v, uuid) != (samples[i / 2].want != NULL))
                        fail_msg("'%s'", samples[i / 2].text);
                assert_string_equal(uuid, samples[i / 2].want ? samples[i / 2].want : "untouched");
        }
}

/* One byte of the 72 that is not what it was: a high half, a second NUL, an odd end. */
static void test_partuuid_bytes(_unused_ void **state)
{
        uint8_t good[128];
        size_t n = put_utf16("8A1F0C6E-0D4B-49E7-A1C5-6A8E3DEADBEF", true, good);
        char uuid[EFI_PARTUUID_SIZE];

        for (size_t i = 1; i < n; i += 2) {
                uint8_t bad[128];
                struct efi_variable v = { .data = bad, .size = n };

                memcpy(bad, good, n);
                bad[i] = 1;
                assert_false(efi_variable_partuuid(&v, uuid));
        }
        for (size_t size = 0; size < n + 4; size++) {
                struct efi_variable v = { .data = good, .size = size };

                good[n] = good[n + 1] = good[n + 2] = good[n + 3] = 0;
                assert_int_equal(efi_variable_partuuid(&v, uuid), size == n || size == n - 2);
        }
}

static void test_flag(_unused_ void **state)
{
        static const struct sample samples[] = {
                SAMPLE("\0", "0"), SAMPLE("\1", "1"), SAMPLE("\2", NULL), SAMPLE("\xff", NULL), SAMPLE("", NULL),
                SAMPLE("\1\0", NULL), SAMPLE("\0\1", NULL),
        };

        for (size_t i = 0; i < ARRAY_SIZE(samples); i++) {
                _cleanup_free_ uint8_t *owner = NULL;
                struct efi_variable v = exact(&samples[i], &owner);
                bool value = false;

                assert_int_equal(efi_variable_flag(&v, &value), samples[i].want != NULL);
                assert_int_equal(value, samples[i].want && samples[i].want[0] == '1');
        }
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_attributes),
                cmocka_unit_test(test_pcr),
                cmocka_unit_test(test_partuuid),
                cmocka_unit_test(test_partuuid_bytes),
                cmocka_unit_test(test_flag),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
