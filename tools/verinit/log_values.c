/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <stdio.h>

#include "log_values.h"

enum { SYSFS_VALUE_MAX = 4096 };

static bool parse_pcr(const char *text, unsigned *ret)
{
        unsigned value = 0;

        if (text[0] == '\0' || strlen(text) > 2 || strspn(text, "0123456789") != strlen(text))
                return false;
        for (; *text; text++)
                value = value * 10 + (unsigned) (*text - '0');
        *ret = value;
        return value < TPM_PCRS;
}

int log_values_add(struct log_values *v, const char *pcr, const char *bank, const char *hex, bool is_named, struct trouble *t)
{
        const char *digits = str_after(hex, "0x") ? str_after(hex, "0x") : hex;
        struct digest d = { .alg = digest_from_name(bank) };
        struct log_value *value;
        unsigned index;

        if (!parse_pcr(pcr, &index))
                return trouble_set(t, OUTCOME_USAGE, "'%s' is no PCR: 0 to %d", pcr, TPM_PCRS - 1);
        if (d.alg == DIGEST_NONE) {
                if (!str_copy(v->unknown_bank, sizeof(v->unknown_bank), bank))
                        memcpy(v->unknown_bank, "of a long name", sizeof("of a long name"));
                (void) tool_printable(v->unknown_bank);
                return 0;
        }
        if (hex_decode(digits, d.bytes, digest_size(d.alg)) != (ssize_t) digest_size(d.alg))
                return trouble_set(t, OUTCOME_USAGE, "PCR %u, bank %s: '%s' is no value of %zu bytes in hexadecimal", index, bank,
                                   hex, digest_size(d.alg));
        value = &v->pcrs[index][d.alg];
        if (value->digest.alg != DIGEST_NONE && !digest_equal(&value->digest, &d))
                return trouble_set(t, OUTCOME_USAGE, "PCR %u, bank %s: two values are given", index, bank);
        v->n += value->digest.alg == DIGEST_NONE ? 1 : 0;
        value->digest = d;
        value->is_named = value->is_named || is_named;
        return 0;
}

int log_values_add_word(struct log_values *v, const char *word, struct trouble *t)
{
        _cleanup_free_ char *copy = tool_strdup(word);
        char *bank = strchr(copy, ':'), *hex = strchr(copy, '=');

        if (!bank || !hex || hex < bank)
                return trouble_set(t, OUTCOME_USAGE, "--pcr '%s': NUMBER:BANK=HEX is wanted", word);
        *bank++ = *hex++ = '\0';
        return log_values_add(v, copy, bank, hex, /* is_named= */ true, t);
}

/* 0 also where this TPM has no such bank. */
static int add_bank(struct log_values *v, const char *path, enum digest_alg alg, struct trouble *t)
{
        _cleanup_free_ char *directory = tool_format("%s/pcr-%s", path, digest_name(alg));

        if (access(directory, F_OK) < 0)
                return errno == ENOENT ? 0 : trouble_set_errno(t, errno, "cannot read %s", directory);
        for (unsigned pcr = 0; pcr < TPM_PCRS; pcr++) {
                _cleanup_free_ char *file = tool_format("%s/%u", directory, pcr), *number = tool_format("%u", pcr);
                _cleanup_buffer_ struct buffer b = {};

                if (tool_read_file(file, SYSFS_VALUE_MAX, &b, t) < 0)
                        return -1;
                while (b.size > 0 && (b.data[b.size - 1] == '\n' || b.data[b.size - 1] == '\0'))
                        b.size--;
                if (buffer_append(&b, "", 1) < 0)
                        return trouble_set_errno(t, ENOMEM, "cannot read %s", file);
                if (log_values_add(v, number, digest_name(alg), (const char *) b.data, /* is_named= */ false, t) < 0) {
                        t->outcome = OUTCOME_TROUBLE;
                        return trouble_prefix(t, "%s", file);
                }
        }
        return 0;
}

int log_values_add_tpm(struct log_values *v, const char *path, struct trouble *t)
{
        size_t before = v->n;

        for (enum digest_alg alg = DIGEST_NONE + 1; alg < _DIGEST_ALG_MAX; alg++)
                if (add_bank(v, path, alg, t) < 0)
                        return -1;
        return v->n > before ? 0 : trouble_set(t, OUTCOME_TROUBLE, "%s shows no PCRs", path);
}
