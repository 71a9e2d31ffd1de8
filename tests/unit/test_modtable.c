/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <fnmatch.h>
#include <stdio.h>

#include "unit.h"
#include "verinit/modtable.h"

#define HEAD "verinit-modules 1 6.12.9-amd64\n"

static struct modtable t;

static void parse_ok(const char *text)
{
        struct error err = {};

        if (modtable_parse(text, strlen(text), &t, &err) < 0)
                fail_msg("refused: %s", err.msg);
}

static void assert_refused(const char *text, const char *in_message)
{
        struct error err = {};

        assert_true(modtable_parse(text, strlen(text), &t, &err) < 0);
        assert_int_equal(err.code, FAIL_MODULE_TABLE_MALFORMED_CODE);
        if (!strstr(err.msg, in_message))
                fail_msg("'%s' is not in '%s'", in_message, err.msg);
}

static void test_a_table(_unused_ void **state)
{
        const struct modtable_feature *f;

        parse_ok(HEAD "# made by a builder\n\n"
                      "module libcrc32c 6.12.9-amd64/kernel/lib/libcrc32c.ko.xz - -\n"
                      "module crc32c_intel 6.12.9-amd64/kernel/arch/x86/crc32c-intel.ko.xz - optional\n"
                      "module erofs 6.12.9-amd64/kernel/fs/erofs/erofs.ko.xz libcrc32c,crc32c_intel -\n"
                      "feature erofs erofs\n"
                      "feature overlay -\n"
                      "alias pci:v00001AF4d0000*sv* libcrc32c\n");
        assert_string_equal(t.release, "6.12.9-amd64");
        assert_int_equal(t.n_modules, 3);
        assert_string_equal(t.modules[1].name, "crc32c_intel");
        assert_true(t.modules[1].is_optional);
        assert_false(t.modules[0].is_optional);
        assert_string_equal(t.modules[2].file, "6.12.9-amd64/kernel/fs/erofs/erofs.ko.xz");
        assert_int_equal(t.modules[2].n_deps, 2);
        assert_int_equal(t.modules[2].deps[0], 0);
        assert_int_equal(t.modules[2].deps[1], 1);

        f = modtable_feature(&t, "erofs");
        assert_non_null(f);
        assert_int_equal(f->n_modules, 1);
        assert_int_equal(f->modules[0], 2);
        f = modtable_feature(&t, "overlay");
        assert_non_null(f);
        assert_int_equal(f->n_modules, 0);
        assert_null(modtable_feature(&t, "verity"));
        assert_int_equal(t.n_aliases, 1);
}

static void test_a_second_parse_starts_afresh(_unused_ void **state)
{
        parse_ok(HEAD "module a a.ko - -\nfeature f a\nalias x a\n");
        parse_ok(HEAD);
        assert_int_equal(t.n_modules + t.n_features + t.n_aliases, 0);
}

static void test_header(_unused_ void **state)
{
        assert_refused("", "the table is empty");
        assert_refused("\n", "line 1");
        assert_refused("verinit-modules 2 6.12\n", "line 1: expected 'verinit-modules 1");
        assert_refused("verinit-modules 1 \n", "no kernel release");
        assert_refused("verinit-modules 1 6.12/..\n", "no kernel release");
        assert_refused("verinit-modules 1 6.12 x\n", "no kernel release");
        assert_refused("module a a.ko - -\n", "line 1");
}

static void test_dependencies_point_up(_unused_ void **state)
{
        assert_refused(HEAD "module a a.ko b -\nmodule b b.ko - -\n", "line 2: module 'b' is not defined above");
        assert_refused(HEAD "module a a.ko a -\n", "module 'a' is not defined above");
        assert_refused(HEAD "module a a.ko - -\nmodule b b.ko a, -\n", "module '' is not defined above");
        assert_refused(HEAD "feature f a\n", "module 'a' is not defined above");
        assert_refused(HEAD "alias x a\nmodule a a.ko - -\n", "line 2: module 'a' is not defined above");
}

