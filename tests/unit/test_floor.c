/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <stddef.h>
#include <stdio.h>

#include "unit.h"
#include "verinit/floor.h"

static void parse_ok(const char *text, struct floor *ret)
{
        struct error err = {};

        if (floor_parse(text, strlen(text), ret, &err) < 0)
                fail_msg("refused: %s", err.msg);
}

static void assert_refused(const char *text, const char *in_message)
{
        struct error err = {};
        struct floor f = { .panic_timeout_s = 77 };

        assert_true(floor_parse(text, strlen(text), &f, &err) < 0);
        assert_int_equal(err.code, FAIL_FLOOR_MALFORMED_CODE);
        if (!strstr(err.msg, in_message))
                fail_msg("'%s' is not in '%s'", in_message, err.msg);
        assert_int_equal(f.panic_timeout_s, 77); /* untouched */
}

static void test_nothing_demands_everything(_unused_ void **state)
{
        struct floor f, zero;

        parse_ok("", &f);
        floor_init(&zero);
        assert_memory_equal(&f, &zero, sizeof(f));
        assert_int_equal(f.tpm, NEED_REQUIRE);
        assert_int_equal(f.selinux, NEED_REQUIRE);
        assert_int_equal(f.cmdline, NEED_REQUIRE);
        assert_int_equal(f.secure_boot, NEED_REQUIRE);
        assert_int_equal(f.cmdline_replay, NEED_REQUIRE);
        assert_int_equal(f.root_hash_signature, NEED_REQUIRE);
        assert_int_equal(f.pinned_geometry, NEED_REQUIRE);
        assert_int_equal(f.boot_disk_only, NEED_REQUIRE);
        assert_int_equal(f.ipe, NEED_REQUIRE);
        assert_int_equal(f.debug, NEED_REQUIRE);
        assert_int_equal(f.root, FLOOR_ROOT_TMPFS);
        assert_int_equal(f.etc, ETC_OVERLAY);
        assert_int_equal(f.credentials, CREDENTIALS_NONE);
        assert_false(f.os_separator);
        assert_int_equal(f.failure_actions, FAILURE_REBOOT);
        assert_int_equal(f.failure_default, FAILURE_REBOOT);
        assert_int_equal(f.failure_delay_max_s, 60);
        assert_int_equal(f.watchdog_s, 0);
        assert_int_equal(f.n_addons + f.n_addon_keys + f.n_certificates + f.n_ipe_policies + f.tpm_ek_size, 0);
        assert_false(f.keeps_mac_admin);
        assert_int_equal(f.baked_cmdline.alg, DIGEST_NONE);
        assert_int_equal(f.modules.alg, DIGEST_NONE);
        assert_string_equal(f.selinux_dir, "etc/selinux");
        assert_int_equal(f.selinux_lock, SELINUX_LOCK_EARLY);
        assert_int_equal(f.panic_timeout_s, 10);
        assert_int_equal(f.failure_delay_s, 10);
        assert_int_equal(f.device_timeout_s, 90);
        assert_int_equal(f.n_extra_words, 0);
}

static void test_each_key(_unused_ void **state)
{
        struct floor f;

        parse_ok("# a floor\n\ntpm=allow\nselinux=allow\ncmdline=allow\nroot=unverified\netc=plain\n"
                 "selinux-dir=share/se_linux-1\npanic-timeout=300\nfailure-delay=0\ndevice-timeout=3600\n"
                 "extra-words=console=ttyS0,115200\nextra-words=fips=1",
                 &f);
        assert_int_equal(f.tpm, NEED_ALLOW);
        assert_int_equal(f.selinux, NEED_ALLOW);
        assert_int_equal(f.cmdline, NEED_ALLOW);
        assert_int_equal(f.root, FLOOR_ROOT_UNVERIFIED);
        assert_int_equal(f.etc, ETC_PLAIN);
        assert_string_equal(f.selinux_dir, "share/se_linux-1");
        assert_int_equal(f.panic_timeout_s, 300);
        assert_int_equal(f.failure_delay_s, 0);
        assert_int_equal(f.device_timeout_s, 3600);
        assert_int_equal(f.n_extra_words, 2);
        assert_string_equal(f.extra_words[0], "console=ttyS0,115200");
        assert_string_equal(f.extra_words[1], "fips=1");
        parse_ok("etc=tmpfs\n", &f);
        assert_int_equal(f.etc, ETC_TMPFS);
        parse_ok("tpm=require\netc=overlay\nroot=tmpfs\n", &f);
        assert_int_equal(f.tpm, NEED_REQUIRE);
}

