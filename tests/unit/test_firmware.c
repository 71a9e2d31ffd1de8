/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * init/firmware.c over a tree that looks like efivarfs.
 */
#include <errno.h>
#include <stdio.h>

#include "temp_dir.h"
#include "verinit/efi_variable.h"
#include "verinit/firmware.h"
#include "verinit/fsat.h"

#define EFIVARS "sys/firmware/efi/efivars"
#define GUID_GLOBAL "8be4df61-93ca-11d2-aa0d-00e098032b8c"
#define GUID_LOADER "4a67b082-0a4c-41cf-b6c7-440b29bb8c4f"
#define GUID_SYSTEMD "8cf2644b-4b0b-428f-9387-6d876050dc67"
#define GUID_SHIM "605dab50-e046-4300-abb6-3dd810dd8b23"
#define UUID "8A1F0C6E-0D4B-49E7-A1C5-6A8E3DEADBEF"
#define UUID_LOWER "8a1f0c6e-0d4b-49e7-a1c5-6a8e3deadbef"
#define OTHER_UUID "11111111-2222-3333-4444-555555555555"

static struct temp_dir dir;

static void put(const char *name, const char *guid, uint8_t attributes, const void *data, size_t size)
{
        uint8_t bytes[EFI_VARIABLE_MAX + 8] = { attributes };
        char path[160];

        assert_true(size <= sizeof(bytes) - 4);
        memcpy(bytes + 4, data, size);
        snprintf(path, sizeof(path), EFIVARS "/%s-%s", name, guid);
        assert_int_equal(fsat_create(dir.fd, path, bytes, size + 4, 0644), 0);
}

static void put_flag(const char *name, const char *guid, uint8_t attributes, uint8_t value)
{
        put(name, guid, attributes, &value, 1);
}

static void put_text(const char *name, uint8_t attributes, const char *text)
{
        uint8_t bytes[256];
        size_t n = strlen(text) + 1;

        for (size_t i = 0; i < n; i++) {
                bytes[2 * i] = (uint8_t) text[i];
                bytes[2 * i + 1] = 0;
        }
        put(name, GUID_LOADER, attributes, bytes, 2 * n);
}

static int setup(_unused_ void **state)
{
        if (temp_dir_make(&dir) < 0 || fsat_mkdir_p(dir.fd, EFIVARS, 0755) < 0)
                return -1;
        put_flag("SecureBoot", GUID_GLOBAL, 6, 1);
        put_flag("SetupMode", GUID_GLOBAL, 6, 0);
        put_text("StubPcrKernelImage", 6, "11");
        put_text("StubDevicePartUUID", 6, UUID);
        put_text("LoaderDevicePartUUID", 6, OTHER_UUID);
        put_text("StubInfo", 6, "systemd-stub 257.13-1~deb13u1");
        put_text("LoaderEntryDefault", 7, "kept on purpose");
        return 0;
}

static int teardown(_unused_ void **state)
{
        return temp_dir_remove(&dir);
}

static void drop(const char *name, const char *guid)
{
        char path[160];

        snprintf(path, sizeof(path), EFIVARS "/%s-%s", name, guid);
        assert_return_code(unlinkat(dir.fd, path, 0), 0);
}

static struct facts look(void)
{
        struct facts facts = { .is_efi = true, .has_efi_variables = true };

        firmware_read_variables(dir.fd, &facts);
        return facts;
}

static void test_an_honest_boot(_unused_ void **state)
{
        struct facts facts = look();

        assert_true(facts.is_secure_boot);
        assert_string_equal(facts.insecure_because, "");
        assert_true(facts.is_uki_measured);
        assert_string_equal(facts.boot_partuuid, UUID_LOWER);
        assert_string_equal(facts.forged_variable, "");
}

static void test_without_efi(_unused_ void **state)
{
        struct facts facts = { .is_secure_boot = true, .is_uki_measured = true, .boot_partuuid = UUID_LOWER };

        firmware_read_variables(dir.fd, &facts); /* the files are there, and are not looked at */
        assert_false(facts.is_secure_boot);
        assert_false(facts.is_uki_measured);
        assert_string_equal(facts.boot_partuuid, "");
        assert_string_equal(facts.insecure_because, "this is no UEFI boot");
        facts.is_efi = true;
        firmware_read_variables(dir.fd, &facts);
        assert_non_null(strstr(facts.insecure_because, "no variables at run time"));
}

