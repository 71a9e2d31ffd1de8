/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The log and the TPM stay in step, whatever happens to the writer: no half a record, no record without its extend, and an
 * extend without its record only under the mark. The writer is killed before and after each of its system calls.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/user.h>
#include <sys/wait.h>

#include "fake_os.h"
#include "fake_tpm.h"
#include "fakes.h"
#include "namespaces.h"
#include "temp_dir.h"
#include "verinit/fsat.h"
#include "verinit/measure.h"

#define LOG_FILE "run/log/systemd/tpm2-measure.log"

enum { STOPS_MAX = 400 };

static struct temp_dir dir;
static struct measure measure;
static unsigned *n_extends; /* shared with children; counted when the TPM is about to be asked */

static void count_extend(_unused_ unsigned pcr)
{
        ++*n_extends;
}

static void prepare(int root_fd)
{
        fake_reset();
        fake_os_reset();
        fake_tpm_reset();
        *n_extends = 0;
        measure = (struct measure) {
                .banks = { .n = 2, .algs = { DIGEST_SHA1, DIGEST_SHA256 } },
                .root_fd = root_fd,
                .boot_id = "0123456789abcdef0123456789abcdef",
        };
        fake_tpm.on_extend = count_extend;
        assert_int_equal(tpm_open("fake", &measure.tpm, &(struct error) {}), 0);
}

