/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Adapter: libarchive. Its newc writer takes inode, link count, times and owner from the entry as they are given
 * and pads the end to nothing if asked so: two archives of one tree are the same bytes.
 */
#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <sys/stat.h>

#include "archives.h"

/* A UKI's initramfs holds tens of files; a hundred times that is no initramfs but a trap for who reads it. */
enum { MAX_ENTRIES = 8192 };

static la_ssize_t take_block(struct archive *archive, void *userdata, const void *data, size_t size)
{
        if (buffer_append(userdata, data, size) < 0) {
                archive_set_error(archive, ENOMEM, "out of memory");
                return -1;
        }
        return (la_ssize_t) size;
}

static int write_entry(struct archive *archive, struct archive_entry *entry, const struct tree_entry *e,
                       unsigned inode, uint32_t mtime)
{
        archive_entry_clear(entry);
        archive_entry_set_pathname(entry, e->path);
        archive_entry_set_mode(entry, e->mode);
        archive_entry_set_uid(entry, 0);
        archive_entry_set_gid(entry, 0);
        archive_entry_set_mtime(entry, (time_t) mtime, 0);
        archive_entry_set_dev(entry, 0);
        /* Different inodes: the kernel takes two files of one inode and several links for hard links. */
        archive_entry_set_ino64(entry, inode);
        archive_entry_set_nlink(entry, S_ISDIR(e->mode) ? 2 : 1);
        archive_entry_set_size(entry, (la_int64_t) e->content.size);
        if (archive_write_header(archive, entry) != ARCHIVE_OK)
                return -1;
        if (e->content.size > 0 &&
            archive_write_data(archive, e->content.data, e->content.size) != (la_ssize_t) e->content.size)
                return -1;
        return archive_write_finish_entry(archive) == ARCHIVE_OK ? 0 : -1;
}

static int write_entries(struct archive *archive, struct archive_entry *entry, const struct tree *tree, uint32_t mtime,
                     struct buffer *ret)
{
        if (archive_write_set_format_cpio_newc(archive) != ARCHIVE_OK ||
            archive_write_add_filter_none(archive) != ARCHIVE_OK ||
            archive_write_set_bytes_in_last_block(archive, 1) != ARCHIVE_OK ||
            archive_write_open2(archive, ret, NULL, take_block, NULL, NULL) != ARCHIVE_OK)
                return -1;
        for (size_t i = 0; i < tree->n_entries; i++)
                if (write_entry(archive, entry, &tree->entries[i], (unsigned) i + 1, mtime) < 0)
                        return -1;
        return archive_write_close(archive) == ARCHIVE_OK ? 0 : -1;
}

int cpio_write(const struct tree *tree, uint32_t mtime, struct buffer *ret, struct trouble *t)
{
        _cleanup_buffer_ struct buffer b = {};
        struct archive *archive = archive_write_new();
        struct archive_entry *entry = archive_entry_new();
        int r = -1;

        if (!archive || !entry)
                (void) trouble_set_errno(t, ENOMEM, "cannot write the archive");
        else if (write_entries(archive, entry, tree, mtime, &b) < 0)
                (void) trouble_set(t, OUTCOME_TROUBLE, "cannot write the archive: %s", archive_error_string(archive));
        else
                r = 0;
        archive_entry_free(entry);
        archive_write_free(archive);
        if (r == 0) {
                *ret = b;
                b = (struct buffer) {};
        }
        return r;
}

static int read_blocks(struct archive *archive, const char *what, size_t max, struct buffer *b, struct trouble *t)
{
        static char block[65536];

        for (;;) {
                la_ssize_t n = archive_read_data(archive, block, sizeof(block));

                if (n < 0)
                        return trouble_set(t, OUTCOME_TROUBLE, "cannot unpack %s: %s", what,
                                           archive_error_string(archive));
                if (n == 0)
                        return 0;
                if ((size_t) n > max - b->size)
                        return trouble_set(t, OUTCOME_TROUBLE, "%s unpacks to more than %zu bytes, which is more than "
                                           "it can sensibly hold", what, max);
                if (buffer_append(b, block, (size_t) n) < 0)
                        return trouble_set_errno(t, ENOMEM, "cannot unpack %s", what);
        }
}

