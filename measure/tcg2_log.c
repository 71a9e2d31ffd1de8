/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>

#include "verinit/le.h"
#include "verinit/tcg2_log.h"

enum {
        SHA1_BYTES = 20,
        SPEC_ID_MIN = 16 + 4 + 4 + 4 + 1, /* signature, platform class, versions, number of algorithms, vendor size */
        DIGEST_SIZE_MAX = 64,
};

/* What is left of the record at hand. */
struct cursor {
        const uint8_t *at;
        size_t left;
};

static bool take(struct cursor *c, size_t n, const uint8_t **ret)
{
        if (n > c->left)
                return false;
        *ret = c->at;
        c->at += n;
        c->left -= n;
        return true;
}

static bool take_u32(struct cursor *c, uint32_t *ret)
{
        const uint8_t *bytes;

        if (!take(c, sizeof(*ret), &bytes))
                return false;
        *ret = le32_read(bytes);
        return true;
}

static bool take_u16(struct cursor *c, uint16_t *ret)
{
        const uint8_t *bytes;

        if (!take(c, sizeof(*ret), &bytes))
                return false;
        *ret = le16_read(bytes);
        return true;
}

/* A length, and as many bytes as it says. */
static bool take_sized(struct cursor *c, const uint8_t **ret, size_t *ret_size)
{
        uint32_t size;

        if (!take_u32(c, &size) || !take(c, size, ret))
                return false;
        *ret_size = size;
        return true;
}

static int refuse(const struct tcg2_log *log, const char *what, struct error *err)
{
        return error_set(err, FAIL_EVENT_LOG_MALFORMED_CODE, EBADMSG, "the firmware's event log: record %zu at byte %zu: %s",
                         log->n_records, log->offset, what);
}

static const struct tcg2_alg *find_alg(const struct tcg2_log *log, uint16_t id)
{
        for (size_t i = 0; i < log->n_algs; i++)
                if (log->algs[i].id == id)
                        return &log->algs[i];
        return NULL;
}

bool tcg2_log_has(const struct tcg2_log *log, enum digest_alg alg)
{
        for (size_t i = 0; i < log->n_algs; i++)
                if (log->algs[i].alg == alg)
                        return true;
        return false;
}

static int parse_alg(struct tcg2_log *log, struct cursor *c, struct error *err)
{
        struct tcg2_alg alg = { 0 };

        if (!take_u16(c, &alg.id) || !take_u16(c, &alg.size))
                return refuse(log, "its list of algorithms is cut off", err);
        alg.alg = digest_from_tpm_id(alg.id);
        if (find_alg(log, alg.id))
                return refuse(log, "it lists an algorithm twice", err);
        if (alg.size == 0 || alg.size > DIGEST_SIZE_MAX || (alg.alg && alg.size != digest_size(alg.alg)))
                return refuse(log, "it gives an algorithm a wrong digest size", err);
        log->algs[log->n_algs++] = alg;
        return 0;
}

/* UAPI: TCG PFP 1.06, 10.4.5.1, TCG_EfiSpecIDEvent. */
static int parse_spec_id(struct tcg2_log *log, struct cursor c, struct error *err)
{
        static const char signature[16] = "Spec ID Event03";
        const uint8_t *text, *versions, *vendor_size, *vendor;
        uint32_t n;

        if (c.left < SPEC_ID_MIN || !take(&c, sizeof(signature), &text) || memcmp(text, signature, sizeof(signature)) != 0)
                return refuse(log, "it is no 'Spec ID Event03': the log is not crypto-agile", err);
        if (!take(&c, 8, &versions) || !take_u32(&c, &n) || n == 0 || n > TCG2_MAX_ALGS)
                return refuse(log, "it lists no algorithm, or too many", err);
        for (uint32_t i = 0; i < n; i++) {
                int r = parse_alg(log, &c, err);

                if (r < 0)
                        return r;
        }
        if (!take(&c, 1, &vendor_size) || !take(&c, *vendor_size, &vendor) || c.left != 0)
                return refuse(log, "its size is not that of its parts", err);
        return 0;
}

/* The first record has the form of the older logs: one SHA-1 digest, here of zeros. */
int tcg2_log_open(const uint8_t *bytes, size_t size, struct tcg2_log *ret, struct error *err)
{
        static const uint8_t zeros[SHA1_BYTES];
        struct tcg2_log log = { .bytes = bytes, .size = size };
        struct cursor c = { bytes, size }, spec_id = { 0 };
        const uint8_t *digest;
        uint32_t pcr, type;
        int r;

        if (size > TCG2_LOG_MAX_BYTES)
                return refuse(&log, "the log is longer than 1 MiB", err);
        if (!take_u32(&c, &pcr) || !take_u32(&c, &type) || !take(&c, sizeof(zeros), &digest) ||
            !take_sized(&c, &spec_id.at, &spec_id.left))
                return refuse(&log, "it is cut off", err);
        if (pcr != 0 || type != TCG2_EV_NO_ACTION || memcmp(digest, zeros, sizeof(zeros)) != 0)
                return refuse(&log, "it is no header", err);
        r = parse_spec_id(&log, spec_id, err);
        if (r < 0)
                return r;
        log.offset = size - c.left;
        log.n_records = 1;
        *ret = log;
        return 0;
}

/* Each digest names its algorithm, so their order is free; one that the header does not list has no known size. */
static int parse_digests(const struct tcg2_log *log, struct cursor *c, struct tcg2_event *event, struct error *err)
{
        bool is_seen[TCG2_MAX_ALGS] = { 0 };
        uint32_t n;

        if (!take_u32(c, &n) || n == 0 || n > log->n_algs)
                return refuse(log, "it has no digest, or more than there are banks", err);
        for (uint32_t i = 0; i < n; i++) {
                const struct tcg2_alg *alg;
                const uint8_t *bytes;
                uint16_t id;

                if (!take_u16(c, &id))
                        return refuse(log, "its digests are cut off", err);
                alg = find_alg(log, id);
                if (!alg)
                        return refuse(log, "it has a digest of a bank that the header does not list", err);
                if (is_seen[alg - log->algs])
                        return refuse(log, "it has two digests of one bank", err);
                is_seen[alg - log->algs] = true;
                if (!take(c, alg->size, &bytes))
                        return refuse(log, "its digests are cut off", err);
                if (alg->alg)
                        event->digests[alg->alg] = bytes;
        }
        return 0;
}

int tcg2_log_next(struct tcg2_log *log, struct tcg2_event *ret, struct error *err)
{
        struct tcg2_event event = { .number = log->n_records, .offset = log->offset };
        struct cursor c = { log->bytes + log->offset, log->size - log->offset };
        int r;

        if (c.left == 0)
                return 0;
        if (log->n_records >= TCG2_MAX_RECORDS)
                return refuse(log, "there are too many", err);
        if (!take_u32(&c, &event.pcr) || !take_u32(&c, &event.type))
                return refuse(log, "it is cut off", err);
        /* Firmware that only notes something may name no PCR at all (0xffffffff). */
        if (event.pcr >= TCG2_PCRS && event.type != TCG2_EV_NO_ACTION)
                return refuse(log, "there is no such PCR", err);
        r = parse_digests(log, &c, &event, err);
        if (r < 0)
                return r;
        if (!take_sized(&c, &event.data, &event.data_size))
                return refuse(log, "its data are cut off", err);
        log->offset = log->size - c.left;
        log->n_records++;
        *ret = event;
        return 1;
}
