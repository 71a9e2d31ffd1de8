/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The data blocks are divided into units of about a mebibyte, read in one go, that the threads take in ascending order. A thread
 * keeps the hash blocks on the path to where it is. Each was hashed before a byte of it was believed, and is used from the buffer
 * it was hashed in: so however large the volume, memory is one path and one unit a thread.
 *
 * A unit is taken only if no failure below it is known, and what was taken is finished. So the lowest failure is always found.
 */
#include "whole_tree.h"

#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>

#include "verinit/fsat.h"

enum { UNIT_BYTES = 1024 * 1024, THREADS_MAX = 256 };

#define NO_BLOCK UINT64_MAX

/* What went wrong on the way to a data block. */
struct finding {
        uint64_t data_block; /* NO_BLOCK: nothing did */
        bool has_place;
        struct whole_tree_place place;
        struct error err;
};

struct work {
        const struct whole_tree_request *req;
        uint64_t unit_blocks;
        pthread_mutex_t lock; /* for all below */
        uint64_t next_block;  /* the first that nobody has taken */
        uint64_t done_blocks;
        uint64_t n_filled_gaps, first_gap_offset;
        struct finding first;
};

struct worker {
        struct work *work;
        uint64_t span[VERITY_MAX_LEVELS];   /* data blocks below one block of a level */
        uint64_t held[VERITY_MAX_LEVELS];   /* which block of the level is in path; NO_BLOCK: none */
        uint8_t *path;                      /* one hash block a level */
        uint8_t *unit;
        struct finding finding;
        pthread_t thread;
};

static uint8_t *path_block(const struct worker *w, unsigned level)
{
        return w->path + (size_t) level * w->work->req->superblock->hash_block_bytes;
}

static int fail_at(struct worker *w, const struct whole_tree_place *place)
{
        w->finding.has_place = true;
        w->finding.place = *place;
        return -1;
}

static int fail_read(struct worker *w, const struct whole_tree_place *place, int errno_value)
{
        const struct whole_tree_request *req = w->work->req;
        const char *device = place->is_data ? req->data_name : req->hash_name;

        if (errno_value == 0)
                (void) error_set(&w->finding.err, FAIL_VERITY_READ_FAILED_CODE, EIO, "%s: it ends inside the block at byte %llu", device,
                                 (unsigned long long) place->offset_bytes);
        else
                (void) error_set(&w->finding.err, FAIL_VERITY_READ_FAILED_CODE, errno_value, "%s: reading the block at byte %llu failed: %s",
                                 device, (unsigned long long) place->offset_bytes, errno_name(errno_value));
        return fail_at(w, place);
}

static int check_block(struct worker *w, const uint8_t *bytes, const uint8_t *expected_bytes, struct whole_tree_place *place)
{
        const struct whole_tree_request *req = w->work->req;
        const struct verity_block block = {
                .device = place->is_data ? req->data_name : req->hash_name, .is_data = place->is_data, .level = place->level,
                .number = place->block,
        };
        struct digest expected = { .alg = req->superblock->alg };

        memcpy(expected.bytes, expected_bytes, digest_size(expected.alg));
        if (verity_block_check(req->superblock, req->tree, &block, bytes, &expected, &place->found, &w->finding.err) == 0)
                return 0;
        if (place->found.alg == DIGEST_NONE)
                return -1;
        place->expected = expected;
        return fail_at(w, place);
}

static bool is_zero(const uint8_t *p, size_t n)
{
        return n == 0 || (p[0] == 0 && memcmp(p, p + 1, n - 1) == 0);
}

/* n_used: digests in this block. */
static bool has_filled_gap(const struct whole_tree_request *req, const uint8_t *block, uint64_t n_used)
{
        size_t size = digest_size(req->superblock->alg);
        size_t slot = req->superblock->hash_block_bytes / (size_t) req->tree->hashes_per_block;

        for (uint64_t i = 0; slot > size && i < n_used; i++)
                if (!is_zero(block + i * slot + size, slot - size))
                        return true;
        return !is_zero(block + n_used * slot, req->superblock->hash_block_bytes - n_used * slot);
}

static void note_gap(struct work *work, uint64_t offset_bytes)
{
        (void) pthread_mutex_lock(&work->lock);
        if (work->n_filled_gaps++ == 0 || offset_bytes < work->first_gap_offset)
                work->first_gap_offset = offset_bytes;
        (void) pthread_mutex_unlock(&work->lock);
}