static int setup(_unused_ void **state)
{
        if (!n_extends)
                n_extends = mmap(NULL, sizeof(*n_extends), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
        if (n_extends == MAP_FAILED || temp_dir_make(&dir) < 0)
                return -1;
        prepare(dir.fd);
        return 0;
}

static int teardown(_unused_ void **state)
{
        return temp_dir_remove(&dir);
}

static int extend(const char *word, struct error *err)
{
        return measure_extend(&measure, 11, word, err);
}

static void extend_ok(const char *word)
{
        struct error err = {};

        if (extend(word, &err) < 0)
                fail_msg("%s", err.msg);
}

static void assert_log_failed(const char *word, int errno_value, const char *in_message)
{
        struct error err = {};

        assert_int_equal(extend(word, &err), -errno_value);
        assert_int_equal(err.code, FAIL_MEASURE_LOG_FAILED_CODE);
        if (!strstr(err.msg, in_message))
                fail_msg("'%s' is not in '%s'", in_message, err.msg);
}

static bool is_marked(void)
{
        struct stat st;

        return fstatat(dir.fd, LOG_FILE, &st, AT_SYMLINK_NOFOLLOW) == 0 && (st.st_mode & S_ISVTX) != 0;
}

/* Each is whole: 0x1e, an object, a newline, and nothing between two of them. */
static unsigned count_records(void)
{
        char text[8192];
        ssize_t size = fsat_read(dir.fd, LOG_FILE, text, sizeof(text));
        unsigned n = 0;

        if (size == -ENOENT)
                return 0;
        assert_true(size >= 0);
        for (char *p = text; *p; n++) {
                char *end = strchr(p, '\n');

                assert_non_null(end);
                assert_memory_equal(p, "\x1e{\"pcr\":11,", 11);
                assert_memory_equal(end - 2, "}}", 2);
                assert_null(memchr(p + 1, 0x1e, (size_t) (end - p)));
                p = end + 1;
        }
        return n;
}

static void assert_in_step(void)
{
        unsigned n_records = count_records();

        assert_true(n_records <= *n_extends);
        if (n_records < *n_extends)
                assert_true(is_marked());
}

static void be_traced(void)
{
        struct error err = {};
        int null_fd = open("/dev/null", O_WRONLY | O_CLOEXEC);

        /* A sanitizer that gets no memory has much to say. */
        if (null_fd < 0 || dup2(null_fd, STDERR_FILENO) < 0 || ptrace(PTRACE_TRACEME, 0, NULL, NULL) < 0)
                _exit(99);
        (void) raise(SIGSTOP);
        _exit(extend("leave-initrd", &err) < 0 ? 99 : 0);
}

/* Lets it come to its nth stop and kills it there. True: it had ended before. */
static bool kill_at(unsigned n)
{
        pid_t pid = fork();
        int status;

        assert_true(pid >= 0);
        if (pid == 0)
                be_traced();
        assert_int_equal(waitpid(pid, &status, 0), pid);
        assert_true(WIFSTOPPED(status));
        for (unsigned i = 0; i < n; i++) {
                assert_int_equal(ptrace(PTRACE_SYSCALL, pid, NULL, NULL), 0);
                assert_int_equal(waitpid(pid, &status, 0), pid);
                if (WIFEXITED(status)) {
                        assert_int_equal(WEXITSTATUS(status), 0);
                        return true;
                }
                assert_true(WIFSTOPPED(status));
        }
        assert_int_equal(kill(pid, SIGKILL), 0);
        assert_int_equal(waitpid(pid, &status, 0), pid);
        assert_true(WIFSIGNALED(status));
        return false;
}

/* Who comes next goes on with a whole log, or with none; then all is made anew. */
static void assert_goes_on(void)
{
        if (is_marked())
                assert_log_failed("leave-initrd", ESTALE, "did not finish");
        else
                extend_ok("leave-initrd");
        assert_in_step();
        assert_int_equal(teardown(NULL), 0);
        assert_int_equal(setup(NULL), 0);
}

static void test_killed_at_any_point(_unused_ void **state)
{
        unsigned n = 0, n_marked = 0, n_lost = 0;

        for (bool is_done = false; !is_done; n++) {
                assert_true(n < STOPS_MAX);
                extend_ok("enter-initrd");
                is_done = kill_at(n);
                assert_in_step();
                n_marked += is_marked() ? 1 : 0;
                n_lost += count_records() < *n_extends ? 1 : 0;
                assert_goes_on();
        }
        /* It was killed inside of what the mark is for, and outside. */
        assert_true(n_marked >= 4 && n_marked < n);
        assert_true(n_lost >= 1 && n_lost < n_marked);
}

/*
 * Its nth system call does not happen, and answers with this error. True: it made fewer. What it says of itself is in *ret_status;
 * a call that has to do with memory may well end it by a signal.
 */
static bool fail_call(unsigned n, int errno_value, int *ret_status)
{
        struct user_regs_struct regs;
        pid_t pid = fork();

        assert_true(pid >= 0);
        if (pid == 0)
                be_traced();
        assert_int_equal(waitpid(pid, ret_status, 0), pid);
        for (unsigned i = 0; i <= 2 * n; i++) {
                assert_int_equal(ptrace(PTRACE_SYSCALL, pid, NULL, NULL), 0);
                assert_int_equal(waitpid(pid, ret_status, 0), pid);
                if (WIFEXITED(*ret_status))
                        return true;
        }
        assert_int_equal(ptrace(PTRACE_GETREGS, pid, NULL, &regs), 0);
        if (regs.orig_rax != SYS_exit_group) {
                regs.orig_rax = (unsigned long long) -1;
                assert_int_equal(ptrace(PTRACE_SETREGS, pid, NULL, &regs), 0);
                assert_int_equal(ptrace(PTRACE_SYSCALL, pid, NULL, NULL), 0);
                assert_int_equal(waitpid(pid, ret_status, 0), pid);
                regs.rax = (unsigned long long) -errno_value;
                assert_int_equal(ptrace(PTRACE_SETREGS, pid, NULL, &regs), 0);
        }
        assert_int_equal(ptrace(PTRACE_CONT, pid, NULL, NULL), 0);
        assert_int_equal(waitpid(pid, ret_status, 0), pid);
        return false;
}

static void test_any_call_fails(void **state)
{
        int errno_value = *(const int *) *state, status;
        unsigned n = 0, n_passed = 0, n_failed = 0, n_marked = 0;

        for (bool is_done = false; !is_done; n++) {
                assert_true(n < STOPS_MAX);
                extend_ok("enter-initrd");
                is_done = fail_call(n, errno_value, &status);
                assert_in_step();
                if (WIFEXITED(status) && WEXITSTATUS(status) == 0) {
                        /* It says that all is well. */
                        assert_int_equal(count_records(), 2);
                        assert_int_equal(*n_extends, 2);
                        assert_false(is_marked());
                        n_passed++;
                } else {
                        n_failed++;
                }
                n_marked += is_marked() ? 1 : 0;
                assert_goes_on();
        }
        assert_true(n_passed >= 1 && n_failed >= 8 && n_marked >= 3 && n_marked < n_failed);
}

static void test_an_interrupted_lock_is_tried_again(_unused_ void **state)
{
        int status = -1;
        unsigned n_passed = 0;

        /* One call more passes with EINTR than with EIO: flock(). */
        for (unsigned i = 0; i < 2; i++) {
                unsigned n_good = 0;

                for (unsigned n = 0; !fail_call(n, i == 0 ? EIO : EINTR, &status); n++) {
                        n_good += WIFEXITED(status) && WEXITSTATUS(status) == 0 ? 1 : 0;
                        assert_int_equal(teardown(NULL), 0);
                        assert_int_equal(setup(NULL), 0);
                }
                assert_true(i == 0 || n_good == n_passed + 1);
                n_passed = n_good;
                assert_int_equal(teardown(NULL), 0);
                assert_int_equal(setup(NULL), 0);
        }
}

/* Somebody before us wrote half a record, or no record, and set no mark. */
static void test_half_a_record_of_another_is_not_built_upon(_unused_ void **state)
{
        static const char *const texts[] = { "\x1e{\"pcr\":11,\"dige", "{\"pcr\":11}\n", "\n", "\x1e" };

        assert_int_equal(fsat_mkdir_p(dir.fd, "run/log/systemd", 0755), 0);
        for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
                char seen[64];

                assert_int_equal(fsat_create(dir.fd, LOG_FILE, texts[i], strlen(texts[i]), 0600), 0);
                assert_log_failed("leave-initrd", EBADMSG, "no whole record");
                assert_int_equal(*n_extends, 0);
                assert_false(is_marked());
                assert_int_equal(fsat_read(dir.fd, LOG_FILE, seen, sizeof(seen)), strlen(texts[i]));
                assert_string_equal(seen, texts[i]);
                assert_int_equal(unlinkat(dir.fd, LOG_FILE, 0), 0);
        }
}

