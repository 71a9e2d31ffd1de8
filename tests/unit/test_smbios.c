/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "unit.h"
#include "verinit/smbios.h"

#define KEY "io.systemd.stub.kernel-cmdline-extra="

struct table {
        const char *bytes;
        size_t size;
        size_t n;
        const char *first;
};

#define TABLE(text, count, value) { .bytes = (text), .size = sizeof(text) - 1, .n = (count), .first = (value) }

/* As QEMU makes it: header of type 11, number of strings, strings, two NULs; then the end. */
#define OEM_STRINGS "\x0b\x05\x00\x0e\x01"
#define END "\x7f\x04\x01\x7f\0\0"

static const struct table tables[] = {
        TABLE("", 0, NULL),
        TABLE(END, 0, NULL),
        TABLE(OEM_STRINGS "hello\0\0" END, 0, NULL),
        TABLE(OEM_STRINGS KEY "foo=bar\0\0" END, 1, "foo=bar"),
        TABLE(OEM_STRINGS "hello\0" KEY "foo=bar baz\0\0" END, 1, "foo=bar baz"),
        TABLE(OEM_STRINGS KEY "a\0" KEY "b\0\0" END, 2, "a"),
        TABLE(OEM_STRINGS KEY "\0\0" END, 1, ""),
        /* where a walk of the structures may not come: of another type, behind the end, in the formatted part, unfinished */
        TABLE("\x01\x04\0\0" KEY "foo\0\0" END, 1, "foo"),
        TABLE(END KEY "foo\0\0", 1, "foo"),
        TABLE("\x0b\xff\0\0\x01" KEY "foo", 1, "foo"),
        TABLE(OEM_STRINGS "x" KEY "foo\0\0", 1, "foo"),
        TABLE(KEY, 1, ""),
        /* not it */
        TABLE("io.systemd.stub.kernel-cmdline-extra\0=", 0, NULL),
        TABLE("io.systemd.stub.kernel-cmdline-extras=", 0, NULL),
        TABLE("io.systemd.stub.kernel-cmdline-extra", 0, NULL),
        TABLE("io.systemd.credential:x=y\0\0", 0, NULL),
};

static void test_tables(_unused_ void **state)
{
        for (size_t i = 0; i < ARRAY_SIZE(tables); i++) {
                const struct table *t = &tables[i];
                char *exact = malloc(t->size + 1); /* so that a read beyond its NUL is seen */
                struct smbios_extras extras;

                assert_non_null(exact);
                memcpy(exact, t->bytes, t->size);
                exact[t->size] = '\0';
                smbios_find_extras(exact, t->size, &extras);
                if (extras.n != t->n)
                        fail_msg("table %zu: %zu strings, not %zu", i, extras.n, t->n);
                if (t->first)
                        assert_string_equal(extras.values[0], t->first);
                free(exact);
        }
}

static void test_more_than_there_is_room_for(_unused_ void **state)
{
        static char table[(SMBIOS_MAX_EXTRAS + 5) * sizeof(KEY "x") + 1];
        struct smbios_extras extras;
        size_t n = 0;

        for (size_t i = 0; i < SMBIOS_MAX_EXTRAS + 5; i++, n += sizeof(KEY "x"))
                memcpy(table + n, KEY "x", sizeof(KEY "x"));
        smbios_find_extras(table, n, &extras);
        assert_int_equal(extras.n, SMBIOS_MAX_EXTRAS + 5);
        assert_string_equal(extras.values[SMBIOS_MAX_EXTRAS - 1], "x");
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_tables),
                cmocka_unit_test(test_more_than_there_is_room_for),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