/* The block of a level over a data block, which the level above already holds the digest of. */
static int load_hash_block(struct worker *w, unsigned level, uint64_t data_block, const uint8_t *expected)
{
        const struct whole_tree_request *req = w->work->req;
        const struct verity_tree *tree = req->tree;
        uint64_t index = data_block / w->span[level], n_below, n_used;
        uint8_t *block = path_block(w, level);
        uint32_t size = req->superblock->hash_block_bytes;
        struct whole_tree_place place = { .level = level, .block = tree->level_start_block[level] + index };
        int e;

        w->held[level] = NO_BLOCK;
        place.offset_bytes = place.block * size;
        if (fsat_read_at(req->hash_fd, place.offset_bytes, block, size, &e) < size)
                return fail_read(w, &place, e);
        if (check_block(w, block, expected, &place) < 0)
                return -1;
        w->held[level] = index;

        /* Several threads read the upper blocks: he who has the first data block below one tells what is in it. */
        if (data_block % w->span[level] != 0)
                return 0;
        n_below = level == 0 ? req->superblock->data_blocks : tree->level_blocks[level - 1];
        n_used = n_below - index * tree->hashes_per_block;
        if (has_filled_gap(req, block, n_used < tree->hashes_per_block ? n_used : tree->hashes_per_block))
                note_gap(w->work, place.offset_bytes);
        return 0;
}

/* From the root down, what is not held yet; *ret is the digest that the data block must have. */
static int walk_down(struct worker *w, uint64_t data_block, const uint8_t **ret)
{
        const struct whole_tree_request *req = w->work->req;
        const struct verity_tree *tree = req->tree;
        size_t slot = req->superblock->hash_block_bytes / (size_t) tree->hashes_per_block;
        const uint8_t *expected = req->root_hash;

        for (unsigned level = tree->n_levels; level-- > 0;) {
                uint64_t below = level == 0 ? 1 : w->span[level - 1];

                if (w->held[level] != data_block / w->span[level] && load_hash_block(w, level, data_block, expected) < 0)
                        return -1;
                expected = path_block(w, level) + data_block / below % tree->hashes_per_block * slot;
        }
        *ret = expected;
        return 0;
}

static int check_unit(struct worker *w, uint64_t first, uint64_t n)
{
        const struct whole_tree_request *req = w->work->req;
        size_t size = req->superblock->data_block_bytes, n_read;
        const uint8_t *expected;
        int e;

        /* What lies before a bad sector is still looked at. */
        n_read = fsat_read_at(req->data_fd, first * size, w->unit, (size_t) n * size, &e);
        for (uint64_t i = 0; i < n; i++) {
                struct whole_tree_place place = { .is_data = true, .block = first + i, .offset_bytes = (first + i) * size };

                w->finding.data_block = first + i;
                if (walk_down(w, first + i, &expected) < 0)
                        return -1;
                if ((i + 1) * size > n_read)
                        return fail_read(w, &place, e);
                if (check_block(w, w->unit + i * size, expected, &place) < 0)
                        return -1;
        }
        return 0;
}

static bool take_unit(struct work *work, uint64_t *ret_first, uint64_t *ret_n)
{
        uint64_t left;

        (void) pthread_mutex_lock(&work->lock);
        left = work->req->superblock->data_blocks - work->next_block;
        if (work->next_block > work->first.data_block)
                left = 0;
        *ret_first = work->next_block;
        *ret_n = left < work->unit_blocks ? left : work->unit_blocks;
        work->next_block += *ret_n;
        (void) pthread_mutex_unlock(&work->lock);
        return left > 0;
}

/* And what the progress is. */
static uint64_t give_back(struct work *work, const struct finding *finding, uint64_t n)
{
        uint64_t done;

        (void) pthread_mutex_lock(&work->lock);
        done = work->done_blocks += n;
        if (finding && finding->data_block < work->first.data_block)
                work->first = *finding;
        (void) pthread_mutex_unlock(&work->lock);
        return done;
}

static void report(const struct whole_tree_request *req, uint64_t done_blocks)
{
        uint64_t size = req->superblock->data_block_bytes;

        req->progress(done_blocks * size, req->superblock->data_blocks * size, req->userdata);
}

static void work_off(struct worker *w, bool is_reporting)
{
        uint64_t first, n;

        while (take_unit(w->work, &first, &n)) {
                bool is_right = check_unit(w, first, n) == 0;
                uint64_t done = give_back(w->work, is_right ? NULL : &w->finding, n);

                if (is_reporting)
                        report(w->work->req, done);
        }
}

