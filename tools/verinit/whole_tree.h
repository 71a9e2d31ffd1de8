/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A verity volume, all of it: each data block against the tree, each hash block against the one above, the root block against
 * the root hash. PID 1 proves the first and the last path before it has a mapping (verity_verify()), and leaves the rest to the kernel,
 * which looks when a block is read; this is for the time before a release, when nobody has read anything yet.
 */
#pragma once

#include "verinit/verity.h"

typedef void whole_tree_progress(uint64_t done_bytes, uint64_t total_bytes, void *userdata);

struct whole_tree_request {
        const struct verity_superblock *superblock; /* or what is pinned, in its form */
        const struct verity_tree *tree;             /* by verity_tree_layout(), which has compared it with the sizes of the devices */
        const uint8_t *root_hash;                   /* as long as the algorithm says */
        int data_fd, hash_fd;                       /* may be the same; their positions are not used */
        const char *data_name, *hash_name;          /* for messages */
        unsigned n_threads;                         /* 0: as many as this process may use cores */
        whole_tree_progress *progress;              /* from the thread that called, in data bytes; NULL */
        void *userdata;
};

struct whole_tree_place {
        bool is_data;
        unsigned level;             /* of a hash block: 0 lies over the data */
        uint64_t block;             /* counted from the start of its device, as in PID 1's messages */
        uint64_t offset_bytes;      /* on its device */
        struct digest expected, found; /* of none unless it was hashed */
};

struct whole_tree_result {
        bool has_place;
        struct whole_tree_place place; /* of what failed */
        unsigned n_threads;            /* that took part */
        /*
         * Hash blocks with something other than zeros where there is no digest: between the digests of SHA-384, or behind the last of a
         * level. The kernel does not look there, and the block above vouches for it, so it is told and not refused.
         */
        uint64_t n_filled_gaps;
        uint64_t first_gap_offset_bytes; /* of the first such block, on its device */
};

/*
 * 0: every block is right. Else *err has the code that PID 1 would have: ROOT_HASH_MISMATCH, HASH_TREE_CORRUPT, DATA_CORRUPT: proved
 * wrong; VERITY_READ_FAILED, CRYPTO_FAILED: not known. Of several failures it is that of the lowest data block whose path from the root down
 * fails, and the uppermost on that path, however many threads there are. *ret is filled in both cases.
 */
int whole_tree_verify(const struct whole_tree_request *req, struct whole_tree_result *ret, struct error *err);

enum { WHOLE_TREE_GAPS_TEXT = 160 };

/* The filled gaps, for people; empty without any. */
void whole_tree_gaps_format(const struct whole_tree_result *result, char ret_text[static WHOLE_TREE_GAPS_TEXT]);
