/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * IPE in a whole boot over the fakes: where policies come from, when they are loaded, and each way in which one is not the one that
 * was named or does not rule afterwards.
 */
#include "pid1.h"
#include "verinit/ipe.h"

#define FIRST "policy_name=first policy_version=1.2.3\nDEFAULT action=DENY\n"
#define SECOND "policy_name=second policy_version=2.0.0\nDEFAULT action=DENY\n"
#define HELPERS "proc/sys/kernel/usermodehelper/bset"
#define UNLOADED "pinned-geometry=allow\ndebug=allow\n"

enum { MAC_ADMIN = 33 };

static struct fake_machine_options machine(const char *floor)
{
        return (struct fake_machine_options) { .floor = floor, .has_tpm = true, .has_selinux = true, .ipe = { FIRST } };
}

static void assert_ended(enum stage_id stage, enum fail_code code, const char *in_message)
{
        assert_int_equal(fake_os.outcome, FAKE_OS_ENDED);
        assert_string_equal(stage_name(error.stage), stage_name(stage));
        assert_string_equal(fail_code_name(error.code), fail_code_name(code));
        if (!strstr(error.msg, in_message))
                fail_msg("'%s' is not in '%s'", in_message, error.msg);
}

static void assert_refused(const struct fake_machine_options *options, enum stage_id stage, enum fail_code code, const char *in_message)
{
        (void) boot_with(options, 0);
        assert_ended(stage, code, in_message);
        if (stage == STAGE_MAC) {
                /* Nothing after it: neither the other policy nor a root. */
                assert_int_equal(fake_count("sepolicy_load"), 0);
                assert_string_equal(boot.evidence.ipe.state, "");
        }
        fake_machine_remove();
}

static const char *text_of(const char *path)
{
        static char text[256];

        assert_true(fsat_read_line(fake_os.root_fd, path, text, sizeof(text)) >= 0);
        return text;
}

static void test_of_the_initramfs(_unused_ void **state)
{
        struct fake_machine_options o = machine(UNLOADED);
        const struct evidence_ipe *e = &boot.evidence.ipe;

        o.ipe[1] = SECOND;
        assert_int_equal(boot_with(&o, 0), FAKE_OS_EXECED);
        assert_string_equal(e->state, "enforcing");
        assert_int_equal(e->n_policies, 2);
        assert_string_equal(e->policies[0].header.name, "first");
        assert_string_equal(e->policies[0].header.version, "1.2.3");
        assert_string_equal(e->policies[0].source, "initramfs");
        assert_string_equal(e->policies[1].header.name, "second");
        assert_string_equal(boot.evidence.lsm, "capability,selinux,ipe");
        assert_string_equal(text_of(IPE_DIR "/policies/first/active"), "1");
        assert_string_equal(text_of(IPE_DIR "/policies/second/active"), "0");
        /* A word each, behind the volume's and before SELinux's. */
        assert_int_equal(fake_tpm_count(13), 5);
        assert_int_equal(strncmp(boot.evidence.words[2].word, "verinit.ipe=sha256-", 19), 0);
        assert_string_equal(boot.evidence.words[2].word + 19, e->policies[0].digest);
        assert_string_equal(boot.evidence.words[3].word + 19, e->policies[1].digest);
        assert_int_equal(strncmp(boot.evidence.words[4].word, "verinit.selinux=", 16), 0);
        fake_machine_remove();
}

/* A call that never was has no position: it is before nothing. */
static void assert_before(const char *first, size_t nth_first, const char *then, size_t nth_then)
{
        assert_true(fake_position(first, nth_first) > 0);
        assert_true(fake_position(first, nth_first) < fake_position(then, nth_then));
}

