/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * dm-verity, format version 1 (kernel Documentation/admin-guide/device-mapper/verity.rst; superblock as in
 * cryptsetup lib/verity/verity.c). Pure parts first, then the three witnesses whose order the types enforce:
 *
 *   verity_verify() → verified_root → verity_activate() → active_volume → measure_volume() → measured_volume
 *
 * Each is an incomplete type, made in one file; mounting /usr takes only the last.
 */
#pragma once

#include <sys/types.h>

#include "verinit/boot_config.h"
#include "verinit/crypto.h"
#include "verinit/dm.h"

enum {
        VERITY_SUPERBLOCK_BYTES = 512,
        VERITY_SALT_MAX = 256,
        VERITY_BLOCK_MIN = 512,
        VERITY_BLOCK_MAX = 512 * 1024, /* what this code reads; the kernel wants at most the page size for data */
        VERITY_MAX_LEVELS = 63,
        VERITY_NAME_MAX = 16, /* bytes of a mapping's name */
};

/* Geometry of a data device and its tree. Sizes in bytes unless they say blocks. */
struct verity_superblock {
        uint32_t hash_type; /* 1 only: 0 is Chrome OS's, refused */
        uint8_t uuid[16];   /* text order */
        enum digest_alg alg;
        uint32_t data_block_bytes;
        uint32_t hash_block_bytes;
        uint64_t data_blocks;
        size_t salt_size;
        uint8_t salt[VERITY_SALT_MAX];
};

/* Pure; 512 untrusted bytes. Refused with SUPERBLOCK_INVALID, the field named. */
int verity_superblock_parse(const uint8_t bytes[static VERITY_SUPERBLOCK_BYTES], struct verity_superblock *ret,
                            struct error *err);

/* The tree: level 0 is what lies over the data, level n_levels - 1 is the single root block. */
struct verity_tree {
        unsigned n_levels;
        uint64_t hashes_per_block;                     /* a power of two */
        uint64_t level_start_block[VERITY_MAX_LEVELS]; /* in hash blocks from the start of the hash device */
        uint64_t level_blocks[VERITY_MAX_LEVELS];
        uint64_t hash_start_block; /* ceil((hash_offset + 512) / hash_block) */
        uint64_t end_bytes;        /* first byte behind the tree on the hash device */
};

/* Pure; checked arithmetic. Refuses what does not fit device sizes (bytes). */
int verity_tree_layout(const struct verity_superblock *sb, uint64_t hash_offset_bytes, uint64_t data_device_bytes,
                       uint64_t hash_device_bytes, bool is_same_device, struct verity_tree *ret, struct error *err);

/* A block as it was read, and where. */
struct verity_block {
        const char *device; /* for messages */
        bool is_data;
        unsigned level;  /* of a hash block: 0 lies over the data */
        uint64_t number; /* counted from the start of its device */
};

/* Pure. Where it begins on its device, which verity_tree_layout() has compared with the device's size. */
uint64_t verity_block_offset(const struct verity_superblock *sb, const struct verity_block *block);

/*
 * Pure. That its bytes hash to what the block above it says, or the root hash: else ROOT_HASH_MISMATCH, HASH_TREE_CORRUPT,
 * DATA_CORRUPT. In both cases *ret_seen is what they hash to; CRYPTO_FAILED leaves it untouched.
 */
int verity_block_check(const struct verity_superblock *sb, const struct verity_tree *tree, const struct verity_block *block,
                       const uint8_t *bytes, const struct digest *expected, struct digest *ret_seen, struct error *err);

/*
 * Forward error correction as the table has it, in blocks of the volume. What it corrects is hashed again by the kernel,
 * so nothing has to be believed of it.
 */
struct verity_fec {
        dev_t dev;
        uint64_t blocks;      /* that are covered: data, tree, and what lies behind the tree */
        uint64_t start_block; /* of the parity, on its device */
        unsigned roots;
};

