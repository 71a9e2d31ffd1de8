/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Port tpm.h, for the machine made of files: one bank, SHA-256, and any key that is asked for. */
#include "verinit/crypto.h"

#include "machine.h"

struct tpm {
        struct digest pcrs[TPM_PCRS];
};

static struct tpm the_tpm;

void machine_tpm_set(unsigned pcr, const struct digest *value)
{
        the_tpm.pcrs[pcr] = *value;
}

void machine_tpm_get(unsigned pcr, struct digest *ret)
{
        *ret = the_tpm.pcrs[pcr];
        ret->alg = DIGEST_SHA256;
}

int tpm_open(_unused_ const char *path, struct tpm **ret, _unused_ struct error *err)
{
        *ret = &the_tpm;
        return 0;
}

int tpm_read_banks(_unused_ struct tpm *tpm, struct tpm_banks *ret, _unused_ struct error *err)
{
        *ret = (struct tpm_banks) { .n = 1, .algs = { DIGEST_SHA256 } };
        return 0;
}

int tpm_extend(struct tpm *tpm, unsigned pcr, const struct digest *digests, size_t n_digests, struct error *err)
{
        const struct iovec parts[] = {
                { tpm->pcrs[pcr].bytes, digest_size(DIGEST_SHA256) },
                { (void *) (uintptr_t) digests[0].bytes, n_digests > 0 ? digest_size(DIGEST_SHA256) : 0 },
        };

        return crypto_digest(DIGEST_SHA256, parts, ARRAY_SIZE(parts), &tpm->pcrs[pcr], err);
}

int tpm_session_begin(_unused_ struct tpm *tpm, _unused_ const uint8_t *key_name, _unused_ size_t size, _unused_ struct error *err)
{
        return 0;
}

void tpm_session_end(_unused_ struct tpm *tpm)
{
}

int tpm_read_pcrs(_unused_ struct tpm *tpm, const unsigned *pcrs, size_t n_pcrs, const struct tpm_banks *banks,
                  struct digest ret[][TPM_MAX_BANKS], _unused_ struct error *err)
{
        for (size_t i = 0; i < n_pcrs; i++)
                for (size_t j = 0; j < banks->n; j++)
                        machine_tpm_get(pcrs[i], &ret[i][j]);
        return 0;
}

void tpm_close(_unused_ struct tpm *tpm)
{
}

/* It is never waited for. */
void tpm_on_wait(_unused_ struct tpm *tpm, _unused_ void (*call)(void *userdata), _unused_ void *userdata)
{
}