/* Every module before it, the other policy behind it; all are read before the first is deployed. */
static void test_order(_unused_ void **state)
{
        struct fake_machine_options o = machine(UNLOADED);

        o.ipe[1] = SECOND;
        assert_int_equal(boot_with(&o, 0), FAKE_OS_EXECED);
        assert_int_equal(fake_count("os_deploy_ipe"), 2);
        assert_before("os_load_module", fake_count("os_load_module") - 1, "os_deploy_ipe", 0);
        assert_before("crypto_signed_content", 1, "os_deploy_ipe", 0);
        assert_before("os_deploy_ipe", 1, "tpm_extend", 2);
        assert_before("tpm_extend", 3, "sepolicy_load", 0);
        fake_machine_remove();
}

static void test_of_usr(_unused_ void **state)
{
        struct fake_machine_options o = machine(UNLOADED);

        o.ipe[0] = NULL;
        o.ipe_of_usr = FIRST;
        assert_int_equal(boot_with(&o, 0), FAKE_OS_EXECED);
        assert_string_equal(boot.evidence.ipe.policies[0].source, "usr");
        assert_int_equal(boot.evidence.ipe.n_policies, 1);
        fake_machine_remove();
        /* The floor's own, named once more. */
        o.ipe[0] = FIRST;
        assert_int_equal(boot_with(&o, 0), FAKE_OS_EXECED);
        assert_string_equal(boot.evidence.ipe.policies[0].source, "initramfs");
        assert_int_equal(boot.evidence.ipe.n_policies, 1);
        fake_machine_remove();
        o.ipe[0] = SECOND;
        assert_refused(&o, STAGE_CONFIG, FAIL_CMDLINE_CONTRADICTION_CODE, "the floor has become active (ipe-policy=) is another");
        /* What is only deployed cannot be asked for in its place. */
        o.ipe[1] = FIRST;
        assert_refused(&o, STAGE_CONFIG, FAIL_CMDLINE_CONTRADICTION_CODE, "the floor has become active (ipe-policy=) is another");
}

static void test_without(_unused_ void **state)
{
        struct fake_machine_options o = machine(FAKE_FLOOR);

        o.ipe[0] = NULL;
        assert_int_equal(boot_with(&o, 0), FAKE_OS_EXECED);
        assert_string_equal(boot.evidence.ipe.state, "absent");
        assert_int_equal(boot.evidence.ipe.n_policies, 0);
        assert_string_equal(boot.evidence.ipe.mac_admin, "");
        assert_int_equal(fake_count("os_deploy_ipe") + fake_count("os_drop_capability"), 0);
        fake_machine_remove();
        o.floor = UNLOADED;
        assert_refused(&o, STAGE_PLAN, FAIL_IPE_ABSENT_CODE, "neither floor (ipe-policy=) nor command line (init.ipe=) names one");
}

/* ipe=allow is about there being none: one that is named is loaded, and a kernel that cannot is refused. */
static void test_kernel_without_ipe(_unused_ void **state)
{
        struct fake_machine_options o = machine(FAKE_FLOOR);

        o.lacks_ipe = true;
        assert_refused(&o, STAGE_PLAN, FAIL_IPE_ABSENT_CODE, "does not run IPE, and the floor names a policy");
        o.ipe[0] = NULL;
        o.ipe_of_usr = FIRST;
        assert_refused(&o, STAGE_PLAN, FAIL_IPE_ABSENT_CODE, "does not run IPE, and the command line names a policy");
        o.ipe_of_usr = NULL;
        assert_int_equal(boot_with(&o, 0), FAKE_OS_EXECED);
        fake_machine_remove();
}

/* Directories may be there of a kernel that runs something else. */
static void test_the_list_decides(_unused_ void **state)
{
        struct fake_machine_options o = machine(FAKE_FLOOR);

        fake_machine_make(&o);
        fake_machine_put(LSM_PATH, "capability,ipe");
        (void) run_pid1();
        assert_ended(STAGE_PLAN, FAIL_SELINUX_ABSENT_CODE, "does not run SELinux");
        fake_machine_remove();
        fake_machine_make(&o);
        fake_machine_put(LSM_PATH, "capability,selinux");
        (void) run_pid1();
        assert_ended(STAGE_PLAN, FAIL_IPE_ABSENT_CODE, "does not run IPE");
        fake_machine_remove();
}

