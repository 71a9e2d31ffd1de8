/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Boots under one floor and another: what it names, and what it lets through to systemd.
 */
#include "pid1.h"

/* What an archive beside ours can do: bring a floor where there is none, another one, or none where there is one. */
static void test_the_floor_is_the_one_that_was_packed(_unused_ void **state)
{
        const struct fake_machine_options none = { .has_tpm = true, .has_selinux = true };
        static const char weak[] = FAKE_FLOOR "tpm=allow\nfailure-delay=0\n";

        fake_machine_make(&none);
        fake_machine_put(FLOOR_PATH, weak);
        assert_int_equal(run_pid1(), FAKE_OS_ENDED);
        assert_int_equal(error.stage, STAGE_CONFIG);
        assert_int_equal(error.code, FAIL_FLOOR_DIGEST_MISMATCH_CODE);
        /* And nothing of it is obeyed. */
        assert_string_equal(fake_find("os_sleep_us", 0)->detail, "10000000");
        fake_machine_remove();

        fake_machine_make(&full);
        fake_machine_put(FLOOR_PATH, weak);
        assert_int_equal(run_pid1(), FAKE_OS_ENDED);
        assert_int_equal(error.code, FAIL_FLOOR_DIGEST_MISMATCH_CODE);
        assert_string_equal(fake_find("os_sleep_us", 0)->detail, "10000000");
        fake_machine_remove();

        /* It was packed, so it is not one that was never there. */
        fake_machine_make(&full);
        assert_return_code(unlinkat(fake_machine_fd(), FLOOR_PATH, 0), 0);
        assert_int_equal(run_pid1(), FAKE_OS_ENDED);
        assert_int_equal(error.code, FAIL_FLOOR_DIGEST_MISMATCH_CODE);
        fake_machine_remove();
}

/* A directory in its place is what a cpio archive makes of a file. */
static void test_a_floor_that_cannot_be_read_was_hidden(_unused_ void **state)
{
        fake_machine_make(&full);
        assert_return_code(unlinkat(fake_machine_fd(), FLOOR_PATH, 0), 0);
        assert_return_code(mkdirat(fake_machine_fd(), FLOOR_PATH, 0755), 0);
        assert_int_equal(run_pid1(), FAKE_OS_ENDED);
        assert_int_equal(error.stage, STAGE_CONFIG);
        assert_int_equal(error.code, FAIL_FLOOR_DIGEST_MISMATCH_CODE);
        fake_machine_remove();
}

static void test_files_are_those_that_the_floor_names(_unused_ void **state)
{
        const struct fake_machine_options unbaked = {
                .floor = FAKE_FLOOR "cmdline=allow\n", .has_tpm = true, .has_selinux = true,
        };

        fake_machine_make(&full);
        fake_machine_put("etc/verinit/modules", "verinit-modules 1 other\n");
        assert_int_equal(run_pid1(), FAKE_OS_ENDED);
        assert_int_equal(error.stage, STAGE_PROBE);
        assert_int_equal(error.code, FAIL_FLOOR_FILE_MISMATCH_CODE);
        assert_int_equal(fake_count("os_load_module"), 0);
        fake_machine_remove();

        /* A floor that is the right one, and names none: an archive could have brought them. */
        fake_machine_make(&full);
        fake_machine_put_floor(FAKE_FLOOR);
        assert_int_equal(run_pid1(), FAKE_OS_ENDED);
        assert_int_equal(error.stage, STAGE_PROBE);
        assert_int_equal(error.code, FAIL_FLOOR_FILE_UNNAMED_CODE);
        fake_machine_remove();

        /* "There may be none" is not "it may be gone". */
        fake_machine_make(&unbaked);
        assert_return_code(unlinkat(fake_machine_fd(), "etc/verinit/cmdline", 0), 0);
        assert_int_equal(run_pid1(), FAKE_OS_ENDED);
        assert_int_equal(error.code, FAIL_BAKED_CMDLINE_MISSING_CODE);
        fake_machine_remove();

        /* What was read and what it is compared with could both be another's. */
        fake_machine_make(&full);
        fake_machine_put("etc/verinit/cmdline", "usrhash=0000");
        assert_int_equal(run_pid1(), FAKE_OS_ENDED);
        assert_int_equal(error.stage, STAGE_PROVE);
        assert_int_equal(error.code, FAIL_FLOOR_FILE_MISMATCH_CODE);
        fake_machine_remove();
}

