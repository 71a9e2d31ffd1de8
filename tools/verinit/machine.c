/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "machine.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/stat.h>

#include "verinit/fsat.h"

struct machine *the_machine;

void machine_init(struct machine *m)
{
        *m = (struct machine) { .fd = -1, .root_fd = -1, .usr_fd = -1 };
        the_machine = m;
}

static int remove_one(const char *path, _unused_ const struct stat *st, _unused_ int type, _unused_ struct FTW *ftw)
{
        return remove(path);
}

void machine_done(struct machine *m)
{
        for (size_t i = 0; i < m->n_disks; i++) {
                struct machine_disk *d = &m->disks[i];

                d->fd = fd_close(d->fd);
                for (size_t j = 0; j < ARRAY_SIZE(d->slices); j++)
                        d->slices[j] = fd_close(d->slices[j]);
        }
        m->usr_fd = fd_close(m->usr_fd);
        m->root_fd = fd_close(m->root_fd);
        m->fd = fd_close(m->fd);
        if (m->path[0] != '\0')
                (void) nftw(m->path, remove_one, 16, FTW_DEPTH | FTW_PHYS);
        free(m->left_out);
        machine_init(m);
        the_machine = NULL;
}

void machine_leave_out(struct machine *m, const char *fmt, ...)
{
        va_list args;
        char *text;

        va_start(args, fmt);
        if (!m->left_out && vasprintf(&text, fmt, args) >= 0)
                m->left_out = tool_printable(text);
        va_end(args);
}

int machine_add_disk(struct machine *m, const char *path, struct trouble *t)
{
        struct machine_disk *d = &m->disks[m->n_disks];
        struct error err = {};
        struct stat st;

        if (m->n_disks == MACHINE_MAX_DISKS)
                return trouble_set(t, OUTCOME_USAGE, "image verify: more than %d disks", MACHINE_MAX_DISKS);
        *d = (struct machine_disk) { .path = path, .fd = -1 };
        for (size_t i = 0; i < ARRAY_SIZE(d->slices); i++)
                d->slices[i] = -1;
        (void) snprintf(d->name, sizeof(d->name), "vd%c", (char) ('a' + m->n_disks));
        m->n_disks++;
        /* A FIFO without a writer would block the open. */
        d->fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
        if (d->fd < 0 || fstat(d->fd, &st) < 0)
                return trouble_set_errno(t, errno, "cannot open %s", path);
        if (!S_ISREG(st.st_mode) && !S_ISBLK(st.st_mode))
                return trouble_set(t, OUTCOME_TROUBLE, "%s is neither a regular file nor a block device", path);
        if (blockdev_read_gpt(d->fd, &d->table, &err) < 0)
                return trouble_set(t, OUTCOME_TROUBLE, "%s: %s", path, err.msg);
        blockdev_read_gpt_backup(d->fd, &d->table);
        return 0;
}