static void boot_again(const struct fake_machine_options *o, const char *path, const char *text)
{
        fake_machine_make(o);
        if (text)
                fake_machine_put(path, text);
        else
                assert_int_equal(unlinkat(fake_machine_fd(), path, 0), 0);
        (void) run_pid1();
}

/* No list is no module, which the floor may allow; one that is not understood is no answer, whatever it allows. */
static void test_the_list_cannot_be_read(_unused_ void **state)
{
        struct fake_machine_options o = machine(FAKE_FLOOR "selinux=allow\n");
        char text[LSM_LIST_MAX + 1];

        o.ipe[0] = NULL;
        boot_again(&o, LSM_PATH, NULL);
        assert_int_equal(fake_os.outcome, FAKE_OS_EXECED);
        assert_string_equal(boot.evidence.lsm, "");
        assert_string_equal(boot.evidence.selinux_state, "absent");
        fake_machine_remove();

        memset(text, ',', sizeof(text));
        text[sizeof(text) - 1] = '\0';
        boot_again(&o, LSM_PATH, text);
        assert_ended(STAGE_PROBE, FAIL_API_MOUNT_FAILED_CODE, LSM_PATH ", the list of the kernel's security modules, cannot be read: EFBIG");
        fake_machine_remove();

        fake_machine_make(&o);
        assert_int_equal(unlinkat(fake_machine_fd(), LSM_PATH, 0), 0);
        assert_int_equal(mkdirat(fake_machine_fd(), LSM_PATH, 0755), 0);
        (void) run_pid1();
        assert_ended(STAGE_PROBE, FAIL_API_MOUNT_FAILED_CODE, "cannot be read: EISDIR");
        fake_machine_remove();
}

static void test_without_selinux(_unused_ void **state)
{
        struct fake_machine_options o = machine(UNLOADED "selinux=allow\n");

        o.has_selinux = false;
        assert_int_equal(boot_with(&o, 0), FAKE_OS_EXECED);
        assert_string_equal(boot.evidence.ipe.state, "enforcing");
        assert_string_equal(boot.evidence.selinux_state, "absent");
        assert_int_equal(boot.evidence.stages[STAGE_MAC].verdict, VERDICT_SKIPPED);
        assert_string_equal(boot.evidence.stages[STAGE_MAC].reason, "ipe-alone");
        fake_machine_remove();
}

static const char *path_of_first(const char *dir)
{
        static char path[192];

        (void) snprintf(path, sizeof(path), "%s/%s.p7b", dir, boot.evidence.ipe.policies[0].digest);
        return path;
}

static void test_other_files(_unused_ void **state)
{
        struct fake_machine_options o = machine(UNLOADED);
        char path[192];

        assert_int_equal(boot_with(&o, 0), FAKE_OS_EXECED);
        (void) str_copy(path, sizeof(path), path_of_first("etc/verinit/ipe"));
        fake_machine_remove();
        boot_again(&o, path, FAKE_SIGNED SECOND);
        assert_ended(STAGE_MAC, FAIL_FLOOR_FILE_MISMATCH_CODE, "was packed");
        fake_machine_remove();
        boot_again(&o, path, NULL);
        assert_ended(STAGE_MAC, FAIL_FLOOR_FILE_MISMATCH_CODE, "cannot be read: ENOENT");
        fake_machine_remove();

        o.ipe[0] = NULL;
        o.ipe_of_usr = FIRST;
        assert_int_equal(boot_with(&o, 0), FAKE_OS_EXECED);
        (void) str_copy(path, sizeof(path), path_of_first("sysusr/lib/verinit/ipe"));
        fake_machine_remove();
        boot_again(&o, path, FAKE_SIGNED SECOND);
        assert_ended(STAGE_MAC, FAIL_IPE_POLICY_MISMATCH_CODE, "/usr/lib/verinit/ipe/");
        fake_machine_remove();
        boot_again(&o, path, NULL);
        assert_ended(STAGE_MAC, FAIL_IPE_POLICY_MISSING_CODE, "/usr/lib/verinit/ipe/");
        fake_machine_remove();
}

