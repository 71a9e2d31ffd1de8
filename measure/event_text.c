/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Texts in events and in LoadOptions: UTF-16LE. Only printable ASCII is taken: what we read comes through the kernel as
 * UTF-8, and two conversions of one text are one too many to prove anything by.
 */
#include "replay.h"
#include "verinit/crypto.h"

void event_digests(const struct provenance_input *in, const struct tcg2_event *event, struct digest *ret)
{
        for (size_t i = 0; i < in->banks.n; i++) {
                enum digest_alg alg = in->banks.algs[i];

                ret[i] = (struct digest) { .alg = event->digests[alg] ? alg : DIGEST_NONE };
                if (event->digests[alg])
                        memcpy(ret[i].bytes, event->digests[alg], digest_size(alg));
        }
}

int digests_match(const struct provenance_input *in, const struct digest *digests, const void *bytes, size_t size,
                  struct error *err)
{
        const struct iovec part = { .iov_base = (void *) (uintptr_t) bytes, .iov_len = size };

        for (size_t i = 0; i < in->banks.n; i++) {
                struct digest wanted;
                int r = crypto_digest(in->banks.algs[i], &part, 1, &wanted, err);

                if (r < 0)
                        return r;
                if (!digest_equal(&wanted, &digests[i]))
                        return 0;
        }
        return 1;
}

size_t text_to_utf16(const char *text, uint8_t *ret, size_t size)
{
        size_t n = strlen(text) + 1;

        if (n > size / 2)
                return 0;
        for (size_t i = 0; i < n; i++) {
                uint8_t c = (uint8_t) text[i];

                if (c != 0 && (c < 0x20 || c > 0x7e))
                        return 0;
                ret[2 * i] = c;
                ret[2 * i + 1] = 0;
        }
        return 2 * n;
}

bool event_text(const struct tcg2_event *event, char *ret, size_t size)
{
        size_t n = event->data_size / 2;

        if (event->data_size % 2 != 0 || n < 1 || n > size)
                return false;
        for (size_t i = 0; i < n; i++) {
                uint8_t low = event->data[2 * i], high = event->data[2 * i + 1];

                if (high != 0 || (i + 1 < n ? low < 0x20 || low > 0x7e : low != 0))
                        return false;
                ret[i] = (char) low;
        }
        return true;
}

void text_show(const char *text, char ret[static EVENT_SHOWN_MAX + 1])
{
        static const char cut[] = " ...";
        size_t used = 0;

        for (const char *p = text; *p;) {
                size_t n = strcspn(p, " ");
                char word[CMDLINE_SHOWN_MAX + 1];

                cmdline_word_show(p, n, word);
                if (used + 1 + strlen(word) > EVENT_SHOWN_MAX - (sizeof(cut) - 1)) {
                        memcpy(ret + used, cut, sizeof(cut));
                        return;
                }
                if (p > text)
                        ret[used++] = ' ';
                memcpy(ret + used, word, strlen(word));
                used += strlen(word);
                p += n + (p[n] == ' ' ? 1 : 0);
        }
        ret[used] = '\0';
}

void event_show(const struct tcg2_event *event, char ret[static EVENT_SHOWN_MAX + 1])
{
        char text[CMDLINE_MAX_BYTES + 1];

        text_show(event_text(event, text, sizeof(text)) ? text : "no text", ret);
}
