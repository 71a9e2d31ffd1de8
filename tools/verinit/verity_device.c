/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "verity_device.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>

#include "verinit/fsat.h"

int verity_device_open(const char *path, struct verity_device *ret, struct trouble *t)
{
        _cleanup_fd_ int fd = -1;
        struct stat st;
        off_t size;

        /* A FIFO without a writer would block the open. */
        fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
        if (fd < 0 || fstat(fd, &st) < 0)
                return trouble_set_errno(t, errno, "cannot open %s", path);
        if (!S_ISREG(st.st_mode) && !S_ISBLK(st.st_mode))
                return trouble_set(t, OUTCOME_TROUBLE, "%s is neither a regular file nor a block device", path);
        size = lseek(fd, 0, SEEK_END);
        if (size < 0)
                return trouble_set_errno(t, errno, "cannot find out the size of %s", path);
        *ret = (struct verity_device) {
                .path = path, .bytes = (uint64_t) size, .is_block_device = S_ISBLK(st.st_mode),
                .dev = S_ISBLK(st.st_mode) ? st.st_rdev : st.st_dev, .ino = S_ISBLK(st.st_mode) ? 0 : st.st_ino,
        };
        ret->fd = fd_steal(&fd);
        return 0;
}

void verity_device_close(struct verity_device *d)
{
        d->fd = fd_close(d->fd);
}

bool verity_device_equal(const struct verity_device *a, const struct verity_device *b)
{
        return a->is_block_device == b->is_block_device && a->dev == b->dev && a->ino == b->ino;
}

int verity_take_offset(const char *text, const char *verb, uint64_t *ret, struct trouble *t)
{
        uint64_t bytes;

        if (!cmdline_number_parse(text, &bytes))
                return trouble_set_usage(t, verb, "--hash-offset is a number of bytes, not", text);
        if (bytes % 512 != 0)
                return trouble_set_usage(t, verb, "--hash-offset is no multiple of 512:", text);
        *ret = bytes;
        return 0;
}

int verity_device_superblock(const struct verity_device *d, uint64_t offset_bytes, struct verity_superblock *ret, struct trouble *t)
{
        uint8_t bytes[VERITY_SUPERBLOCK_BYTES];
        struct error err = {};
        int why;
        size_t n = fsat_read_at(d->fd, offset_bytes, bytes, sizeof(bytes), &why);

        if (why != 0)
                return trouble_set_errno(t, why, "cannot read %s", d->path);
        if (n < sizeof(bytes))
                return trouble_set(t, OUTCOME_FALSE, "%s ends before byte %llu: there is no superblock", d->path,
                                   (unsigned long long) (offset_bytes + sizeof(bytes)));
        if (verity_superblock_parse(bytes, ret, &err) == 0)
                return 0;
        (void) trouble_from_error(t, &err);
        return trouble_prefix(t, "%s at byte %llu", d->path, (unsigned long long) offset_bytes);
}

int verity_words(const struct verity_superblock *sb, const char *path, uint64_t hash_offset_bytes, char **ret, struct trouble *t)
{
        struct verity_geometry geometry = verity_geometry_of(sb, hash_offset_bytes);
        const char *why = verity_geometry_check(&geometry);
        char text[VERITY_GEOMETRY_TEXT_MAX];

        if (why)
                return trouble_set(t, OUTCOME_FALSE, "%s at byte %llu cannot be pinned: %s", path,
                                   (unsigned long long) hash_offset_bytes, why);
        verity_geometry_format(&geometry, text);
        /* The word says where the tree begins. That the superblock is not in the block before, it does not. */
        if (verity_superblock_before(geometry.hash_start_block, geometry.hash_block_bytes) != hash_offset_bytes)
                *ret = tool_format("init.verity=%s systemd.verity_usr_options=hash-offset=%llu", text,
                                   (unsigned long long) hash_offset_bytes);
        else
                *ret = tool_format("init.verity=%s", text);
        return 0;
}
