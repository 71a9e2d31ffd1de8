/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What was asked, from the command line and the floor, validated. Untrusted text ends here: no string in it
 * is interpreted again, but handed to the kernel as what it was validated to be.
 */
#pragma once

#include "verinit/cmdline.h"
#include "verinit/digest.h"
#include "verinit/floor.h"

enum device_spec_kind {
        DEVICE_NONE = 0, /* not given */
        DEVICE_PATH,     /* value: "/dev/…", normalised, at most two components below /dev */
        DEVICE_PARTUUID, /* value: lower-case textual UUID */
        DEVICE_PARTLABEL,
        DEVICE_LABEL, /* file-system label: resolved in stage root, after mac */
        DEVICE_UUID,  /* file-system UUID, lower case: likewise */
        DEVICE_PARTTYPE, /* value: lower-case type GUID. Never from text: what the Discoverable Partitions Specification names */
};

struct device_spec {
        enum device_spec_kind kind;
        char value[128];
};

/* "PARTUUID=…" as it was written, for messages. */
void device_spec_format(const struct device_spec *spec, char *ret_text, size_t size);

enum root_kind { ROOT_TMPFS = 0, ROOT_UNVERIFIED };
const char *root_kind_name(enum root_kind kind); /* "tmpfs", "unverified": the word in PCR 13 */

enum corruption_mode { CORRUPTION_PANIC = 0, CORRUPTION_RESTART };

enum { CONFIG_OPTIONS_MAX = 256, CONFIG_PATH_MAX = 256, CONFIG_SALT_MAX = 256 };

/*
 * The shape of the volume as signed text has it: init.verity=, or systemd.verity_usr_options= with superblock=no. Sizes in
 * bytes unless they say blocks.
 */
struct verity_geometry {
        enum digest_alg alg;
        uint32_t data_block_bytes;
        uint32_t hash_block_bytes;
        uint64_t data_blocks;
        uint64_t hash_start_block; /* of the tree's root block, in hash blocks from the start of the hash device */
        size_t salt_size;
        uint8_t salt[CONFIG_SALT_MAX];
        uint8_t uuid[16]; /* text order */
};

enum { VERITY_GEOMETRY_TEXT_MAX = 640 };

/*
 * init.verity=, "1:<alg>:<data block bytes>:<hash block bytes>:<data blocks>:<hash start block>:<salt|->:<uuid>". Pure. There is
 * one text for each geometry: what was formatted is parsed to the same, and what was parsed is formatted to the same. NULL, or what
 * is wrong; then *ret is untouched.
 */
const char *verity_geometry_parse(const char *text, struct verity_geometry *ret);
/* Takes a geometry that verity_geometry_check() has nothing against. */
void verity_geometry_format(const struct verity_geometry *g, char ret_text[static VERITY_GEOMETRY_TEXT_MAX]);
/* NULL, or what is wrong: bounds of each field by itself, and no area beyond what a device can have. */
const char *verity_geometry_check(const struct verity_geometry *g);
bool verity_geometry_equal(const struct verity_geometry *a, const struct verity_geometry *b);

/* Forward error correction, of systemd.verity_usr_options=. DEVICE_NONE: none. */
struct fec_config {
        struct device_spec device;
        uint64_t offset_bytes;
        unsigned roots; /* 2 to 24; default 2 */
};

/* Where the PKCS#7 signature of the root hash is. */
enum signature_source {
        SIGNATURE_DISCOVERED = 0, /* nothing is said: the usr-verity-sig partition of the boot disk, if there is one */
        SIGNATURE_FILE,           /* root-hash-signature=/path: of the initramfs, DER */
        SIGNATURE_INLINE,         /* root-hash-signature=base64:… */
        SIGNATURE_PARTITION,      /* acl.verity_usr_signature=PARTUUID=… */
};

struct signature_config {
        enum signature_source source;
        char path[CONFIG_PATH_MAX];            /* FILE */
        char base64[CMDLINE_MAX_BYTES + 1];    /* INLINE, without "base64:" */
        struct device_spec device;             /* PARTITION */
};

struct boot_config {
        char cmdline_text[CMDLINE_MAX_BYTES + 1]; /* as read, less the final newline: for prove, and modules */

