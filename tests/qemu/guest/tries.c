/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The one program of a container's layer, and what a shell cannot try on a host: code from memory, from a memfd, from the hidden rootfs.
 * Each try ends with the errno of what was refused, or with what the code that ran returned: 0.
 */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

enum { BYTES_MAX = 1 << 22, PAGE = 4096, RET = 0xc3, USAGE = 99 };

static char bytes[BYTES_MAX];

static size_t read_file(const char *path)
{
        int fd = open(path, O_RDONLY | O_CLOEXEC);
        size_t done = 0;
        ssize_t n;

        while (fd >= 0 && (n = read(fd, bytes + done, sizeof(bytes) - done)) > 0)
                done += (size_t) n;
        if (fd >= 0)
                close(fd);
        return done;
}

static int execute(const char *path)
{
        execl(path, path, "hello", NULL);
        return errno;
}

/* Closed before it is executed, or that would be ETXTBSY. */
static int execute_copy(const char *path)
{
        size_t size = read_file("/proc/self/exe");
        int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0755), r = 0;

        if (fd < 0 || size == 0 || write(fd, bytes, size) != (ssize_t) size)
                r = errno;
        if (fd >= 0)
                close(fd);
        return r ? r : execute(path);
}

static int execute_memfd(void)
{
        size_t size = read_file("/proc/self/exe");
        int fd = memfd_create("tries", MFD_CLOEXEC);
        char *words[] = { "tries", "hello", NULL };

        if (fd < 0 || size == 0 || write(fd, bytes, size) != (ssize_t) size)
                return errno;
        fexecve(fd, words, environ);
        return errno;
}

static int call(void *code)
{
        void (*function)(void);

        memcpy(&function, &code, sizeof(function));
        function();
        return 0;
}

/* Of a page of memory that holds the one instruction "return": mapped so, or made so. PATH is of a file that begins with it. */
static int call_page(const char *path, int before, int after)
{
        int fd = path ? open(path, O_RDONLY | O_CLOEXEC) : -1;
        unsigned char *page;

        if (path && fd < 0)
                return errno;
        page = mmap(NULL, PAGE, before, MAP_PRIVATE | (path ? 0 : MAP_ANONYMOUS), fd, 0);
        if (page == MAP_FAILED)
                return errno;
        if (!path)
                page[0] = RET;
        if (after != before && mprotect(page, PAGE, after) < 0)
                return errno;
        return call(page);
}

static int load_module(const char *path, int by_descriptor)
{
        int fd = open(path, O_RDONLY | O_CLOEXEC);
        size_t size = read_file(path);

        if (fd < 0 || size == 0)
                return errno;
        if (by_descriptor ? syscall(SYS_finit_module, fd, "", 0) : syscall(SYS_init_module, bytes, size, ""))
                return errno;
        return 0;
}

/*
 * The initramfs stays mounted below the root of every mount namespace. Without the root over it, whoever enters that namespace
 * stands in it (fs/namespace.c mntns_install()).
 */
static int execute_in_hidden_rootfs(void)
{
        size_t size = read_file("/proc/self/exe");
        struct stat before, after;
        int ns, fd;

        if (size == 0 || unshare(CLONE_NEWNS) < 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
                return errno;
        ns = open("/proc/self/ns/mnt", O_RDONLY | O_CLOEXEC);
        if (ns < 0 || stat("/", &before) < 0 || umount2("/", MNT_DETACH) < 0 || setns(ns, CLONE_NEWNS) < 0 || stat("/", &after) < 0)
                return errno;
        printf("root: device %lx, then %lx; /init %s, /usr %s\n", (unsigned long) before.st_dev, (unsigned long) after.st_dev,
               access("/init", F_OK) ? strerror(errno) : "is there", access("/usr", F_OK) ? strerror(errno) : "is there");
        fflush(stdout);
        if (before.st_dev == after.st_dev)
                return USAGE;
        fd = open("/dropped", O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0755);
        if (fd < 0 || write(fd, bytes, size) != (ssize_t) size)
                return errno;
        close(fd);
        return execute("/dropped");
}

static void in_child(const char *name, const char *path)
{
        int status = 0;
        pid_t child;

        fflush(stdout);
        child = fork();
        if (child == 0)
                _exit(path ? execute_copy(path) : execute_memfd());
        waitpid(child, &status, 0);
        printf("%s %d\n", name, WIFEXITED(status) ? WEXITSTATUS(status) : USAGE);
}

/* As a container's first program: from the layer, which is that it says anything. Into a file: SELinux takes the host's pipes away. */
static int contain(void)
{
        size_t size = read_file("/proc/self/attr/current");

        if (!freopen("/said", "w", stdout))
                return errno;
        printf("layer 0\ncontext %.*s\n", (int) strnlen(bytes, size), bytes);
        in_child("upper", "/copy");
        in_child("tmpfs", "/tmp/copy");
        in_child("memfd", NULL);
        return 0;
}

int main(int argc, char *argv[])
{
        const char *what = argc > 1 ? argv[1] : "", *path = argc > 2 ? argv[2] : NULL;

        if (strcmp(what, "hello") == 0)
                return puts("hello") < 0;
        if (strcmp(what, "contain") == 0)
                return contain();
        if (strcmp(what, "memfd") == 0)
                return execute_memfd();
        if (strcmp(what, "hidden") == 0)
                return execute_in_hidden_rootfs();
        if (strcmp(what, "map-memory") == 0)
                return call_page(NULL, PROT_READ | PROT_WRITE | PROT_EXEC, PROT_READ | PROT_WRITE | PROT_EXEC);
        if (strcmp(what, "protect-memory") == 0)
                return call_page(NULL, PROT_READ | PROT_WRITE, PROT_READ | PROT_EXEC);
        if (!path)
                return USAGE;
        if (strcmp(what, "exec") == 0)
                return execute(path);
        if (strcmp(what, "copy") == 0)
                return execute_copy(path);
        if (strcmp(what, "map-file") == 0)
                return call_page(path, PROT_READ | PROT_EXEC, PROT_READ | PROT_EXEC);
        if (strcmp(what, "protect-file") == 0)
                return call_page(path, PROT_READ, PROT_READ | PROT_EXEC);
        if (strcmp(what, "finit") == 0 || strcmp(what, "init") == 0)
                return load_module(path, what[0] == 'f');
        return USAGE;
}