/* Each of them alone, and no other: a row of the table that points to its neighbour's field would show. */
static void test_one_need_does_not_touch_another(_unused_ void **state)
{
        static const struct {
                const char *key;
                size_t offset;
        } needs[] = {
                { "tpm", offsetof(struct floor, tpm) },
                { "selinux", offsetof(struct floor, selinux) },
                { "cmdline", offsetof(struct floor, cmdline) },
                { "secure-boot", offsetof(struct floor, secure_boot) },
                { "cmdline-replay", offsetof(struct floor, cmdline_replay) },
                { "root-hash-signature", offsetof(struct floor, root_hash_signature) },
                { "pinned-geometry", offsetof(struct floor, pinned_geometry) },
                { "boot-disk-only", offsetof(struct floor, boot_disk_only) },
                { "ipe", offsetof(struct floor, ipe) },
                { "debug", offsetof(struct floor, debug) },
        };

        for (size_t i = 0; i < ARRAY_SIZE(needs); i++) {
                struct floor f, wanted;
                char text[64];

                floor_init(&wanted);
                *(enum need *) ((uint8_t *) &wanted + needs[i].offset) = NEED_ALLOW;
                snprintf(text, sizeof(text), "%s=allow\n", needs[i].key);
                parse_ok(text, &f);
                assert_memory_equal(&f, &wanted, sizeof(f));
                snprintf(text, sizeof(text), "%s=require\n", needs[i].key);
                parse_ok(text, &f);
                floor_init(&wanted);
                assert_memory_equal(&f, &wanted, sizeof(f));
                snprintf(text, sizeof(text), "%s=\n", needs[i].key);
                assert_refused(text, "expected require or allow");
        }
}

static void test_choices(_unused_ void **state)
{
        struct floor f;

        parse_ok("credentials=none\n", &f);
        assert_int_equal(f.credentials, CREDENTIALS_NONE);
        parse_ok("credentials=esp-encrypted\n", &f);
        assert_int_equal(f.credentials, CREDENTIALS_ESP_ENCRYPTED);
        parse_ok("credentials=platform\n", &f);
        assert_int_equal(f.credentials, CREDENTIALS_PLATFORM);
        assert_refused("credentials=all\n", "expected none, esp-encrypted or platform");
        parse_ok("os-separator=yes\n", &f);
        assert_true(f.os_separator);
        parse_ok("os-separator=no\n", &f);
        assert_false(f.os_separator);
        assert_refused("os-separator=1\n", "expected no or yes");
        parse_ok("ipe-drop-mac-admin=no\n", &f);
        assert_true(f.keeps_mac_admin);
        parse_ok("ipe-drop-mac-admin=yes\n", &f);
        assert_false(f.keeps_mac_admin);
        assert_refused("ipe-drop-mac-admin=0\n", "expected yes or no");
        assert_string_equal(f.init_path, "");
        parse_ok("init=/opt/my-os/start\n", &f);
        assert_string_equal(f.init_path, "/opt/my-os/start");
        assert_refused("init=start\n", "expected an absolute path");
        assert_refused("init=/a/../start\n", "expected an absolute path");
        assert_refused("init=\n", "expected an absolute path");
}

#define HEX_31 "4f4f4f4f4f4f4f4f4f4f4f4f4f4f4f4f4f4f4f4f4f4f4f4f4f4f4f4f4f4f4f"

