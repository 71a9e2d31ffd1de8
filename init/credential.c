/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "verinit/credential.h"

enum { ID_BYTES = 16 };

/* src/shared/creds-util.h of systemd 257; "scoped" ones, for a user, are not for PID 1. */
static const uint8_t sealed_ids[][ID_BYTES] = {
        /* the host's key */
        { 0x5a, 0x1c, 0x6a, 0x86, 0xdf, 0x9d, 0x40, 0x96, 0xb1, 0xd5, 0xa6, 0x5e, 0x08, 0x62, 0xf1, 0x9a },
        /* the TPM; with a policy that a key has signed */
        { 0x0c, 0x7c, 0xc0, 0x7b, 0x11, 0x76, 0x45, 0x91, 0x9c, 0x4b, 0x0b, 0xea, 0x08, 0xbc, 0x20, 0xfe },
        { 0xfa, 0xf7, 0xeb, 0x93, 0x41, 0xe3, 0x41, 0x2c, 0xa1, 0xa4, 0x36, 0xf9, 0x5a, 0x29, 0x36, 0x2f },
        /* both; with such a policy */
        { 0x93, 0xa8, 0x94, 0x09, 0x48, 0x74, 0x44, 0x90, 0x90, 0xca, 0xf2, 0xfc, 0x93, 0xca, 0xb5, 0x53 },
        { 0xaf, 0x49, 0x50, 0xa8, 0x49, 0x13, 0x4e, 0xb1, 0xa7, 0x38, 0x46, 0x30, 0x4f, 0xf3, 0x0c, 0x05 },
};

const char *credentials_name(enum floor_credentials credentials)
{
        switch (credentials) {
        case CREDENTIALS_NONE:
                break;
        case CREDENTIALS_ESP_ENCRYPTED:
                return "esp-encrypted";
        case CREDENTIALS_PLATFORM:
                return "platform";
        }
        return "none";
}

bool credential_name_is_valid(const char *name)
{
        size_t n = strlen(name);

        if (n == 0 || n > CREDENTIAL_NAME_MAX || str_equal(name, ".") || str_equal(name, ".."))
                return false;
        for (size_t i = 0; i < n; i++)
                if (name[i] <= ' ' || name[i] > '~' || name[i] == '/' || name[i] == ':')
                        return false;
        return true;
}

static int base64_value(char c)
{
        if (c >= 'A' && c <= 'Z')
                return c - 'A';
        if (c >= 'a' && c <= 'z')
                return c - 'a' + 26;
        if (c >= '0' && c <= '9')
                return c - '0' + 52;
        if (c == '+')
                return 62;
        return c == '/' ? 63 : -1;
}

/* The first bytes of base64 text, which may have line breaks; false: there are fewer. */
static bool decode_start(const char *text, size_t size, uint8_t *ret, size_t wanted)
{
        uint32_t bits = 0;
        unsigned n_bits = 0;
        size_t n = 0;

        for (size_t i = 0; i < size && n < wanted; i++) {
                int value = base64_value(text[i]);

                if (text[i] == '\n' || text[i] == '\r' || text[i] == ' ' || text[i] == '\t')
                        continue;
                if (value < 0)
                        return false;
                bits = bits << 6 | (uint32_t) value;
                n_bits += 6;
                if (n_bits < 8)
                        continue;
                n_bits -= 8;
                ret[n++] = (uint8_t) (bits >> n_bits);
        }
        return n == wanted;
}

bool credential_is_sealed(const char *text, size_t size)
{
        uint8_t id[ID_BYTES];

        if (!decode_start(text, size, id, sizeof(id)))
                return false;
        for (size_t i = 0; i < ARRAY_SIZE(sealed_ids); i++)
                if (memcmp(id, sealed_ids[i], sizeof(id)) == 0)
                        return true;
        return false;
}
