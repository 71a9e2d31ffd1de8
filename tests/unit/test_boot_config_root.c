/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * root=, rootfstype=, rootflags=, ro and rw.
 */
#include <sys/mount.h>

#include "boot_config_check.h"

static void test_roots(_unused_ void **state)
{
        static const struct {
                const char *text;
                enum device_spec_kind kind;
                const char *value;
        } good[] = {
                { "LABEL=My-Root_1", DEVICE_LABEL, "My-Root_1" },
                { "\"PARTLABEL=with blank\"", DEVICE_PARTLABEL, "with blank" },
                { "UUID=ABCD-1234", DEVICE_UUID, "abcd-1234" },
                { "PARTUUID=1B0E7B5A-6F9C-4A39-A2D1-0C8F4B8C7E11", DEVICE_PARTUUID, UUID_A },
                { "/dev/nvme0n1p3", DEVICE_PATH, "/dev/nvme0n1p3" },
                { "/dev/mapper/data", DEVICE_PATH, "/dev/mapper/data" },
        };
        static const char *const bad[] = {
                "gpt-auto", "fstab",  "nfs",       "/dev/nfs/../x", "/dev/../etc/shadow",
                "/dev/",    "/dev",   "/dev//vda", "/dev/./vda",    "/dev/disk/by-label/x",
                "vda2",     "LABEL=", "UUID=xyz",  "PARTUUID=1234", "PARTUUID=" UUID_A "0",
                "TMPFS",    "/",
        };
        char text[256], shown[160];

        for (size_t i = 0; i < ARRAY_SIZE(good); i++) {
                snprintf(text, sizeof(text), USR "root=%s", good[i].text);
                parse_ok(text, &loose);
                assert_int_equal(c.root.kind, good[i].kind);
                assert_string_equal(c.root.value, good[i].value);
                assert_int_equal(c.root_kind, ROOT_UNVERIFIED);
                assert_false(c.root_rw);
        }
        for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
                snprintf(text, sizeof(text), USR "root=%s", bad[i]);
                snprintf(shown, sizeof(shown), "root=%s: expected tmpfs", bad[i]);
                assert_refused(text, CMDLINE_BAD_VALUE, shown);
        }
        assert_refused(USR "root", CMDLINE_BAD_VALUE, "root: a value is missing");
        assert_refused(USR "root=tmpfs root=tmpfs", CMDLINE_DUPLICATE_KEY, "root=tmpfs");
        parse_ok(USR "root=tmpfs", &strict);
        assert_int_equal(c.root_kind, ROOT_TMPFS);
}

static void test_long_labels_are_refused_not_cut(_unused_ void **state)
{
        char label[130], text[300];

        memset(label, 'l', sizeof(label));
        label[128] = '\0';
        snprintf(text, sizeof(text), USR "root=LABEL=%s", label);
        assert_refused(text, CMDLINE_BAD_VALUE, "root=LABEL=ll");
        label[127] = '\0';
        snprintf(text, sizeof(text), USR "root=LABEL=%s", label);
        parse_ok(text, &loose);
}

static void test_the_floor_rules_the_root(_unused_ void **state)
{
        struct floor plain = loose;

        plain.etc = ETC_PLAIN;
        assert_refused_by(&strict, USR "root=LABEL=ROOT", FAIL_FLOOR_REFUSES_CODE,
                          "root=LABEL=ROOT: an unverified root");
        assert_refused_by(&plain, USR "root=tmpfs", FAIL_FLOOR_REFUSES_CODE, "etc=plain");
        assert_refused_by(&plain, USR, FAIL_FLOOR_REFUSES_CODE, "etc=plain");
        parse_ok(USR "root=/dev/vda3", &plain);
}

static void test_root_type(_unused_ void **state)
{
        parse_ok(USR "root=/dev/vda3 rootfstype=ext4", &loose);
        assert_string_equal(c.root_fstype, "ext4");
        parse_ok(USR "rootfstype=tmpfs root=tmpfs", &strict);
        assert_refused(USR "rootfstype=ext4", CMDLINE_CONTRADICTION, "rootfstype=ext4: the root is a tmpfs");
        assert_refused(USR "root=tmpfs rootfstype=ext4", CMDLINE_CONTRADICTION, "the root is root=tmpfs");
        assert_refused(USR "rootfstype=a rootfstype=a", CMDLINE_DUPLICATE_KEY, "rootfstype=a");
}

static void assert_rw(const char *words, bool rw)
{
        char text[256];

        snprintf(text, sizeof(text), USR "%s", words);
        parse_ok(text, &loose);
        if (c.root_rw != rw)
                fail_msg("'%s' gives %s", words, c.root_rw ? "rw" : "ro");
}

static void test_ro_and_rw(_unused_ void **state)
{
        assert_rw("root=/dev/vda3", false);
        assert_rw("root=/dev/vda3 rw", true);
        assert_rw("root=/dev/vda3 rw ro", false);
        assert_rw("root=/dev/vda3 ro rw", true);
        assert_rw("root=/dev/vda3 rw=1", false);
        assert_rw("root=/dev/vda3 rootflags=rw", true);
        assert_rw("root=/dev/vda3 rootflags=rw ro", false);
        assert_rw("root=/dev/vda3 rootflags=rw rootflags=ro", false);
        assert_rw("root=tmpfs", true);
        assert_rw("root=tmpfs ro", false);
        assert_rw("root=tmpfs ro=0", true);
}

static void test_root_flags(_unused_ void **state)
{
        parse_ok(
                USR
                "root=/dev/vda3 rootflags=rw,noatime,nodev,data=ordered rootflags=subvol=/@,nodev,dev,x-a.b,size=25%",
                &loose);
        assert_string_equal(c.root_options, "data=ordered,subvol=/@,size=25%");
        assert_int_equal(c.root_mount_flags, MS_NOATIME);
        parse_ok(USR "root=/dev/vda3 rootflags=nosuid,nodev,noexec", &loose);
        assert_int_equal(c.root_mount_flags, MS_NOSUID | MS_NODEV | MS_NOEXEC);
        assert_refused(USR "root=/dev/vda3 rootflags=nofail", CMDLINE_BAD_VALUE, "nofail");
        assert_refused(USR "root=/dev/vda3 rootflags=a;b", CMDLINE_BAD_VALUE, "a character that is not allowed");
}

static void test_device_specs_are_shown_as_written(_unused_ void **state)
{
        const struct device_spec none = {}, uuid = { .kind = DEVICE_PARTUUID, .value = UUID_A },
                                 path = { .kind = DEVICE_PATH, .value = "/dev/vda" };
        char text[64], small[8];

        device_spec_format(&none, text, sizeof(text));
        assert_string_equal(text, "none");
        device_spec_format(&uuid, text, sizeof(text));
        assert_string_equal(text, "PARTUUID=" UUID_A);
        device_spec_format(&path, text, sizeof(text));
        assert_string_equal(text, "/dev/vda");
        device_spec_format(&uuid, small, sizeof(small));
        assert_string_equal(small, "PARTUUI");
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_roots),
                cmocka_unit_test(test_long_labels_are_refused_not_cut),
                cmocka_unit_test(test_the_floor_rules_the_root),
                cmocka_unit_test(test_root_type),
                cmocka_unit_test(test_ro_and_rw),
                cmocka_unit_test(test_root_flags),
                cmocka_unit_test(test_device_specs_are_shown_as_written),
        };

        return cmocka_run_group_tests(tests, setup, NULL);
}
