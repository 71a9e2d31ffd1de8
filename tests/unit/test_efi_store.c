/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>

#include "unit.h"
#include "verinit/efi_store.h"

enum { MAX = 1024, HEADER = 72, STORE = HEADER + 28, LIVE = 0x3f, BEING_REPLACED = 0x3e, DELETED = 0x3d };

static const uint8_t ours[16] = "vendor of a test", theirs[16] = "another's vendor";
static const uint8_t x509[16] = "type certificate", sha256[16] = "type of a digest";

struct file {
        uint8_t bytes[MAX];
        size_t size;
};

static void put32(uint8_t *p, size_t value)
{
        for (size_t i = 0; i < 4; i++)
                p[i] = (uint8_t) (value >> (8 * i));
}

/* The volume's header with one block in its map, then that of the store. */
static struct file make_file(void)
{
        static const uint8_t type[16] = {
                0x78, 0x2c, 0xf3, 0xaa, 0x7b, 0x94, 0x9a, 0x43, 0xa1, 0x80, 0x2e, 0x14, 0x4e, 0xc3, 0x77, 0x92,
        };
        struct file f = { .size = STORE };

        memset(f.bytes, 0xff, sizeof(f.bytes));
        memset(f.bytes, 0, STORE);
        memcpy(f.bytes + 40, "_FVH", 4);
        f.bytes[48] = HEADER;
        memcpy(f.bytes + HEADER, type, 16);
        put32(f.bytes + HEADER + 16, MAX - HEADER);
        f.bytes[HEADER + 20] = 0x5a;
        f.bytes[HEADER + 21] = 0xfe;
        return f;
}

static size_t add(struct file *f, uint8_t state, const uint8_t *vendor, const char *name, const char *data)
{
        size_t at = f->size, n = strlen(name) + 1;
        uint8_t *p = f->bytes + at;

        memset(p, 0, 60);
        p[0] = 0xaa;
        p[1] = 0x55;
        p[2] = state;
        put32(p + 36, 2 * n);
        put32(p + 40, strlen(data));
        memcpy(p + 44, vendor, 16);
        for (size_t i = 0; i < n; i++) {
                p[60 + 2 * i] = (uint8_t) name[i];
                p[61 + 2 * i] = 0;
        }
        memcpy(p + 60 + 2 * n, data, strlen(data));
        f->size += 60 + 2 * n + strlen(data);
        f->size += -f->size % 4;
        return at;
}

static void expect(const struct file *f, const char *name, const char *data)
{
        struct iovec found = {};

        if (!data) {
                assert_int_equal(efi_store_find(f->bytes, MAX, ours, name, &found), -ENOENT);
                assert_null(found.iov_base);
                return;
        }
        assert_int_equal(efi_store_find(f->bytes, MAX, ours, name, &found), 0);
        assert_int_equal(found.iov_len, strlen(data));
        assert_memory_equal(found.iov_base, data, strlen(data));
}

static void test_find(_unused_ void **state)
{
        struct file f = make_file();

        expect(&f, "db", NULL);
        (void) add(&f, LIVE, theirs, "db", "of another vendor");
        (void) add(&f, DELETED, ours, "db", "old");
        (void) add(&f, LIVE, ours, "dbx", "x");
        (void) add(&f, LIVE, ours, "d", "shorter");
        expect(&f, "db", NULL);
        (void) add(&f, BEING_REPLACED, ours, "db", "before");
        expect(&f, "db", "before");
        (void) add(&f, LIVE, ours, "db", "after");
        (void) add(&f, BEING_REPLACED, ours, "db", "not this");
        expect(&f, "db", "after");
        expect(&f, "dbx", "x");
        expect(&f, "d", "shorter");
}

static void test_up_to_the_end(_unused_ void **state)
{
        struct file f = make_file();
        struct iovec found = {};
        uint8_t *exact;
        size_t at;

        at = add(&f, LIVE, ours, "db", "datum");
        f.size = at + 60 + 6 + 5;
        put32(f.bytes + HEADER + 16, f.size - HEADER);
        exact = malloc(f.size);
        assert_non_null(exact);
        memcpy(exact, f.bytes, f.size);
        assert_int_equal(efi_store_find(exact, f.size, ours, "db", &found), 0);
        assert_int_equal(found.iov_len, 5);
        for (size_t n = 0; n < f.size; n++)
                assert_int_equal(efi_store_find(exact, n, ours, "db", &found), -EBADMSG);
        free(exact);
}

