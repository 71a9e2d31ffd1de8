/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>

#include "pe_file.h"
#include "verinit/pe.h"

/* PE32+ as a linker writes it: the sections stand in the file in another order than in the table. */
struct file {
        struct pe_head head;
        struct {
                uint16_t magic;
                uint8_t skipped[58];
                uint32_t headers_size, checksum;
                uint8_t more[40];
                uint32_t n_directories;
                struct {
                        uint32_t offset, size;
                } directories[6];
        } __attribute__((packed)) optional;
        struct section sections[3];
        uint8_t second[8], first[16], gap[4], behind[12];
        uint8_t certificates[24];
} __attribute__((packed));

enum { CERTIFICATES = 4 };

static struct file make_file(void)
{
        struct file f = {
                .head = {
                        .dos = "MZ",
                        .new_header = offsetof(struct file, head.signature),
                        .signature = "PE",
                        .n_sections = 3,
                        .optional_size = sizeof(f.optional),
                },
                .optional = {
                        .magic = 0x20b, .headers_size = offsetof(struct file, second), .checksum = 0x11111111, .n_directories = 6,
                        .directories = {
                                [CERTIFICATES] = { offsetof(struct file, certificates), sizeof(f.certificates) },
                        },
                },
                .sections = {
                        { .name = ".a", .virtual_size = 3, .raw_size = 16, .raw_offset = offsetof(struct file, first) },
                        { .name = ".bss", .virtual_size = 4096, .raw_offset = UINT32_MAX },
                        { .name = ".b", .virtual_size = 8, .raw_size = 8, .raw_offset = offsetof(struct file, second) },
                },
        };
        return f;
}

static uint8_t copy[sizeof(struct file)];

static int parts_of(const struct file *f, size_t size, struct iovec *ret, size_t *ret_n)
{
        struct pe pe;
        int r;

        memcpy(copy, f, size);
        r = pe_open(copy, size, &pe);
        return r < 0 ? r : pe_hashed_parts(&pe, ret, ret_n);
}

static void assert_parts(const struct file *f, size_t size, const size_t (*wanted)[2], size_t n_wanted)
{
        struct iovec parts[PE_MAX_HASHED];
        size_t n = 0;

        assert_int_equal(parts_of(f, size, parts, &n), 0);
        assert_int_equal(n, n_wanted);
        for (size_t i = 0; i < n; i++) {
                assert_int_equal((uint8_t *) parts[i].iov_base - copy, wanted[i][0]);
                assert_int_equal(parts[i].iov_len, wanted[i][1] - wanted[i][0]);
        }
}

static void assert_refused(const struct file *f)
{
        struct iovec parts[PE_MAX_HASHED];
        size_t n = 77;

        assert_int_equal(parts_of(f, sizeof(*f), parts, &n), -EBADMSG);
        assert_int_equal(n, 77);
}

#define AT(member) offsetof(struct file, member)
#define ENTRY AT(optional.directories[CERTIFICATES])
#define HEADERS { 0, AT(optional.checksum) }, { AT(optional.checksum) + 4, ENTRY }, { ENTRY + 8, AT(second) }

static void test_signed(_unused_ void **state)
{
        static const size_t wanted[][2] = { HEADERS, { AT(second), AT(first) }, { AT(first), AT(gap) },
                                            { AT(gap), AT(certificates) } };
        struct file f = make_file();

        assert_parts(&f, sizeof(f), wanted, ARRAY_SIZE(wanted));
}

static void test_gap(_unused_ void **state)
{
        /* Where the rest begins is counted, not looked for. */
        static const size_t wanted[][2] = { HEADERS, { AT(second), AT(first) }, { AT(first) + 4, AT(gap) },
                                            { AT(gap) - 4, AT(certificates) } };
        struct file f = make_file();

        f.sections[0].raw_offset += 4;
        f.sections[0].raw_size -= 4;
        assert_parts(&f, sizeof(f), wanted, ARRAY_SIZE(wanted));
}

static void test_unsigned(_unused_ void **state)
{
        static const size_t wanted[][2] = { HEADERS, { AT(second), AT(first) }, { AT(first), AT(gap) },
                                            { AT(gap), AT(certificates) } };
        static const size_t short_ones[][2] = { HEADERS, { AT(second), AT(first) }, { AT(first), AT(gap) } };
        struct file f = make_file();

        f.optional.directories[CERTIFICATES].size = 0;
        f.optional.directories[CERTIFICATES].offset = 0;
        assert_parts(&f, AT(certificates), wanted, ARRAY_SIZE(wanted));
        assert_parts(&f, AT(gap), short_ones, ARRAY_SIZE(short_ones));
}

static void test_no_entry_for_certificates(_unused_ void **state)
{
        static const size_t wanted[][2] = { { 0, AT(optional.checksum) }, { AT(optional.checksum) + 4, AT(second) },
                                            { AT(second), AT(first) }, { AT(first), AT(gap) }, { AT(gap), sizeof(struct file) } };
        struct file f = make_file();

        f.optional.n_directories = CERTIFICATES;
        assert_parts(&f, sizeof(f), wanted, ARRAY_SIZE(wanted));
}

