/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>

#include "verinit/cmdline.h"
#include "verinit/proof.h"

static bool is_extra_word(const struct floor *floor, const char *word, size_t size)
{
        for (size_t i = 0; i < floor->n_extra_words; i++)
                if (strlen(floor->extra_words[i]) == size && memcmp(floor->extra_words[i], word, size) == 0)
                        return true;
        return false;
}

static size_t word_length(const char *text)
{
        return strcspn(text, " ");
}

struct shown {
        char text[CMDLINE_SHOWN_MAX + 1];
};

static struct shown show(const char *word)
{
        struct shown shown;

        cmdline_word_show(word, word_length(word), shown.text);
        return shown;
}

/* Names the first word in which the two differ. */
static int refuse_difference(const char *read, const char *baked, struct error *err)
{
        size_t i = 0, start = 0;

        for (; read[i] != '\0' && read[i] == baked[i]; i++)
                if (read[i] == ' ')
                        start = i + 1;
        if (read[i] == '\0' && (baked[i] == ' ' || i == start)) {
                baked += baked[i] == ' ' ? i + 1 : i;
                return error_set(err, FAIL_CMDLINE_NOT_BAKED_CODE, EBADMSG,
                                 "the command line ends where '%s' was signed", show(baked).text);
        }
        return error_set(err, FAIL_CMDLINE_NOT_BAKED_CODE, EBADMSG, "the command line has '%s' where '%s' was signed",
                         show(read + start).text, show(baked + start).text);
}

int proof_cmdline(const char *read, const char *baked, const struct floor *floor, size_t *ret_n_extra,
                  struct error *err)
{
        const char *p = str_after(read, baked);
        size_t n = 0;

        if (!p || (*p != '\0' && *p != ' '))
                return refuse_difference(read, baked, err);
        while (*p == ' ') {
                size_t size = word_length(++p);

                if (size == 0)
                        continue;
                if (!is_extra_word(floor, p, size))
                        return error_set(err, FAIL_CMDLINE_NOT_BAKED_CODE, EBADMSG,
                                         "'%s' was added to the signed command line", show(p).text);
                p += size;
                n++;
        }
        *ret_n_extra = n;
        return 0;
}