static void test_malformed(_unused_ void **state)
{
        struct fake_machine_options o = machine(UNLOADED);

        o.ipe[0] = "policy_name=first policy_version=1.2\n";
        assert_refused(&o, STAGE_MAC, FAIL_IPE_POLICY_MALFORMED_CODE, "policy_version= is not three numbers");
}

/* systemd would find it, whatever it is called, and fail. */
static void test_systemd_has_one_too(_unused_ void **state)
{
        static const char *const found[] = { "lib/ipe/a.p7b", "local/lib/ipe/.p7b", "etc/ipe/boot.p7b" };
        static const char *const passed[] = { "lib/ipe/README", "lib/ipe/a.p7b.txt", "lib/ipe", "share/ipe/a.p7b" };
        struct fake_machine_options o = machine(UNLOADED);
        char path[64];

        for (size_t i = 0; i < ARRAY_SIZE(found); i++) {
                (void) snprintf(path, sizeof(path), "sysusr/%s", found[i]);
                boot_again(&o, path, "");
                assert_ended(STAGE_MAC, FAIL_IPE_POLICY_AMBIGUOUS_CODE, found[i]);
                fake_machine_remove();
        }
        for (size_t i = 0; i < ARRAY_SIZE(passed); i++) {
                (void) snprintf(path, sizeof(path), "sysusr/%s", passed[i]);
                boot_again(&o, path, "");
                assert_int_equal(fake_os.outcome, FAKE_OS_EXECED);
                fake_machine_remove();
        }
        /* Where PID 1 has none to load it is systemd's business. */
        o = machine(FAKE_FLOOR);
        o.ipe[0] = NULL;
        boot_again(&o, "sysusr/lib/ipe/a.p7b", "");
        assert_int_equal(fake_os.outcome, FAKE_OS_EXECED);
        fake_machine_remove();
}

static int answer;

static int deploy(_unused_ const void *policy, _unused_ size_t size)
{
        return answer;
}

static void test_the_kernel_refuses(_unused_ void **state)
{
        static const struct {
                int answer;
                enum fail_code code;
                const char *says;
        } cases[] = {
                { -ENOKEY, FAIL_KERNEL_KEY_MISSING_CODE, "IPE policy first: no keyring of the kernel has the key" },
                { -EKEYREJECTED, FAIL_KERNEL_KEY_REJECTED_CODE, "IPE policy first: the kernel rejects its signature" },
                { -EBADMSG, FAIL_IPE_LOAD_FAILED_CODE, "IPE policy first 1.2.3: the kernel does not take it: EBADMSG" },
                { -EPERM, FAIL_IPE_LOAD_FAILED_CODE, "EPERM" },
        };
        struct fake_machine_options o = machine(UNLOADED);

        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                fake_machine_make(&o);
                answer = cases[i].answer;
                fake_os.deploy_ipe = deploy;
                (void) run_pid1();
                assert_ended(STAGE_MAC, cases[i].code, cases[i].says);
                fake_machine_remove();
        }
        /* Two of one name. */
        o.ipe[1] = "policy_name=first policy_version=1.2.4\n";
        assert_refused(&o, STAGE_MAC, FAIL_IPE_LOAD_FAILED_CODE, "first 1.2.4: the kernel does not take it: EEXIST");
}

static const char *changed_file, *changed_text;

static void change(int root_fd, const char *dir)
{
        char path[192];

        (void) snprintf(path, sizeof(path), "%s/%s", dir, changed_file);
        assert_int_equal(fsat_create(root_fd, path, changed_text, strlen(changed_text), 0600), 0);
}

