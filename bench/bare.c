/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The bare program that verinit is compared with: PID 1 of an initramfs that does the same to the kernel and checks nothing. The same
 * modules in the same order, the same mapping, mounts, and the same exec; each named by the builder of the
 * bench in a file of the initramfs, so that nothing is looked for either. Never boot anything with it.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/dm-ioctl.h>
#include <linux/module.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <time.h>
#include <unistd.h>

#define PLAN "/plan"
#define INIT "/usr/lib/systemd/systemd"

static void fail(const char *what)
{
        fprintf(stderr, "bare: %s: %s\n", what, strerror(errno));
        exit(1);        /* the kernel panics, and the bench sees that */
}

static void must(int r, const char *what)
{
        if (r < 0)
                fail(what);
}

static void load_module(const char *path)
{
        int fd = open(path, O_RDONLY | O_CLOEXEC);
        const char *suffix = strrchr(path, '.');

        must(fd, path);
        must((int) syscall(SYS_finit_module, fd, "", suffix && strcmp(suffix, ".xz") == 0 ? MODULE_INIT_COMPRESSED_FILE : 0), path);
        close(fd);
}

static struct dm_ioctl *dm_request(const char *name, void *buffer, size_t size)
{
        struct dm_ioctl *dm = buffer;

        memset(buffer, 0, size);
        dm->version[0] = DM_VERSION_MAJOR;
        dm->data_size = (unsigned) size;
        dm->data_start = sizeof(*dm);
        dm->flags = DM_READONLY_FLAG;
        snprintf(dm->name, sizeof(dm->name), "%s", name);
        return dm;
}

/* What dm-verity expects behind the header: one target, then its parameters as text. */
static void map_verity(const char *name, const char *uuid, unsigned long long sectors, const char *params)
{
        static char buffer[16384];
        int control = open("/dev/mapper/control", O_RDWR | O_CLOEXEC);
        struct dm_target_spec *target;
        struct dm_ioctl *dm;

        must(control, "/dev/mapper/control");
        dm = dm_request(name, buffer, sizeof(buffer));
        snprintf(dm->uuid, sizeof(dm->uuid), "%s", uuid);
        must(ioctl(control, DM_DEV_CREATE, dm), "DM_DEV_CREATE");

        dm = dm_request(name, buffer, sizeof(buffer));
        dm->target_count = 1;
        target = (struct dm_target_spec *) (buffer + sizeof(*dm));
        target->length = sectors;
        strcpy(target->target_type, "verity");
        snprintf((char *) (target + 1), sizeof(buffer) - sizeof(*dm) - sizeof(*target), "%s", params);
        must(ioctl(control, DM_TABLE_LOAD, dm), "DM_TABLE_LOAD");

        dm = dm_request(name, buffer, sizeof(buffer));
        must(ioctl(control, DM_DEV_SUSPEND, dm), "resuming the mapping");
        must(symlink("../dm-0", "/dev/mapper/usr"), "/dev/mapper/usr");
        close(control);
}

/* Without this record udev of the host takes the device for one that is not ready (55-dm.rules). */
static void leave_udev_record(void)
{
        static const char text[] = "I:1\nE:DM_UDEV_DISABLE_LIBRARY_FALLBACK_FLAG=1\nE:DM_UDEV_PRIMARY_SOURCE_FLAG=1\n"
                                   "E:DM_UDEV_RULES_VSN=3\nV:1\n";
        struct stat st;
        char path[64];
        int fd;

        must(stat("/dev/dm-0", &st), "/dev/dm-0");
        mkdir("/run/udev", 0755);
        mkdir("/run/udev/data", 0755);
        snprintf(path, sizeof(path), "/run/udev/data/b%u:%u", major(st.st_rdev), minor(st.st_rdev));
        must(fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0644), path);
        must((int) write(fd, text, sizeof(text) - 1), path);
        must(fchmod(fd, 01644), path);
        close(fd);
}

/* Until a device has its name; a SCSI disk comes some time after its driver. */
static void await(const char *path)
{
        char events[4096];
        int watch = inotify_init1(IN_CLOEXEC);

        must(watch, "inotify");
        must(inotify_add_watch(watch, "/dev", IN_CREATE), "/dev");
        while (access(path, F_OK) < 0)
                must((int) read(watch, events, sizeof(events)), path);
        close(watch);
}