static void test_fields(_unused_ void **state)
{
        assert_refused(HEAD "module a a.ko -\n", "module has 4 fields, expected 5");
        assert_refused(HEAD "module a a.ko - - x\n", "module has 6 fields or more, expected 5");
        assert_refused(HEAD "module a  a.ko - -\n", "a field is empty");
        assert_refused(HEAD "module a a.ko - - \n", "module has 6 fields");
        assert_refused(HEAD " module a a.ko - -\n", "a field is empty");
        assert_refused(HEAD "feature f\n", "feature has 2 fields, expected 3");
        assert_refused(HEAD "modul a a.ko - -\n", "unknown record 'modul'");
        assert_refused(HEAD "module a a.ko - maybe\n", "flags 'maybe'");
        assert_refused(HEAD "module a-b a.ko - -\n", "no module name");
        assert_refused(HEAD "feature f! -\n", "no feature name");
}

static void test_twice(_unused_ void **state)
{
        assert_refused(HEAD "module a a.ko - -\nmodule a b.ko - -\n", "line 3: module 'a' is defined a second time");
        assert_refused(HEAD "feature f -\nfeature f -\n", "feature 'f' is defined a second time");
}

static void test_files_stay_below_their_directory(_unused_ void **state)
{
        static const char *const bad[] = { "/a.ko",  "../a.ko",  "a/../b.ko", "a//b.ko",
                                           "./a.ko", "a/./b.ko", "a/",        "a;b" };
        char text[128];

        for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
                snprintf(text, sizeof(text), HEAD "module a %s - -\n", bad[i]);
                assert_refused(text, "no relative, normalised file name");
        }
}

static void test_bytes_that_are_no_text(_unused_ void **state)
{
        static char big[MODTABLE_MAX_BYTES];
        struct error err = {};

        assert_refused(HEAD "module a\ta.ko - -\n", "not printable ASCII");
        assert_refused(HEAD "#\r\n", "not printable ASCII");
        assert_refused(HEAD "#\xc3\xb6\n", "not printable ASCII");
        assert_true(modtable_parse(HEAD "\0", strlen(HEAD) + 1, &t, &err) < 0);
        memset(big, '\n', sizeof(big));
        memcpy(big, HEAD, strlen(HEAD));
        assert_int_equal(modtable_parse(big, sizeof(big) - 1, &t, &err), 0);
        assert_true(modtable_parse(big, sizeof(big), &t, &err) < 0);
        assert_non_null(strstr(err.msg, "are read"));
}

/* before0after before1after … */
static void repeat(char *text, size_t n, const char *before, const char *after)
{
        size_t at = strlen(text);

        for (size_t i = 0; i < n; i++)
                at += (size_t) sprintf(text + at, "%s%zu%s", before, i, after);
}

static void test_room_is_bounded(_unused_ void **state)
{
        static char text[MODTABLE_MAX_BYTES];

        strcpy(text, HEAD);
        repeat(text, MODTABLE_MAX_MODULES, "module m", " m.ko - -\n");
        parse_ok(text);
        strcat(text, "module z z.ko - -\n");
        assert_refused(text, "more than 256 modules");

        strcpy(text, HEAD);
        repeat(text, MODTABLE_MAX_FEATURES, "feature f", " -\n");
        parse_ok(text);
        strcat(text, "feature z -\n");
        assert_refused(text, "more than 32 features");

        strcpy(text, HEAD "module a a.ko - -\n");
        repeat(text, MODTABLE_MAX_ALIASES, "alias x", " a\n");
        parse_ok(text);
        strcat(text, "alias z a\n");
        assert_refused(text, "more than 2048 aliases");

        strcpy(text, HEAD "module a a.ko - -\nfeature f a");
        for (int i = 1; i < MODTABLE_MAX_DEPS; i++)
                strcat(text, ",a");
        parse_ok(text);
        strcat(text, ",a");
        assert_refused(text, "more than 32 modules in one list");
}

struct seen {
        size_t n;
        uint16_t modules[32];
        int answer;
};

static int see(uint16_t index, void *userdata)
{
        struct seen *s = userdata;

        s->modules[s->n++] = index;
        return s->answer;
}

static void test_match_calls_each_module_once(_unused_ void **state)
{
        struct seen all = {}, first = { .answer = 7 }, none = {};

        parse_ok(HEAD "module a a.ko - -\nmodule b b.ko - -\nmodule c c.ko - -\n"
                      "alias virtio:d00000002v* b\nalias virtio:d0000000[12]v* b\nalias virtio:* a\nalias pci:* c\n");
        assert_int_equal(modtable_match(&t, "virtio:d00000002v00001AF4", see, &all), 0);
        assert_int_equal(all.n, 2);
        assert_int_equal(all.modules[0], 1);
        assert_int_equal(all.modules[1], 0);
        assert_int_equal(modtable_match(&t, "virtio:d00000002v00001AF4", see, &first), 7);
        assert_int_equal(first.n, 1);
        assert_int_equal(modtable_match(&t, "usb:v1", see, &none), 0);
        assert_int_equal(none.n, 0);
}

