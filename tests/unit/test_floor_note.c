/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <elf.h>
#include <errno.h>

#include "unit.h"
#include "verinit/floor_note.h"

/* A program of headers and one note segment; a test spoils a member, or makes the file shorter. */
struct note {
        Elf64_Nhdr header;
        char name[8];
        uint8_t desc[FLOOR_NOTE_BYTES];
};

struct program {
        Elf64_Ehdr header;
        Elf64_Phdr segments[3];
        struct note build_id, ours, other;
};

static struct note make_note(const char *name, uint32_t type)
{
        struct note n = { .header = { .n_namesz = sizeof(n.name), .n_descsz = sizeof(n.desc), .n_type = type } };

        (void) str_copy(n.name, sizeof(n.name), name);
        return n;
}

static struct program make_program(void)
{
        return (struct program) {
                .header = {
                        .e_ident = { 0x7f, 'E', 'L', 'F', ELFCLASS64, ELFDATA2LSB, EV_CURRENT },
                        .e_phoff = offsetof(struct program, segments), .e_phentsize = sizeof(Elf64_Phdr), .e_phnum = 3,
                },
                .segments = {
                        { .p_type = PT_LOAD, .p_offset = UINT64_MAX, .p_filesz = UINT64_MAX },
                        { .p_type = PT_NOTE, .p_align = 4, .p_offset = offsetof(struct program, build_id),
                          .p_filesz = 3 * sizeof(struct note) },
                        { .p_type = PT_GNU_STACK },
                },
                .build_id = make_note("GNU", NT_GNU_BUILD_ID),
                .ours = make_note("verinit", FLOOR_NOTE_TYPE),
                .other = make_note("verinit", FLOOR_NOTE_TYPE + 1),
        };
}

static int find(const struct program *p, size_t size, size_t *ret)
{
        /* A copy of exactly this size, for ASan. */
        uint8_t *copy = malloc(size > 0 ? size : 1);
        int r;

        assert_non_null(copy);
        if (size > 0)
                memcpy(copy, p, size);
        r = floor_note_find(copy, size, ret);
        free(copy);
        return r;
}

static void assert_refused(const struct program *p, int wanted)
{
        size_t offset = 77;

        assert_int_equal(find(p, sizeof(*p), &offset), wanted);
        assert_int_equal(offset, 77);
}

static void test_found(_unused_ void **state)
{
        struct program p = make_program();
        size_t offset = 0;

        assert_int_equal(find(&p, sizeof(p), &offset), 0);
        assert_int_equal(offset, offsetof(struct program, ours.desc));

        /* In a segment of its own. */
        p.segments[2] = (Elf64_Phdr) { .p_type = PT_NOTE, .p_align = 4, .p_offset = offsetof(struct program, ours),
                                       .p_filesz = sizeof(p.ours) };
        p.segments[1].p_filesz = sizeof(p.build_id);
        assert_int_equal(find(&p, sizeof(p), &offset), 0);
        assert_int_equal(offset, offsetof(struct program, ours.desc));
}

static void test_absent(_unused_ void **state)
{
        struct program p = make_program();

        p.ours.name[0] = 'V';
        assert_refused(&p, -ENOENT);
        p = make_program();
        p.ours.header.n_type++;
        assert_refused(&p, -ENOENT);
        p = make_program();
        p.segments[1].p_type = PT_NULL;
        assert_refused(&p, -ENOENT);
        p = make_program();
        p.header.e_phnum = 0;
        assert_refused(&p, -ENOENT);
        p = make_program();
        p.segments[1].p_filesz = 0;
        assert_refused(&p, -ENOENT);
}

/* Which of two would the builder write, and which would PID 1 read? */
static void test_twice(_unused_ void **state)
{
        struct program p = make_program();

        p.other.header.n_type = FLOOR_NOTE_TYPE;
        assert_refused(&p, -EBADMSG);
        p = make_program();
        p.segments[2] = p.segments[1];
        assert_refused(&p, -EBADMSG);
}

static void test_out_of_bounds(_unused_ void **state)
{
        struct program p = make_program();

        p.header.e_phoff = sizeof(p) - sizeof(Elf64_Phdr) * 3 + 1;
        assert_refused(&p, -EBADMSG);
        p.header.e_phoff = UINT64_MAX;
        assert_refused(&p, -EBADMSG);
        p = make_program();
        p.header.e_phnum = UINT16_MAX;
        assert_refused(&p, -EBADMSG);
        p = make_program();
        p.segments[1].p_offset = sizeof(p) + 1;
        assert_refused(&p, -EBADMSG);
        p = make_program();
        p.segments[1].p_filesz = UINT64_MAX;
        assert_refused(&p, -EBADMSG);
        p = make_program();
        p.segments[1].p_filesz = sizeof(p.build_id) + 8; /* half a header */
        assert_refused(&p, -EBADMSG);
        p = make_program();
        p.build_id.header.n_namesz = UINT32_MAX;
        assert_refused(&p, -EBADMSG);
        p = make_program();
        p.build_id.header.n_descsz = UINT32_MAX;
        assert_refused(&p, -EBADMSG);
        p = make_program();
        p.ours.header.n_descsz = 31;
        assert_refused(&p, -EBADMSG);
        p = make_program();
        p.ours.header.n_descsz = 2 * sizeof(struct note) + 32;
        assert_refused(&p, -EBADMSG);
}

static void test_other_programs(_unused_ void **state)
{
        struct program p = make_program();

        p.header.e_ident[EI_CLASS] = ELFCLASS32;
        assert_refused(&p, -EBADMSG);
        p = make_program();
        p.header.e_ident[EI_DATA] = ELFDATA2MSB;
        assert_refused(&p, -EBADMSG);
        p = make_program();
        p.header.e_ident[0] = 0;
        assert_refused(&p, -EBADMSG);
        p = make_program();
        p.header.e_phentsize = sizeof(Elf64_Phdr) - 8;
        assert_refused(&p, -EBADMSG);
}

static void test_every_shorter_file(_unused_ void **state)
{
        struct program p = make_program();
        size_t offset = 77;

        for (size_t size = 0; size < offsetof(struct program, other) + sizeof(p.other); size++)
                assert_int_equal(find(&p, size, &offset), -EBADMSG);
        assert_int_equal(offset, 77);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_found),
                cmocka_unit_test(test_absent),
                cmocka_unit_test(test_twice),
                cmocka_unit_test(test_out_of_bounds),
                cmocka_unit_test(test_other_programs),
                cmocka_unit_test(test_every_shorter_file),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