        uint8_t root_hash[DIGEST_MAX_BYTES];
        size_t root_hash_size;
        struct device_spec usr_data; /* derived from the root hash if it was not given */
        struct device_spec usr_hash;
        bool usr_devices_given;
        uint64_t hash_offset_bytes; /* of the superblock, or of the tree if there is none (superblock=no); 0 if not said */
        /*
         * verity.usr= without hash-offset= and without a pinned geometry: the superblock is where the file system ends. Its own
         * superblock is the only one to say where, and nobody vouches for that: it is a hint where to look, and the root hash decides.
         */
        bool hash_offset_is_file_system_end;
        enum corruption_mode corruption;
        bool has_geometry;    /* init.verity=, or superblock=no: geometry is signed text */
        bool has_superblock;  /* false: superblock=no. With init.verity= alone there is one: not believed, but it may not differ */
        uint64_t data_blocks; /* data-blocks=; 0: not said. Agrees with the geometry, if there is one */
        struct verity_geometry geometry;
        struct fec_config fec;
        struct signature_config signature;
        char usr_fstype[16];                    /* empty: looked up in the verified volume */
        char usr_options[CONFIG_OPTIONS_MAX];   /* mount(2) data: "ro", "nodev" and the like taken out */

        enum root_kind root_kind;
        struct device_spec root;
        char root_fstype[16];
        char root_options[CONFIG_OPTIONS_MAX]; /* of rootflags=, what is for the file system: mount(2) data */
        unsigned long root_mount_flags;        /* of rootflags=, what is for mount(2): MS_NODEV and the like */
        bool root_rw;                          /* false: MS_RDONLY, which is not in root_mount_flags */

        char init_path[CONFIG_PATH_MAX]; /* absolute; default /usr/lib/systemd/systemd */
        bool debug;
        uint64_t device_timeout_us;
        bool enforcing_asked; /* libselinux finds enforcing=1 on the command line */
        unsigned on_failure;  /* init.on-failure=: one of enum failure_action_bits, which the floor allows; 0: not said */
        char acl_slot[8];     /* acl.slot=: "a" or "b"; empty: not said. Recorded, never decided on */
        struct digest ipe_policy; /* init.ipe= or acl.ipe.policy_sha256=; DIGEST_NONE: not said */

        struct floor floor;
};

/*
 * Pure: text as read from /proc/cmdline (with or without final newline), limit as in cmdline_parse().
 * Every known key is validated, duplicates of ours and of systemd's verity keys are refused, words that are
 * neither ours nor guarded are left alone. Derives data and hash device from the root hash: PARTUUID = first and last 16
 * bytes (UAPI.2 Discoverable Partitions Specification).
 */
int boot_config_parse(const char *text, size_t size, size_t limit, const struct floor *floor,
                      struct boot_config *ret, struct error *err);

/* Where an IPE policy is: the initramfs, which the floor answers for, or the verified /usr. */
enum ipe_source { IPE_INITRAMFS = 0, IPE_USR };
const char *ipe_source_name(enum ipe_source source); /* "initramfs", "usr" */

struct ipe_named {
        enum ipe_source source;
        struct digest sha256; /* of the signed policy, the whole file */
};

/* Pure. The policies that this boot loads, the active one first; their number. */
size_t boot_config_ipe_policies(const struct boot_config *config, struct ipe_named ret[static FLOOR_MAX_IPE_POLICIES]);

/* What the parser knows, for the tests that compare it with verinit-cmdline(7). NULL, or a name of NULL, at the end. */
const char *const *boot_config_keys(void);

/* Keys that begin so, and are neither in boot_config_keys() nor guarded, are refused as unknown. */
struct config_family {
        const char *prefix;
        const char *why;
};
extern const struct config_family config_families[];

/*
 * Words of the kernel and of systemd that verinit does not act on itself, but that would hand the machine to whoever can add one, or
 * turn a protection off.
 */
enum guard {
        GUARD_ALWAYS = 0,  /* refused whatever its value */
        GUARD_BEGINS,      /* refused, with all keys that begin so */
        GUARD_BARE,        /* refused if it has no value: with one it is another word */
        GUARD_MUST_BE_YES, /* systemd's and the kernel's booleans; without a value it is a yes */
        GUARD_MUST_BE_NO,
        GUARD_ONE_OF,      /* refused unless the value is one of `values` */
        GUARD_LIST_OF,     /* refused unless each of the comma list is one of `values` */
        GUARD_PASSES,      /* known member of a family, harmless */
};

struct guarded_word {
        const char *name; /* '-' is '_', and '/' is '.', as their readers have it */
        enum guard guard;
        bool also_rd; /* with "rd." in front too */
        enum fail_code code;
        const char *values; /* parted by blanks; NULL */
        const char *why;
};
extern const struct guarded_word guarded_words[];
