/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "boot_config_check.h"

static void test_least(_unused_ void **state)
{
        parse_ok("quiet usrhash=" HASH "\n", &strict);
        assert_int_equal(c.root_hash_size, 32);
        assert_int_equal(c.root_hash[1], 0x11);
        assert_string_equal(c.cmdline_text, "quiet usrhash=" HASH);
        assert_int_equal(c.root_kind, ROOT_TMPFS);
        assert_int_equal(c.root.kind, DEVICE_NONE);
        assert_true(c.root_rw);
        assert_string_equal(c.init_path, "/usr/lib/systemd/systemd");
        assert_false(c.debug);
        assert_int_equal(c.device_timeout_us, 90 * 1000000);
        assert_int_equal(c.corruption, CORRUPTION_PANIC);
        assert_string_equal(c.usr_fstype, "");
        assert_string_equal(c.usr_options, "");
        assert_false(c.enforcing_asked);
}

static void test_init(_unused_ void **state)
{
        static const char *const bad[] = { "bin/sh", "/",    "/usr/", "/a//b",    "/a/../b",
                                           "/..",    "/a/.", "/./a",  "\"/a b\"", "/\xc3\xb6" };
        char text[512];

        parse_ok(USR "init=/usr/lib/..a/systemd", &loose);
        assert_string_equal(c.init_path, "/usr/lib/..a/systemd");
        for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
                snprintf(text, sizeof(text), USR "init=%s", bad[i]);
                assert_refused(text, CMDLINE_BAD_VALUE, "expected an absolute path");
        }
        snprintf(text, sizeof(text), USR "init=/%0*d/init", CONFIG_PATH_MAX - 7, 0);
        parse_ok(text, &loose);
        snprintf(text, sizeof(text), USR "init=/%0*d/init", CONFIG_PATH_MAX - 6, 0);
        assert_refused(text, CMDLINE_BAD_VALUE, "expected an absolute path");
        assert_refused(USR "init=/init init=/init", CMDLINE_DUPLICATE_KEY, "init=/init");
}

/* A shell of the verified /usr is a root login; which programs are one nobody can list. */
static void test_init_of_a_production_image(_unused_ void **state)
{
        static const char *const good[] = { "/usr/lib/systemd/systemd", "/sbin/init", "/init", "/opt/my-os/start" };
        static const char *const shells[] = { "/bin/sh", "/usr/bin/bash", "/usr/bin/python3", "/usr/bin/env",
                                              "/sbin/init.sh", "/usr/lib/systemd/systemd-nspawn", "/bin/ini",
                                              "/usr/bin/runinit", "/opt/my-os/starter" };
        struct floor named = strict;
        char text[512];

        (void) str_copy(named.init_path, sizeof(named.init_path), "/opt/my-os/start");
        for (size_t i = 0; i < ARRAY_SIZE(good); i++) {
                snprintf(text, sizeof(text), USR "init=%s", good[i]);
                parse_ok(text, &named);
                assert_string_equal(c.init_path, good[i]);
        }
        for (size_t i = 0; i < ARRAY_SIZE(shells); i++) {
                snprintf(text, sizeof(text), USR "init=%s", shells[i]);
                assert_refused_by(&named, text, FAIL_CMDLINE_DANGEROUS_CODE, "may be a shell");
        }
        assert_refused_by(&loose, USR "init=/opt/my-os/start", FAIL_CMDLINE_DANGEROUS_CODE, "may be a shell");
}

/* Who else starts the host does not know the unit that locks. */
static void test_init_under_a_late_lock(_unused_ void **state)
{
        struct floor late = loose;

        late.selinux_lock = SELINUX_LOCK_LATE;
        parse_ok(USR, &late);
        parse_ok(USR "init=/usr/lib/systemd/systemd", &late);
        parse_ok(USR "init=/sbin/init", &loose);
        assert_refused_by(&late, USR "init=/sbin/init", FAIL_FLOOR_REFUSES_CODE, "the unit that locks is known to systemd alone");
        assert_refused_by(&late, USR "init=/usr/lib/systemd/init", FAIL_FLOOR_REFUSES_CODE, "selinux-lock=late");
}

static void test_our_own_keys(_unused_ void **state)
{
        parse_ok(USR "init.debug=1 init.timeout=3600", &loose);
        assert_true(c.debug);
        assert_int_equal(c.device_timeout_us, 3600000000);
        parse_ok(USR "init.debug=0 init.timeout=1", &strict);
        assert_false(c.debug);
        assert_refused_by(&strict, USR "init.debug=1", FAIL_FLOOR_REFUSES_CODE, "init.debug=1: the floor says debug=require");
        assert_refused(USR "init.debug", CMDLINE_BAD_VALUE, "init.debug: a value is missing");
        assert_refused(USR "init.debug=yes", CMDLINE_BAD_VALUE, "init.debug=yes: expected 0 or 1");
        assert_refused(USR "init.debug=0 init.debug=1", CMDLINE_DUPLICATE_KEY, "init.debug=1");
        assert_refused(USR "init.timeout=0", CMDLINE_BAD_VALUE, "expected seconds");
        assert_refused(USR "init.timeout=3601", CMDLINE_BAD_VALUE, "expected seconds");
        assert_refused(USR "init.timeout=5s", CMDLINE_BAD_VALUE, "expected seconds");
        assert_refused(USR "init.timeout=-5", CMDLINE_BAD_VALUE, "expected seconds");
        assert_refused(USR "init.debgu=1", CMDLINE_UNKNOWN_KEY, "init.debgu=1: unknown key");
        assert_refused(USR "init.", CMDLINE_UNKNOWN_KEY, "init.: unknown key");
}