static void test_digests(_unused_ void **state)
{
        static const char *const bad[] = { "", "4f", "sha256-", "sha256-4f", "sha1-" HEX_31 "00", HEX_31 "00", "sha256-" HEX_31 "0g",
                                           "sha256-" HEX_31 "0000", "sha256-" HEX_31 "0" };
        char text[1024] = "";
        struct floor f;

        parse_ok("baked-cmdline=sha256-" HEX_31 "01\nmodules=sha256-" HEX_31 "02\naddon=sha256-" HEX_31 "03\n"
                 "addon=sha256-" HEX_31 "04\ncertificate=sha256-" HEX_31 "05\nipe-policy=sha256-" HEX_31 "06\n"
                 "ipe-policy=sha256-" HEX_31 "07\n", &f);
        assert_int_equal(f.baked_cmdline.alg, DIGEST_SHA256);
        assert_int_equal(f.baked_cmdline.bytes[0], 0x4f);
        assert_int_equal(f.baked_cmdline.bytes[31], 1);
        assert_int_equal(f.modules.bytes[31], 2);
        assert_int_equal(f.n_addons, 2);
        assert_int_equal(f.addons[0].bytes[31], 3);
        assert_int_equal(f.addons[1].bytes[31], 4);
        assert_int_equal(f.n_certificates, 1);
        assert_int_equal(f.certificates[0].bytes[31], 5);
        assert_int_equal(f.n_ipe_policies, 2);
        assert_int_equal(f.ipe_policies[0].bytes[31], 6);
        assert_int_equal(f.ipe_policies[1].bytes[31], 7);
        for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
                for (const char *const *key = (const char *const[]) { "baked-cmdline", "modules", "addon", "certificate",
                                                                      "ipe-policy", NULL }; *key; key++) {
                        snprintf(text, sizeof(text), "%s=%s\n", *key, bad[i]);
                        assert_refused(text, "expected sha256-<64 hex digits>");
                }
        assert_refused("addon=sha256-" HEX_31 "00\naddon=sha256-" HEX_31 "00\n", "line 2");
        assert_refused("certificate=sha256-" HEX_31 "00\ncertificate=sha256-" HEX_31 "00\n", "line 2");
        assert_refused("modules=sha256-" HEX_31 "00\nmodules=sha256-" HEX_31 "00\n", "a second time");

        text[0] = '\0';
        for (int i = 0; i < FLOOR_MAX_ADDONS; i++)
                sprintf(text + strlen(text), "addon=sha256-" HEX_31 "%02x\n", (unsigned) i);
        parse_ok(text, &f);
        strcat(text, "addon=sha256-" HEX_31 "ff\n");
        assert_refused(text, "line 9");
        text[0] = '\0';
        for (int i = 0; i < FLOOR_MAX_CERTIFICATES; i++)
                sprintf(text + strlen(text), "certificate=sha256-" HEX_31 "%02x\n", (unsigned) i);
        parse_ok(text, &f);
        strcat(text, "certificate=sha256-" HEX_31 "ff\n");
        assert_refused(text, "line 5");
}

static void test_addon_keys_are_keys(_unused_ void **state)
{
        static const char *const bad[] = { "", "a b", "a=b", "a,b", "a/b", "\xc3\xb6" };
        char text[1024] = "";
        struct floor f;

        parse_ok("addon-keys=acl.slot\naddon-keys=init_x-1\n", &f);
        assert_int_equal(f.n_addon_keys, 2);
        assert_string_equal(f.addon_keys[0], "acl.slot");
        assert_string_equal(f.addon_keys[1], "init_x-1");
        for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
                snprintf(text, sizeof(text), "addon-keys=%s\n", bad[i]);
                assert_refused(text, "expected one key a line");
        }
        assert_refused("addon-keys=a\naddon-keys=a\n", "line 2");
        text[0] = '\0';
        for (int i = 0; i < FLOOR_MAX_ADDON_KEYS; i++)
                sprintf(text + strlen(text), "addon-keys=k%d\n", i);
        parse_ok(text, &f);
        strcat(text, "addon-keys=last\n");
        assert_refused(text, "line 33");
}

static void test_failure_actions(_unused_ void **state)
{
        static const char *const bad[] = { "", ",", "reboot,", ",reboot", "reboot,reboot", "reboot, halt", "kexec",
                                           "reboots", "rebo" };
        char text[64];
        struct floor f;

        parse_ok("failure-actions=poweroff\n", &f);
        assert_int_equal(f.failure_actions, FAILURE_POWEROFF);
        assert_int_equal(f.failure_default, FAILURE_POWEROFF);
        parse_ok("failure-actions=halt,reboot\n", &f);
        assert_int_equal(f.failure_actions, FAILURE_HALT | FAILURE_REBOOT);
        assert_int_equal(f.failure_default, FAILURE_HALT);
        for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
                snprintf(text, sizeof(text), "failure-actions=%s\n", bad[i]);
                assert_refused(text, "a comma list of reboot, poweroff and halt");
        }
}

