/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Event logs made by hand, and the TPM that has seen them: what a firmware, systemd-stub and a kernel do.
 */
#pragma once

#include "unit.h"
#include "verinit/crypto.h"
#include "verinit/tcg2_log.h"
#include "verinit/tpm.h"

enum { LOG_ROOM = 16384, LOG_RECORDS = 64 };

struct log_builder {
        struct tpm_banks banks;
        uint8_t bytes[LOG_ROOM];
        size_t size;
        size_t starts[LOG_RECORDS]; /* of each record; 0 is the header */
        size_t n_records;
        struct digest pcrs[TCG2_PCRS][TPM_MAX_BANKS]; /* what the TPM holds */
};

static inline uint16_t alg_id(enum digest_alg alg)
{
        static const uint16_t ids[_DIGEST_ALG_MAX] = { 0x12, 0x04, 0x0b, 0x0c, 0x0d }; /* DIGEST_NONE stands for SM3 */

        return ids[alg];
}

static inline size_t alg_size(enum digest_alg alg)
{
        return alg == DIGEST_NONE ? 32 : digest_size(alg);
}

static inline void put(struct log_builder *b, const void *bytes, size_t n)
{
        assert_true(b->size + n <= sizeof(b->bytes));
        memcpy(b->bytes + b->size, bytes, n);
        b->size += n;
}

static inline void put_number(struct log_builder *b, uint32_t value, size_t n_bytes)
{
        for (size_t i = 0; i < n_bytes; i++)
                put(b, (const uint8_t[]) { (uint8_t) (value >> (8 * i)) }, 1);
}

static inline void record_begin(struct log_builder *b, uint32_t pcr, uint32_t type)
{
        assert_true(b->n_records < LOG_RECORDS);
        b->starts[b->n_records++] = b->size;
        put_number(b, pcr, 4);
        put_number(b, type, 4);
}

/* The banks of the TPM, as the log's header lists them. DIGEST_NONE is a bank that verinit does not know. */
static inline void log_begin(struct log_builder *b, const enum digest_alg *algs, size_t n)
{
        static const uint8_t zeros[20];

        memset(b, 0, sizeof(*b));
        record_begin(b, 0, TCG2_EV_NO_ACTION);
        put(b, zeros, sizeof(zeros));
        put_number(b, (uint32_t) (16 + 8 + 4 + 4 * n + 1 + 2), 4);
        put(b, "Spec ID Event03", 16);
        put(b, "\0\0\0\0\0\2\0\2", 8);
        put_number(b, (uint32_t) n, 4);
        for (size_t i = 0; i < n; i++) {
                put_number(b, alg_id(algs[i]), 2);
                put_number(b, (uint32_t) alg_size(algs[i]), 2);
                b->banks.algs[i] = algs[i];
                for (unsigned pcr = 0; pcr < TCG2_PCRS; pcr++)
                        b->pcrs[pcr][i].alg = algs[i];
        }
        b->banks.n = n;
        put(b, "\2ab", 3); /* vendor information */
}

static inline struct digest hash(enum digest_alg alg, const void *bytes, size_t n)
{
        const struct iovec part = { (void *) (uintptr_t) bytes, n };
        struct digest digest = {};
        struct error err = {};

        if (alg != DIGEST_NONE)
                assert_int_equal(crypto_digest(alg, &part, 1, &digest, &err), 0);
        return digest;
}

static inline void tpm_extend_by(struct log_builder *b, unsigned pcr, size_t bank, const struct digest *digest)
{
        struct digest *value = &b->pcrs[pcr][bank];
        enum digest_alg alg = value->alg;
        uint8_t both[2 * DIGEST_MAX_BYTES];

        memcpy(both, value->bytes, digest_size(alg));
        memcpy(both + digest_size(alg), digest->bytes, digest_size(alg));
        *value = hash(alg, both, 2 * digest_size(alg));
}

/* The record alone: an event that the TPM never saw. */
static inline void log_only(struct log_builder *b, uint32_t pcr, uint32_t type, const void *measured, size_t measured_size,
                            const void *data, size_t data_size)
{
        record_begin(b, pcr, type);
        put_number(b, (uint32_t) b->banks.n, 4);
        for (size_t i = 0; i < b->banks.n; i++) {
                struct digest digest = hash(b->banks.algs[i], measured, measured_size);

                put_number(b, alg_id(b->banks.algs[i]), 2);
                put(b, digest.bytes, alg_size(b->banks.algs[i]));
        }
        put_number(b, (uint32_t) data_size, 4);
        put(b, data, data_size);
}

/* The TPM alone: an event that the log does not tell of. */
static inline void tpm_only(struct log_builder *b, unsigned pcr, const void *measured, size_t measured_size)
{
        for (size_t i = 0; i < b->banks.n; i++) {
                struct digest digest = hash(b->banks.algs[i], measured, measured_size);

                if (digest.alg != DIGEST_NONE)
                        tpm_extend_by(b, pcr, i, &digest);
        }
}

static inline void log_event(struct log_builder *b, uint32_t pcr, uint32_t type, const void *measured,
                             size_t measured_size, const void *data, size_t data_size)
{
        log_only(b, pcr, type, measured, measured_size, data, data_size);
        if (type != TCG2_EV_NO_ACTION)
                tpm_only(b, pcr, measured, measured_size);
}

/* ret holds 2 * (strlen(text) + 1) bytes; their number. */
static inline size_t utf16(const char *text, uint8_t *ret)
{
        size_t n = strlen(text) + 1;

        for (size_t i = 0; i < n; i++) {
                ret[2 * i] = (uint8_t) text[i];
                ret[2 * i + 1] = 0;
        }
        return 2 * n;
}

/* systemd-stub: an event with a description. */
static inline void log_described(struct log_builder *b, uint32_t pcr, const void *measured, size_t measured_size,
                                 const char *text)
{
        uint8_t data[4096];
        size_t n = utf16(text, data);

        log_event(b, pcr, TCG2_EV_IPL, measured, measured_size, data, n);
}

static inline void log_section(struct log_builder *b, const char *name, const void *content, size_t size)
{
        log_described(b, 11, name, strlen(name) + 1, name);
        log_described(b, 11, content, size, name);
}

/* systemd-stub: words that are appended, or put in place of the signed ones. */
static inline void log_words(struct log_builder *b, const char *text)
{
        uint8_t data[4096];
        size_t n = utf16(text, data);

        log_event(b, 12, TCG2_EV_IPL, data, n, data, n);
}

static inline void log_tagged(struct log_builder *b, uint32_t pcr, uint32_t tag, const void *measured, size_t measured_size,
                              const char *description)
{
        uint8_t data[256] = { (uint8_t) tag, (uint8_t) (tag >> 8), (uint8_t) (tag >> 16), (uint8_t) (tag >> 24) };
        size_t n = strlen(description) + 1;

        data[4] = (uint8_t) n;
        memcpy(data + 8, description, n);
        log_event(b, pcr, TCG2_EV_EVENT_TAG, measured, measured_size, data, 8 + n);
}

/* The kernel's EFI stub. */
static inline void log_load_options(struct log_builder *b, const char *text)
{
        uint8_t data[4096];
        size_t n = utf16(text, data);

        log_tagged(b, 9, UINT32_C(0x8f3b22ed), data, n, "LOADED_IMAGE::LoadOptions");
        log_tagged(b, 9, UINT32_C(0x8f3b22ec), "initrd", 6, "Linux initrd");
}
