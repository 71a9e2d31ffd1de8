/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The first line of an IPE policy, as 6.12 reads it (security/ipe/policy_parser.c): lines end in LF or CR, '#' begins a comment,
 * blanks part the words, the name comes first. Stricter in what a name and a number are: one becomes a path, the other is compared.
 */
#include <errno.h>

#include "verinit/ipe_policy.h"

static int refuse(struct error *err, const char *why)
{
        return error_set(err, FAIL_IPE_POLICY_MALFORMED_CODE, EBADMSG, "the policy's first line: %s", why);
}

/* The next word before `end`, which is a comment's or the line's; its length, 0 if there is none. */
static size_t next_word(const char **at, const char *end)
{
        size_t n = 0;

        while (*at < end && (**at == ' ' || **at == '\t'))
                (*at)++;
        while (*at + n < end && (*at)[n] != ' ' && (*at)[n] != '\t')
                n++;
        return n;
}

static bool is_name_char(char c)
{
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-' || c == '.';
}

static bool take_name(const char *word, size_t n, char ret[static IPE_NAME_MAX])
{
        if (n == 0 || n >= IPE_NAME_MAX || word[0] == '.')
                return false;
        for (size_t i = 0; i < n; i++)
                if (!is_name_char(word[i]))
                        return false;
        memcpy(ret, word, n);
        ret[n] = '\0';
        return true;
}

/* One number of 16 bits, as the kernel writes it: without signs and leading zeros. Its length; 0: it is none. */
static size_t number_length(const char *word, size_t n)
{
        unsigned long value = 0;
        size_t i = 0;

        while (i < n && i < 5 && word[i] >= '0' && word[i] <= '9')
                value = value * 10 + (unsigned long) (word[i++] - '0');
        return value > UINT16_MAX || (i > 1 && word[0] == '0') ? 0 : i;
}

static bool take_version(const char *word, size_t n, char ret[static IPE_VERSION_MAX])
{
        size_t at = 0;

        for (unsigned part = 0; part < 3; part++) {
                size_t length = number_length(word + at, n - at);

                at += length;
                if (length == 0 || (part < 2 && (at == n || word[at++] != '.')))
                        return false;
        }
        if (at != n)
                return false;
        memcpy(ret, word, n);
        ret[n] = '\0';
        return true;
}

static int parse_line(const char *line, const char *end, struct ipe_header *ret, struct error *err)
{
        static const char name_key[] = "policy_name=", version_key[] = "policy_version=";
        struct ipe_header h;
        size_t n = next_word(&line, end);

        if (n < sizeof(name_key) - 1 || memcmp(line, name_key, sizeof(name_key) - 1) != 0)
                return refuse(err, "it does not begin with policy_name=");
        if (!take_name(line + sizeof(name_key) - 1, n - (sizeof(name_key) - 1), h.name))
                return refuse(err, "policy_name= is not 1 to 63 letters, digits and '._-', without a '.' in front");
        line += n;
        n = next_word(&line, end);
        if (n < sizeof(version_key) - 1 || memcmp(line, version_key, sizeof(version_key) - 1) != 0)
                return refuse(err, "policy_version= does not follow policy_name=");
        if (!take_version(line + sizeof(version_key) - 1, n - (sizeof(version_key) - 1), h.version))
                return refuse(err, "policy_version= is not three numbers up to 65535, with '.' between them");
        line += n;
        if (next_word(&line, end) > 0)
                return refuse(err, "there is something behind policy_version=");
        *ret = h;
        return 0;
}

int ipe_header_parse(const char *text, size_t size, struct ipe_header *ret, struct error *err)
{
        const char *at = text, *end = text + size;

        if (size > IPE_POLICY_MAX_BYTES)
                return refuse(err, "the text is too long");
        if (size > 0 && memchr(text, '\0', size))
                return refuse(err, "there is a NUL byte in the text, where the kernel's reading ends");
        while (at < end) {
                const char *line = at, *content;
                size_t n = 0;

                while (at < end && *at != '\n' && *at != '\r')
                        at++;
                content = line;
                while (line + n < at && line[n] != '#')
                        n++;
                if (next_word(&content, line + n) > 0)
                        return parse_line(line, line + n, ret, err);
                if (at < end)
                        at++;
        }
        return refuse(err, "there is none: the text is empty");
}