static void test_watchdog_is_off_or_long_enough(_unused_ void **state)
{
        struct floor f;

        parse_ok("watchdog=0\n", &f);
        assert_int_equal(f.watchdog_s, 0);
        parse_ok("watchdog=10\n", &f);
        assert_int_equal(f.watchdog_s, 10);
        parse_ok("watchdog=600\n", &f);
        assert_int_equal(f.watchdog_s, 600);
        assert_refused("watchdog=9\n", "10 to 600, or 0");
        assert_refused("watchdog=601\n", "10 to 600, or 0");
        assert_refused("watchdog=00\n", "10 to 600, or 0");
}

static void test_name_of_a_tpm_key(_unused_ void **state)
{
        struct floor f;

        parse_ok("tpm-ek=000b" HEX_31 "00\n", &f);
        assert_int_equal(f.tpm_ek_size, 34);
        assert_int_equal(f.tpm_ek[1], 0x0b);
        assert_int_equal(f.tpm_ek[2], 0x4f);
        parse_ok("tpm-ek=000d" HEX_31 HEX_31 "0000\n", &f);
        assert_int_equal(f.tpm_ek_size, 66);
        assert_refused("tpm-ek=\n", "the Name of a TPM key");
        assert_refused("tpm-ek=000b" HEX_31 "\n", "the Name of a TPM key");
        assert_refused("tpm-ek=000b" HEX_31 "0000\n", "the Name of a TPM key");
        assert_refused("tpm-ek=000d" HEX_31 HEX_31 "000000\n", "the Name of a TPM key");
        assert_refused("tpm-ek=xx0b" HEX_31 "00\n", "the Name of a TPM key");
}

static void test_refusals_name_line_and_text(_unused_ void **state)
{
        assert_refused("#\ntpm=maybe\n", "line 2: 'tpm=maybe': expected require or allow");
        assert_refused("tpm=allow\ntpm=allow\n", "line 2: 'tpm': the key stands here a second time");
        assert_refused("tmp=allow\n", "line 1: 'tmp': unknown key");
        assert_refused("tpm = allow\n", "line 1: 'tpm ': unknown key (no blanks around '=')");
        assert_refused("tpm= allow\n", "expected require or allow");
        assert_refused("tpm=allow \n", "expected require or allow");
        assert_refused("tpm=allow\r\n", "expected require or allow");
        assert_refused(" tpm=allow\n", "unknown key");
        assert_refused("TPM=allow\n", "unknown key");
        assert_refused("tpm\n", "'tpm': not key=value");
        assert_refused("=allow\n", "unknown key");
        assert_refused("root=verity\n", "expected tmpfs or unverified");
        assert_refused("etc=\n", "expected overlay, tmpfs or plain");
}

static void test_numbers_have_bounds(_unused_ void **state)
{
        static const char *const bad[] = {
                "panic-timeout=0",    "panic-timeout=301",  "panic-timeout=-1",     "panic-timeout=",
                "failure-delay-max=3601", "failure-delay-max=",
                "failure-delay=301",  "failure-delay=1s",   "device-timeout=0",     "device-timeout=3601",
                "device-timeout=0x9", "device-timeout= 90", "device-timeout=00090", "panic-timeout=4294967306",
        };

        for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
                assert_refused(bad[i], "expected seconds");
}

static void test_selinux_dir_stays_below_usr(_unused_ void **state)
{
        static const char *const bad[] = { "",       "/etc",   "etc/", "a//b", ".",   "..",
                                           "a/../b", "../etc", "a/.",  "a b",  "a\tb" };
        char text[300] = "selinux-dir=";
        struct floor f;

        for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
                snprintf(text, sizeof(text), "selinux-dir=%s\n", bad[i]);
                assert_refused(text, "expected a relative path");
        }
        memset(text + 12, 'a', 128);
        text[12 + 128] = '\0';
        assert_refused(text, "expected a relative path");
        text[12 + 127] = '\0';
        parse_ok(text, &f);
        parse_ok("selinux-dir=..a/.b", &f);
}