static void test_each_planted_one_is_named(_unused_ void **state)
{
        size_t n = 0;

        for (const char *const *name = firmware_volatile_variables(); *name; name++, n++) {
                struct facts facts;

                put_text(*name, 7, "11");
                facts = look();
                assert_string_equal(facts.forged_variable, *name);
                assert_int_equal(facts.forged_attributes, 7);
                put_text(*name, 6, "11");
                assert_string_equal(look().forged_variable, "");
        }
        assert_true(n >= 5);
}

static void test_only_exactly_six_counts(_unused_ void **state)
{
        static const uint8_t attributes[] = { 0, 1, 2, 3, 4, 5, 7, 0x16, 0x26, 0x46, 0x86 };

        for (size_t i = 0; i < ARRAY_SIZE(attributes); i++) {
                struct facts facts;

                put_text("StubPcrKernelImage", attributes[i], "11");
                put_text("StubDevicePartUUID", attributes[i], UUID);
                put_flag("SecureBoot", GUID_GLOBAL, attributes[i], 1);
                facts = look();
                assert_false(facts.is_uki_measured);
                assert_string_equal(facts.boot_partuuid, OTHER_UUID); /* the loader's */
                assert_string_equal(facts.forged_variable, "StubPcrKernelImage");
                assert_int_equal(facts.forged_attributes, attributes[i]);
                assert_false(facts.is_secure_boot);
                assert_non_null(strstr(facts.insecure_because, "SecureBoot has the attributes 0x"));
        }
}

static void test_a_long_one_is_not_the_stubs(_unused_ void **state)
{
        static const uint8_t zeros[EFI_VARIABLE_MAX];

        put("StubProfile", GUID_LOADER, 6, zeros, EFI_VARIABLE_MAX - 4);
        assert_string_equal(look().forged_variable, "");
        put("StubProfile", GUID_LOADER, 6, zeros, EFI_VARIABLE_MAX - 3);
        assert_string_equal(look().forged_variable, "StubProfile");
        assert_int_equal(look().forged_errno, EFBIG);
}

/* What is there and cannot be read is not absent: else a way to make it unreadable would be a way to take it away. */
static void test_one_that_cannot_be_read_is_there(_unused_ void **state)
{
        drop("StubPcrKernelImage", GUID_LOADER);
        assert_int_equal(fsat_mkdir_p(dir.fd, EFIVARS "/StubPcrKernelImage-" GUID_LOADER, 0755), 0);
        assert_string_equal(look().forged_variable, "StubPcrKernelImage");
        assert_int_equal(look().forged_errno, EISDIR);
        assert_return_code(unlinkat(dir.fd, EFIVARS "/StubPcrKernelImage-" GUID_LOADER, AT_REMOVEDIR), 0);
        assert_string_equal(look().forged_variable, "");
        put_flag("MokSBStateRT", GUID_SHIM, 6, 0);
        drop("MokSBStateRT", GUID_SHIM);
        assert_int_equal(fsat_mkdir_p(dir.fd, EFIVARS "/MokSBStateRT-" GUID_SHIM, 0755), 0);
        assert_false(look().is_secure_boot);
        assert_non_null(strstr(look().insecure_because, "MokSBStateRT cannot be read"));
}

static void test_the_boot_disk(_unused_ void **state)
{
        drop("StubDevicePartUUID", GUID_LOADER);
        assert_string_equal(look().boot_partuuid, OTHER_UUID);
        put_text("StubDevicePartUUID", 6, "nonsense");
        assert_string_equal(look().boot_partuuid, OTHER_UUID);
        drop("LoaderDevicePartUUID", GUID_LOADER);
        assert_string_equal(look().boot_partuuid, "");
}

static void test_measured_is_eleven(_unused_ void **state)
{
        put_text("StubPcrKernelImage", 6, "12");
        assert_false(look().is_uki_measured);
        drop("StubPcrKernelImage", GUID_LOADER);
        assert_false(look().is_uki_measured);
}

static void assert_insecure(const char *words)
{
        struct facts facts = look();

        assert_false(facts.is_secure_boot);
        if (!strstr(facts.insecure_because, words))
                fail_msg("'%s' is not in '%s'", words, facts.insecure_because);
}

