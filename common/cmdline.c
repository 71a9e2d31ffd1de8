/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The command line has two readers beside us, the kernel and systemd, which agree on most texts only. What they
 * would split differently is refused: a key that one of them sees and we do not is a way around every check.
 *
 * - Blanks: the kernel's isspace() also takes \t \n \v \f \r and 0xa0 (lib/ctype.c), systemd's WHITESPACE only
 *   \t \n \r.
 * - Backslashes are characters like others to both (systemd: EXTRACT_RETAIN_ESCAPE, in 255 to 261).
 * - Single quotes group words for systemd (extract_first_word()), not for the kernel.
 */
#include "verinit/cmdline.h"

#include <stdio.h>

static bool byte_is_forbidden(unsigned char c)
{
        return c < 0x20 || c == 0x7f || c == 0xa0;
}

/* Copies one word without its quotes; answers the offset behind it, or size + 1 for a quote left open. */
static size_t copy_word(const char *text, size_t size, size_t i, char **out, size_t *ret_quote)
{
        bool in_quotes = false;

        for (; i < size && (in_quotes || text[i] != ' '); i++) {
                if (text[i] == '"') {
                        in_quotes = !in_quotes;
                        *ret_quote = i;
                } else if (text[i] == '\'' && !in_quotes) {
                        *ret_quote = i;
                        return size + 1;
                } else {
                        *(*out)++ = text[i];
                }
        }
        *(*out)++ = '\0';
        return in_quotes ? size + 1 : i;
}

static void split_word(char *text, struct cmdline_word *ret)
{
        char *equals = strchr(text, '=');

        ret->key = text;
        ret->value = NULL;
        if (equals) {
                *equals = '\0';
                ret->value = equals + 1;
        }
}

static enum cmdline_result split_words(const char *text, size_t size, struct cmdline *c, size_t *ret_offset)
{
        char *out = c->storage;

        for (size_t i = 0; i < size;) {
                size_t start = i, quote = 0;
                char *word = out;

                if (text[i] == ' ') {
                        i++;
                        continue;
                }
                i = copy_word(text, size, i, &out, &quote);
                if (i > size) {
                        *ret_offset = quote;
                        return CMDLINE_E_QUOTE;
                }
                /* "" and =value have no key: to the kernel and to systemd they mean nothing. */
                if (word[0] == '\0' || word[0] == '=')
                        continue;
                if (c->n_words == CMDLINE_MAX_WORDS) {
                        *ret_offset = start;
                        return CMDLINE_E_WORDS;
                }
                split_word(word, &c->words[c->n_words++]);
        }
        return CMDLINE_OK;
}

enum cmdline_result cmdline_parse(const char *text, size_t size, size_t limit, struct cmdline *ret,
                                  size_t *ret_offset)
{
        if (size > 0 && text[size - 1] == '\n')
                size--;
        if (size >= limit || size > CMDLINE_MAX_BYTES) {
                *ret_offset = size;
                return CMDLINE_E_TOO_LONG;
        }
        for (size_t i = 0; i < size; i++)
                if (byte_is_forbidden((unsigned char) text[i])) {
                        *ret_offset = i;
                        return CMDLINE_E_CONTROL;
                }
        ret->n_words = 0;
        return split_words(text, size, ret, ret_offset);
}

static char dash_to_underscore(char c)
{
        return c == '-' ? '_' : c;
}

bool cmdline_number_parse(const char *text, uint64_t *ret)
{
        size_t n = strspn(text, "0123456789");
        uint64_t number = 0;

        if (n == 0 || n > 18 || text[n] != '\0' || (text[0] == '0' && n > 1))
                return false;
        for (; *text; text++)
                number = number * 10 + (uint64_t) (*text - '0');
        *ret = number;
        return true;
}

bool cmdline_key_equal(const char *a, const char *b)
{
        for (; *a && *b; a++, b++)
                if (dash_to_underscore(*a) != dash_to_underscore(*b))
                        return false;
        return *a == *b;
}

bool cmdline_key_begins(const char *key, const char *prefix)
{
        for (; *prefix; key++, prefix++)
                if (dash_to_underscore(*key) != dash_to_underscore(*prefix))
                        return false;
        return true;
}

/* The parameter's name where key is "module.name", else NULL. */
static const char *param_of(const char *key, const char *module)
{
        for (; *module; key++, module++)
                if (dash_to_underscore(*key) != dash_to_underscore(*module))
                        return NULL;
        return key[0] == '.' && key[1] != '\0' ? key + 1 : NULL;
}

bool cmdline_module_params(const struct cmdline *cmdline, const char *module, char *ret_text, size_t size)
{
        size_t used = 0;

        ret_text[0] = '\0';
        for (size_t i = 0; i < cmdline->n_words; i++) {
                const char *value = cmdline->words[i].value, *name = param_of(cmdline->words[i].key, module);
                const char *quote = value && strchr(value, ' ') ? "\"" : "";
                int n;

                if (!name)
                        continue;
                n = snprintf(ret_text + used, size - used, "%s%s%s%s%s%s", used > 0 ? " " : "", name, value ? "=" : "",
                             quote, value ? value : "", quote);
                if (n < 0 || (size_t) n >= size - used)
                        return false;
                used += (size_t) n;
        }
        return true;
}

/* Part of the keys whose values are for nobody who looks at a screen. */
bool cmdline_key_is_secret(const char *key, size_t size)
{
        static const char *const parts[] = { "credential", "passw", "passphrase", "secret", "token" };

        for (size_t i = 0; i < ARRAY_SIZE(parts); i++)
                if (memmem(key, size, parts[i], strlen(parts[i])))
                        return true;
        return false;
}

void cmdline_word_show(const char *word, size_t size, char ret_text[static CMDLINE_SHOWN_MAX + 1])
{
        static const char cut[] = "...";
        const char *equals = memchr(word, '=', size);
        size_t shown = equals && cmdline_key_is_secret(word, (size_t) (equals - word)) ? (size_t) (equals - word) + 1 : size;
        size_t room = CMDLINE_SHOWN_MAX - (sizeof(cut) - 1);

        if (shown == size && size <= CMDLINE_SHOWN_MAX) {
                memcpy(ret_text, word, size);
                ret_text[size] = '\0';
                return;
        }
        shown = shown < room ? shown : room;
        memcpy(ret_text, word, shown);
        memcpy(ret_text + shown, cut, sizeof(cut));
}
