/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The whole second witness, with the fakes' digest. The input: a byte of flags, the command line, a newline, the packed text,
 * a newline, the log. The TPM is one that has seen this log, so that the events are reached, unless a flag says otherwise.
 */
#include "fuzz.h"
#include "verinit/crypto.h"
#include "verinit/provenance.h"
#include "verinit/tcg2_log.h"

enum { IS_UNPACKED = 1, IS_SMBIOS_UNREAD = 2, HAS_CREDENTIALS = 4, HAS_OTHER_TPM = 8, HAS_NO_UKI_ARCHIVE = 16,
       HAS_NO_ESP_ARCHIVE = 32, TEXT_MAX = 512 };

/* In UTF-16LE, as its event has it. */
#define ADDON "acl.slot=a"

static void make_floor(unsigned flags, struct floor *ret)
{
        uint8_t data[2 * sizeof(ADDON)] = {};
        const struct iovec part = { data, sizeof(data) };
        struct error err = {};

        for (size_t i = 0; i < sizeof(ADDON); i++)
                data[2 * i] = (uint8_t) ADDON[i];
        floor_init(ret);
        FUZZ_ASSERT(crypto_digest(DIGEST_SHA256, &part, 1, &ret->addons[ret->n_addons++], &err) == 0);
        FUZZ_ASSERT(str_copy(ret->addon_keys[ret->n_addon_keys++], FLOOR_WORD_MAX, "acl.slot"));
        FUZZ_ASSERT(str_copy(ret->extra_words[ret->n_extra_words++], FLOOR_WORD_MAX, "debug"));
        if (flags & HAS_CREDENTIALS)
                ret->credentials = CREDENTIALS_ESP_ENCRYPTED;
}

/* The banks that the log has, and what they hold after it. */
static void make_tpm(struct provenance_input *in)
{
        static const unsigned pcrs[] = PROVENANCE_PCR_LIST;
        struct tcg2_event event;
        struct error err = {};
        struct tcg2_log log;

        in->banks = (struct tpm_banks) { .n = 1, .algs = { DIGEST_SHA256 } };
        for (size_t i = 0; i < PROVENANCE_PCRS; i++)
                in->pcrs[i][0] = (struct digest) { .alg = DIGEST_SHA256 };
        if (tcg2_log_open(in->log, in->log_size, &log, &err) < 0)
                return;
        while (tcg2_log_next(&log, &event, &err) > 0)
                for (size_t i = 0; i < PROVENANCE_PCRS; i++) {
                        struct digest *value = &in->pcrs[i][0];
                        const struct iovec parts[] = { { value->bytes, 32 },
                                                       { (void *) (uintptr_t) event.digests[DIGEST_SHA256], 32 } };

                        if (event.pcr == pcrs[i] && event.type != TCG2_EV_NO_ACTION && event.digests[DIGEST_SHA256])
                                FUZZ_ASSERT(crypto_digest(DIGEST_SHA256, parts, 2, value, &err) == 0);
                }
}

/* The text up to the newline, which it steps over. False: there is none. */
static bool take_line(const uint8_t **data, size_t *size, char ret[static TEXT_MAX])
{
        const uint8_t *end = *size > 0 ? memchr(*data, '\n', *size) : NULL;
        size_t n = end ? (size_t) (end - *data) : 0;

        if (!end || n >= TEXT_MAX || memchr(*data, '\0', n))
                return false;
        memcpy(ret, *data, n);
        ret[n] = '\0';
        *size -= n + 1;
        *data = end + 1;
        return true;
}

static void check_error(const struct provenance_input *in, const struct error *err)
{
        FUZZ_ASSERT(err->msg[0] && fail_code_class(err->code) == FAIL_TAMPER);
        FUZZ_ASSERT(err->code == FAIL_EVENT_LOG_MALFORMED_CODE || err->code == FAIL_PCR_REPLAY_MISMATCH_CODE ||
                    err->code == FAIL_CMDLINE_NOT_SIGNED_CODE || err->code == FAIL_CMDLINE_NOT_RECEIVED_CODE ||
                    err->code == FAIL_EVENT_UNEXPLAINED_CODE || err->code == FAIL_ADDON_KEY_REFUSED_CODE);
        FUZZ_ASSERT(in->log_size > 0);
}

static void check_verdict(const struct provenance_input *in, const struct provenance *p)
{
        FUZZ_ASSERT(p->verdict != PROVENANCE_DISPROVED && (p->verdict == PROVENANCE_PROVED) == !p->reason);
        FUZZ_ASSERT(p->n_addons <= 1 && p->n_console <= 3 && p->addons_size <= strlen(in->read));
        if (p->verdict != PROVENANCE_PROVED)
                return;
        FUZZ_ASSERT(p->n_events >= 3 && (p->addons_size > 0) == (p->n_addons > 0));
        FUZZ_ASSERT(p->n_addons == 0 || in->is_smbios_read);
        FUZZ_ASSERT(!in->baked || str_after(in->read, in->baked));
        /* The only words here that the floor takes, and none else got through. */
        FUZZ_ASSERT(!in->baked || p->n_addons > 0 || p->n_console > 0 || str_equal(in->read, in->baked) ||
                    strstr(in->read, "debug") || in->read[strlen(in->read) - 1] == ' ');
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        static char read[TEXT_MAX], baked[TEXT_MAX];
        static struct provenance_input in;
        static struct floor floor;
        struct provenance p = {};
        struct error err = {};
        unsigned flags;

        if (size == 0)
                return 0;
        flags = *data++;
        size--;
        if (!take_line(&data, &size, read) || !take_line(&data, &size, baked))
                return 0;
        make_floor(flags, &floor);
        in = (struct provenance_input) {
                .log = data, .log_size = size, .read = read, .baked = flags & IS_UNPACKED ? NULL : baked,
                .floor = &floor, .is_smbios_read = !(flags & IS_SMBIOS_UNREAD),
                .has_credentials = !(flags & HAS_NO_UKI_ARCHIVE), .has_global_credentials = !(flags & HAS_NO_ESP_ARCHIVE),
        };
        make_tpm(&in);
        if (flags & HAS_OTHER_TPM)
                in.pcrs[1][0].bytes[0] ^= 1;
        if (provenance_prove(&in, &p, &err) < 0)
                check_error(&in, &err);
        else
                check_verdict(&in, &p);
        return 0;
}