static void test_no_store(_unused_ void **state)
{
        static const size_t places[] = { 40, 48, HEADER, HEADER + 20, HEADER + 21 };
        struct file good = make_file();
        struct iovec found = {};
        size_t at = add(&good, LIVE, ours, "db", "datum");

        for (size_t i = 0; i < ARRAY_SIZE(places); i++) {
                struct file f = good;

                f.bytes[places[i]] ^= 0x40;
                assert_int_equal(efi_store_find(f.bytes, MAX, ours, "db", &found), -EBADMSG);
        }
        for (size_t i = 0; i < 2; i++) {
                struct file f = good;

                put32(f.bytes + at + 36 + 4 * i, UINT32_MAX - 3);
                assert_int_equal(efi_store_find(f.bytes, MAX, ours, "db", &found), -EBADMSG);
        }
        put32(good.bytes + HEADER + 16, MAX - HEADER + 1);
        assert_int_equal(efi_store_find(good.bytes, MAX, ours, "db", &found), -EBADMSG);
        assert_null(found.iov_base);
}

/* A list with a header of its own, and one with none. */
static size_t make_lists(uint8_t *p)
{
        memset(p, 0, 256);
        memcpy(p, x509, 16);
        put32(p + 16, 28 + 3 + 20);
        put32(p + 20, 3);
        put32(p + 24, 20);
        memcpy(p + 28, "hdrowner of one sig.cert", 24);
        memcpy(p + 51, sha256, 16);
        put32(p + 51 + 16, 28 + 2 * 18);
        put32(p + 51 + 24, 18);
        memcpy(p + 51 + 28, "owner of a digestd1owner of a digestd2", 36);
        return 51 + 28 + 36;
}

static void test_signatures(_unused_ void **state)
{
        static const struct {
                const uint8_t *type;
                const char *data;
        } wanted[] = { { x509, "cert" }, { sha256, "td" }, { sha256, "td" } };
        uint8_t bytes[256];
        struct efi_signatures it = { .lists = { bytes, make_lists(bytes) } };
        struct efi_signature s = {};

        for (size_t i = 0; i < ARRAY_SIZE(wanted); i++) {
                assert_int_equal(efi_signature_next(&it, &s), 1);
                assert_memory_equal(s.type, wanted[i].type, 16);
                assert_int_equal(s.whole.iov_len, s.data.iov_len + 16);
                assert_ptr_equal((uint8_t *) s.whole.iov_base + 16, s.data.iov_base);
        }
        assert_int_equal(efi_signature_next(&it, &s), 0);
        it = (struct efi_signatures) {};
        assert_int_equal(efi_signature_next(&it, &s), 0);
}

static void test_signatures_refused(_unused_ void **state)
{
        static const struct {
                size_t at, value;
        } changes[] = { { 16, 27 }, { 16, 200 }, { 20, 24 }, { 24, 16 }, { 24, 0 }, { 24, 19 }, { 24, UINT32_MAX }, { 20, UINT32_MAX } };
        struct efi_signature s = {};
        uint8_t bytes[256];

        for (size_t i = 0; i < ARRAY_SIZE(changes); i++) {
                struct efi_signatures it = { .lists = { bytes, make_lists(bytes) } };

                put32(bytes + changes[i].at, changes[i].value);
                assert_int_equal(efi_signature_next(&it, &s), -EBADMSG);
        }
        /* It would fill the list, with nothing behind its owner. */
        (void) make_lists(bytes);
        put32(bytes + 16, 28 + 3 + 16);
        put32(bytes + 24, 16);
        assert_int_equal(efi_signature_next(&(struct efi_signatures) { .lists = { bytes, 28 + 3 + 16 } }, &s), -EBADMSG);
        for (size_t n = 1; n < 51; n++) {
                struct efi_signatures it = { .lists = { bytes, n } };

                (void) make_lists(bytes);
                assert_int_equal(efi_signature_next(&it, &s), -EBADMSG);
        }
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_find),
                cmocka_unit_test(test_up_to_the_end),
                cmocka_unit_test(test_no_store),
                cmocka_unit_test(test_signatures),
                cmocka_unit_test(test_signatures_refused),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