static const char *const patterns[] = {
        "virtio:d00000002v*", "virtio:d00000002v", "virtio:d0000000?v*", "virtio:d0000000[12]v*", "*", "v*", "?irtio:*",
        "[uv]irtio:*", "virtio:\\d00000002v*", "\\virtio:d00000002v*", "VIRTIO:*", "virtio:d00000002v00001AF4", "virtio:d00000002vx*",
        "pci:v*sv*", "pci:v00001AF4*bc01*", "usb:v1", "usb:v1\\*", "usb:v1?", "usb:v", "u*", "us*", "usb*", "us",
};

static const char *const modaliases[] = {
        "virtio:d00000002v00001AF4", "virtio:d00000002v", "virtio:d00000002", "virtio:d00000001v00001AF4", "v", "",
        "pci:v00001AF4d00001001sv00001AF4sd00000002bc01sc00i00", "usb:v1", "usb:v1*", "usb:v12", "usb:v", "us", "usb",
};

/* The first bytes decide nothing that fnmatch() would not: the answer is its own for each pair. */
static void test_match_is_that_of_fnmatch(_unused_ void **state)
{
        for (size_t i = 0; i < ARRAY_SIZE(patterns); i++) {
                char text[128];

                snprintf(text, sizeof(text), HEAD "module a a.ko - -\nalias %s a\n", patterns[i]);
                parse_ok(text);
                for (size_t k = 0; k < ARRAY_SIZE(modaliases); k++) {
                        const size_t wanted = fnmatch(patterns[i], modaliases[k], 0) == 0;
                        struct seen seen = {};

                        assert_int_equal(modtable_match(&t, modaliases[k], see, &seen), 0);
                        if (seen.n != wanted)
                                fail_msg("%s against %s: %zu", patterns[i], modaliases[k], seen.n);
                }
        }
}

/* And of all in one table, in its order: that is the order in which drivers are loaded. */
static void test_matches_are_in_the_order_of_the_table(_unused_ void **state)
{
        char text[4096] = HEAD;

        for (size_t i = 0; i < ARRAY_SIZE(patterns); i++)
                snprintf(text + strlen(text), sizeof(text) - strlen(text), "module m%zu m.ko - -\n", i);
        for (size_t i = 0; i < ARRAY_SIZE(patterns); i++)
                snprintf(text + strlen(text), sizeof(text) - strlen(text), "alias %s m%zu\n", patterns[i], i);
        parse_ok(text);
        for (size_t k = 0; k < ARRAY_SIZE(modaliases); k++) {
                struct seen wanted = {}, seen = {};

                for (size_t i = 0; i < ARRAY_SIZE(patterns); i++)
                        if (fnmatch(patterns[i], modaliases[k], 0) == 0)
                                wanted.modules[wanted.n++] = (uint16_t) i;
                assert_int_equal(modtable_match(&t, modaliases[k], see, &seen), 0);
                assert_memory_equal(&seen, &wanted, sizeof(seen));
        }
        /* Nothing of one table is left in the next. */
        parse_ok(HEAD "module a a.ko - -\nalias other:* a\n");
        for (size_t k = 0; k < ARRAY_SIZE(modaliases); k++) {
                struct seen seen = {};

                assert_int_equal(modtable_match(&t, modaliases[k], see, &seen), 0);
                assert_int_equal(seen.n, 0);
        }
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_a_table),
                cmocka_unit_test(test_a_second_parse_starts_afresh),
                cmocka_unit_test(test_header),
                cmocka_unit_test(test_dependencies_point_up),
                cmocka_unit_test(test_fields),
                cmocka_unit_test(test_twice),
                cmocka_unit_test(test_files_stay_below_their_directory),
                cmocka_unit_test(test_bytes_that_are_no_text),
                cmocka_unit_test(test_room_is_bounded),
                cmocka_unit_test(test_match_calls_each_module_once),
                cmocka_unit_test(test_match_is_that_of_fnmatch),
                cmocka_unit_test(test_matches_are_in_the_order_of_the_table),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
