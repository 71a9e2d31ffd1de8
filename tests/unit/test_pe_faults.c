/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Where sections lie.
 */
#include <errno.h>

#include "pe_file.h"
#include "verinit/pe.h"

/* PE32+ as ukify leaves it: each section follows the one before, in the file and in memory. */
struct file {
        struct pe_head head;
        struct {
                uint16_t magic;
                uint8_t skipped[30];
                uint32_t section_alignment, file_alignment;
                uint8_t versions[16];
                uint32_t image_size, headers_size;
                uint8_t more[44];
                uint32_t n_directories;
                struct {
                        uint32_t offset, size;
                } directories[6];
        } __attribute__((packed)) optional;
        struct section sections[3];
        uint8_t padding[8], first[16], second[32], third[8];
        uint8_t certificates[40];
} __attribute__((packed));

enum { CERTIFICATES = 4, ALIGNMENT = 4096 };

#define AT(member) offsetof(struct file, member)

static struct file make_file(void)
{
        return (struct file) {
                .head = {
                        .dos = "MZ",
                        .new_header = AT(head.signature),
                        .signature = "PE",
                        .n_sections = 3,
                        .optional_size = sizeof(((struct file *) NULL)->optional),
                },
                .optional = {
                        .magic = 0x20b, .section_alignment = ALIGNMENT, .image_size = 4 * ALIGNMENT, .headers_size = AT(first),
                        .n_directories = 6, .directories = { [CERTIFICATES] = { AT(certificates), 40 } },
                },
                .sections = {
                        { .name = ".a", .virtual_size = 16, .virtual_address = ALIGNMENT, .raw_size = 16, .raw_offset = AT(first) },
                        { .name = ".b", .virtual_size = 20, .virtual_address = 2 * ALIGNMENT, .raw_size = 32, .raw_offset = AT(second) },
                        { .name = ".c", .virtual_size = 8, .virtual_address = 3 * ALIGNMENT, .raw_size = 8, .raw_offset = AT(third) },
                },
        };
}

static struct pe_fault faults[PE_MAX_FAULTS];

static int find(const struct file *f, size_t size)
{
        static uint8_t copy[sizeof(*f) + 64];
        struct pe pe;

        memset(copy, 0, sizeof(copy));
        memcpy(copy, f, size < sizeof(*f) ? size : sizeof(*f));
        assert_int_equal(pe_open(copy, size, &pe), 0);
        return pe_find_faults(&pe, faults);
}

static void assert_fault(const struct file *f, size_t size, enum pe_fault_kind kind, unsigned section, uint64_t bytes)
{
        assert_int_equal(find(f, size), 1);
        assert_int_equal(faults[0].kind, kind);
        assert_int_equal(faults[0].section, section);
        assert_int_equal(faults[0].bytes, bytes);
}

static void test_none(_unused_ void **state)
{
        struct file f = make_file();

        assert_int_equal(find(&f, sizeof(f)), 0);
        f.optional.directories[CERTIFICATES].size = 0;
        assert_int_equal(find(&f, AT(certificates)), 0);
}

static void test_file(_unused_ void **state)
{
        struct file f = make_file();

        f.sections[1].raw_size = 28;
        assert_fault(&f, sizeof(f), PE_FAULT_FILE_GAP, 2, 4);
        f = make_file();
        f.sections[1].raw_offset -= 4;
        f.sections[1].raw_size += 4;
        assert_fault(&f, sizeof(f), PE_FAULT_FILE_OVERLAP, 1, 4);
        f = make_file();
        f.optional.headers_size -= 3;
        assert_fault(&f, sizeof(f), PE_FAULT_FILE_GAP, 0, 3);
        f = make_file();
        f.optional.headers_size += 3;
        assert_fault(&f, sizeof(f), PE_FAULT_FILE_OVERLAP, 0, 3);
        /* One within another: what follows is measured from the end of both. */
        f = make_file();
        f.sections[1].raw_offset = AT(first);
        f.sections[1].raw_size = 48;
        f.sections[1].virtual_size = 20;
        assert_fault(&f, sizeof(f), PE_FAULT_FILE_OVERLAP, 1, 16);
}

static void test_behind(_unused_ void **state)
{
        struct file f = make_file();

        f.optional.directories[CERTIFICATES].size = 0;
        assert_fault(&f, AT(certificates) + 1, PE_FAULT_BEHIND, 2, 1);
        assert_fault(&f, sizeof(f), PE_FAULT_BEHIND, 2, 40);
        /* Signers fill up to eight before their table, and no more. */
        f = make_file();
        f.optional.directories[CERTIFICATES].offset += 7;
        f.optional.directories[CERTIFICATES].size -= 7;
        assert_int_equal(find(&f, sizeof(f)), 0);
        f.optional.directories[CERTIFICATES].offset += 1;
        f.optional.directories[CERTIFICATES].size -= 1;
        assert_fault(&f, sizeof(f), PE_FAULT_BEHIND, 2, 8);
}

static void test_memory(_unused_ void **state)
{
        struct file f = make_file();

        f.sections[1].virtual_size = ALIGNMENT + 1;
        assert_fault(&f, sizeof(f), PE_FAULT_MEMORY_OVERLAP, 2, 1);
        f = make_file();
        f.sections[2].virtual_address += ALIGNMENT;
        f.optional.image_size += ALIGNMENT;
        assert_fault(&f, sizeof(f), PE_FAULT_MEMORY_GAP, 2, ALIGNMENT);
        f = make_file();
        f.optional.image_size = 3 * ALIGNMENT + 7;
        assert_fault(&f, sizeof(f), PE_FAULT_IMAGE_SIZE, 2, 1);
        /* What would overflow 32 bits does not. */
        f = make_file();
        f.sections[2].virtual_size = UINT32_MAX;
        assert_fault(&f, sizeof(f), PE_FAULT_IMAGE_SIZE, 2, 3ull * ALIGNMENT + UINT32_MAX - 4ull * ALIGNMENT);
}

static void test_header(_unused_ void **state)
{
        struct file f = make_file();

        f.optional.section_alignment = 0;
        assert_fault(&f, sizeof(f), PE_FAULT_HEADER, 0, 0);
        f = make_file();
        f.optional.directories[CERTIFICATES].size = 1000;
        assert_int_equal(find(&f, sizeof(f)), -EBADMSG);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_none), cmocka_unit_test(test_file), cmocka_unit_test(test_behind), cmocka_unit_test(test_memory),
                cmocka_unit_test(test_header),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
