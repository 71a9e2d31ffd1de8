/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The mapping. The ioctls' success proves little: dm-verity goes live with any root hash, and libcryptsetup reports
 * success over a device whose status is already 'C'. So the kernel is asked what it made of it, and asked again after
 * it has read. From here on there is an active_volume, and what it says of itself is what the kernel said.
 */
#include "verinit/verity.h"

#include <errno.h>
#include <stdio.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "verinit/fsat.h"
#include "verinit/log.h"

#define TARGET "verity"

struct active_volume {
        char name[VERITY_NAME_MAX + 1];
        dev_t devno;
        struct digest root_hash;
        char table[2048 + 64];
};

static struct active_volume the_volume;

/* What was meant, to be compared with what is. */
struct expectation {
        const char *name;
        const char *uuid;
        const struct verity_table *table;
};

static int refuse_difference(struct error *err, const char *name, const char *what, const char *live, const char *meant)
{
        return error_set(err, FAIL_DM_TABLE_DIFFERS_CODE, EBADMSG, "mapping %s: its %s is \"%s\", not \"%s\"", name,
                         what, live, meant);
}

static int compare_live(const struct dm_device *live, const struct expectation *meant, struct error *err)
{
        if (!str_equal(live->name, meant->name))
                return refuse_difference(err, meant->name, "name", live->name, meant->name);
        if (!str_equal(live->uuid, meant->uuid))
                return refuse_difference(err, meant->name, "UUID", live->uuid, meant->uuid);
        if (!live->is_read_only)
                return refuse_difference(err, meant->name, "mode", "writable", "read-only");
        if (!str_equal(live->target, TARGET))
                return refuse_difference(err, meant->name, "target", live->target, TARGET);
        if (live->length_sectors != meant->table->length_sectors)
                return error_set(err, FAIL_DM_TABLE_DIFFERS_CODE, EBADMSG,
                                 "mapping %s: it has %llu sectors, not %llu", meant->name,
                                 (unsigned long long) live->length_sectors,
                                 (unsigned long long) meant->table->length_sectors);
        if (!str_equal(live->table, meant->table->params)) {
                /* Both do not fit one message; the one that was meant follows from the rest of the log. */
                log_debug("meant: %s", meant->table->params);
                return error_set(err, FAIL_DM_TABLE_DIFFERS_CODE, EBADMSG,
                                 "mapping %s: its table is not the one that was loaded, but \"%.500s\"", meant->name,
                                 live->table);
        }
        return 0;
}

/* "V", or with more words behind it from kernels newer than 6.12. Whatever is not 'V' is not verified. */
static int check_status(const struct dm_device *live, const char *name, struct error *err)
{
        if (live->status[0] == 'V' && (live->status[1] == '\0' || live->status[1] == ' '))
                return 0;
        return error_set(err, FAIL_DM_CORRUPTED_CODE, EBADMSG, "mapping %s: the kernel's status is \"%s\", not \"V\"",
                         name, live->status);
}

static int query_and_compare(const struct expectation *meant, struct dm_device *ret, struct error *err)
{
        struct dm_device live = {};
        int r;

        r = dm_query(meant->name, &live, err);
        if (r < 0)
                return r;
        r = compare_live(&live, meant, err);
        if (r < 0)
                return r;
        r = check_status(&live, meant->name, err);
        if (r < 0)
                return r;
        *ret = live;
        return 0;
}

/* The bytes themselves are not looked at: it is the kernel that looks, and says so in the status. */
static int read_block(int fd, const char *name, uint64_t block, uint32_t block_bytes, struct error *err)
{
        uint8_t piece[4096];
        int why;

        for (uint32_t done = 0, n; done < block_bytes; done += n) {
                n = block_bytes - done < sizeof(piece) ? block_bytes - done : (uint32_t) sizeof(piece);
                if (fsat_read_at(fd, block * block_bytes + done, piece, n, &why) < n)
                        return error_set(err, FAIL_VERITY_READ_FAILED_CODE, why != 0 ? why : EIO,
                                         "mapping %s: block %llu of %u bytes cannot be read through it: %s", name,
                                         (unsigned long long) block, block_bytes, why != 0 ? errno_name(why) : "it ends before");
        }
        log_debug("mapping %s: block %llu read through the kernel", name, (unsigned long long) block);
        return 0;
}

