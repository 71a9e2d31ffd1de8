/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What is sealed to this boot shall not open after a failure. An attacker who can make the boot fail at a chosen point
 * must not find the PCRs of a good one.
 */
#include "verinit/crypto.h"
#include "verinit/log.h"
#include "verinit/measure.h"
#include "verinit/os.h"

/* First those to which disks and credentials are sealed, then the other ones that the kernel lets us extend. */
static const unsigned pcrs[] = { 11, 13, 15, 7, 0, 1, 2, 3, 4, 5, 9, 12, 14 };

/* A TPM that hangs (the kernel waits up to two minutes a command) must not keep the machine from its reset. */
enum { POISON_MAX_US = 10 * 1000 * 1000 };

/* The reasons are a closed list of ours; should one stray from the grammar of words, it is bent into it. */
static void format_word(const char *reason, char ret_word[static MEASURE_WORD_MAX + 1])
{
        static const char prefix[] = "verinit.poison=";
        size_t n = sizeof(prefix) - 1;

        memcpy(ret_word, prefix, n);
        for (; *reason && n < MEASURE_WORD_MAX; reason++) {
                char c = *reason >= 'A' && *reason <= 'Z' ? (char) (*reason - 'A' + 'a') : *reason;
                char one[] = { 'x', c, 0 };

                ret_word[n++] = measure_word_is_valid(one) ? c : '-';
        }
        ret_word[n] = 0;
}

static bool extend(struct tpm *tpm, unsigned pcr, const struct tpm_banks *banks, const char *word)
{
        const struct iovec part = { .iov_base = (void *) (uintptr_t) word, .iov_len = strlen(word) };
        struct digest digests[TPM_MAX_BANKS];
        struct error err = { 0 };

        for (size_t i = 0; i < banks->n; i++)
                if (crypto_digest(banks->algs[i], &part, 1, &digests[i], &err) < 0)
                        return false;
        if (tpm_extend(tpm, pcr, digests, banks->n, &err) == 0)
                return true;
        log_debug("poison: %s", err.msg);
        return false;
}

/*
 * Where the banks could not be listed, each that we can compute is tried by itself: a TPM takes a digest for a bank
 * that is not active and ignores it, and refuses an algorithm that it does not know.
 */
static bool extend_unlisted(struct tpm *tpm, unsigned pcr, const char *word)
{
        bool is_done = false;

        for (enum digest_alg alg = DIGEST_NONE + 1; alg < _DIGEST_ALG_MAX; alg++) {
                const struct tpm_banks one = { .n = 1, .algs = { alg } };

                is_done = extend(tpm, pcr, &one, word) || is_done;
        }
        return is_done;
}

void measure_poison(struct measure *m, const char *reason)
{
        uint64_t start_us = os_boottime_us();
        char word[MEASURE_WORD_MAX + 1];
        unsigned n_done = 0;

        if (!m->tpm)
                return;
        format_word(reason, word);
        for (size_t i = 0; i < ARRAY_SIZE(pcrs) && os_boottime_us() - start_us < POISON_MAX_US; i++) {
                bool is_done = m->banks.n > 0 ? extend(m->tpm, pcrs[i], &m->banks, word) :
                                                extend_unlisted(m->tpm, pcrs[i], word);

                n_done += is_done ? 1 : 0;
        }
        if (n_done < ARRAY_SIZE(pcrs))
                log_warning("poison: %u of %zu PCRs were extended with '%s'", n_done, ARRAY_SIZE(pcrs), word);
}