/* A host with systemd 261 or newer: twelve PCRs before enter-initrd, and a record of each. */
static void test_os_separator(_unused_ void **state)
{
        const struct fake_machine_options options = {
                .floor = FAKE_FLOOR "os-separator=yes\n", .has_tpm = true, .has_selinux = true,
        };
        static const unsigned pcrs[] = { 0, 1, 2, 3, 4, 5, 6, 7, 9, 12, 13, 14 };
        static char log[65536];
        size_t n = 0;

        assert_int_equal(boot_with(&options, 0), FAKE_OS_EXECED);
        assert_int_equal(boot.evidence.n_words, ARRAY_SIZE(pcrs) + 5);
        for (size_t i = 0; i < ARRAY_SIZE(pcrs); i++) {
                assert_int_equal(fake_tpm_count(pcrs[i]), pcrs[i] == 13 ? 4 : 1);
                assert_int_equal(boot.evidence.words[i].pcr, pcrs[i]);
                assert_string_equal(boot.evidence.words[i].word, "os-separator");
        }
        assert_string_equal(boot.evidence.words[ARRAY_SIZE(pcrs)].word, "enter-initrd");
        assert_true(fsat_read(fake_os.root_fd, "run/log/systemd/tpm2-measure.log", log, sizeof(log)) > 0);
        for (const char *p = log; (p = strstr(p, "\"eventType\":\"os-separator\"")); p++)
                n++;
        assert_int_equal(n, ARRAY_SIZE(pcrs));
        n = 0;
        for (const char *p = log; (p = strstr(p, "\"eventType\":\"phase\"")); p++)
                n++;
        assert_int_equal(n, 5);
        fake_machine_remove();
}

#define LOCK_LINK "run/systemd/system/sysinit.target.requires/verinit-selinux-lock.service"
#define LOCK_UNIT "sysroot/usr/lib/systemd/system/verinit-selinux-lock.service"
#define LOCK_PROGRAM "sysroot/usr/libexec/verinit-selinux-lock"

static void put_lock(void)
{
        fake_machine_put(LOCK_UNIT, "[Unit]\n");
        fake_machine_put(LOCK_PROGRAM, "#!/bin/sh\n");
        assert_int_equal(fchmodat(fake_machine_fd(), LOCK_PROGRAM, 0755, 0), 0);
}

/* By PID 1 before anything that is not verified is mounted; by a unit, which PID 1 only asks for; by nobody. */
static void test_who_locks_selinux(_unused_ void **state)
{
        static const struct {
                const char *floor, *lock;
                bool is_locked, is_asked;
        } cases[] = {
                { FAKE_FLOOR, "early", true, false },
                { FAKE_FLOOR "selinux-lock=early\n", "early", true, false },
                { FAKE_FLOOR "selinux-lock=late\n", "late", false, true },
                { FAKE_FLOOR "selinux-lock=none\n", "none", false, false },
        };

        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                const struct fake_machine_options options = { .floor = cases[i].floor, .has_tpm = true, .has_selinux = true };
                char target[128] = "";

                fake_machine_make(&options);
                put_lock();
                assert_int_equal(run_pid1(), FAKE_OS_EXECED);
                assert_int_equal(fake_sepolicy.is_locked, cases[i].is_locked);
                assert_int_equal(fake_count("sepolicy_check_lockable"), cases[i].is_asked);
                assert_string_equal(boot.evidence.selinux_lock, cases[i].lock);
                assert_int_equal(fsat_exists(fake_os.root_fd, LOCK_LINK), cases[i].is_asked);
                if (cases[i].is_asked) {
                        assert_true(readlinkat(fake_os.root_fd, LOCK_LINK, target, sizeof(target) - 1) > 0);
                        assert_string_equal(target, "/usr/lib/systemd/system/verinit-selinux-lock.service");
                }
                fake_machine_remove();
        }
}

static void remove_file(const char *path)
{
        assert_int_equal(unlinkat(fake_machine_fd(), path, 0), 0);
}

static void without_unit(void)
{
        remove_file(LOCK_UNIT);
}

static void masked_unit(void)
{
        remove_file(LOCK_UNIT);
        assert_int_equal(symlinkat("/dev/null", fake_machine_fd(), LOCK_UNIT), 0);
}

static void empty_unit(void)
{
        remove_file(LOCK_UNIT);
        fake_machine_put(LOCK_UNIT, "");
}

static void without_program(void)
{
        remove_file(LOCK_PROGRAM);
}

static void no_program(void)
{
        assert_int_equal(fchmodat(fake_machine_fd(), LOCK_PROGRAM, 0644, 0), 0);
}

