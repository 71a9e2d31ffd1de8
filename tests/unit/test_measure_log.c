/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * One extend and its record, with real digests and a TPM that watches the log: what another reader would find if we died
 * at this point.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include "fake_os.h"
#include "fake_tpm.h"
#include "fakes.h"
#include "temp_dir.h"
#include "verinit/fsat.h"
#include "verinit/measure.h"

#define LOG_FILE "run/log/systemd/tpm2-measure.log"

/* H("enter-initrd"), the value of systemd's own 750-enter-initrd.pcrlock. */
#define ENTER_SHA256 "51e6b92f405d1f98d96e3de343d61d420ad6923b25de21d766f9298192f14fed"
#define LEAVE_SHA256 "3be261aff7db92bf507eae947f4003ffa2bcad0bffe3524601d62d0bc8be7135"

static struct temp_dir dir;
static struct measure measure;

static int setup(_unused_ void **state)
{
        fake_reset();
        fake_os_reset();
        fake_tpm_reset();
        if (temp_dir_make(&dir) < 0)
                return -1;
        measure = (struct measure) {
                .banks = { .n = 1, .algs = { DIGEST_SHA256 } },
                .root_fd = dir.fd,
                .boot_id = "0123456789abcdef0123456789abcdef",
        };
        fake_tpm.banks = measure.banks;
        return tpm_open("fake", &measure.tpm, &(struct error) {});
}

static int teardown(_unused_ void **state)
{
        return temp_dir_remove(&dir);
}

static mode_t mode_of(const char *path)
{
        struct stat st;

        assert_int_equal(fstatat(dir.fd, path, &st, AT_SYMLINK_NOFOLLOW), 0);
        return st.st_mode;
}

static const char *log_text(void)
{
        static char text[8192];

        assert_true(fsat_read(dir.fd, LOG_FILE, text, sizeof(text)) >= 0);
        return text;
}

static void assert_log(const char *want)
{
        assert_string_equal(log_text(), want);
}

#define RECORD(pcr, digest, word, time)                                                                    \
        "\x1e{\"pcr\":" pcr ",\"digests\":[{\"hashAlg\":\"sha256\",\"digest\":\"" digest "\"}],"           \
        "\"content_type\":\"systemd\",\"content\":{\"string\":\"" word "\","                               \
        "\"bootId\":\"0123456789abcdef0123456789abcdef\",\"timestamp\":" time ",\"eventType\":\"phase\"}}\n"

static void extend_ok(unsigned pcr, const char *word)
{
        struct error err = {};

        if (measure_extend(&measure, pcr, word, &err) < 0)
                fail_msg("%s", err.msg);
}

static void extend_fails(const char *word, enum fail_code code, int errno_value)
{
        struct error err = {};

        assert_int_equal(measure_extend(&measure, 11, word, &err), -errno_value);
        if (err.code != code)
                fail_msg("%s instead of %s: %s", fail_code_name(err.code), fail_code_name(code), err.msg);
}

static void test_the_log_holds_what_was_extended(_unused_ void **state)
{
        mode_t old = umask(0077);
        char hex[DIGEST_MAX_HEX];

        fake_os.now_us = 999;
        extend_ok(11, "enter-initrd");
        fake_os.now_us = 1999;
        extend_ok(13, "leave-initrd");
        (void) umask(old);

        assert_log(RECORD("11", ENTER_SHA256, "enter-initrd", "1000")
                   RECORD("13", LEAVE_SHA256, "leave-initrd", "2000"));
        assert_int_equal(mode_of(LOG_FILE), S_IFREG | 0600);
        assert_int_equal(mode_of("run/log/systemd"), S_IFDIR | 0755);
        assert_int_equal(mode_of("run/log"), S_IFDIR | 0755);

        assert_int_equal(fake_tpm.n_extends, 2);
        assert_int_equal(fake_tpm.extends[0].pcr, 11);
        assert_int_equal(fake_tpm.extends[0].n_digests, 1);
        digest_hex(&fake_tpm.extends[0].digests[0], hex);
        assert_string_equal(hex, ENTER_SHA256);
        assert_int_equal(fake_tpm.extends[1].pcr, 13);
}

