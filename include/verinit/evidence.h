/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What happened, for the booted system (/run/verinit/boot.json, docs/boot.schema.json) and for the console.
 * An entry says PASSED only for what was done. Note that dm-verity is lazy: activate PASSED means that reads are
 * checked against this root hash from now on, not that all was read.
 */
#pragma once

#include "verinit/blockdev.h"
#include "verinit/error.h"
#include "verinit/floor.h"
#include "verinit/ipe_policy.h"
#include "verinit/lsm.h"
#include "verinit/measure.h"

enum verdict { VERDICT_NOT_REACHED = 0, VERDICT_PASSED, VERDICT_SKIPPED, VERDICT_FAILED };
const char *verdict_name(enum verdict v); /* "not-reached", "passed", "skipped", "failed" */

struct evidence_stage {
        enum verdict verdict;
        char reason[96];   /* of SKIPPED; empty otherwise */
        uint64_t start_us; /* CLOCK_BOOTTIME */
        uint64_t duration_us;
};

enum { EVIDENCE_MAX_WORDS = 24, EVIDENCE_MAX_TWINS = 8 };

struct evidence_word {
        unsigned pcr;
        char word[MEASURE_WORD_MAX + 1];
};

/* What speaks for the command line beside the text packed into the initramfs; stage prove. */
struct evidence_provenance {
        char secure_boot[4];     /* "on", "off" */
        char replay[16];         /* "proved", "not-provable" */
        char reason[32];         /* of the latter */
        char smbios[8];          /* "clean": looked at, asks for nothing; "unread" */
        bool is_tpm_key_checked; /* the PCRs were read through a session that only the TPM of the floor's tpm-ek= can hold */
        uint64_t n_events, n_addons;
};

struct evidence_ipe {
        char state[16]; /* "enforcing", "absent" */
        size_t n_policies; /* the first one is active */
        struct evidence_ipe_policy {
                struct ipe_header header;
                char digest[DIGEST_MAX_HEX]; /* sha256 of the bytes handed to the kernel */
                char source[16];             /* ipe_source_name() */
        } policies[FLOOR_MAX_IPE_POLICIES];
        char mac_admin[16]; /* CAP_MAC_ADMIN of the host: "dropped", "kept" */
};

struct evidence {
        struct evidence_stage stages[_STAGE_MAX];
        char boot_id[37];
        char kernel[65]; /* uname -r */
        bool is_debug;
        char root_hash[DIGEST_MAX_HEX];
        char slot[8]; /* acl.slot= */
        char cmdline_proof[32]; /* "baked", "baked+extra-words", "not-baked" */
        struct evidence_provenance provenance;
        char boot_disk[BLOCKDEV_NAME_MAX], boot_partition[BLOCKDEV_NAME_MAX]; /* empty: unknown */
        char boot_partuuid[37];
        char boot_gpt_backup[16]; /* "same", "damaged", "differs" */
        unsigned n_twins_ignored; /* matches on other disks than the boot disk; the first few are named */
        char twins_ignored[EVIDENCE_MAX_TWINS][BLOCKDEV_NAME_MAX];
        char usr_data[BLOCKDEV_NAME_MAX], usr_hash[BLOCKDEV_NAME_MAX], usr_fec[BLOCKDEV_NAME_MAX], root_device[BLOCKDEV_NAME_MAX];
        char signature_source[16];  /* "none", "discovered", "file", "inline", "partition" */
        char signature_signer[DIGEST_MAX_HEX]; /* SHA-256 of the signer's certificate; empty: no signature */
        char signature_kernel[16];  /* "accepted": the kernel has checked it too; empty: no signature */
        char dm_name[32], dm_uuid[130], dm_table[2048];
        char usr_fstype[16];
        char usr_geometry[16]; /* "pinned": by signed text; "superblock": and the verified file system has that size */
        uint64_t usr_data_blocks, usr_size_bytes;
        char tpm[16]; /* "absent", "unmeasured", "measured" */
        size_t n_banks;
        enum digest_alg banks[TPM_MAX_BANKS];
        size_t n_words;
        struct evidence_word words[EVIDENCE_MAX_WORDS];
        char lsm[LSM_LIST_MAX]; /* the security modules that the kernel runs, as it lists them */
        struct evidence_ipe ipe;
        char selinux_state[16]; /* "enforcing", "absent" */
        char selinux_policy_file[128];
        char selinux_policy_digest[DIGEST_MAX_HEX]; /* sha256 of the bytes handed to the kernel */
        char selinux_loaded_digest[DIGEST_MAX_HEX]; /* sha256 of /sys/fs/selinux/policy afterwards */
        char selinux_context[256];
        char selinux_lock[8]; /* "early", "late", "none" */
        char root_kind[16], etc_mode[16];
        char credentials[16]; /* "none", "esp-encrypted", "platform" */
        unsigned n_credentials; /* of the ESP, handed on */
        unsigned n_modules;
        unsigned n_wakeups;
        unsigned watchdog_s; /* of the watchdog that runs; 0: none */
        const char *previous_stage, *previous_code; /* of the boot before, as VerinitLastFailure has it; NULL or empty: none */
        char switch_how[16];              /* "pivot", "move": how the root was changed */
        uint64_t initramfs_bytes;         /* what the files of the emptied initramfs held; 0 after a pivot */
        uint64_t memory_available_before_kb, memory_available_after_kb; /* MemAvailable around the switch */
};

void evidence_word(struct evidence *e, unsigned pcr, const char *word);

/* Pure: boot.json; its length or -ENOBUFS. */
ssize_t evidence_format_json(const struct evidence *e, char *ret_text, size_t size);

/* Pure: the machine line "verinit: verdict {…}", at most 900 bytes. */
ssize_t evidence_format_verdict(const struct error *err, const char *action, char *ret_text, size_t size);