static void test_on_failure(_unused_ void **state)
{
        struct floor fleet = loose;

        fleet.failure_actions = FAILURE_REBOOT | FAILURE_POWEROFF;
        parse_ok(USR "init.on-failure=reboot", &strict);
        assert_int_equal(c.on_failure, FAILURE_REBOOT);
        parse_ok(USR, &fleet);
        assert_int_equal(c.on_failure, 0);
        parse_ok(USR "init.on-failure=poweroff", &fleet);
        assert_int_equal(c.on_failure, FAILURE_POWEROFF);
        assert_refused_by(&fleet, USR "init.on-failure=halt", FAIL_FLOOR_REFUSES_CODE, "failure-actions= does not");
        assert_refused_by(&strict, USR "init.on-failure=poweroff", FAIL_FLOOR_REFUSES_CODE, "failure-actions= does not");
        assert_refused(USR "init.on-failure=shell", CMDLINE_BAD_VALUE, "expected reboot, poweroff or halt");
        assert_refused(USR "init.on-failure", CMDLINE_BAD_VALUE, "a value is missing");
        assert_refused(USR "init.on_failure=reboot", CMDLINE_UNKNOWN_KEY, "init.on_failure=reboot");
}

static void test_which_security_module(_unused_ void **state)
{
        struct floor ipe = strict;

        ipe.selinux = NEED_ALLOW;
        strict.ipe = NEED_ALLOW;
        parse_ok(USR "security=selinux lsm=landlock,lockdown,yama,integrity,selinux,bpf,apparmor", &strict);
        parse_ok(USR "security=apparmor lsm=apparmor", &loose);
        assert_refused_by(&strict, USR "security=apparmor", FAIL_CMDLINE_WEAKENING_CODE, "security=apparmor: the floor");
        assert_refused_by(&strict, USR "security=", FAIL_CMDLINE_BAD_VALUE_CODE, "a value is missing");
        assert_refused_by(&strict, USR "lsm=landlock,selinux-not", FAIL_CMDLINE_WEAKENING_CODE, "selinux is not among");
        assert_refused_by(&strict, USR "lsm=apparmor,selinux", FAIL_CMDLINE_WEAKENING_CODE, "before selinux keeps it off");
        assert_refused_by(&strict, USR "lsm=smack,selinux", FAIL_CMDLINE_WEAKENING_CODE, "before selinux keeps it off");
        parse_ok(USR "lsm=ipe", &ipe);
        assert_refused_by(&ipe, USR "lsm=selinux", FAIL_CMDLINE_WEAKENING_CODE, "ipe is not among");
        /* One that the floor names is to be loaded, whether it requires one or not. */
        ipe.ipe = NEED_ALLOW;
        parse_ok(USR "lsm=selinux", &ipe);
        ipe.n_ipe_policies = 1;
        assert_refused_by(&ipe, USR "lsm=selinux", FAIL_CMDLINE_WEAKENING_CODE, "ipe is not among");
        assert_refused(USR "lsm=selinux lsm=selinux", CMDLINE_DUPLICATE_KEY, "lsm=selinux");
        assert_refused(USR "security=selinux security=selinux", CMDLINE_DUPLICATE_KEY, "security=selinux");
        strict.ipe = NEED_REQUIRE;
}

static void test_credentials(_unused_ void **state)
{
        static const char *const words[] = { "systemd.set_credential=a:b", "systemd.set-credential=a:b",
                                             "systemd.set_credential_binary=a:Yg==", "systemd.import_credentials",
                                             "systemd.import_credentials=yes" };
        struct floor platform = strict, esp = strict;
        char text[256];

        platform.credentials = CREDENTIALS_PLATFORM;
        esp.credentials = CREDENTIALS_ESP_ENCRYPTED;
        for (size_t i = 0; i < ARRAY_SIZE(words); i++) {
                snprintf(text, sizeof(text), USR "%s", words[i]);
                assert_refused_by(&strict, text, FAIL_CMDLINE_DANGEROUS_CODE, "a credential can be a unit");
                assert_refused_by(&esp, text, FAIL_CMDLINE_DANGEROUS_CODE, "a credential can be a unit");
                parse_ok(text, &platform);
        }
        /* Nobody who looks at the screen gets it. */
        assert_refused_by(&strict, USR "systemd.set_credential=a:b", FAIL_CMDLINE_DANGEROUS_CODE,
                          "systemd.set_credential=...: ");
        parse_ok(USR "systemd.import_credentials=no", &strict);
        assert_refused(USR "systemd.import_credentials=maybe", CMDLINE_BAD_VALUE, "expected yes or no");
}