static int read_ends(const struct verity_superblock *sb, const struct dm_device *live, struct error *err)
{
        _cleanup_fd_ int fd = -1;
        int r;

        r = dm_open(live->name, live->devno, &fd, err);
        if (r < 0)
                return r;
        r = read_block(fd, live->name, 0, sb->data_block_bytes, err);
        if (r < 0)
                return r;
        return read_block(fd, live->name, sb->data_blocks - 1, sb->data_block_bytes, err);
}

/* A failed read is corruption if the kernel says so, and a bad disk if it does not. */
static int read_and_ask_again(const struct verity_superblock *sb, const struct expectation *meant,
                              struct dm_device *live, struct error *err)
{
        struct error status_err = {};
        int r, q;

        r = read_ends(sb, live, err);
        q = query_and_compare(meant, live, &status_err);
        if (q < 0 && (r == 0 || fail_code_class(status_err.code) == FAIL_TAMPER)) {
                *err = status_err;
                return q;
        }
        return r;
}

/* The eighth word of the live table: what will be measured is what the kernel works with. */
static int parse_root_hash(const struct dm_device *live, enum digest_alg alg, struct digest *ret, struct error *err)
{
        struct digest digest = { .alg = alg };
        char hex[DIGEST_MAX_HEX];
        int n = -1;

        if (sscanf(live->table, "%*s %*s %*s %*s %*s %*s %*s %*s %128s%n", hex, &n) != 1 || n < 0 ||
            hex_decode(hex, digest.bytes, sizeof(digest.bytes)) != (ssize_t) digest_size(alg))
                return error_set(err, FAIL_DM_TABLE_DIFFERS_CODE, EBADMSG,
                                 "mapping %s: there is no root hash in its table", live->name);
        *ret = digest;
        return 0;
}

static int check_mapping(const struct verified_root *root, const struct expectation *meant, struct dm_device *ret,
                         struct digest *ret_root_hash, struct error *err)
{
        const struct verity_superblock *sb = verified_root_superblock(root);
        struct dm_device live;
        struct digest digest;
        int r;

        r = query_and_compare(meant, &live, err);
        if (r < 0)
                return r;
        r = read_and_ask_again(sb, meant, &live, err);
        if (r < 0)
                return r;
        r = parse_root_hash(&live, sb->alg, &digest, err);
        if (r < 0)
                return r;
        *ret = live;
        *ret_root_hash = digest;
        return 0;
}

int verity_activate(const struct verified_root *root, const char *name, const struct active_volume **ret,
                    struct error *err)
{
        struct active_volume *volume = &the_volume;
        char uuid[64];
        const struct expectation meant = { .name = name, .uuid = uuid, .table = verified_root_table(root) };
        struct dm_device live;
        int r;

        memset(volume, 0, sizeof(*volume));
        if (!str_copy(volume->name, sizeof(volume->name), name))
                return error_set(err, FAIL_BUG_CODE, ENAMETOOLONG, "mapping %s: name longer than %d bytes", name,
                                 VERITY_NAME_MAX);
        verity_dm_uuid(verified_root_superblock(root)->uuid, name, uuid);
        log_debug("mapping %s %s: 0 %llu " TARGET " %s", name, uuid,
                  (unsigned long long) meant.table->length_sectors, meant.table->params);
        r = dm_create(name, uuid, TARGET, meant.table->length_sectors, meant.table->params, err);
        if (r < 0)
                return r;
        r = check_mapping(root, &meant, &live, &volume->root_hash, err);
        if (r < 0) {
                struct error ignored = {};

                /* The boot ends anyway; a mapping that failed its checks should not be there meanwhile. */
                (void) dm_remove(name, &ignored);
                return r;
        }
        volume->devno = live.devno;
        (void) snprintf(volume->table, sizeof(volume->table), "0 %llu %s %s",
                        (unsigned long long) live.length_sectors, live.target, live.table);
        log_debug("mapping %s is %u:%u, status %s", name, major(live.devno), minor(live.devno), live.status);
        *ret = volume;
        return 0;
}

const char *active_volume_name(const struct active_volume *volume)
{
        return volume->name;
}

dev_t active_volume_dev(const struct active_volume *volume)
{
        return volume->devno;
}

const struct digest *active_volume_root_hash(const struct active_volume *volume)
{
        return &volume->root_hash;
}

const char *active_volume_table(const struct active_volume *volume)
{
        return volume->table;
}
