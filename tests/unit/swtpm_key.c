/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "swtpm_key.h"

#include "swtpm.h"
#include "verinit/crypto.h"

/* A command: big-endian fields, the size filled in at the end. */
struct wire {
        uint8_t bytes[1024];
        size_t n;
};

static void put(struct wire *w, uint64_t value, size_t size)
{
        for (size_t i = size; i-- > 0;)
                w->bytes[w->n++] = (uint8_t) (value >> (8 * i));
}

static void put_header(struct wire *w, uint32_t command)
{
        w->n = 0;
        put(w, 0x8002, 2);
        put(w, 0, 4);
        put(w, command, 4);
}

static void put_empty_auth(struct wire *w)
{
        put(w, 9, 4);
        put(w, 0x40000009, 4); /* TPM_RS_PW */
        put(w, 0, 5);
}

static void talk(struct wire *w)
{
        ssize_t n;

        wire_set32(w->bytes + 2, (uint32_t) w->n);
        assert_int_equal(write(tcti_swtpm.fd, w->bytes, w->n), w->n);
        n = read(tcti_swtpm.fd, w->bytes, sizeof(w->bytes));
        assert_true(n >= 10);
        if (wire_get(w->bytes + 6, 4) != 0)
                fail_msg("the TPM says 0x%x", wire_get(w->bytes + 6, 4));
}

static void put_ecc_p256(struct wire *w)
{
        put(w, 26, 2);
        put(w, 0x0023000b, 4);
        put(w, 0x00030072, 4);                      /* restricted, decrypts: as an EK */
        put(w, 0, 2);                               /* no policy */
        put(w, 0x000600800043, 6);                  /* AES-128 CFB */
        put(w, 0x001000030010, 6);                  /* no scheme, P-256, no KDF */
        put(w, 0, 4);
}

static void put_rsa_2048(struct wire *w)
{
        put(w, 26, 2);
        put(w, 0x0001000b, 4);
        put(w, 0x00030072, 4);
        put(w, 0, 2);
        put(w, 0x000600800043, 6);
        put(w, 0x00100800, 4); /* no scheme, 2048 bits */
        put(w, 0, 6);
}

/* The Name is computed here, from the public part. */
struct key_name swtpm_keep_key(uint32_t hierarchy, uint32_t handle, bool is_rsa)
{
        struct key_name name = { .size = 34, .bytes = { 0x00, 0x0b } };
        struct digest digest;
        struct error err = {};
        struct wire w;
        struct iovec public;
        uint32_t transient;

        put_header(&w, 0x131);
        put(&w, hierarchy, 4);
        put_empty_auth(&w);
        put(&w, 0x000400000000, 6);
        if (is_rsa)
                put_rsa_2048(&w);
        else
                put_ecc_p256(&w);
        put(&w, 0, 6); /* no outside info, no PCRs */
        talk(&w);
        transient = wire_get(w.bytes + 10, 4);
        public = (struct iovec) { w.bytes + 20, wire_get(w.bytes + 18, 2) };
        assert_int_equal(crypto_digest(DIGEST_SHA256, &public, 1, &digest, &err), 0);
        memcpy(name.bytes + 2, digest.bytes, 32);

        put_header(&w, 0x120); /* EvictControl */
        put(&w, SWTPM_OWNER, 4);
        put(&w, transient, 4);
        put_empty_auth(&w);
        put(&w, handle, 4);
        talk(&w);
        put_header(&w, 0x165); /* FlushContext */
        w.bytes[1] = 0x01;
        put(&w, transient, 4);
        talk(&w);
        return name;
}