static void *run_thread(void *userdata)
{
        work_off(userdata, false);
        return NULL;
}

static unsigned count_cores(void)
{
        cpu_set_t set;

        /* What this process may use, which is less than what is online under taskset or in a container. */
        return sched_getaffinity(0, sizeof(set), &set) < 0 ? 1 : (unsigned) CPU_COUNT(&set);
}

static bool worker_init(struct worker *w, struct work *work)
{
        const struct whole_tree_request *req = work->req;
        uint64_t span = 1;

        w->work = work;
        for (unsigned level = 0; level < req->tree->n_levels; level++) {
                /* The root block's may be more than there are numbers; it has but one block. */
                if (__builtin_mul_overflow(span, req->tree->hashes_per_block, &span))
                        span = NO_BLOCK;
                w->span[level] = span;
                w->held[level] = NO_BLOCK;
        }
        w->path = calloc(req->tree->n_levels + 1, req->superblock->hash_block_bytes);
        w->unit = calloc((size_t) work->unit_blocks, req->superblock->data_block_bytes);
        return w->path && w->unit;
}

/* The calling thread is the first worker; one that cannot be had is done without. */
static unsigned run_workers(struct worker *workers, unsigned n, struct work *work)
{
        unsigned n_running = 1;

        while (n_running < n && worker_init(&workers[n_running], work) &&
               pthread_create(&workers[n_running].thread, NULL, run_thread, &workers[n_running]) == 0)
                n_running++;
        work_off(&workers[0], work->req->progress != NULL);
        for (unsigned i = 1; i < n_running; i++)
                (void) pthread_join(workers[i].thread, NULL);
        /* The last one to end may have been another thread. */
        if (work->req->progress && work->first.data_block == NO_BLOCK)
                report(work->req, work->done_blocks);
        return n_running;
}

static void workers_free(struct worker *workers, unsigned n)
{
        for (unsigned i = 0; i < n; i++) {
                free(workers[i].path);
                free(workers[i].unit);
        }
        free(workers);
}

static unsigned count_workers(const struct work *work)
{
        uint64_t data_blocks = work->req->superblock->data_blocks;
        uint64_t n_units = data_blocks / work->unit_blocks + (data_blocks % work->unit_blocks != 0);
        unsigned n = work->req->n_threads > 0 ? work->req->n_threads : count_cores();

        if (n > THREADS_MAX)
                n = THREADS_MAX;
        return n_units < n ? (unsigned) n_units : n;
}

int whole_tree_verify(const struct whole_tree_request *req, struct whole_tree_result *ret, struct error *err)
{
        struct work work = { .req = req, .lock = PTHREAD_MUTEX_INITIALIZER, .first.data_block = NO_BLOCK };
        struct worker *workers;
        struct digest ignored;
        unsigned n;

        *ret = (struct whole_tree_result) {};
        work.unit_blocks = req->superblock->data_block_bytes < UNIT_BYTES ? UNIT_BYTES / req->superblock->data_block_bytes : 1;
        /* The first use of an algorithm looks it up and keeps it; from then on crypto_digest() may be called by several. */
        if (crypto_digest(req->superblock->alg, NULL, 0, &ignored, err) < 0)
                return -err->err;
        n = count_workers(&work);
        workers = calloc(n, sizeof(*workers));
        if (!workers || !worker_init(&workers[0], &work)) {
                if (workers)
                        workers_free(workers, n);
                return error_set(err, FAIL_CRYPTO_FAILED_CODE, ENOMEM, "no memory to verify a volume");
        }
        ret->n_threads = run_workers(workers, n, &work);
        workers_free(workers, n);
        (void) pthread_mutex_destroy(&work.lock);
        ret->n_filled_gaps = work.n_filled_gaps;
        ret->first_gap_offset_bytes = work.first_gap_offset;
        if (work.first.data_block == NO_BLOCK)
                return 0;
        ret->has_place = work.first.has_place;
        ret->place = work.first.place;
        *err = work.first.err;
        return -err->err;
}

void whole_tree_gaps_format(const struct whole_tree_result *result, char ret_text[static WHOLE_TREE_GAPS_TEXT])
{
        ret_text[0] = '\0';
        if (result->n_filled_gaps > 0)
                (void) snprintf(ret_text, WHOLE_TREE_GAPS_TEXT,
                                "%llu hash blocks have bytes where no digest is, the first at byte %llu: nothing reads them",
                                (unsigned long long) result->n_filled_gaps, (unsigned long long) result->first_gap_offset_bytes);
}
