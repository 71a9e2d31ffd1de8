/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * verinit verity format: hash tree, superblock and parity of a volume, by libcryptsetup, and the words of the command line that go with
 * them. A file gets its name when it is complete; only what is written into a device, or behind the data, can be left half done.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "verinit/uuid.h"

#include "output.h"
#include "verity_device.h"
#include "verity_format.h"
#include "verity_format_options.h"

/* Where the bytes of an output go until all is well. */
struct target {
        struct output output;     /* .temporary NULL: in place */
        const char *written;      /* the name that the library gets */
        off_t truncate_to;        /* after a failure, what was a file of this size; -1: not */
};

static void target_done(struct target *g)
{
        if (!g->output.temporary && g->truncate_to >= 0 && truncate(g->written, g->truncate_to) < 0)
                tool_say("%s has a part of a tree behind byte %lld: %s", g->written, (long long) g->truncate_to, strerror(errno));
        output_done(&g->output);
}

static int refuse_force(const char *path, const char *why, struct trouble *t)
{
        return trouble_set(t, OUTCOME_TROUBLE, "%s %s, and is not written to without --force", path, why);
}

/*
 * A new file, beside it and renamed. A device, and what has bytes before the place: where it is. st is of the data device, whose
 * bytes below offset are to stay.
 */
static int target_choose(const char *path, uint64_t offset, bool is_data, bool is_forced, struct target *ret, struct trouble *t)
{
        struct stat st;

        *ret = (struct target) { .written = path, .truncate_to = -1 };
        if (stat(path, &st) < 0) {
                if (errno != ENOENT)
                        return trouble_set_errno(t, errno, "cannot write %s", path);
                st = (struct stat) { .st_mode = S_IFREG };
        }
        if (S_ISBLK(st.st_mode))
                return is_forced ? 0 : refuse_force(path, "is a block device", t);
        if (!S_ISREG(st.st_mode))
                return trouble_set(t, OUTCOME_TROUBLE, "%s is neither a regular file nor a block device", path);
        if (is_data) {
                if ((uint64_t) st.st_size > offset)
                        return is_forced ? 0 : refuse_force(path, "has something where the tree would be", t);
                ret->truncate_to = st.st_size;
                return 0;
        }
        if (st.st_size > 0 && !is_forced)
                return refuse_force(path, "exists and is not empty", t);
        if (st.st_size > 0 && offset > 0)
                return 0;
        if (output_begin(&ret->output, path, t) < 0)
                return -1;
        ret->written = ret->output.temporary;
        return 0;
}

static int sync_path(const char *path, struct trouble *t)
{
        _cleanup_fd_ int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);

        return fd < 0 || fsync(fd) < 0 ? trouble_set_errno(t, errno, "cannot write %s to the disk", path) : 0;
}

static int target_finish(struct target *g, struct trouble *t)
{
        g->truncate_to = -1;
        return g->output.temporary ? output_commit(&g->output, t) : sync_path(g->written, t);
}

/* How much is data, of which nothing may be left over: that would be under no hash. */
static int count_blocks(const struct format_options *o, const struct verity_device *data, bool is_same, uint64_t *ret, struct trouble *t)
{
        uint64_t bytes = is_same ? o->hash_offset : data->bytes, size = o->superblock.data_block_bytes, n = o->superblock.data_blocks;

        if (is_same && o->hash_offset == 0)
                return trouble_set_usage(t, FORMAT_VERB, "one device for data and tree needs", "--hash-offset");
        if (n == 0) {
                if (bytes % size != 0)
                        return trouble_set(t, OUTCOME_TROUBLE, "%s: %llu bytes are no multiple of the data block size, %llu: the rest would be "
                                           "under no hash", data->path, (unsigned long long) bytes, (unsigned long long) size);
                n = bytes / size;
        }
        if (n == 0 || n > bytes / size || n * size > data->bytes)
                return trouble_set(t, OUTCOME_TROUBLE, "%s: %llu data blocks of %llu bytes do not lie before %s", data->path, (unsigned long long) n,
                                   (unsigned long long) size, is_same ? "the hash tree" : "its end");
        *ret = n;
        return 0;
}

/* Whether two names are one file; one that does not exist is none. */
static bool is_same_file(const struct verity_device *data, const char *path)
{
        struct verity_device other = { .fd = -1 };
        struct trouble ignored;
        bool is_same;

        if (verity_device_open(path, &other, &ignored) < 0)
                return false;
        is_same = verity_device_equal(data, &other);
        verity_device_close(&other);
        return is_same;
}

static bool is_same_path(const char *a, const char *b)
{
        struct verity_device device = { .fd = -1 };
        struct trouble ignored;
        bool is_same = str_equal(a, b) || (verity_device_open(a, &device, &ignored) == 0 && is_same_file(&device, b));

        verity_device_close(&device);
        return is_same;
}

struct formatted {
        struct verity_superblock superblock;
        struct digest root_hash;
        char *geometry; /* words */
};

