/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "verity_verdict.h"

#include <stdio.h>
#include <sys/sysmacros.h>

#include "verinit/uuid.h"

#include "progress.h"

const char *verity_verdict_name(enum volume_verdict v)
{
        static const char *const names[] = {
                [VOLUME_UNREADABLE] = "unreadable", [VOLUME_REFUSED] = "refused", [VOLUME_DAMAGED] = "damaged",
                [VOLUME_VERIFIED] = "verified",
        };

        return names[v];
}

/* The disk, not the content: another try may find something else. */
static bool is_unreadable(enum fail_code code)
{
        return fail_code_class(code) == FAIL_SYSTEM;
}

static void show_progress(uint64_t done, uint64_t total, void *userdata)
{
        progress_show(userdata, done, total);
}

static int check_whole(const struct verity_request *req, struct verity_verdict *v, struct error *err)
{
        struct progress progress;
        const struct whole_tree_request whole = {
                .superblock = &v->superblock, .tree = &v->tree, .root_hash = req->root_hash, .data_fd = req->data_fd,
                .hash_fd = req->hash_fd, .data_name = req->data_name, .hash_name = req->hash_name,
                .progress = show_progress, .userdata = &progress,
        };
        int r;

        progress_begin(&progress, "verifying");
        r = whole_tree_verify(&whole, &v->whole, err);
        progress_end(&progress);
        v->is_whole = true;
        if (r < 0)
                v->whole_code = err->code;
        return r;
}

static bool is_of_a_block(enum fail_code code)
{
        return code == FAIL_ROOT_HASH_MISMATCH_CODE || code == FAIL_HASH_TREE_CORRUPT_CODE || code == FAIL_DATA_CORRUPT_CODE ||
               code == FAIL_VERITY_READ_FAILED_CODE;
}

/* PID 1 told of the first wrong block on its two paths: where is the first of all? */
static void find_place(const struct verity_request *req, struct verity_verdict *v)
{
        struct error ignored = {};

        if (!is_of_a_block(v->err.code) || verity_shape_read(req, &v->superblock, &v->tree, &ignored) < 0)
                return;
        v->has_shape = true;
        (void) check_whole(req, v, &ignored);
}

static void complete_request(struct verity_request *req, const struct verity_device *data, const struct verity_device *hash)
{
        bool is_same = verity_device_equal(data, hash);

        req->data_fd = data->fd;
        req->hash_fd = hash->fd;
        req->data_name = data->path;
        req->hash_name = hash->path;
        /* Files have no numbers; what counts is whether there are two. */
        req->data_dev = makedev(7, 0);
        req->hash_dev = makedev(7, is_same ? 0 : 1);
        req->data_device_bytes = data->bytes;
        req->hash_device_bytes = hash->bytes;
}

void verity_verdict_find(struct verity_request *req, const struct verity_device *data, const struct verity_device *hash,
                         struct verity_verdict *ret)
{
        struct verity_verdict *v = ret;
        const struct verified_root *root;

        complete_request(req, data, hash);
        req->is_geometry_proved = true;
        v->is_pinned = req->geometry != NULL;
        if (verity_verify(req, &root, &v->err) < 0) {
                v->verdict = is_unreadable(v->err.code) ? VOLUME_UNREADABLE : VOLUME_REFUSED;
                find_place(req, v);
                return;
        }
        v->has_shape = true;
        v->superblock = *verified_root_superblock(root);
        v->tree = *verified_root_tree(root);
        if (check_whole(req, v, &v->err) < 0) {
                v->verdict = is_unreadable(v->err.code) ? VOLUME_UNREADABLE : VOLUME_DAMAGED;
                return;
        }
        v->verdict = VOLUME_VERIFIED;
        req->is_geometry_proved = false;
        v->is_refused_unproved = v->is_pinned && verity_verify(req, &root, &v->unproved) < 0;
}

static uint64_t count_hash_blocks(const struct verity_tree *tree)
{
        uint64_t n = 0;

        for (unsigned level = 0; level < tree->n_levels; level++)
                n += tree->level_blocks[level];
        return n;
}

static void print_error(const char *result, const struct error *err)
{
        char text[sizeof(err->msg)];

        memcpy(text, err->msg, sizeof(text));
        printf("%s: %s/%s\n%s\nremedy: %s\n", result, fail_class_name(fail_code_class(err->code)), fail_code_name(err->code),
               tool_printable(text), fail_code_remedy(err->code));
}

