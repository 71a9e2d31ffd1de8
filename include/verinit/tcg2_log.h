/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The firmware's event log in its crypto-agile form, as Linux exports it: TCG PC Client Platform Firmware Profile 1.06,
 * section 10. Pure, without memory of its own; the bytes are untrusted until a replay agrees with the TPM, and of a
 * record only its digests are covered even then: type and data are what somebody wrote beside them.
 */
#pragma once

#include "verinit/digest.h"
#include "verinit/error.h"

enum {
        TCG2_LOG_MAX_BYTES = 1 << 20, /* seen: 12 KB of OVMF; hardware with a long dbx some 100 KB */
        TCG2_MAX_RECORDS = 8192,
        TCG2_MAX_ALGS = 16,
        TCG2_PCRS = 24,
};

/* UAPI: TCG PFP 1.06, table 27: those that we look at. */
enum tcg2_event_type { TCG2_EV_NO_ACTION = 3, TCG2_EV_EVENT_TAG = 6, TCG2_EV_IPL = 0x0d };

/*
 * What an EV_EVENT_TAG begins with. UAPI: Linux include/linux/efi.h (INITRD, LOAD_OPTIONS), systemd src/fundamental/tpm2-pcr.h.
 * No enum: they are beyond an int.
 */
#define TCG2_TAG_INITRD UINT32_C(0x8f3b22ec)
#define TCG2_TAG_LOAD_OPTIONS UINT32_C(0x8f3b22ed)
#define TCG2_TAG_LOADER_CONF UINT32_C(0xf5bc582a)
#define TCG2_TAG_DEVICETREE_ADDON UINT32_C(0x6c46f751)
#define TCG2_TAG_INITRD_ADDON UINT32_C(0x49dffe0f)
#define TCG2_TAG_UCODE_ADDON UINT32_C(0xdac08e1a)
#define TCG2_TAG_UKI_PROFILE UINT32_C(0x13aed6db)
/* Ours, of 'verinit log join': SHA-256("verinit.userspace-log"), first four bytes. */
#define TCG2_TAG_USERSPACE UINT32_C(0x6d7f392d)

struct tcg2_alg {
        uint16_t id; /* TPM_ALG_ID */
        uint16_t size;
        enum digest_alg alg; /* DIGEST_NONE: not one that we compute; its digests are stepped over */
};

/* Where a reader stands. */
struct tcg2_log {
        const uint8_t *bytes;
        size_t size, offset;
        size_t n_records; /* read so far, the header included */
        size_t n_algs;
        struct tcg2_alg algs[TCG2_MAX_ALGS];
};

struct tcg2_event {
        size_t number, offset; /* of the record: 0 is the header */
        uint32_t pcr, type;
        const uint8_t *digests[_DIGEST_ALG_MAX]; /* NULL: the record has none of this bank */
        const uint8_t *data;
        size_t data_size;
};

/* Reads the header. All failures of both functions are EVENT_LOG_MALFORMED, with the record's number and its first byte. */
int tcg2_log_open(const uint8_t *bytes, size_t size, struct tcg2_log *ret, struct error *err);

/* 1: *ret is the next record; 0: there is none. */
int tcg2_log_next(struct tcg2_log *log, struct tcg2_event *ret, struct error *err);

/* Does the log claim to have digests of this bank? */
bool tcg2_log_has(const struct tcg2_log *log, enum digest_alg alg);
