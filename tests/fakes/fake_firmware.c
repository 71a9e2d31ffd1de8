/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "fake_firmware.h"

#include <stdio.h>

#include "fake_tpm.h"
#include "verinit/crypto.h"
#include "verinit/tcg2_log.h"

struct fake_firmware fake_firmware;

struct bytes {
        const void *data;
        size_t size;
};

static void put(const void *data, size_t size)
{
        if (size > sizeof(fake_firmware.log) - fake_firmware.size)
                abort();
        memcpy(fake_firmware.log + fake_firmware.size, data, size);
        fake_firmware.size += size;
}

static void put_number(uint32_t value, unsigned n_bytes)
{
        for (unsigned i = 0; i < n_bytes; i++)
                put((const uint8_t[]) { (uint8_t) (value >> (8 * i)) }, 1);
}

static uint32_t alg_id(enum digest_alg alg)
{
        static const uint32_t ids[_DIGEST_ALG_MAX] = { 0, 0x04, 0x0b, 0x0c, 0x0d };

        return ids[alg];
}

void fake_firmware_begin(void)
{
        const struct tpm_banks *banks = &fake_tpm.banks;
        static const uint8_t zeros[20];

        fake_firmware.size = 0;
        memset(fake_tpm.measured, 0, sizeof(fake_tpm.measured));
        put_number(0, 4);
        put_number(TCG2_EV_NO_ACTION, 4);
        put(zeros, sizeof(zeros));
        put_number((uint32_t) (16 + 8 + 4 + 4 * banks->n + 1), 4);
        put("Spec ID Event03", 16);
        put("\0\0\0\0\0\2\0\2", 8);
        put_number((uint32_t) banks->n, 4);
        for (size_t i = 0; i < banks->n; i++) {
                put_number(alg_id(banks->algs[i]), 2);
                put_number((uint32_t) digest_size(banks->algs[i]), 2);
        }
        put_number(0, 1);
}

static struct digest digest_of(enum digest_alg alg, struct bytes a, struct bytes b)
{
        const struct iovec parts[] = { { (void *) (uintptr_t) a.data, a.size }, { (void *) (uintptr_t) b.data, b.size } };
        struct digest digest;
        struct error err = {};

        if (crypto_digest(alg, parts, 2, &digest, &err) < 0)
                abort();
        return digest;
}

static void measure(unsigned pcr, uint32_t type, struct bytes measured, struct bytes data)
{
        const struct tpm_banks *banks = &fake_tpm.banks;

        put_number(pcr, 4);
        put_number(type, 4);
        put_number((uint32_t) banks->n, 4);
        for (size_t i = 0; i < banks->n; i++) {
                struct digest *value = &fake_tpm.measured[pcr][i];
                enum digest_alg alg = banks->algs[i];
                size_t size = digest_size(alg);
                struct digest digest = digest_of(alg, measured, (struct bytes) {});

                put_number(alg_id(alg), 2);
                put(digest.bytes, size);
                *value = digest_of(alg, (struct bytes) { value->bytes, size }, (struct bytes) { digest.bytes, size });
        }
        put_number((uint32_t) data.size, 4);
        put(data.data, data.size);
}

static struct bytes utf16(const char *text)
{
        static uint8_t bytes[4096];
        size_t n = strlen(text) + 1;

        if (2 * n > sizeof(bytes))
                abort();
        for (size_t i = 0; i < n; i++) {
                bytes[2 * i] = (uint8_t) text[i];
                bytes[2 * i + 1] = 0;
        }
        return (struct bytes) { bytes, 2 * n };
}

void fake_firmware_section(const char *name, const void *content, size_t size)
{
        measure(11, TCG2_EV_IPL, (struct bytes) { name, strlen(name) + 1 }, utf16(name));
        measure(11, TCG2_EV_IPL, (struct bytes) { content, size }, utf16(name));
}

void fake_firmware_words(const char *words)
{
        measure(12, TCG2_EV_IPL, utf16(words), utf16(words));
}

void fake_firmware_archive(const char *text)
{
        measure(12, TCG2_EV_IPL, (struct bytes) { "070701", 6 }, utf16(text));
}

static void measure_tagged(uint32_t tag, struct bytes measured, const char *description)
{
        uint8_t data[64] = { (uint8_t) tag, (uint8_t) (tag >> 8), (uint8_t) (tag >> 16), (uint8_t) (tag >> 24) };
        size_t n = strlen(description) + 1;

        data[4] = (uint8_t) n;
        memcpy(data + 8, description, n);
        measure(9, TCG2_EV_EVENT_TAG, measured, (struct bytes) { data, 8 + n });
}

void fake_firmware_load_options(const char *text)
{
        measure_tagged(UINT32_C(0x8f3b22ed), utf16(text), "LOADED_IMAGE::LoadOptions");
        measure_tagged(UINT32_C(0x8f3b22ec), (struct bytes) { "initrd", 6 }, "Linux initrd");
}
