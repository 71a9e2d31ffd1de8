/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>

#include "temp_dir.h"
#include "verinit/fsat.h"

static struct temp_dir dir;

static int setup(_unused_ void **state)
{
        return temp_dir_make(&dir);
}

static int teardown(_unused_ void **state)
{
        return temp_dir_remove(&dir);
}

static void make(const char *path, const char *text)
{
        assert_int_equal(fsat_create(dir.fd, path, text, strlen(text), 0644), 0);
}

static mode_t mode_of(const char *path)
{
        struct stat st;

        assert_int_equal(fstatat(dir.fd, path, &st, AT_SYMLINK_NOFOLLOW), 0);
        return st.st_mode;
}

static void test_read_is_bounded(_unused_ void **state)
{
        char text[6];

        make("f", "12345");
        assert_int_equal(fsat_read(dir.fd, "f", text, sizeof(text)), 5);
        assert_string_equal(text, "12345");
        assert_int_equal(fsat_read(dir.fd, "f", text, 5), -EFBIG);
        assert_int_equal(fsat_read(dir.fd, "none", text, sizeof(text)), -ENOENT);
        assert_int_equal(fsat_read(dir.fd, ".", text, sizeof(text)), -EISDIR);
        make("empty", "");
        assert_int_equal(fsat_read(dir.fd, "empty", text, sizeof(text)), 0);
        assert_string_equal(text, "");
}

static void test_read_takes_files_without_a_size(_unused_ void **state)
{
        _cleanup_fd_ int root = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
        char text[4096];

        assert_true(fsat_read(root, "proc/self/stat", text, sizeof(text)) > 10);
}

static void test_read_line_drops_one_newline(_unused_ void **state)
{
        char text[16];

        make("f", "a\n\n");
        assert_int_equal(fsat_read_line(dir.fd, "f", text, sizeof(text)), 2);
        assert_string_equal(text, "a\n");
        make("f", "a");
        assert_int_equal(fsat_read_line(dir.fd, "f", text, sizeof(text)), 1);
        make("f", "\n");
        assert_int_equal(fsat_read_line(dir.fd, "f", text, sizeof(text)), 0);
}

static void test_read_u64_is_strict(_unused_ void **state)
{
        static const char *const bad[] = { "",   "\n",    "-1",  "+1", " 1",
                                           "1 ", "1\n\n", "0x1", "1a", "18446744073709551616" };
        uint64_t n = 42;

        for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
                make("f", bad[i]);
                assert_int_equal(fsat_read_u64(dir.fd, "f", &n), -EINVAL);
        }
        assert_int_equal(fsat_read_u64(dir.fd, "none", &n), -ENOENT);
        assert_int_equal(n, 42);
        make("f", "18446744073709551615\n");
        assert_int_equal(fsat_read_u64(dir.fd, "f", &n), 0);
        assert_true(n == UINT64_MAX);
        make("f", "0");
        assert_int_equal(fsat_read_u64(dir.fd, "f", &n), 0);
        assert_true(n == 0);
}

static void test_read_alloc_at_its_bounds(_unused_ void **state)
{
        static char big[200000];
        _cleanup_free_ void *data = NULL, *empty = NULL;
        size_t size = 0;

        for (size_t i = 0; i < sizeof(big); i++)
                big[i] = (char) (i * 7);
        assert_int_equal(fsat_create(dir.fd, "f", big, sizeof(big), 0600), 0);
        assert_int_equal(fsat_read_alloc(dir.fd, "f", sizeof(big) - 1, &data, &size), -EFBIG);
        assert_null(data);
        assert_int_equal(fsat_read_alloc(dir.fd, "f", sizeof(big), &data, &size), 0);
        assert_int_equal(size, sizeof(big));
        assert_memory_equal(data, big, sizeof(big));
        make("e", "");
        assert_int_equal(fsat_read_alloc(dir.fd, "e", 0, &empty, &size), 0);
        assert_int_equal(size, 0);
        assert_int_equal(fsat_read_alloc(dir.fd, "none", 10, &empty, &size), -ENOENT);
}

static void test_write_needs_the_file(_unused_ void **state)
{
        char text[16];

        assert_int_equal(fsat_write(dir.fd, "f", "x"), -ENOENT);
        make("f", "abc");
        assert_int_equal(fsat_write(dir.fd, "f", "Z"), 0);
        assert_int_equal(fsat_read(dir.fd, "f", text, sizeof(text)), 3);
        assert_string_equal(text, "Zbc");
}

static void test_create_replaces_and_sets_the_mode(_unused_ void **state)
{
        mode_t old = umask(0077);
        char text[16];

        make("target", "kept");
        assert_int_equal(symlinkat("target", dir.fd, "f"), 0);
        assert_int_equal(fsat_create(dir.fd, "f", "new", 3, 0444), 0);
        (void) umask(old);
        assert_int_equal(mode_of("f"), S_IFREG | 0444); /* the link was replaced, not followed */
        assert_int_equal(fsat_read(dir.fd, "target", text, sizeof(text)), 4);
        assert_int_equal(fsat_create(dir.fd, "f", "again", 5, 0600), 0);
        assert_int_equal(fsat_read(dir.fd, "f", text, sizeof(text)), 5);
        assert_false(fsat_exists(dir.fd, "f.new"));
        assert_int_equal(fsat_create(dir.fd, "no/f", "x", 1, 0600), -ENOENT);
}