static void test_the_unit_that_locks_has_to_be_there(_unused_ void **state)
{
        static const struct {
                void (*spoil)(void);
                const char *says;
        } cases[] = {
                { without_unit, "no /usr/lib/systemd/system/verinit-selinux-lock.service, which" },
                { masked_unit, "system/verinit-selinux-lock.service, which selinux-lock=late leaves it to, is no plain file" },
                { empty_unit, "leaves it to, is empty" },
                { without_program, "no /usr/libexec/verinit-selinux-lock, which" },
                { no_program, "libexec/verinit-selinux-lock, which selinux-lock=late leaves it to, is no program" },
        };
        const struct fake_machine_options options = {
                .floor = FAKE_FLOOR "selinux-lock=late\n", .has_tpm = true, .has_selinux = true,
        };
        const struct fake_machine_options without = { .floor = FAKE_FLOOR "selinux=allow\nselinux-lock=late\n", .has_tpm = true };

        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                fake_machine_make(&options);
                put_lock();
                cases[i].spoil();
                assert_int_equal(run_pid1(), FAKE_OS_ENDED);
                assert_int_equal(error.stage, STAGE_RECORD);
                assert_int_equal(error.code, FAIL_SELINUX_LOCK_FAILED_CODE);
                assert_non_null(strstr(error.msg, cases[i].says));
                fake_machine_remove();
        }

        /* Nothing to lock. */
        fake_machine_make(&without);
        assert_int_equal(run_pid1(), FAKE_OS_EXECED);
        assert_string_equal(boot.evidence.selinux_lock, "");
        assert_false(fsat_exists(fake_os.root_fd, LOCK_LINK));
        fake_machine_remove();
}

/* What the unit would find out is found out before the host starts. */
static void test_the_policy_has_to_be_lockable(_unused_ void **state)
{
        const struct fake_machine_options options = {
                .floor = FAKE_FLOOR "selinux-lock=late\n", .has_tpm = true, .has_selinux = true,
        };

        fake_machine_make(&options);
        put_lock();
        fake_fail_name("sepolicy_check_lockable");
        assert_int_equal(run_pid1(), FAKE_OS_ENDED);
        assert_int_equal(error.stage, STAGE_MAC);
        assert_int_equal(error.code, FAIL_SELINUX_LOCK_FAILED_CODE);
        fake_machine_remove();
}

static void check_environment(char *const argv[], char *const envp[])
{
        assert_string_equal(argv[0], "/usr/lib/systemd/systemd");
        assert_null(argv[1]);
        assert_string_equal(envp[0], "TERM=linux");
        assert_string_equal(envp[1], "ENCRYPTED_CREDENTIALS_DIRECTORY=/run/credentials/@encrypted");
        assert_null(envp[2]);
}

static void test_environment_is_constructed(_unused_ void **state)
{
        assert_int_equal(setenv("LD_PRELOAD_OF_A_COMMAND_LINE", "x", 1), 0);
        fake_machine_make(&full);
        fake_os.exec = check_environment;
        assert_int_equal(run_pid1(), FAKE_OS_EXECED);
        fake_machine_remove();
}

#define SEALED "DHzAexF2RZGcSwvqCLwg/gAAAAA="  /* begins as what systemd-creds seals with the TPM */
#define OF_NO_KEY "BYRp2vb1QySABUnaD46i+wAAAAA=" /* and as what anybody can make */

static void assert_credential(const char *name, const char *text)
{
        char path[256], seen[64];
        struct stat st;

        snprintf(path, sizeof(path), "run/credentials/@encrypted/%s", name);
        if (!text) {
                assert_false(fsat_exists(fake_os.root_fd, path));
                return;
        }
        assert_true(fsat_read(fake_os.root_fd, path, seen, sizeof(seen)) > 0);
        assert_string_equal(seen, text);
        assert_int_equal(fstatat(fake_os.root_fd, path, &st, 0), 0);
        assert_int_equal(st.st_mode, S_IFREG | 0400);
}

static void put_credentials(void)
{
        fake_machine_put(".extra/credentials/a.cred", SEALED "a");
        fake_machine_put(".extra/global_credentials/a.cred", SEALED "global");
        fake_machine_put(".extra/global_credentials/b@c.service.cred", SEALED "b");
}

static void no_credentials_directory(_unused_ char *const argv[], char *const envp[])
{
        assert_string_equal(envp[0], "TERM=linux");
        assert_null(envp[1]);
}