/* These alone, and in this process: "all" would also try programs that libarchive starts. */
static int open_raw(struct archive *archive, const struct buffer *data)
{
        if (archive_read_support_format_raw(archive) != ARCHIVE_OK ||
            archive_read_support_filter_zstd(archive) != ARCHIVE_OK ||
            archive_read_support_filter_xz(archive) != ARCHIVE_OK ||
            archive_read_support_filter_gzip(archive) != ARCHIVE_OK)
                return -1;
        return archive_read_open_memory(archive, data->data, data->size) == ARCHIVE_OK ? 0 : -1;
}

static const char *filter_name(struct archive *archive)
{
        switch (archive_filter_code(archive, 0)) {
        case ARCHIVE_FILTER_NONE:
                return "none";
        case ARCHIVE_FILTER_ZSTD:
                return "zstd";
        case ARCHIVE_FILTER_XZ:
                return "xz";
        case ARCHIVE_FILTER_GZIP:
                return "gzip";
        default:
                return "other";
        }
}

int unpack(const struct buffer *data, const char *what, size_t max, struct buffer *ret, const char **ret_name,
               struct trouble *t)
{
        _cleanup_buffer_ struct buffer b = {};
        struct archive *archive;
        struct archive_entry *entry;
        int r = -1;

        if (data->size == 0)
                return trouble_set(t, OUTCOME_TROUBLE, "%s is empty", what);
        archive = archive_read_new();
        if (!archive)
                return trouble_set_errno(t, ENOMEM, "cannot unpack %s", what);
        if (open_raw(archive, data) < 0 || archive_read_next_header(archive, &entry) != ARCHIVE_OK)
                (void) trouble_set(t, OUTCOME_TROUBLE, "cannot unpack %s: %s", what, archive_error_string(archive));
        else
                r = read_blocks(archive, what, max, &b, t);
        if (r == 0) {
                *ret_name = filter_name(archive);
                *ret = b;
                b = (struct buffer) {};
        }
        archive_read_free(archive);
        return r;
}

static int take_entry(struct archive *archive, struct archive_entry *entry, const char *what, struct tree *tree,
                      struct trouble *t)
{
        const char *path = archive_entry_pathname(entry);
        struct tree_entry *e;

        if (!path)
                return trouble_set(t, OUTCOME_TROUBLE, "an entry of %s has no name", what);
        /* Its content is that of another name: no archive of ours has one, and the reader would see it empty. */
        if (archive_entry_hardlink(entry))
                return trouble_set(t, OUTCOME_TROUBLE, "%s has hard links, which verinit does not read", what);
        if (tree->n_entries == MAX_ENTRIES)
                return trouble_set(t, OUTCOME_TROUBLE, "%s has more than %d entries", what, MAX_ENTRIES);
        e = tree_append(tree, path, archive_entry_mode(entry));
        /* Bounded by the archive, which is in memory already: a header cannot promise more than there is. */
        return S_ISREG(e->mode) ? read_blocks(archive, what, SIZE_MAX / 2, &e->content, t) : 0;
}

static int read_entries(struct archive *archive, const char *what, struct tree *tree, struct trouble *t)
{
        struct archive_entry *entry;
        int r;

        while ((r = archive_read_next_header(archive, &entry)) == ARCHIVE_OK)
                if (take_entry(archive, entry, what, tree, t) < 0)
                        return -1;
        if (r == ARCHIVE_EOF)
                return 0;
        return trouble_set(t, OUTCOME_TROUBLE, "%s is no intact newc archive: %s", what, archive_error_string(archive));
}

int cpio_read(const struct buffer *data, const char *what, struct tree *ret, size_t *ret_used,
                      struct trouble *t)
{
        struct archive *archive = archive_read_new();
        _cleanup_(tree_done) struct tree tree = {};
        int r = -1;

        if (!archive)
                return trouble_set_errno(t, ENOMEM, "cannot read %s", what);
        if (archive_read_support_format_cpio(archive) != ARCHIVE_OK ||
            archive_read_open_memory(archive, data->data, data->size) != ARCHIVE_OK)
                (void) trouble_set(t, OUTCOME_TROUBLE, "cannot read %s: %s", what, archive_error_string(archive));
        else
                r = read_entries(archive, what, &tree, t);
        if (r == 0) {
                *ret_used = (size_t) archive_filter_bytes(archive, 0);
                *ret = tree;
                tree = (struct tree) {};
        }
        archive_read_free(archive);
        return r;
}