static void test_certificates_elsewhere(_unused_ void **state)
{
        struct file f = make_file();

        f.optional.directories[CERTIFICATES].size--;
        assert_refused(&f);
        f.optional.directories[CERTIFICATES].size = UINT32_MAX;
        assert_refused(&f);
        f = make_file();
        f.optional.directories[CERTIFICATES].offset = sizeof(f) + 1;
        assert_refused(&f);
        /* The whole file behind the headers would be signature. */
        f.optional.directories[CERTIFICATES].offset = AT(second) - 1;
        f.optional.directories[CERTIFICATES].size = sizeof(f) - AT(second) + 1;
        assert_refused(&f);
        /* A section that lies in it. */
        f.optional.directories[CERTIFICATES].offset = AT(first);
        f.optional.directories[CERTIFICATES].size = sizeof(f) - AT(first);
        assert_refused(&f);
}

static void test_headers(_unused_ void **state)
{
        struct file f = make_file();

        f.optional.magic = 0x107;
        assert_refused(&f);
        f = make_file();
        f.optional.headers_size--;
        assert_refused(&f);
        f.optional.headers_size = sizeof(f) + 1;
        assert_refused(&f);
        f = make_file();
        f.head.optional_size = 96 - 1;
        f.head.n_sections = 0;
        assert_refused(&f);
        /* The directory says that it has an entry for which the header is too short. */
        f.head.optional_size = (uint16_t) (ENTRY - AT(optional) + 7);
        assert_refused(&f);
}

static void test_sections(_unused_ void **state)
{
        struct file f = make_file();

        f.sections[0].raw_size = UINT32_MAX;
        assert_refused(&f);
        f = make_file();
        f.sections[1].raw_size = 1;
        assert_refused(&f);
        /* Each is inside, all together are more than there is. */
        f = make_file();
        for (size_t i = 0; i < 3; i++) {
                f.sections[i].raw_offset = AT(second);
                f.sections[i].raw_size = 16;
        }
        assert_refused(&f);
        f.head.n_sections = PE_MAX_SECTIONS + 1;
        assert_refused(&f);
}

static void test_every_shorter_file(_unused_ void **state)
{
        struct iovec parts[PE_MAX_HASHED];
        struct file f = make_file();
        size_t n = 77;

        for (size_t size = 0; size < sizeof(f); size++)
                assert_int_equal(parts_of(&f, size, parts, &n), -EBADMSG);
        assert_int_equal(n, 77);
}

static void test_section_at(_unused_ void **state)
{
        struct file f = make_file();
        struct pe_section s;
        struct pe pe;

        memcpy(copy, &f, sizeof(f));
        assert_int_equal(pe_open(copy, sizeof(f), &pe), 0);
        assert_int_equal(pe.n_sections, 3);
        assert_int_equal(pe_section_at(&pe, 0, &s), 0);
        assert_string_equal(s.name, ".a");
        assert_int_equal(s.offset, AT(first));
        assert_int_equal(s.size, 3);
        assert_int_equal(s.raw_size, 16);
        assert_int_equal(pe_section_at(&pe, 1, &s), 0);
        assert_int_equal(s.size, 0);
        assert_int_equal(s.virtual_size, 4096);
}

/* A PKCS#7 message of one byte, and what stands in the eight bytes behind it. */
static int second_certificate(uint8_t first_type, uint8_t second_size)
{
        struct file f = make_file();
        struct iovec table, pkcs7 = {};
        struct pe pe;

        f.certificates[0] = 9;
        f.certificates[6] = first_type;
        f.certificates[16] = second_size;
        f.certificates[22] = 2;
        assert_int_equal(pe_open((uint8_t *) &f, sizeof(f), &pe), 0);
        assert_int_equal(pe_certificates(&pe, &table), 0);
        assert_int_equal(table.iov_len, sizeof(f.certificates));
        if (first_type == 2) {
                assert_int_equal(pe_certificate_next(&table, &pkcs7), 1);
                assert_ptr_equal(pkcs7.iov_base, f.certificates + 8);
                assert_int_equal(pkcs7.iov_len, 1);
        }
        return pe_certificate_next(&table, &pkcs7);
}

static void test_certificates(_unused_ void **state)
{
        struct file f = make_file();
        struct iovec table;
        struct pe pe;

        for (uint8_t size = 0; size < 12; size++) {
                assert_int_equal(second_certificate(2, size), -EBADMSG);
                assert_int_equal(second_certificate(1, size), -EBADMSG);
        }
        f.optional.directories[CERTIFICATES].size = 0;
        assert_int_equal(pe_open((uint8_t *) &f, sizeof(f), &pe), 0);
        assert_int_equal(pe_certificates(&pe, &table), 0);
        assert_int_equal(pe_certificate_next(&table, &table), 0);
        f.optional.directories[CERTIFICATES].size = 25;
        assert_int_equal(pe_certificates(&pe, &table), -EBADMSG);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_signed),
                cmocka_unit_test(test_gap),
                cmocka_unit_test(test_unsigned),
                cmocka_unit_test(test_no_entry_for_certificates),
                cmocka_unit_test(test_certificates_elsewhere),
                cmocka_unit_test(test_headers),
                cmocka_unit_test(test_sections),
                cmocka_unit_test(test_every_shorter_file),
                cmocka_unit_test(test_section_at),
                cmocka_unit_test(test_certificates),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