int machine_make(struct machine *m, struct trouble *t)
{
        const char *tmp = getenv("TMPDIR");
        int n = snprintf(m->path, sizeof(m->path), "%s/verinit-image.XXXXXX", tmp && tmp[0] == '/' ? tmp : "/var/tmp");

        if (n < 0 || (size_t) n >= sizeof(m->path) || !mkdtemp(m->path)) {
                m->path[0] = '\0';
                return trouble_set_errno(t, errno, "cannot make a directory for scratch files: set TMPDIR");
        }
        m->fd = open(m->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        if (m->fd < 0 || mkdirat(m->fd, "root", 0755) < 0 || mkdirat(m->fd, "kernel", 0755) < 0)
                return trouble_set_errno(t, errno, "cannot fill %s", m->path);
        m->root_fd = openat(m->fd, "root", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        return m->root_fd < 0 ? trouble_set_errno(t, errno, "cannot open %s/root", m->path) : 0;
}

/* What the kernel mounts over: nobody will see it. */
static bool is_mounted_over(const char *path)
{
        static const char *const tops[] = { "proc/", "sys/", "dev/", "run/" };

        for (size_t i = 0; i < ARRAY_SIZE(tops); i++)
                if (str_after(path, tops[i]))
                        return true;
        return false;
}

/* init/initramfs.c, clean_path(): what is there of another kind goes, if it can. */
static void make_room(struct machine *m, const struct tree_entry *e)
{
        struct stat st;

        if (fstatat(m->root_fd, e->path, &st, AT_SYMLINK_NOFOLLOW) == 0 && (st.st_mode & S_IFMT) != (e->mode & S_IFMT))
                (void) unlinkat(m->root_fd, e->path, S_ISDIR(st.st_mode) ? AT_REMOVEDIR : 0);
}

/* No link is ever made in this root, so no path leads out of it. */
static int unpack_one(struct machine *m, const struct tree_entry *e)
{
        int r = 0;

        if (str_equal(e->path, ".") || is_mounted_over(e->path))
                return 0;
        if (!tree_path_is_normalised(e->path) || (!S_ISREG(e->mode) && !S_ISDIR(e->mode))) {
                machine_leave_out(m, "the initramfs has '%s', which is no file, no directory, or has no plain name", e->path);
                return 0;
        }
        make_room(m, e);
        if (S_ISDIR(e->mode))
                r = mkdirat(m->root_fd, e->path, 0755) < 0 && errno != EEXIST ? -errno : 0;
        else
                r = fsat_create(m->root_fd, e->path, e->content.data ? (const void *) e->content.data : "", e->content.size, 0644);
        /* The kernel says nothing either where a name has no directory to be in. */
        return r == -ENOENT || r == -ENOTDIR || r == -EISDIR ? 0 : r;
}

int machine_unpack(struct machine *m, const struct tree *tree, struct trouble *t)
{
        for (size_t i = 0; i < tree->n_entries; i++) {
                int r = unpack_one(m, &tree->entries[i]);

                if (r < 0)
                        return trouble_set_errno(t, -r, "cannot unpack '%s' of the initramfs", tree->entries[i].path);
        }
        return 0;
}

struct machine_disk *machine_find_disk(struct machine *m, const char *name, unsigned *ret_number)
{
        for (size_t i = 0; i < m->n_disks; i++) {
                const char *rest = str_after(name, m->disks[i].name);

                if (!rest)
                        continue;
                *ret_number = (unsigned) strtoul(rest, NULL, 10);
                return &m->disks[i];
        }
        return NULL;
}

/* Data only, where the file system says where that is: holes stay holes. */
static int copy_range(int from, uint64_t start, uint64_t size, int to)
{
        enum { CHUNK = 1024 * 1024 };
        _cleanup_free_ uint8_t *block = malloc(CHUNK);
        uint64_t at = 0;

        if (!block)
                return -ENOMEM;
        while (at < size) {
                off_t data = lseek(from, (off_t) (start + at), SEEK_DATA);
                ssize_t n;

                if (data < 0 && errno == ENXIO)
                        break;
                if (data > (off_t) (start + at))
                        at = (uint64_t) data - start;
                if (at >= size)
                        break;
                n = pread(from, block, size - at < CHUNK ? (size_t) (size - at) : CHUNK, (off_t) (start + at));
                if (n == 0)
                        break;
                if (n < 0 && errno == EINTR)
                        continue;
                if (n < 0)
                        return -errno;
                if (pwrite(to, block, (size_t) n, (off_t) at) != n)
                        return errno != 0 ? -errno : -ENOSPC;
                at += (uint64_t) n;
        }
        return 0;
}

static int make_slice(struct machine *m, const struct machine_disk *d, const struct partition *p)
{
        _cleanup_fd_ int fd = open(m->path, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
        int r;

        if (fd < 0 || ftruncate(fd, (off_t) p->size_bytes) < 0)
                return -errno;
        r = copy_range(d->fd, p->start_bytes, p->size_bytes, fd);
        return r < 0 ? r : fd_steal(&fd);
}

int machine_open_partition(struct machine *m, struct machine_disk *d, unsigned number)
{
        for (size_t i = 0; i < d->table.n_partitions; i++) {
                int fd;

                if (d->table.partitions[i].number != number)
                        continue;
                if (d->slices[i] < 0) {
                        fd = make_slice(m, d, &d->table.partitions[i]);
                        if (fd < 0)
                                return fd;
                        d->slices[i] = fd;
                }
                fd = fcntl(d->slices[i], F_DUPFD_CLOEXEC, 3);
                return fd < 0 ? -errno : fd;
        }
        return -ENOENT;
}