/* Where the parity is said to lie. */
struct verity_fec_request {
        const char *name; /* kernel name of the device, for messages */
        dev_t dev;
        uint64_t device_bytes;
        uint64_t offset_bytes;
        unsigned roots; /* 2 to 24 */
};

/*
 * Pure. The same for a geometry that signed text pins: nothing on the disk is asked. area_start_bytes is the first byte of
 * the hash device that is not data's. GEOMETRY_MISMATCH where the devices are too small for it.
 */
int verity_tree_layout_pinned(const struct verity_geometry *geometry, uint64_t area_start_bytes,
                              uint64_t data_device_bytes, uint64_t hash_device_bytes, bool is_same_device,
                              struct verity_tree *ret, struct error *err);

/*
 * Pure. The hash block in which a tree begins that lies behind a superblock at this byte, with 512 more below 2^64; and the byte of the
 * superblock where only the tree's first block is said, one that a device can have: that of the hash block before, which
 * is where veritysetup puts it. Before block 0 there is none: the answer, 0, has its tree elsewhere.
 */
uint64_t verity_block_behind_superblock(uint64_t hash_offset_bytes, uint32_t hash_block_bytes);
uint64_t verity_superblock_before(uint64_t hash_start_block, uint32_t hash_block_bytes);

/* Pure. What a superblock would say that agrees with the geometry. */
struct verity_superblock verity_superblock_pinned(const struct verity_geometry *geometry);

/* Pure. What pins a volume with this superblock; the offset is one that a device can have. */
struct verity_geometry verity_geometry_of(const struct verity_superblock *sb, uint64_t hash_offset_bytes);

/* Pure. Each field of a superblock with what is pinned: GEOMETRY_MISMATCH, the field named. */
int verity_superblock_compare(const struct verity_superblock *sb, const struct verity_geometry *geometry,
                              struct error *err);

enum { FS_SIZE_HEAD_BYTES = 2048 };

/* A file system's own word for its size. */
struct fs_size {
        const char *type; /* "erofs", "ext4", "squashfs" */
        uint64_t bytes;   /* less than 2^63 */
        uint32_t unit;    /* up to a multiple of this its builder pads the file */
};

/* Pure; the first bytes of a volume. false: none of the three, or more than one of them. */
bool fs_size_parse(const uint8_t *head, size_t size, struct fs_size *ret);

/* Pure. Whether so many data blocks hold this file system, all of it and nothing behind it. */
bool fs_size_is(const struct fs_size *fs, uint64_t data_blocks, uint32_t data_block_bytes);

/* Pure. Where a hash area is put by whoever puts it behind the file system: at the next 4 KiB. */
uint64_t fs_size_end(const struct fs_size *fs);

/*
 * Pure. How many blocks the parity covers, as libcryptsetup says it when the parity is made and when it is used: all of
 * the hash device from the tree on, or up to the parity on the same device. FEC_UNFIT.
 */
int verity_fec_layout(const struct verity_superblock *sb, const struct verity_tree *tree, dev_t hash_dev,
                      uint64_t hash_device_bytes, const struct verity_fec_request *req, struct verity_fec *ret,
                      struct error *err);

/* The kernel's table for this volume: what is loaded, and what the live one is compared with, byte for byte. */
struct verity_table {
        uint64_t length_sectors;
        char params[1536]; /* all that follows "0 <length> verity " */
};

enum { VERITY_KEY_NAME_MAX = 128 };

struct verity_table_options {
        enum corruption_mode corruption;
        const struct verity_fec *fec; /* NULL: none */
        const char *signature_key;    /* description of the user key with the PKCS#7 signature; NULL: none */
};

/*
 * Pure. Device numbers as "major:minor". Options in the kernel's own order (6.12 drivers/md/dm-verity-target.c,
 * verity_status()): corruption mode, error mode, FEC, signature; "2 panic_on_corruption panic_on_error" at least.
 */
int verity_table_format(const struct verity_superblock *sb, const struct verity_tree *tree, const uint8_t *root_hash,
                        dev_t data_dev, dev_t hash_dev, const struct verity_table_options *options,
                        struct verity_table *ret, struct error *err);