static void test_extra_words_are_words(_unused_ void **state)
{
        static const char *const bad[] = { "", "a b", "=x", "a\"b", "a'b", "a\x7f", "\xc3\xb6", "a\tb" };
        char text[FLOOR_MAX_BYTES] = "";

        for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
                snprintf(text, sizeof(text), "extra-words=%s\n", bad[i]);
                assert_refused(text, "expected one printable word");
        }
        assert_refused("extra-words=a\nextra-words=a\n", "line 2");

        text[0] = '\0';
        for (int i = 0; i < FLOOR_MAX_EXTRA_WORDS; i++)
                sprintf(text + strlen(text), "extra-words=w%d\n", i);
        parse_ok(text, &(struct floor) {});
        strcat(text, "extra-words=last\n");
        assert_refused(text, "line 33");

        strcpy(text, "extra-words=");
        memset(text + 12, 'w', FLOOR_WORD_MAX);
        text[12 + FLOOR_WORD_MAX] = '\0';
        assert_refused(text, "expected one printable word");
        text[12 + FLOOR_WORD_MAX - 1] = '\0';
        parse_ok(text, &(struct floor) {});
}

static void test_plain_etc_needs_an_unverified_root(_unused_ void **state)
{
        assert_refused("etc=plain\n", "etc=plain needs root=unverified");
        assert_refused("etc=plain\nroot=tmpfs\n", "etc=plain needs root=unverified");
}

static void test_when_selinux_is_locked(_unused_ void **state)
{
        static const char *const names[] = { "early", "late", "none" };
        char text[80];
        struct floor f;

        for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
                snprintf(text, sizeof(text), "selinux-lock=%s\n", names[i]);
                parse_ok(text, &f);
                assert_int_equal(f.selinux_lock, i);
                assert_string_equal(selinux_lock_name(f.selinux_lock), names[i]);
        }
        assert_string_equal(selinux_lock_name((enum selinux_lock) 7), "none");
        assert_refused("selinux-lock=Early\n", "expected early, late or none");
        assert_refused("selinux-lock=\n", "expected early, late or none");
        /* Who fills that /etc masks the unit. */
        assert_refused("selinux-lock=late\netc=plain\nroot=unverified\n", "selinux-lock=late needs etc=overlay or tmpfs");
        assert_refused("selinux-lock=late\ncredentials=platform\n", "selinux-lock=late needs credentials=none");
        assert_refused("selinux-lock=late\ncredentials=esp-encrypted\n", "selinux-lock=late needs credentials=none");
        parse_ok("selinux-lock=early\ncredentials=platform\n", &f);
        parse_ok("selinux-lock=late\netc=tmpfs\nroot=unverified\n", &f);
        parse_ok("selinux-lock=none\netc=plain\nroot=unverified\n", &f);
        parse_ok("etc=plain\nroot=unverified\n", &f);
        assert_int_equal(f.selinux_lock, SELINUX_LOCK_EARLY);
}

static void test_files_that_are_no_text_of_ours(_unused_ void **state)
{
        static char text[FLOOR_MAX_BYTES + 1];
        struct error err = {};
        struct floor f;

        memset(text, '\n', sizeof(text));
        assert_int_equal(floor_parse(text, FLOOR_MAX_BYTES, &f, &err), 0);
        assert_true(floor_parse(text, sizeof(text), &f, &err) < 0);
        assert_int_equal(err.code, FAIL_FLOOR_MALFORMED_CODE);
        err = (struct error) {};
        assert_true(floor_parse("tpm=allow\0x", 11, &f, &err) < 0);
        assert_non_null(strstr(err.msg, "NUL"));
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_nothing_demands_everything),
                cmocka_unit_test(test_each_key),
                cmocka_unit_test(test_one_need_does_not_touch_another),
                cmocka_unit_test(test_choices),
                cmocka_unit_test(test_digests),
                cmocka_unit_test(test_addon_keys_are_keys),
                cmocka_unit_test(test_failure_actions),
                cmocka_unit_test(test_watchdog_is_off_or_long_enough),
                cmocka_unit_test(test_name_of_a_tpm_key),
                cmocka_unit_test(test_refusals_name_line_and_text),
                cmocka_unit_test(test_numbers_have_bounds),
                cmocka_unit_test(test_selinux_dir_stays_below_usr),
                cmocka_unit_test(test_extra_words_are_words),
                cmocka_unit_test(test_plain_etc_needs_an_unverified_root),
                cmocka_unit_test(test_when_selinux_is_locked),
                cmocka_unit_test(test_files_that_are_no_text_of_ours),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