static int write_root_hash(const char *path, const struct digest *root_hash, struct trouble *t)
{
        _cleanup_buffer_ struct buffer text = {};
        char hex[DIGEST_MAX_HEX];

        digest_hex(root_hash, hex);
        /* No newline, as veritysetup does. */
        if (buffer_append(&text, hex, strlen(hex)) < 0)
                return trouble_set_errno(t, ENOMEM, "cannot write %s", path);
        return output_write(path, &text, t);
}

/* What was written, by PID 1's reader. */
static int read_back(const struct verity_format *f, struct formatted *ret, struct trouble *t)
{
        _cleanup_device_ struct verity_device hash = { .fd = -1 };

        if (verity_device_open(f->hash_path, &hash, t) < 0 ||
            verity_device_superblock(&hash, f->hash_offset_bytes, &ret->superblock, t) < 0)
                return -1;
        return verity_words(&ret->superblock, f->hash_path, f->hash_offset_bytes, &ret->geometry, t);
}

static int format_volume(const struct format_options *o, const struct verity_device *data, struct formatted *ret, struct trouble *t)
{
        _cleanup_(target_done) struct target hash = { .truncate_to = -1 }, fec = { .truncate_to = -1 };
        bool is_same = is_same_file(data, o->hash_device);
        struct verity_format f = {
                .superblock = o->superblock, .data_path = o->data_device, .hash_offset_bytes = o->hash_offset, .fec_roots = o->fec_roots,
        };

        if (o->fec_device && (is_same_file(data, o->fec_device) || is_same_path(o->hash_device, o->fec_device)))
                return trouble_set_usage(t, FORMAT_VERB, "the parity needs a device of its own:", o->fec_device);
        if (count_blocks(o, data, is_same, &f.superblock.data_blocks, t) < 0)
                return -1;
        if (format_options_derive(o, &f.superblock, t) < 0)
                return -1;
        if (o->root_hash_file && output_check(o->root_hash_file, t) < 0)
                return -1;
        if (target_choose(o->hash_device, o->hash_offset, is_same, o->is_forced, &hash, t) < 0 ||
            (o->fec_device && target_choose(o->fec_device, 0, false, o->is_forced, &fec, t) < 0))
                return -1;
        f.hash_path = hash.written;
        f.fec_path = o->fec_device ? fec.written : NULL;
        if (verity_format_write(&f, &ret->root_hash, t) < 0 || read_back(&f, ret, t) < 0)
                return -1;
        if (target_finish(&hash, t) < 0 || (o->fec_device && target_finish(&fec, t) < 0))
                return -1;
        return o->root_hash_file ? write_root_hash(o->root_hash_file, &ret->root_hash, t) : 0;
}

static int print(const struct formatted *v, enum json_how how, struct trouble *t)
{
        char hex[DIGEST_MAX_HEX], salt[2 * VERITY_SALT_MAX + 1], uuid[37], data_uuid[37], hash_uuid[37];
        _cleanup_free_ char *cmdline = NULL;
        _cleanup_json_ struct json_object *o = NULL;

        digest_hex(&v->root_hash, hex);
        hex_encode(v->superblock.salt, v->superblock.salt_size, salt);
        uuid_format(v->superblock.uuid, uuid);
        verity_partuuids(v->root_hash.bytes, digest_size(v->root_hash.alg), data_uuid, hash_uuid);
        cmdline = tool_format("usrhash=%s %s", hex, v->geometry);
        if (how == JSON_OFF) {
                printf("%-10s %s\n%-10s %s\n%-10s %s\n%-10s PARTUUID=%s\n%-10s PARTUUID=%s\n", "root hash", hex, "geometry", v->geometry,
                       "cmdline", cmdline, "data", data_uuid, "tree", hash_uuid);
                return 0;
        }
        o = json_value_object();
        json_value_add_text(o, "root_hash", hex);
        json_value_add_text(o, "geometry", v->geometry);
        json_value_add_text(o, "cmdline", cmdline);
        json_value_add_text(o, "data_partuuid", data_uuid);
        json_value_add_text(o, "hash_partuuid", hash_uuid);
        json_value_add_text(o, "algorithm", digest_name(v->superblock.alg));
        json_value_add(o, "data_blocks", json_value_u64(v->superblock.data_blocks));
        json_value_add_text(o, "salt", salt);
        json_value_add_text(o, "uuid", uuid);
        return json_value_print(o, how == JSON_PRETTY, t);
}

int verity_format_volume(int argc, char *argv[], struct trouble *t)
{
        _cleanup_device_ struct verity_device data = { .fd = -1 };
        struct formatted formatted = {};
        struct format_options o;
        int r;

        r = format_options_parse(argc, argv, &o, t);
        if (r != 0)
                return r < 0 ? -1 : 0;
        if (verity_device_open(o.data_device, &data, t) < 0 || format_volume(&o, &data, &formatted, t) < 0)
                r = -1;
        else if (o.common.json != JSON_OFF || !o.common.is_quiet)
                r = print(&formatted, o.common.json, t);
        free(formatted.geometry);
        return r;
}