static void test_all_banks_in_one_command(_unused_ void **state)
{
        measure.banks = (struct tpm_banks) { .n = 4,
                                             .algs = { DIGEST_SHA384, DIGEST_SHA1, DIGEST_SHA512, DIGEST_SHA256 } };
        extend_ok(11, "enter-initrd");
        assert_int_equal(fake_tpm.n_extends, 1);
        assert_int_equal(fake_tpm.extends[0].n_digests, 4);
        for (size_t i = 0; i < 4; i++)
                assert_int_equal(fake_tpm.extends[0].digests[i].alg, measure.banks.algs[i]);
        assert_non_null(strstr(log_text(), ENTER_SHA256));
        assert_non_null(strstr(log_text(), "{\"hashAlg\":\"sha384\""));
}

/* At the moment of the TPM command: locked, marked, and not yet a record. */
static void look_at_log(_unused_ unsigned pcr)
{
        _cleanup_fd_ int fd = openat(dir.fd, LOG_FILE, O_RDONLY | O_CLOEXEC);
        struct stat st;

        assert_true(fd >= 0);
        assert_int_equal(flock(fd, LOCK_SH | LOCK_NB), -1);
        assert_int_equal(errno, EWOULDBLOCK);
        assert_int_equal(fstat(fd, &st), 0);
        assert_int_equal(st.st_mode, S_IFREG | 01600);
        assert_int_equal(st.st_size, 0);
}

static void test_lock_and_mark_come_before_the_extend(_unused_ void **state)
{
        _cleanup_fd_ int fd = -1;

        fake_tpm.on_extend = look_at_log;
        extend_ok(11, "enter-initrd");
        fd = openat(dir.fd, LOG_FILE, O_RDONLY | O_CLOEXEC);
        assert_int_equal(flock(fd, LOCK_EX | LOCK_NB), 0); /* let go */
}

/* Nobody knows whether the TPM took it: the log does not pretend to be whole, and nothing more is measured. */
static void test_a_failed_extend_leaves_the_mark(_unused_ void **state)
{
        extend_ok(11, "enter-initrd");
        fake_fail_name("tpm_extend");
        extend_fails("leave-initrd", FAIL_EXTEND_FAILED_CODE, EIO);
        assert_int_equal(mode_of(LOG_FILE), S_IFREG | 01600);
        assert_null(strstr(log_text(), "leave-initrd"));

        fake_fail_name(NULL);
        extend_fails("leave-initrd", FAIL_MEASURE_LOG_FAILED_CODE, ESTALE);
        assert_int_equal(fake_tpm.n_extends, 1);
        assert_null(strstr(log_text(), "leave-initrd"));
}

static void test_what_cannot_be_logged_is_not_extended(_unused_ void **state)
{
        assert_int_equal(fsat_create(dir.fd, "run", "", 0, 0600), 0);
        extend_fails("enter-initrd", FAIL_MEASURE_LOG_FAILED_CODE, ENOTDIR);
        assert_int_equal(unlinkat(dir.fd, "run", 0), 0);

        assert_int_equal(fsat_mkdir_p(dir.fd, "run/log/systemd", 0755), 0);
        assert_int_equal(symlinkat("elsewhere", dir.fd, LOG_FILE), 0);
        extend_fails("enter-initrd", FAIL_MEASURE_LOG_FAILED_CODE, ELOOP);
        assert_int_equal(unlinkat(dir.fd, LOG_FILE, 0), 0);

        assert_int_equal(fsat_mkdir_p(dir.fd, LOG_FILE, 0755), 0);
        extend_fails("enter-initrd", FAIL_MEASURE_LOG_FAILED_CODE, EISDIR);
        assert_int_equal(fake_count("tpm_extend"), 0);
}