static void test_secure_boot(_unused_ void **state)
{
        put_flag("SecureBoot", GUID_GLOBAL, 6, 0);
        assert_insecure("SecureBoot is 0");
        put_flag("SecureBoot", GUID_GLOBAL, 6, 2);
        assert_insecure("SecureBoot is neither 0 nor 1");
        drop("SecureBoot", GUID_GLOBAL);
        assert_insecure("there is no variable SecureBoot");
        put_flag("SecureBoot", GUID_GLOBAL, 6, 1);
        put_flag("SetupMode", GUID_GLOBAL, 6, 1);
        assert_insecure("SetupMode is 1");
        put_flag("SetupMode", GUID_GLOBAL, 7, 0);
        assert_insecure("SetupMode has the attributes 0x7");
        drop("SetupMode", GUID_GLOBAL);
        assert_insecure("there is no variable SetupMode");
}

/* Words for the host's systemd that no command line shows. */
static void test_systemd_options(_unused_ void **state)
{
        struct facts facts = look();
        struct error err = {};

        assert_false(facts.has_systemd_options);
        assert_int_equal(firmware_check_systemd_options(&facts, &err), 0);
        put("SystemdOptions", GUID_SYSTEMD, 7, "s\0", 2);
        facts = look();
        assert_true(facts.has_systemd_options);
        /* systemd does not look at it then. */
        assert_int_equal(firmware_check_systemd_options(&facts, &err), 0);
        put_flag("SecureBoot", GUID_GLOBAL, 6, 0);
        facts = look();
        assert_true(firmware_check_systemd_options(&facts, &err) < 0);
        assert_int_equal(err.code, FAIL_SYSTEMD_OPTIONS_VARIABLE_CODE);
        assert_non_null(strstr(err.msg, "SystemdOptions"));
        assert_non_null(strstr(err.msg, "SecureBoot is 0"));
        /* One that cannot be read is there. */
        drop("SystemdOptions", GUID_SYSTEMD);
        assert_false(look().has_systemd_options);
        assert_int_equal(fsat_mkdir_p(dir.fd, EFIVARS "/SystemdOptions-" GUID_SYSTEMD, 0755), 0);
        assert_true(look().has_systemd_options);
}

static void test_shim(_unused_ void **state)
{
        put_flag("MokSBStateRT", GUID_SHIM, 6, 0);
        assert_true(look().is_secure_boot);
        put_flag("MokSBStateRT", GUID_SHIM, 6, 1);
        assert_insecure("MokSBStateRT is 1");
        /* Planted, whatever it says. */
        put_flag("MokSBStateRT", GUID_SHIM, 7, 0);
        assert_insecure("MokSBStateRT has the attributes 0x7");
        drop("MokSBStateRT", GUID_SHIM);

        /* The table says it too, and cannot be planted. */
        assert_int_equal(fsat_mkdir_p(dir.fd, "sys/firmware/efi/mok-variables", 0755), 0);
        assert_int_equal(fsat_create(dir.fd, "sys/firmware/efi/mok-variables/MokSBStateRT", "", 1, 0400), 0);
        assert_true(look().is_secure_boot);
        assert_int_equal(fsat_create(dir.fd, "sys/firmware/efi/mok-variables/MokSBStateRT", "\1", 1, 0400), 0);
        assert_insecure("MokSBState");
        assert_int_equal(fsat_create(dir.fd, "sys/firmware/efi/mok-variables/MokSBStateRT", "\0\0", 2, 0400), 0);
        assert_insecure("MokSBState");
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test_setup_teardown(test_an_honest_boot, setup, teardown),
                cmocka_unit_test_setup_teardown(test_without_efi, setup, teardown),
                cmocka_unit_test_setup_teardown(test_each_planted_one_is_named, setup, teardown),
                cmocka_unit_test_setup_teardown(test_only_exactly_six_counts, setup, teardown),
                cmocka_unit_test_setup_teardown(test_a_long_one_is_not_the_stubs, setup, teardown),
                cmocka_unit_test_setup_teardown(test_one_that_cannot_be_read_is_there, setup, teardown),
                cmocka_unit_test_setup_teardown(test_the_boot_disk, setup, teardown),
                cmocka_unit_test_setup_teardown(test_measured_is_eleven, setup, teardown),
                cmocka_unit_test_setup_teardown(test_secure_boot, setup, teardown),
                cmocka_unit_test_setup_teardown(test_systemd_options, setup, teardown),
                cmocka_unit_test_setup_teardown(test_shim, setup, teardown),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