static void test_credentials_are_those_of_the_floor(_unused_ void **state)
{
        const struct fake_machine_options esp = {
                .floor = FAKE_FLOOR "credentials=esp-encrypted\n", .has_tpm = true, .has_selinux = true,
        };
        const struct fake_machine_options platform = {
                .floor = FAKE_FLOOR "credentials=platform\n", .has_tpm = true, .has_selinux = true,
        };

        fake_machine_make(&full);
        put_credentials();
        fake_os.exec = check_environment;
        assert_int_equal(run_pid1(), FAKE_OS_EXECED);
        assert_credential("a", NULL);
        assert_string_equal(boot.evidence.credentials, "none");
        fake_machine_remove();

        fake_machine_make(&esp);
        put_credentials();
        fake_os.exec = check_environment;
        assert_int_equal(run_pid1(), FAKE_OS_EXECED);
        assert_credential("a", SEALED "a");
        assert_credential("b@c.service", SEALED "b");
        assert_string_equal(boot.evidence.credentials, "esp-encrypted");
        assert_int_equal(boot.evidence.n_credentials, 2);
        fake_machine_remove();

        fake_machine_make(&platform);
        put_credentials();
        fake_os.exec = no_credentials_directory;
        assert_int_equal(run_pid1(), FAKE_OS_EXECED);
        assert_credential("a", NULL);
        assert_string_equal(boot.evidence.credentials, "platform");
        fake_machine_remove();
}

static void test_credentials_that_nobody_sealed(_unused_ void **state)
{
        const struct fake_machine_options esp = {
                .floor = FAKE_FLOOR "credentials=esp-encrypted\n", .has_tpm = true, .has_selinux = true,
        };
        static const struct {
                const char *path, *text;
        } bad[] = {
                { ".extra/credentials/systemd.extra-unit.x.service.cred", OF_NO_KEY },
                { ".extra/credentials/plain.cred", "[Service]\nExecStart=/bin/sh\n" },
                { ".extra/global_credentials/empty.cred", "" },
                { ".extra/credentials/a:b.cred", SEALED },
                { ".extra/credentials/...cred", SEALED },
                { ".extra/credentials/.cred", SEALED },
                { ".extra/credentials/a.crd", SEALED },
                { ".extra/credentials/directory.cred/x", SEALED },
        };

        for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
                fake_machine_make(&esp);
                fake_machine_put(bad[i].path, bad[i].text);
                assert_int_equal(run_pid1(), FAKE_OS_ENDED);
                assert_int_equal(error.stage, STAGE_RECORD);
                if (error.code != FAIL_CREDENTIAL_REFUSED_CODE)
                        fail_msg("%s: %s", bad[i].path, error.msg);
                fake_machine_remove();
        }
}

static void test_credentials_have_a_bound(_unused_ void **state)
{
        const struct fake_machine_options esp = {
                .floor = FAKE_FLOOR "credentials=esp-encrypted\n", .has_tpm = true, .has_selinux = true,
        };

        for (int n = CREDENTIAL_MAX_FILES; n <= CREDENTIAL_MAX_FILES + 1; n++) {
                fake_machine_make(&esp);
                for (int i = 0; i < n; i++) {
                        char path[64];

                        snprintf(path, sizeof(path), ".extra/credentials/n%d.cred", i);
                        fake_machine_put(path, SEALED);
                }
                assert_int_equal(run_pid1(), n > CREDENTIAL_MAX_FILES ? FAKE_OS_ENDED : FAKE_OS_EXECED);
                if (n > CREDENTIAL_MAX_FILES)
                        assert_int_equal(error.code, FAIL_CREDENTIAL_REFUSED_CODE);
                fake_machine_remove();
        }
        for (int more = 0; more <= 1; more++) {
                static char text[CREDENTIAL_MAX_BYTES + 2];

                memset(text, 'A', sizeof(text));
                text[CREDENTIAL_MAX_BYTES + more] = '\0';
                memcpy(text, SEALED, sizeof(SEALED) - 1);
                fake_machine_make(&esp);
                fake_machine_put(".extra/credentials/large.cred", text);
                assert_int_equal(run_pid1(), more ? FAKE_OS_ENDED : FAKE_OS_EXECED);
                fake_machine_remove();
        }
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_the_floor_is_the_one_that_was_packed),
                cmocka_unit_test(test_a_floor_that_cannot_be_read_was_hidden),
                cmocka_unit_test(test_files_are_those_that_the_floor_names),
                cmocka_unit_test(test_os_separator),
                cmocka_unit_test(test_who_locks_selinux),
                cmocka_unit_test(test_the_unit_that_locks_has_to_be_there),
                cmocka_unit_test(test_the_policy_has_to_be_lockable),
                cmocka_unit_test(test_credentials_are_those_of_the_floor),
                cmocka_unit_test(test_credentials_that_nobody_sealed),
                cmocka_unit_test(test_credentials_have_a_bound),
                cmocka_unit_test(test_environment_is_constructed),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