static void test_a_bad_word_reaches_nothing(_unused_ void **state)
{
        extend_fails("enter initrd", FAIL_BUG_CODE, EINVAL);
        extend_fails("", FAIL_BUG_CODE, EINVAL);
        measure.banks.n = 0;
        extend_fails("enter-initrd", FAIL_BUG_CODE, EINVAL);
        assert_int_equal(fake_count("tpm_extend"), 0);
        assert_false(fsat_exists(dir.fd, "run"));
}

/* In a child: it dies inside the step that was asked for, by exit or by the signal of a write beyond the limit. */
static void extend_in_child(bool is_killed_in_write, rlim_t file_bytes)
{
        const struct rlimit limit = { .rlim_cur = file_bytes, .rlim_max = RLIM_INFINITY };
        pid_t pid = fork();
        int status;

        assert_true(pid >= 0);
        if (pid == 0) {
                struct error err = {};

                (void) signal(SIGXFSZ, is_killed_in_write ? SIG_DFL : SIG_IGN);
                if (setrlimit(RLIMIT_FSIZE, &limit) < 0)
                        _exit(99);
                _exit(measure_extend(&measure, 11, "leave-initrd", &err) < 0 ? (int) err.code : 0);
        }
        assert_int_equal(waitpid(pid, &status, 0), pid);
        if (is_killed_in_write)
                assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGXFSZ);
        else
                assert_true(WIFEXITED(status) && WEXITSTATUS(status) == FAIL_MEASURE_LOG_FAILED_CODE);
}

static void test_a_full_disk_leaves_the_mark(_unused_ void **state)
{
        extend_ok(11, "enter-initrd");
        extend_in_child(/* is_killed_in_write= */ false, (rlim_t) strlen(log_text()) + 10);
        assert_int_equal(mode_of(LOG_FILE), S_IFREG | 01600);
        extend_fails("leave-initrd", FAIL_MEASURE_LOG_FAILED_CODE, ESTALE);
}

static void test_a_death_while_writing_leaves_the_mark(_unused_ void **state)
{
        extend_ok(11, "enter-initrd");
        extend_in_child(/* is_killed_in_write= */ true, (rlim_t) strlen(log_text()));
        assert_int_equal(mode_of(LOG_FILE), S_IFREG | 01600);
        extend_fails("leave-initrd", FAIL_MEASURE_LOG_FAILED_CODE, ESTALE);
        assert_int_equal(fake_tpm.n_extends, 1);
}

static void die(_unused_ unsigned pcr)
{
        _exit(FAIL_MEASURE_LOG_FAILED_CODE);
}

static void test_a_death_while_extending_leaves_the_mark(_unused_ void **state)
{
        fake_tpm.on_extend = die;
        extend_in_child(/* is_killed_in_write= */ false, RLIM_INFINITY);
        fake_tpm.on_extend = NULL;
        assert_int_equal(mode_of(LOG_FILE), S_IFREG | 01600);
        assert_log("");
        extend_fails("leave-initrd", FAIL_MEASURE_LOG_FAILED_CODE, ESTALE);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test_setup_teardown(test_the_log_holds_what_was_extended, setup, teardown),
                cmocka_unit_test_setup_teardown(test_all_banks_in_one_command, setup, teardown),
                cmocka_unit_test_setup_teardown(test_lock_and_mark_come_before_the_extend, setup, teardown),
                cmocka_unit_test_setup_teardown(test_a_failed_extend_leaves_the_mark, setup, teardown),
                cmocka_unit_test_setup_teardown(test_what_cannot_be_logged_is_not_extended, setup, teardown),
                cmocka_unit_test_setup_teardown(test_a_bad_word_reaches_nothing, setup, teardown),
                cmocka_unit_test_setup_teardown(test_a_full_disk_leaves_the_mark, setup, teardown),
                cmocka_unit_test_setup_teardown(test_a_death_while_writing_leaves_the_mark, setup, teardown),
                cmocka_unit_test_setup_teardown(test_a_death_while_extending_leaves_the_mark, setup, teardown),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