static void test_what_is_read_back(_unused_ void **state)
{
        static const struct {
                const char *file, *text, *says;
        } cases[] = {
                { "name", "other", "policies/first/name says 'other', expected 'first'" },
                { "version", "1.2.4", "policies/first/version says '1.2.4', expected '1.2.3'" },
                { "pkcs7", FAKE_SIGNED SECOND, "policies/first/pkcs7 is not the policy that the kernel was given" },
                { "../../enforce", "0", "ipe/enforce says '0', expected '1'" },
        };
        struct fake_machine_options o = machine(UNLOADED);

        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                fake_machine_make(&o);
                changed_file = cases[i].file;
                changed_text = cases[i].text;
                fake_os.deployed_ipe = change;
                (void) run_pid1();
                assert_ended(STAGE_MAC, FAIL_IPE_NOT_ENFORCED_CODE, cases[i].says);
                assert_int_equal(fake_tpm_count(13), 2); /* the volume, and the poison */
                fake_machine_remove();
        }
        /* A longer text is overwritten in part: what it says then is no yes. */
        fake_machine_make(&o);
        changed_file = "active";
        changed_text = "00";
        fake_os.deployed_ipe = change;
        (void) run_pid1();
        assert_ended(STAGE_MAC, FAIL_IPE_NOT_ENFORCED_CODE, "policies/first/active says '10', expected '1'");
        fake_machine_remove();
}

static void test_capability(_unused_ void **state)
{
        struct fake_machine_options o = machine(UNLOADED);

        assert_int_equal(boot_with(&o, 0), FAKE_OS_EXECED);
        assert_int_equal(fake_os.dropped_capability, MAC_ADMIN);
        assert_string_equal(boot.evidence.ipe.mac_admin, "dropped");
        assert_string_equal(text_of(HELPERS), "4294967295 509");
        assert_before("os_deploy_ipe", 0, "os_drop_capability", 0);
        fake_machine_remove();

        o.floor = UNLOADED "ipe-drop-mac-admin=no\n";
        assert_int_equal(boot_with(&o, 0), FAKE_OS_EXECED);
        assert_int_equal(fake_os.dropped_capability, 0);
        assert_string_equal(boot.evidence.ipe.mac_admin, "kept");
        assert_string_equal(text_of(HELPERS), "4294967295\t511");
        fake_machine_remove();
}

static void test_capability_that_stays(_unused_ void **state)
{
        static const char *const unread[] = { "", "1", "4294967296 511", "1 4294967296", "1 2 3", "x 511", "1 x" };
        struct fake_machine_options o = machine(UNLOADED);

        fake_machine_make(&o);
        fake_fail_name("os_drop_capability");
        (void) run_pid1();
        assert_ended(STAGE_MAC, FAIL_CAPABILITY_KEPT_CODE, "from the bounding set: EPERM");
        fake_machine_remove();
        for (size_t i = 0; i < ARRAY_SIZE(unread); i++) {
                boot_again(&o, HELPERS, unread[i]);
                assert_ended(STAGE_MAC, FAIL_CAPABILITY_KEPT_CODE, "from the kernel's helpers (/" HELPERS "): EBADMSG");
                fake_machine_remove();
        }
        boot_again(&o, HELPERS, NULL);
        assert_ended(STAGE_MAC, FAIL_CAPABILITY_KEPT_CODE, "ENOENT");
        fake_machine_remove();
        /* As it is without what the host would lose. */
        boot_again(&o, HELPERS, "0\t509\n");
        assert_int_equal(fake_os.outcome, FAKE_OS_EXECED);
        fake_machine_remove();
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_of_the_initramfs),
                cmocka_unit_test(test_order),
                cmocka_unit_test(test_of_usr),
                cmocka_unit_test(test_without),
                cmocka_unit_test(test_kernel_without_ipe),
                cmocka_unit_test(test_the_list_decides),
                cmocka_unit_test(test_the_list_cannot_be_read),
                cmocka_unit_test(test_without_selinux),
                cmocka_unit_test(test_other_files),
                cmocka_unit_test(test_malformed),
                cmocka_unit_test(test_systemd_has_one_too),
                cmocka_unit_test(test_the_kernel_refuses),
                cmocka_unit_test(test_what_is_read_back),
                cmocka_unit_test(test_capability),
                cmocka_unit_test(test_capability_that_stays),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
