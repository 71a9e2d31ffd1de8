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

/*
 * UAPI: systemd 261 and newer, src/boot/console.c cmdline_append_console(): at most one of each, in this order. They are in no event of
 * PCR 12, and name a device that the firmware has.
 */
static size_t console_rank(const char *word, size_t size)
{
        static const struct {
                const char *word;
                size_t rank;
        } known[] = {
                { "console=uart,io,0x3f8", 1 }, { "console=uart,io,0x2f8", 1 }, { "console=uart,io,0x3e8", 1 },
                { "console=uart,io,0x2e8", 1 }, { "console=hvc0", 2 },          { "console=tty0", 3 },
        };

        for (size_t i = 0; i < ARRAY_SIZE(known); i++)
                if (strlen(known[i].word) == size && memcmp(known[i].word, word, size) == 0)
                        return known[i].rank;
        return 0;
}

/* systemd-stub appends none where a word begins so already. */
static bool has_console(const char *text, size_t size)
{
        static const char key[] = "console=";

        for (size_t i = 0; i + sizeof(key) - 1 <= size; i++)
                if ((i == 0 || text[i - 1] == ' ') && memcmp(text + i, key, sizeof(key) - 1) == 0)
                        return true;
        return false;
}

struct proof_tail proof_tail(const char *read, size_t start, const struct floor *floor)
{
        struct proof_tail tail = { 0 };
        size_t last_rank = has_console(read, start) ? SIZE_MAX : 0;

        for (const char *p = read + start; *p;) {
                size_t size = word_length(p), rank = console_rank(p, size);

                if (size == 0) {
                        p++;
                        continue;
                }
                if (is_extra_word(floor, p, size)) {
                        tail.n_extra++;
                } else if (rank > last_rank) {
                        tail.n_console++;
                        last_rank = rank;
                } else {
                        tail.bad = p;
                        tail.bad_size = size;
                        break;
                }
                p += size;
        }
        return tail;
}

int proof_refuse_difference(enum fail_code code, const char *read, const char *baked, struct error *err)
{
        size_t i = 0, start = 0;

        for (; read[i] != '\0' && read[i] == baked[i]; i++)
                if (read[i] == ' ')
                        start = i + 1;
        if (read[i] == '\0' && (baked[i] == ' ' || i == start)) {
                baked += baked[i] == ' ' ? i + 1 : i;
                return error_set(err, code, EBADMSG,
                                 "the command line ends where '%s' was signed", show(baked).text);
        }
        return error_set(err, code, EBADMSG, "the command line has '%s' where '%s' was signed", show(read + start).text,
                         show(baked + start).text);
}

int proof_cmdline(const char *read, const char *baked, size_t addons_size, const struct floor *floor,
                  size_t *ret_n_extra, struct error *err)
{
        const char *p = str_after(read, baked);
        struct proof_tail tail;
        size_t start;

        if (!p || (*p != '\0' && *p != ' '))
                return proof_refuse_difference(FAIL_CMDLINE_NOT_BAKED_CODE, read, baked, err);
        start = (size_t) (p - read) + addons_size;
        if (addons_size > strlen(p) || (read[start] != '\0' && read[start] != ' '))
                return error_set(err, FAIL_BUG_CODE, EINVAL, "the command line is shorter than its add-ons' words");
        tail = proof_tail(read, start, floor);
        if (tail.bad)
                return error_set(err, FAIL_CMDLINE_NOT_BAKED_CODE, EBADMSG,
                                 "'%s' was added to the signed command line", show(tail.bad).text);
        *ret_n_extra = tail.n_extra + tail.n_console;
        return 0;
}