/* The disk is full when the record is written, though there was room before. */
static void fill_disk(_unused_ unsigned pcr)
{
        const struct rlimit limit = { .rlim_cur = 500, .rlim_max = RLIM_INFINITY };

        ++*n_extends;
        (void) signal(SIGXFSZ, SIG_IGN);
        assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
}

static void test_what_was_half_written_is_taken_back(_unused_ void **state)
{
        const struct rlimit none = { .rlim_cur = RLIM_INFINITY, .rlim_max = RLIM_INFINITY };
        struct stat st;

        extend_ok("enter-initrd");
        assert_int_equal(fstatat(dir.fd, LOG_FILE, &st, 0), 0);
        assert_in_range(st.st_size, 200, 499); /* so that a part of the second fits */
        fake_tpm.on_extend = fill_disk;
        assert_log_failed("leave-initrd", ENOSPC, "was not written");
        assert_int_equal(setrlimit(RLIMIT_FSIZE, &none), 0);
        assert_int_equal(count_records(), 1);
        assert_in_step();
        assert_true(is_marked());
}

static void extend_on_a_full_disk(void)
{
        static uint8_t page[4096];
        struct error err = {};
        int root_fd, fd;

        CHECK(mount("tmpfs", dir.path, "tmpfs", 0, "size=8192") == 0);
        root_fd = open(dir.path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        CHECK(root_fd >= 0);
        fd = openat(root_fd, "filler", O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
        CHECK(fd >= 0 && write(fd, page, sizeof(page)) == sizeof(page) && write(fd, page, sizeof(page)) == sizeof(page));
        measure.root_fd = root_fd;

        CHECK(extend("enter-initrd", &err) == -ENOSPC);
        CHECK(err.code == FAIL_MEASURE_LOG_FAILED_CODE && strstr(err.msg, "no room for a record"));
        CHECK(*n_extends == 0);

        /* Nothing was begun, so there is no mark, and it goes on once there is room. */
        CHECK(ftruncate(fd, 0) == 0);
        CHECK(extend("enter-initrd", &err) == 0);
        CHECK(*n_extends == 1);
}

static void test_a_full_disk_is_seen_before_the_extend(_unused_ void **state)
{
        run_in_child(CLONE_NEWNS, extend_on_a_full_disk);
}

static void test_a_lock_is_not_waited_for_without_end(_unused_ void **state)
{
        _cleanup_fd_ int fd = -1;
        uint64_t before;

        extend_ok("enter-initrd");
        fd = openat(dir.fd, LOG_FILE, O_RDONLY | O_CLOEXEC);
        assert_int_equal(flock(fd, LOCK_SH), 0);
        before = fake_os.now_us;
        assert_log_failed("leave-initrd", EWOULDBLOCK, "cannot be locked");
        assert_in_range(fake_os.now_us - before, 1000000, 5000000);
        assert_int_equal(*n_extends, 1);
        assert_false(is_marked());
        assert_int_equal(flock(fd, LOCK_UN), 0);
        extend_ok("leave-initrd");
        assert_in_step();
}

static void test_a_fifo_in_its_place(_unused_ void **state)
{
        assert_int_equal(fsat_mkdir_p(dir.fd, "run/log/systemd", 0755), 0);
        assert_int_equal(mkfifoat(dir.fd, LOG_FILE, 0600), 0);
        (void) alarm(20); /* instead of a test that hangs */
        assert_log_failed("enter-initrd", EBADF, "is not a regular file");
        (void) alarm(0);
        assert_int_equal(*n_extends, 0);
}

int main(void)
{
        static int eio = EIO, eintr = EINTR, enospc = ENOSPC;
        const struct CMUnitTest tests[] = {
                cmocka_unit_test_setup_teardown(test_killed_at_any_point, setup, teardown),
                { "test_any_call_fails_with_eio", test_any_call_fails, setup, teardown, &eio },
                { "test_any_call_fails_with_eintr", test_any_call_fails, setup, teardown, &eintr },
                { "test_any_call_fails_with_enospc", test_any_call_fails, setup, teardown, &enospc },
                cmocka_unit_test_setup_teardown(test_an_interrupted_lock_is_tried_again, setup, teardown),
                cmocka_unit_test_setup_teardown(test_half_a_record_of_another_is_not_built_upon, setup, teardown),
                cmocka_unit_test_setup_teardown(test_what_was_half_written_is_taken_back, setup, teardown),
                cmocka_unit_test_setup_teardown(test_a_full_disk_is_seen_before_the_extend, setup, teardown),
                cmocka_unit_test_setup_teardown(test_a_lock_is_not_waited_for_without_end, setup, teardown),
                cmocka_unit_test_setup_teardown(test_a_fifo_in_its_place, setup, teardown),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