static void test_selinux_words(_unused_ void **state)
{
        parse_ok(USR "enforcing=1 selinux=1", &strict);
        assert_true(c.enforcing_asked);
        assert_refused_by(&strict, USR "enforcing=0", FAIL_CMDLINE_WEAKENING_CODE, "enforcing=0: SELinux is");
        assert_refused_by(&loose, USR "enforcing=0", FAIL_CMDLINE_WEAKENING_CODE, "enforcing=0: SELinux is");
        assert_refused_by(&strict, USR "selinux=0", FAIL_CMDLINE_WEAKENING_CODE, "selinux=0: the floor requires");
        parse_ok(USR "selinux=0", &loose);
        assert_false(c.enforcing_asked);
        assert_refused(USR "enforcing=2", CMDLINE_BAD_VALUE, "enforcing=2: expected 0 or 1");
        assert_refused(USR "enforcing=1 enforcing=1", CMDLINE_DUPLICATE_KEY, "enforcing=1");
        assert_refused(USR "selinux=1 selinux=1", CMDLINE_DUPLICATE_KEY, "selinux=1");
}

/* What libselinux finds with strstr(), a tokenizer does not see. */
static void test_enforcing_hidden_in_quotes(_unused_ void **state)
{
        assert_refused_by(&strict, USR "enforcing=1 x=\"a enforcing=0\"", FAIL_CMDLINE_WEAKENING_CODE, "quoted text");
        assert_refused_by(&strict, "\" enforcing=0\" " USR, FAIL_CMDLINE_WEAKENING_CODE, "quoted text");
        parse_ok(USR "x=\"a enforcing=1\" foo.enforcing=0 notenforcing=0", &strict);
        assert_true(c.enforcing_asked);
        /* Hidden from libselinux, which looks no further than the first. */
        parse_ok(USR "foo.enforcing=0 enforcing=1", &strict);
        assert_false(c.enforcing_asked);
}

static void test_texts_that_are_no_command_line(_unused_ void **state)
{
        char text[LIMIT + 1];

        memset(text, 'a', sizeof(text));
        memcpy(text, USR, strlen(USR));
        text[LIMIT] = '\0';
        assert_refused(text, CMDLINE_TOO_LONG, "2047 bytes");
        text[LIMIT - 1] = '\0';
        parse_ok(text, &strict);
        assert_refused("a\tb", CMDLINE_MALFORMED, "byte 1: a control character");
        assert_refused("a=\"b", CMDLINE_MALFORMED, "byte 2: an unclosed");
}

static void test_foreign_words_pass(_unused_ void **state)
{
        parse_ok(
                USR
                "quiet splash debug console=ttyS0,115200n8 console=tty0 panic=-1 loglevel=4 crashkernel=256M ip=dhcp "
                "foo=bar=baz -- 3 net.ifnames=0 mitigations=auto,nosmt nokaslr audit=1 fips=1 consoleblank=0 "
                "ignition.platform.id=azure flatcar.oem.id=azure flatcar.first_boot=detected intel_iommu=on "
                "sysctl.vm.swappiness=1 modprobe.blacklist=nouveau udev.log_level=3 lsm.debug user=root init_on_alloc=1",
                &strict);
        parse_ok(USR "foo.bar=1 rd.x.y=1 a/b.c=1 =x.y LDAP_URI=x single=1 emergency=reboot rd.emergency=reboot "
                     "rd.systemd.mask=x.service rd.systemd.unit=x.target initrd.x=1 resumeflags=x noresume 2 evm.x=1 efi.x=1 "
                     "systemd.machine_id=firmware systemd.journald.forward_to_console=1 systemd.show_status=1 rdinit.x=1",
                 &strict);
}

static void test_keys_are_listed_once(_unused_ void **state)
{
        const char *const *keys = boot_config_keys();
        size_t n = 0;

        for (; keys[n]; n++)
                for (size_t k = 0; k < n; k++)
                        assert_string_not_equal(keys[k], keys[n]);
        assert_true(n >= 35);
        assert_string_equal(keys[0], "usrhash");
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_least),
                cmocka_unit_test(test_init),
                cmocka_unit_test(test_init_of_a_production_image),
                cmocka_unit_test(test_init_under_a_late_lock),
                cmocka_unit_test(test_our_own_keys),
                cmocka_unit_test(test_on_failure),
                cmocka_unit_test(test_which_security_module),
                cmocka_unit_test(test_credentials),
                cmocka_unit_test(test_selinux_words),
                cmocka_unit_test(test_enforcing_hidden_in_quotes),
                cmocka_unit_test(test_texts_that_are_no_command_line),
                cmocka_unit_test(test_foreign_words_pass),
                cmocka_unit_test(test_keys_are_listed_once),
        };

        return cmocka_run_group_tests(tests, setup, NULL);
}
