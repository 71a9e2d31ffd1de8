/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The words, and how one stands in the log. The grammar holds nothing that JSON, systemd-measure (which splits at
 * colons) or a shell would take for something else.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>

#include "verinit/measure.h"

static bool is_alnum(char c)
{
        return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}

bool measure_word_is_valid(const char *word)
{
        size_t n = strlen(word);

        if (n == 0 || n > MEASURE_WORD_MAX || !is_alnum(word[0]))
                return false;
        for (size_t i = 1; i < n; i++)
                if (!is_alnum(word[i]) && !strchr(".=_-", word[i]))
                        return false;
        return true;
}

void measure_format_digest_word(const char *key, const struct digest *d, char ret_word[static MEASURE_WORD_MAX + 1])
{
        char hex[DIGEST_MAX_HEX];

        digest_hex(d, hex);
        (void) snprintf(ret_word, MEASURE_WORD_MAX + 1, "%s=%s-%s", key, digest_name(d->alg), hex);
}

void measure_word_volume(const struct digest *root_hash, char ret_word[static MEASURE_WORD_MAX + 1])
{
        measure_format_digest_word("verinit.usr-verity", root_hash, ret_word);
}

void measure_word_policy(const struct digest *policy, char ret_word[static MEASURE_WORD_MAX + 1])
{
        measure_format_digest_word("verinit.selinux", policy, ret_word);
}

void measure_word_ipe(const struct digest *policy, char ret_word[static MEASURE_WORD_MAX + 1])
{
        measure_format_digest_word("verinit.ipe", policy, ret_word);
}

void measure_word_root(const char *kind, char ret_word[static MEASURE_WORD_MAX + 1])
{
        (void) snprintf(ret_word, MEASURE_WORD_MAX + 1, "verinit.root=%s", kind);
}

/*
 * systemd 261 and newer parts what the firmware measured from what the system does with this word; its unit runs in an
 * initrd of systemd's own, and a host finds it there. PCR 11 has its phases for that.
 */
const unsigned measure_separator_pcrs[MEASURE_N_SEPARATOR_PCRS] = { 0, 1, 2, 3, 4, 5, 6, 7, 9, 12, 13, 14 };

struct text {
        char *p;
        size_t n, size;
        bool is_full;
};

static void append(struct text *t, const char *fmt, ...) _printf_(2, 3);

static void append(struct text *t, const char *fmt, ...)
{
        va_list ap;
        int n;

        va_start(ap, fmt);
        n = vsnprintf(t->p + t->n, t->size - t->n, fmt, ap);
        va_end(ap);
        if (n < 0 || (size_t) n >= t->size - t->n)
                t->is_full = true;
        else
                t->n += (size_t) n;
}

/* Keys in the order in which systemd 257 writes them (src/shared/tpm2-util.c tpm2_userspace_log()). */
ssize_t measure_record_format(unsigned pcr, const struct digest *digests, size_t n_digests, const char *word,
                              const char *event_type, const char *boot_id, uint64_t timestamp_us, char *ret_text,
                              size_t size)
{
        struct text t = { .p = ret_text, .size = size };

        if (size == 0)
                return -ENOBUFS;
        append(&t, "\x1e{\"pcr\":%u,\"digests\":[", pcr);
        for (size_t i = 0; i < n_digests && !t.is_full; i++) {
                char hex[DIGEST_MAX_HEX];

                digest_hex(&digests[i], hex);
                append(&t, "%s{\"hashAlg\":\"%s\",\"digest\":\"%s\"}", i > 0 ? "," : "",
                       digest_name(digests[i].alg), hex);
        }
        append(&t, "],\"content_type\":\"systemd\",\"content\":{\"string\":\"%s\",\"bootId\":\"%s\","
                   "\"timestamp\":%llu,\"eventType\":\"%s\"}}\n", word, boot_id, (unsigned long long) timestamp_us,
               event_type);
        return t.is_full ? -ENOBUFS : (ssize_t) t.n;
}