void verity_verdict_print(const struct verity_verdict *v)
{
        char hash[DIGEST_MAX_HEX], gaps[WHOLE_TREE_GAPS_TEXT];

        if (v->verdict != VOLUME_VERIFIED) {
                print_error(verity_verdict_name(v->verdict), &v->err);
                return;
        }
        digest_hex(&v->root_hash, hash);
        printf("verified\n%-10s %s\n", "root hash", hash);
        printf("%-10s %llu blocks of %u bytes\n", "data", (unsigned long long) v->superblock.data_blocks, v->superblock.data_block_bytes);
        printf("%-10s %llu blocks of %u bytes, %u levels, %s\n", "tree", (unsigned long long) count_hash_blocks(&v->tree),
               v->superblock.hash_block_bytes, v->tree.n_levels, digest_name(v->superblock.alg));
        printf("%-10s %s\n", "geometry", v->is_pinned ? "pinned by the command line" : "from the superblock");
        if (v->is_refused_unproved)
                printf("%-10s a machine that cannot prove its command line would refuse it with %s\n", "but",
                       fail_code_name(v->unproved.code));
        whole_tree_gaps_format(&v->whole, gaps);
        if (gaps[0] != '\0')
                printf("%-10s %s\n", "note", gaps);
}

static struct json_object *place_json(const struct verity_verdict *v, const struct verity_device *data, const struct verity_device *hash)
{
        const struct whole_tree_place *p = &v->whole.place;
        struct json_object *o;

        if (!v->whole.has_place)
                return NULL;
        o = json_value_object();
        json_value_add_text(o, "code", fail_code_name(v->whole_code));
        json_value_add_text(o, "device", p->is_data ? "data" : "hash");
        json_value_add_text(o, "path", p->is_data ? data->path : hash->path);
        json_value_add(o, "level", p->is_data ? NULL : json_value_u64(p->level));
        json_value_add(o, "block", json_value_u64(p->block));
        json_value_add(o, "byte", json_value_u64(p->offset_bytes));
        json_value_add(o, "expected", json_value_digest(&p->expected));
        json_value_add(o, "found", json_value_digest(&p->found));
        return o;
}

static struct json_object *shape_json(const struct verity_verdict *v)
{
        const struct verity_superblock *sb = &v->superblock;
        struct json_object *o = json_value_object();
        char salt[2 * VERITY_SALT_MAX + 1], uuid[37];

        hex_encode(sb->salt, sb->salt_size, salt);
        uuid_format(sb->uuid, uuid);
        json_value_add_text(o, "from", v->is_pinned ? "pinned" : "superblock");
        json_value_add_text(o, "algorithm", digest_name(sb->alg));
        json_value_add(o, "data_block_bytes", json_value_u64(sb->data_block_bytes));
        json_value_add(o, "hash_block_bytes", json_value_u64(sb->hash_block_bytes));
        json_value_add(o, "data_blocks", json_value_u64(sb->data_blocks));
        json_value_add(o, "hash_blocks", json_value_u64(count_hash_blocks(&v->tree)));
        json_value_add(o, "hash_start_block", json_value_u64(v->tree.hash_start_block));
        json_value_add(o, "levels", json_value_u64(v->tree.n_levels));
        json_value_add_text(o, "salt", salt);
        json_value_add_text(o, "uuid", uuid);
        return o;
}

static struct json_object *gaps_json(const struct verity_verdict *v)
{
        struct json_object *o;

        if (v->whole.n_filled_gaps == 0)
                return NULL;
        o = json_value_object();
        json_value_add(o, "hash_blocks", json_value_u64(v->whole.n_filled_gaps));
        json_value_add(o, "byte", json_value_u64(v->whole.first_gap_offset_bytes));
        return o;
}

struct json_object *verity_verdict_json(const struct verity_verdict *v, const struct verity_device *data, const struct verity_device *hash)
{
        struct json_object *o = json_value_object();
        bool is_right = v->verdict == VOLUME_VERIFIED;

        json_value_add_text(o, "result", verity_verdict_name(v->verdict));
        json_value_add_text(o, "code", is_right ? NULL : fail_code_name(v->err.code));
        json_value_add_text(o, "class", is_right ? NULL : fail_class_name(fail_code_class(v->err.code)));
        json_value_add_text(o, "message", is_right ? NULL : v->err.msg);
        json_value_add_text(o, "unproved_code", v->is_refused_unproved ? fail_code_name(v->unproved.code) : NULL);
        json_value_add(o, "root_hash", json_value_digest(&v->root_hash));
        json_value_add(o, "geometry", v->has_shape ? shape_json(v) : NULL);
        json_value_add(o, "place", place_json(v, data, hash));
        json_value_add(o, "filled_gaps", gaps_json(v));
        return o;
}

int verity_verdict_answer(const struct verity_verdict *v, struct trouble *t)
{
        struct error err = v->err;

        tool_printable(err.msg);
        switch (v->verdict) {
        case VOLUME_VERIFIED:
                return 0;
        case VOLUME_REFUSED:
                return trouble_from_error(t, &err);
        case VOLUME_DAMAGED:
                return trouble_set(t, OUTCOME_FALSE, "%s: %s; PID 1 does not look there, the kernel stops the machine that reads it",
                                   fail_code_name(err.code), err.msg);
        case VOLUME_UNREADABLE:
                break;
        }
        return trouble_set(t, OUTCOME_TROUBLE, "%s: %s", fail_code_name(err.code), err.msg);
}