/* One command, whole and in hexadecimal: the bench has computed it. What the TPM answers begins with tag, size and code. */
static void ask_tpm(const char *hex)
{
        unsigned char buffer[1024];
        size_t n = strlen(hex) / 2;
        int tpm = open("/dev/tpm0", O_RDWR | O_CLOEXEC);

        must(tpm, "/dev/tpm0");
        for (size_t i = 0; i < n && i < sizeof(buffer); i++)
                sscanf(hex + 2 * i, "%2hhx", &buffer[i]);
        must((int) write(tpm, buffer, n), "/dev/tpm0");
        must((int) read(tpm, buffer, sizeof(buffer)), "/dev/tpm0");
        errno = EPROTO;
        must(memcmp(buffer + 6, "\0\0\0", 4) == 0 ? 0 : -1, "the answer of /dev/tpm0");
        close(tpm);
}

static void mount_api(void)
{
        static const struct {
                const char *type, *where, *options;
        } api[] = {
                { "proc", "/proc", NULL }, { "sysfs", "/sys", NULL }, { "devtmpfs", "/dev", "mode=0755" },
                { "tmpfs", "/run", "mode=0755" },
        };

        for (size_t i = 0; i < sizeof(api) / sizeof(api[0]); i++) {
                mkdir(api[i].where, 0755);
                must(mount(api[i].type, api[i].where, api[i].type, MS_NOSUID, api[i].options), api[i].where);
        }
}

static void enter_root(void)
{
        static const char *const moved[] = { "/proc", "/sys", "/dev", "/run" };
        static char *const argv[] = { (char *) INIT, NULL }, *const envp[] = { (char *) "TERM=linux", NULL };

        for (size_t i = 0; i < sizeof(moved) / sizeof(moved[0]); i++) {
                char target[32];

                snprintf(target, sizeof(target), "/sysroot%s", moved[i]);
                must(mount(moved[i], target, NULL, MS_MOVE, NULL), target);
        }
        must(chdir("/sysroot"), "/sysroot");
        must(mount(".", "/", NULL, MS_MOVE, NULL), "moving the root");
        must(chroot("."), "chroot");
        must(chdir("/"), "/");
        execve(INIT, argv, envp);
        fail(INIT);
}

/*
 * "module FILE", "await DEVICE", "tpm COMMAND", "verity UUID SECTORS PARAMETERS…", "mount DEVICE TYPE WHERE ro|rw": one a line, done in
 * their order.
 */
static void do_line(char *line)
{
        char *verb = strsep(&line, " ");

        if (strcmp(verb, "module") == 0) {
                load_module(line);
        } else if (strcmp(verb, "await") == 0) {
                await(line);
        } else if (strcmp(verb, "tpm") == 0) {
                ask_tpm(line);
        } else if (strcmp(verb, "verity") == 0) {
                char *uuid = strsep(&line, " "), *sectors = strsep(&line, " ");

                map_verity("usr", uuid, strtoull(sectors, NULL, 10), line);
                leave_udev_record();
        } else if (strcmp(verb, "mount") == 0) {
                char *device = strsep(&line, " "), *type = strsep(&line, " "), *where = strsep(&line, " ");

                mkdir(where, 0755);
                must(mount(device, where, type, strcmp(line, "ro") == 0 ? MS_RDONLY : 0, NULL), where);
        } else {
                errno = EINVAL;
                fail(verb);
        }
}

static void append_copy(int out, const char *path)
{
        static char text[4096];
        int fd = open(path, O_RDONLY | O_CLOEXEC);
        ssize_t n;

        must(fd, path);
        must((int) (n = read(fd, text, sizeof(text))), path);
        must((int) write(out, text, (size_t) n), path);
        close(fd);
}

/*
 * What the kernel had done until now: a mark in its log, and its own account of the processor and of PID 1 beside it, for the host to send on.
 * A task's time is added when it leaves the processor, so this one does.
 */
static void leave_account(void)
{
        static const struct timespec moment = { .tv_nsec = 1 };
        static const char mark[] = "<5>verinit-bench: bare\n";
        int fd = open("/dev/kmsg", O_WRONLY | O_CLOEXEC);

        must((int) write(fd, mark, sizeof(mark) - 1), "/dev/kmsg");
        close(fd);
        nanosleep(&moment, NULL);
        must(fd = open("/run/begin", O_WRONLY | O_CREAT | O_CLOEXEC, 0600), "/run/begin");
        append_copy(fd, "/proc/schedstat");
        append_copy(fd, "/proc/self/schedstat");
        close(fd);
}

int main(void)
{
        static char text[32768];
        char *rest = text, *line;
        int fd;

        mount_api();
        leave_account();
        must(fd = open(PLAN, O_RDONLY | O_CLOEXEC), PLAN);
        must((int) read(fd, text, sizeof(text) - 1), PLAN);
        close(fd);
        while ((line = strsep(&rest, "\n")))
                if (line[0] != '\0')
                        do_line(line);
        enter_root();
}