/* "CRYPT-VERITY-<32 hex>-usr", as libcryptsetup would. */
void verity_dm_uuid(const uint8_t uuid[static 16], const char *name, char ret_text[static 64]);

/* PARTUUIDs of data (first 16 bytes) and hash partition (last 16) of a root hash of 16 bytes or more, textual. */
void verity_partuuids(const uint8_t *root_hash, size_t size, char ret_data[static 37], char ret_hash[static 37]);

struct verity_request {
        const uint8_t *root_hash;
        size_t root_hash_size;
        uint64_t hash_offset_bytes;           /* of the superblock */
        bool hash_offset_is_file_system_end;  /* it is not known: look behind the file system, on the same device */
        uint64_t data_blocks;                 /* data-blocks=; 0: not said */
        const struct verity_geometry *geometry; /* pinned by the command line; NULL: the superblock says, and the file system */
        bool is_geometry_proved;      /* stage prove has shown that this text is what was signed; false: the file system is asked too */
        bool has_superblock;                  /* with a geometry: there is one before the tree, and it may not differ */
        enum corruption_mode corruption;
        const struct verity_fec_request *fec; /* NULL: none */
        const char *signature_key; /* see verity_table_options: made by the caller before, kept until after activation */
        int data_fd; /* held open by the caller until after activation */
        int hash_fd; /* may be the same device */
        const char *data_name; /* kernel names, for messages: "vda2" */
        const char *hash_name;
        dev_t data_dev;
        dev_t hash_dev;
        uint64_t data_device_bytes;
        uint64_t hash_device_bytes;
};

/* Pure. What the command line says of the volume, and nothing of its devices. Borrows from config. */
struct verity_request verity_request_of(const struct boot_config *config);

/* Where its blocks are, from the superblock or from the pinned geometry, which a superblock may not contradict. Nothing is hashed. */
int verity_shape_read(const struct verity_request *req, struct verity_superblock *ret_superblock, struct verity_tree *ret_tree,
                      struct error *err);

struct verified_root;
struct active_volume;
struct measured_volume;

/*
 * Hashes in user space, before a mapping exists: the root block against the root hash, then the first and the
 * last data block up every level. Wrong content: ROOT_HASH_MISMATCH (root block), HASH_TREE_CORRUPT (a lower
 * level), DATA_CORRUPT. The result lives in static storage, one a boot.
 *
 * The number of data blocks is under no hash. It is pinned by signed text: GEOMETRY_MISMATCH where a superblock, or the
 * size of a device, differs. Or, and also where nobody has proved the text, it is what the file system in the verified blocks
 * says of itself: SIZE_MISMATCH, SIZE_UNKNOWN. In both cases slots behind the last data block must be empty in every level, or more was signed than is
 * claimed: SUPERBLOCK_INVALID, GEOMETRY_MISMATCH if pinned.
 */
int verity_verify(const struct verity_request *req, const struct verified_root **ret, struct error *err);
/* The pinned geometry in the same form, if there is one. */
const struct verity_superblock *verified_root_superblock(const struct verified_root *root);
const struct verity_tree *verified_root_tree(const struct verified_root *root);
bool verified_root_is_pinned(const struct verified_root *root);
const struct verity_table *verified_root_table(const struct verified_root *root);
const uint8_t *verified_root_hash(const struct verified_root *root, size_t *ret_size);

/*
 * Creates the mapping, then asks the kernel what it made of it: name, UUID, read-only, the table byte for byte,
 * status 'V'; reads the first and the last block through it and asks for the status again.
 */
int verity_activate(const struct verified_root *root, const char *name, const struct active_volume **ret,
                    struct error *err);
const char *active_volume_name(const struct active_volume *volume);
dev_t active_volume_dev(const struct active_volume *volume);
/* From the live table, not from what was asked. */
const struct digest *active_volume_root_hash(const struct active_volume *volume);
const char *active_volume_table(const struct active_volume *volume); /* live, "0 N verity …" */
