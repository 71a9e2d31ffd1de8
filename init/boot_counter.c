/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "verinit/boot_counter.h"

#include "verinit/efi_variable.h"
#include "verinit/fsat.h"
#include "verinit/last_failure.h"

#define COUNTER_PATH EFIVARS_DIR "/LoaderBootCountPath-4a67b082-0a4c-41cf-b6c7-440b29bb8c4f"

enum { COUNTER_MAX_DIGITS = 9 };

static bool is_digit(char c)
{
        return c >= '0' && c <= '9';
}

/* UTF-16LE with its NUL to ASCII; what is not ASCII is no digit and becomes one byte that is none. */
static bool decode(const uint8_t *data, size_t size, char ret_text[static BOOT_COUNTER_MAX_BYTES / 2])
{
        size_t n = size / 2;

        if (size % 2 != 0 || n == 0 || n > BOOT_COUNTER_MAX_BYTES / 2)
                return false;
        for (size_t i = 0; i < n; i++) {
                ret_text[i] = data[2 * i + 1] == 0 && data[2 * i] < 0x80 ? (char) data[2 * i] : '?';
                if ((ret_text[i] == '\0') != (i == n - 1))
                        return false;
        }
        return true;
}

static size_t n_digits(const char *text)
{
        size_t n = 0;

        while (is_digit(text[n]))
                n++;
        return n;
}

/* "+LEFT" or "+LEFT-DONE", then a suffix and nothing more. */
static bool has_tries(const char *text)
{
        size_t left = n_digits(text), done = 0;
        const char *p = text + left;

        if (left == 0 || left > COUNTER_MAX_DIGITS)
                return false;
        if (*p == '-') {
                done = n_digits(p + 1);
                if (done == 0 || done > COUNTER_MAX_DIGITS)
                        return false;
                p += 1 + done;
        }
        return (str_equal(p, ".efi") || str_equal(p, ".conf")) && strspn(text, "0") < left;
}

bool boot_counter_has_tries(const uint8_t *variable, size_t size)
{
        struct efi_variable v;
        char text[BOOT_COUNTER_MAX_BYTES / 2];
        const char *name, *plus;

        if (!efi_variable_parse(variable, size, &v) || v.attributes != EFI_ATTRIBUTES_VOLATILE ||
            !decode(v.data, v.size, text))
                return false;
        name = strrchr(text, '\\');
        plus = strrchr(name ? name : text, '+');
        return plus && has_tries(plus + 1);
}

bool boot_counter_is_running(int root_fd)
{
        uint8_t variable[EFIVAR_ATTRIBUTES_BYTES + BOOT_COUNTER_MAX_BYTES + 1];
        ssize_t n = fsat_read(root_fd, COUNTER_PATH, variable, sizeof(variable));

        return n > 0 && boot_counter_has_tries(variable, (size_t) n);
}