static void test_a_create_that_fails_leaves_the_old_file(_unused_ void **state)
{
        assert_int_equal(fsat_mkdir_p(dir.fd, "d/sub", 0755), 0);
        assert_int_equal(fsat_create(dir.fd, "d", "x", 1, 0600), -EISDIR);
        assert_true(fsat_exists(dir.fd, "d/sub"));
        assert_false(fsat_exists(dir.fd, "d.new"));
}

static void test_mkdir_p(_unused_ void **state)
{
        mode_t old = umask(0077);

        assert_int_equal(fsat_mkdir_p(dir.fd, "a", 0700), 0);
        assert_int_equal(fsat_mkdir_p(dir.fd, "a/b/c", 0755), 0);
        assert_int_equal(fsat_mkdir_p(dir.fd, "a/b/c", 0711), 0);
        (void) umask(old);
        assert_int_equal(mode_of("a"), S_IFDIR | 0700);
        assert_int_equal(mode_of("a/b"), S_IFDIR | 0755);
        assert_int_equal(mode_of("a/b/c"), S_IFDIR | 0755);
        make("file", "");
        assert_int_equal(fsat_mkdir_p(dir.fd, "file", 0755), -ENOTDIR);
        assert_int_equal(fsat_mkdir_p(dir.fd, "file/x", 0755), -ENOTDIR);
        assert_int_equal(fsat_mkdir_p(dir.fd, "", 0755), -EINVAL);
}

static void test_exists_does_not_follow(_unused_ void **state)
{
        assert_false(fsat_exists(dir.fd, "l"));
        assert_int_equal(symlinkat("nowhere", dir.fd, "l"), 0);
        assert_true(fsat_exists(dir.fd, "l"));
}

static void test_open_dir(_unused_ void **state)
{
        _cleanup_fd_ int fd = -1;
        char text[8];

        assert_int_equal(fsat_mkdir_p(dir.fd, "real/sub", 0755), 0);
        assert_int_equal(fsat_create(dir.fd, "real/f", "1\n", 2, 0600), 0);
        assert_int_equal(symlinkat("real", dir.fd, "link"), 0); /* as the entries of /sys/class are */
        fd = fsat_open_dir(dir.fd, "link");
        assert_true(fd >= 0);
        assert_int_equal(fsat_read_line(fd, "./f", text, sizeof(text)), 1);
        assert_int_equal(fsat_open_dir(dir.fd, "real/f"), -ENOTDIR);
        assert_int_equal(fsat_open_dir(dir.fd, "none"), -ENOENT);
}

struct names {
        char text[64];
        const char *stop_at;
};

static int collect(const char *name, void *userdata)
{
        struct names *n = userdata;

        strcat(n->text, name);
        return n->stop_at && str_equal(name, n->stop_at) ? 5 : 0;
}

static void test_each_is_sorted_and_stops(_unused_ void **state)
{
        struct names all = {}, some = { .stop_at = "b" };

        make("c", "");
        make("a", "");
        make("b", "");
        assert_int_equal(fsat_each(dir.fd, ".", collect, &all), 0);
        assert_string_equal(all.text, "abc");
        assert_int_equal(fsat_each(dir.fd, ".", collect, &some), 5);
        assert_string_equal(some.text, "ab");
        assert_int_equal(fsat_each(dir.fd, "none", collect, &all), -ENOENT);
}

/* Of a seq_file the kernel hands out a page a call, however much is asked for. This one does not change between two reads. */
static void test_read_at_goes_on_after_a_short_read(_unused_ void **state)
{
        enum { N = 16384, FROM = 100 };
        int fd = open("/proc/kallsyms", O_RDONLY | O_CLOEXEC), why = -1;
        static char at_once[N], all[N], byte_by_byte[FROM + N];

        assert_in_range(pread(fd, at_once, N, FROM), 1, N - 1);
        assert_int_equal(fsat_read_at(fd, FROM, all, N, &why), N);
        assert_int_equal(why, 0);
        for (size_t i = 0; i < sizeof(byte_by_byte); i++)
                assert_int_equal(read(fd, byte_by_byte + i, 1), 1);
        assert_memory_equal(all, byte_by_byte + FROM, N);
        (void) fd_close(fd);
}

static void test_read_at(_unused_ void **state)
{
        char text[8];
        int fd, why = -1;

        make("f", "0123456789");
        fd = openat(dir.fd, "f", O_RDONLY | O_CLOEXEC);
        assert_int_equal(fsat_read_at(fd, 3, text, 4, &why), 4);
        assert_int_equal(why, 0);
        assert_memory_equal(text, "3456", 4);
        assert_int_equal(fsat_read_at(fd, 8, text, 4, &why), 2);
        assert_int_equal(why, 0);
        assert_int_equal(fsat_read_at(fd, 10, text, 4, &why), 0);
        assert_int_equal(why, 0);
        assert_int_equal(fsat_read_at(dir.fd, 0, text, 4, &why), 0);
        assert_int_equal(why, EBADF); /* O_PATH */
        (void) fd_close(fd);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
        const struct CMUnitTest tests[] = {
                TEST(test_read_is_bounded),
                TEST(test_read_takes_files_without_a_size),
                TEST(test_read_line_drops_one_newline),
                TEST(test_read_u64_is_strict),
                TEST(test_read_alloc_at_its_bounds),
                TEST(test_write_needs_the_file),
                TEST(test_create_replaces_and_sets_the_mode),
                TEST(test_a_create_that_fails_leaves_the_old_file),
                TEST(test_mkdir_p),
                TEST(test_exists_does_not_follow),
                TEST(test_open_dir),
                TEST(test_each_is_sorted_and_stops),
                TEST(test_read_at),
                TEST(test_read_at_goes_on_after_a_short_read),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
