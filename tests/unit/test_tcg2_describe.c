/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What events say of themselves, and what becomes of data whose lengths lie.
 */
#include <stdio.h>

#include "unit.h"
#include "verinit/tcg2_describe.h"

#define EFI 0x80000000U

static const char *describe(uint32_t type, const void *data, size_t size)
{
        static char text[TCG2_DESCRIPTION_MAX + 1];
        struct tcg2_event event = { .type = type, .data = data, .data_size = size };

        memset(text, 'x', sizeof(text));
        tcg2_event_describe(&event, text);
        return text;
}

#define DESCRIBE(type, bytes) describe(type, bytes, sizeof(bytes) - 1)

static void test_names(_unused_ void **state)
{
        assert_string_equal(tcg2_event_type_name(0), "EV_PREBOOT_CERT");
        assert_string_equal(tcg2_event_type_name(0x0d), "EV_IPL");
        assert_string_equal(tcg2_event_type_name(0x13), "EV_POST_CODE2");
        assert_string_equal(tcg2_event_type_name(EFI + 0x10), "EV_EFI_HCRTM_EVENT");
        assert_string_equal(tcg2_event_type_name(EFI + 0xe0), "EV_EFI_VARIABLE_AUTHORITY");
        assert_string_equal(tcg2_event_type_name(EFI + 0xe4), "EV_EFI_SPDM_DEVICE_AUTHORITY");
        assert_null(tcg2_event_type_name(0x14));
        assert_null(tcg2_event_type_name(EFI + 0x0e));
        assert_null(tcg2_event_type_name(EFI + 0x11));
        assert_null(tcg2_event_type_name(EFI + 0xe5));
        assert_null(tcg2_event_type_name(UINT32_MAX));
}

static void test_texts(_unused_ void **state)
{
        assert_string_equal(DESCRIBE(0x0d, "a\0b\0\0\0"), "ab");
        assert_string_equal(DESCRIBE(0x0d, "grub_cmd: boot\0"), "grub_cmd: boot");
        assert_string_equal(DESCRIBE(0x0d, ""), "");
        assert_string_equal(DESCRIBE(0x0d, "\x1b[2J"), "4 bytes");
        assert_string_equal(DESCRIBE(0x0d, "\x1b\0a\0\0\0"), "?a");
        assert_string_equal(DESCRIBE(0x04, "\0\0\0\0"), "separator");
        assert_string_equal(DESCRIBE(0x04, "\1\0\0\0"), "separator: the firmware had an error");
        assert_string_equal(DESCRIBE(0x04, "WBCL"), "separator");
        assert_string_equal(DESCRIBE(0x04, "other"), "other");
        assert_string_equal(DESCRIBE(0x08, "\0\0"), "no version");
        assert_string_equal(DESCRIBE(0x08, "1\0.\0\0\0"), "version 1.");
        assert_string_equal(DESCRIBE(0x03, "StartupLocality\0\4"), "the TPM was started from locality 4");
        assert_string_equal(DESCRIBE(0x03, "Spec ID Event03\0more"), "Spec ID Event03");
        assert_string_equal(DESCRIBE(0x06, "\xed\x22\x3b\x8f\2\0\0\0hi"), "LoadOptions (tag 0x8f3b22ed): hi");
        assert_string_equal(DESCRIBE(0x06, "\1\0\0\0\0\0\0\0"), "unknown (tag 0x00000001): ");
        assert_string_equal(DESCRIBE(EFI + 0x0a, "\4POST\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0"), "POST");
}

#define GUID "0123456789abcdef"
#define U64(a) a "\0\0\0\0\0\0\0"

static void test_variables_and_images(_unused_ void **state)
{
        static const char boot[] = GUID U64("\x08") U64("\x0c") "B\0o\0o\0t\0" "0\0" "0\0" "0\0" "1\0" "\1\0\0\0\0\0h\0i\0\0\0";
        static const char image[] = U64("\1") U64("\x0a") U64("\0") U64("\x10")
                "\2\1\4\0"             /* a node of another kind */
                "\4\4\x08\0a\0\0\0"    /* the file path */
                "\x7f\xff\4\0";
        static const char no_path[] = U64("\1") U64("\x0a") U64("\0") U64("\4") "\x7f\xff\4\0";

        assert_string_equal(DESCRIBE(EFI + 1, GUID U64("\2") U64("\1") "d\0b\0\3"), "variable db = 3");
        assert_string_equal(DESCRIBE(EFI + 1, GUID U64("\2") U64("\0") "d\0b\0"), "variable db, empty or not there");
        assert_string_equal(DESCRIBE(EFI + 0xe0, GUID U64("\2") U64("\2") "d\0b\0\3\3"), "variable db, 2 bytes");
        assert_string_equal(DESCRIBE(EFI + 2, boot), "variable Boot0001: 'hi'");
        assert_string_equal(DESCRIBE(EFI + 3, image), "image of 10 bytes: a");
        assert_string_equal(DESCRIBE(EFI + 3, no_path), "image of 10 bytes: no file path");
}

/* Then the data are just so many bytes. */
static void test_lengths_that_lie(_unused_ void **state)
{
        static const char huge[] = "\xff\xff\xff\xff\xff\xff\xff\xff";

        assert_string_equal(DESCRIBE(0x06, "\1\0\0\0\5\0\0\0hi"), "10 bytes");
        assert_string_equal(DESCRIBE(0x06, "\1\0\0\0\xff\xff\xff\xffhi"), "10 bytes");
        assert_string_equal(DESCRIBE(0x06, "\1\0"), "2 bytes");
        assert_string_equal(DESCRIBE(EFI + 1, GUID "\xff\xff\xff\xff\xff\xff\xff\x7f" U64("\0") "d\0"), "34 bytes");
        assert_string_equal(DESCRIBE(EFI + 1, GUID U64("\1") "\xff\xff\xff\xff\xff\xff\xff\xff" "d\0"), "34 bytes");
        assert_string_equal(DESCRIBE(EFI + 3, U64("\1") U64("\1") U64("\1") "\xff\xff\xff\xff\xff\xff\xff\xff"), "32 bytes");
        /* A device path node without length must not be walked for ever. */
        assert_string_equal(DESCRIBE(EFI + 3, U64("\1") U64("\x0a") U64("\0") U64("\4") "\4\4\0\0"),
                            "image of 10 bytes: no file path");
        assert_string_equal(DESCRIBE(EFI + 6, "\1\2\3"), "3 bytes");
        assert_string_equal(DESCRIBE(EFI + 8, "\1\2\3"), "3 bytes");
        assert_string_equal(DESCRIBE(EFI + 0x0a, "\x20ROM"), " ROM");
        assert_string_equal(describe(0x03, huge, 8), "8 bytes");
}

static void test_long_ones_are_cut(_unused_ void **state)
{
        char text[400];
        const char *seen;

        memset(text, 'a', sizeof(text));
        seen = describe(0x0d, text, sizeof(text));
        assert_int_equal(strlen(seen), TCG2_DESCRIPTION_MAX);
        assert_string_equal(seen + TCG2_DESCRIPTION_MAX - 4, "a...");
        assert_int_equal(strlen(describe(0x0d, text, TCG2_DESCRIPTION_MAX)), TCG2_DESCRIPTION_MAX);
        assert_null(strstr(describe(0x0d, text, TCG2_DESCRIPTION_MAX), "."));
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_names),
                cmocka_unit_test(test_texts),
                cmocka_unit_test(test_variables_and_images),
                cmocka_unit_test(test_lengths_that_lie),
                cmocka_unit_test(test_long_ones_are_cut),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
