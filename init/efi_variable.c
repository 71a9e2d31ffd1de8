/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "verinit/efi_variable.h"
#include "verinit/le.h"
#include "verinit/uuid.h"

enum { ATTRIBUTES_SIZE = 4, TEXT_MAX = 64 };

bool efi_variable_parse(const uint8_t *bytes, size_t size, struct efi_variable *ret)
{
        if (size < ATTRIBUTES_SIZE)
                return false;
        ret->attributes = le32_read(bytes);
        ret->data = bytes + ATTRIBUTES_SIZE;
        ret->size = size - ATTRIBUTES_SIZE;
        return true;
}

/* UTF-16LE of printable ASCII; its length, or 0 for anything else, which no caller has a use for. */
static size_t parse_text(const struct efi_variable *v, char ret_text[static TEXT_MAX])
{
        size_t n = v->size / 2;

        if (v->size % 2 != 0)
                return 0;
        if (n > 0 && v->data[v->size - 2] == 0 && v->data[v->size - 1] == 0)
                n--;
        if (n >= TEXT_MAX)
                return 0;
        for (size_t i = 0; i < n; i++) {
                uint8_t c = v->data[2 * i];

                if (v->data[2 * i + 1] != 0 || c <= ' ' || c > '~')
                        return 0;
                ret_text[i] = (char) c;
        }
        ret_text[n] = '\0';
        return n;
}

bool efi_variable_partuuid(const struct efi_variable *v, char ret_uuid[static EFI_PARTUUID_SIZE])
{
        char text[TEXT_MAX];
        uint8_t uuid[16];

        if (parse_text(v, text) == 0)
                return false;
        for (char *p = text; *p; p++)
                if (*p >= 'A' && *p <= 'F')
                        *p = (char) (*p - 'A' + 'a');
        if (!uuid_parse(text, uuid))
                return false;
        memcpy(ret_uuid, text, EFI_PARTUUID_SIZE);
        return true;
}

bool efi_variable_pcr(const struct efi_variable *v, unsigned *ret_pcr)
{
        char text[TEXT_MAX];
        size_t n = parse_text(v, text);
        unsigned pcr = 0;

        if (n == 0 || n > 2 || (n == 2 && text[0] == '0'))
                return false;
        for (size_t i = 0; i < n; i++) {
                if (text[i] < '0' || text[i] > '9')
                        return false;
                pcr = 10 * pcr + (unsigned) (text[i] - '0');
        }
        *ret_pcr = pcr;
        return true;
}

bool efi_variable_flag(const struct efi_variable *v, bool *ret)
{
        if (v->size != 1 || v->data[0] > 1)
                return false;
        *ret = v->data[0] == 1;
        return true;
}
