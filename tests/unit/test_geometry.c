/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * init.verity=: the word by itself, and beside everything else that says the shape of the volume.
 */
#include "boot_config_check.h"

#define UUID_TAIL ":" UUID_A
#define PIN "1:sha256:4096:4096:260094:260095:-" UUID_TAIL

static void assert_same(const char *text)
{
        struct verity_geometry g = {};
        char again[VERITY_GEOMETRY_TEXT_MAX];
        const char *why = verity_geometry_parse(text, &g);

        if (why)
                fail_msg("'%s': %s", text, why);
        verity_geometry_format(&g, again);
        assert_string_equal(again, text);
}

static void test_one_text_for_each_geometry(_unused_ void **state)
{
        struct verity_geometry g = {};
        char salt[513], text[1024];

        assert_null(verity_geometry_parse("1:sha384:512:524288:1:0:00ff" UUID_TAIL, &g));
        assert_int_equal(g.alg, DIGEST_SHA384);
        assert_int_equal(g.data_block_bytes, 512);
        assert_int_equal(g.hash_block_bytes, 524288);
        assert_int_equal(g.data_blocks, 1);
        assert_int_equal(g.hash_start_block, 0);
        assert_int_equal(g.salt_size, 2);
        assert_int_equal(g.salt[1], 0xff);
        assert_int_equal(g.uuid[0], 0x1b);
        assert_int_equal(g.uuid[15], 0x11);

        assert_same(PIN);
        assert_same("1:sha512:1024:512:9007199254740991:18014398509481983:0011" UUID_TAIL);
        memset(salt, 'a', sizeof(salt));
        salt[512] = '\0';
        snprintf(text, sizeof(text), "1:sha512:4096:4096:2251799813685247:2251799813685247:%s" UUID_TAIL, salt);
        assert_same(text);
}

static void test_every_field(_unused_ void **state)
{
        static const struct {
                const char *text, *why;
        } bad[] = {
                { "", "eight fields" },
                { "1:sha256:4096:4096:1:1:-", "eight fields" },
                { PIN ":", "eight fields" },
                { "0:sha256:4096:4096:1:1:-" UUID_TAIL, "hash type" },
                { "01:sha256:4096:4096:1:1:-" UUID_TAIL, "hash type" },
                { ":sha256:4096:4096:1:1:-" UUID_TAIL, "hash type" },
                { "1:sha1:4096:4096:1:1:-" UUID_TAIL, "algorithm" },
                { "1:sha224:4096:4096:1:1:-" UUID_TAIL, "algorithm" },
                { "1:SHA256:4096:4096:1:1:-" UUID_TAIL, "algorithm" },
                { "1:none:4096:4096:1:1:-" UUID_TAIL, "algorithm" },
                { "1::4096:4096:1:1:-" UUID_TAIL, "algorithm" },
                { "1:sha256:256:4096:1:1:-" UUID_TAIL, "block size" },
                { "1:sha256:4095:4096:1:1:-" UUID_TAIL, "block size" },
                { "1:sha256:4096:1048576:1:1:-" UUID_TAIL, "block size" },
                { "1:sha256:0:4096:1:1:-" UUID_TAIL, "block size" },
                { "1:sha256:04096:4096:1:1:-" UUID_TAIL, "number" },
                { "1:sha256:4K:4096:1:1:-" UUID_TAIL, "number" },
                { "1:sha256::4096:1:1:-" UUID_TAIL, "number" },
                { "1:sha256:4294971392:4096:1:1:-" UUID_TAIL, "number" },
                { "1:sha256:4096:4096:0:1:-" UUID_TAIL, "no data blocks" },
                { "1:sha256:4096:4096:-1:1:-" UUID_TAIL, "number" },
                { "1:sha256:4096:4096:18446744073709551616:1:-" UUID_TAIL, "number" },
                { "1:sha256:4096:4096:1000000000000000000:1:-" UUID_TAIL, "number is malformed or too large" },
                { "1:sha256:4096:4096:999999999999999999:1:-" UUID_TAIL, "number of blocks" },
                { "1:sha256:4096:4096:2251799813685248:1:-" UUID_TAIL, "number of blocks" },
                { "1:sha256:4096:4096:1:2251799813685248:-" UUID_TAIL, "number of blocks" },
                { "1:sha256:4096:4096:1:+1:-" UUID_TAIL, "number" },
                { "1:sha256:4096:4096:1:1:" UUID_TAIL, "salt" },
                { "1:sha256:4096:4096:1:1:0" UUID_TAIL, "salt" },
                { "1:sha256:4096:4096:1:1:AA" UUID_TAIL, "salt" },
                { "1:sha256:4096:4096:1:1:--" UUID_TAIL, "salt" },
                { "1:sha256:4096:4096:1:1:-:", "UUID" },
                { "1:sha256:4096:4096:1:1:-:-", "UUID" },
                { "1:sha256:4096:4096:1:1:-:1B0E7B5A-6F9C-4A39-A2D1-0C8F4B8C7E11", "UUID" },
                { "1:sha256:4096:4096:1:1:-:1b0e7b5a-6f9c-4a39-a2d10-c8f4b8c7e11", "UUID" },
                { "1:sha256:4096:4096:1:1:-" UUID_TAIL "0", "UUID" },
        };
        struct verity_geometry before = { .data_blocks = 4711 }, after = before;
        char text[1024];

        for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
                const char *why = verity_geometry_parse(bad[i].text, &after);

                if (!why || !strstr(why, bad[i].why))
                        fail_msg("'%s': %s, expected %s", bad[i].text, why ? why : "accepted", bad[i].why);
                assert_memory_equal(&before, &after, sizeof(before));
        }
        snprintf(text, sizeof(text), "1:sha256:4096:4096:1:1:%0514d" UUID_TAIL, 0);
        assert_non_null(strstr(verity_geometry_parse(text, &after), "salt"));
        snprintf(text, sizeof(text), "1:sha256:4096:4096:1:1:%0700d" UUID_TAIL, 0);
        assert_non_null(strstr(verity_geometry_parse(text, &after), "too long"));
}

static void test_the_floor_asks_for_it(_unused_ void **state)
{
        struct floor strictest = strict;

        strictest.pinned_geometry = NEED_REQUIRE;
        assert_refused_by(&strictest, USR, FAIL_GEOMETRY_NOT_PINNED_CODE, "pinned-geometry=require");
        assert_refused_by(&strictest, USR "systemd.verity_usr_options=hash-offset=4096,data-blocks=17",
                          FAIL_GEOMETRY_NOT_PINNED_CODE, "pinned-geometry=require");
        /* What is wrong in itself is said first. */
        assert_refused_by(&strictest, USR "enforcing=0", FAIL_CMDLINE_WEAKENING_CODE, "enforcing");
        parse_ok(USR "init.verity=" PIN, &strictest);
        assert_true(c.has_geometry);
        assert_true(c.has_superblock);
        assert_int_equal(c.geometry.data_blocks, 260094);
        assert_int_equal(c.geometry.hash_start_block, 260095);
        parse_ok(USR "init.verity=" PIN, &loose);
        assert_true(c.has_geometry);
}

static void test_the_pin_by_itself(_unused_ void **state)
{
        char text[1024];

        assert_refused(USR "init.verity=1:md5", CMDLINE_BAD_VALUE, "init.verity=1:md5: it has not eight fields");
        assert_refused(USR "init.verity=", CMDLINE_BAD_VALUE, "init.verity=: a value is missing");
        assert_refused(USR "init.verity=" PIN " init.verity=" PIN, CMDLINE_DUPLICATE_KEY, "init.verity=");
        assert_refused(USR "init.verity=1:sha512:4096:4096:1:1:-" UUID_TAIL, CMDLINE_CONTRADICTION,
                       "init.verity: usrhash= is no sha512: it has 32 bytes");
        assert_refused("init.verity=" PIN, ROOT_HASH_MISSING, "no usrhash=");
        snprintf(text, sizeof(text), "usrhash=" HASH HASH " init.verity=1:sha512:4096:4096:1:1:-" UUID_TAIL);
        parse_ok(text, &strict);
        snprintf(text, sizeof(text), "usrhash=%.96s init.verity=1:sha256:4096:4096:1:1:-" UUID_TAIL, HASH HASH);
        assert_refused(text, CMDLINE_CONTRADICTION, "usrhash= is no sha256: it has 48 bytes");
}

#define PINNED USR "init.verity=" PIN " systemd.verity_usr_options="

static void test_the_pin_beside_options(_unused_ void **state)
{
        /* 260094 * 4096 = 1065345024: the superblock there fills a block, the tree follows. */
        parse_ok(PINNED "hash-offset=1065345024,data-blocks=260094,hash=sha256,data-block-size=4K,hash-block-size=4096,"
                        "salt=-,format=1,uuid=" UUID_A, &strict);
        assert_int_equal(c.hash_offset_bytes, 1065345024);
        assert_int_equal(c.data_blocks, 260094);
        parse_ok(PINNED "hash-offset=1065348608", &strict); /* the last 512 bytes of that block */
        assert_refused(PINNED "hash-offset=1065349120", CMDLINE_CONTRADICTION, "does not begin behind a superblock");
        assert_refused(PINNED "hash-offset=1065344512", CMDLINE_CONTRADICTION, "does not begin behind a superblock");
        assert_refused(PINNED "hash-offset=0", CMDLINE_CONTRADICTION, "does not begin behind a superblock");
        assert_refused(PINNED "data-blocks=260093", CMDLINE_CONTRADICTION, "another data-blocks=");
        assert_refused(PINNED "hash=sha512", CMDLINE_CONTRADICTION, "another hash=");
        assert_refused(PINNED "data-block-size=1024", CMDLINE_CONTRADICTION, "another data-block-size=");
        assert_refused(PINNED "hash-block-size=1024", CMDLINE_CONTRADICTION, "another hash-block-size=");
        assert_refused(PINNED "salt=00", CMDLINE_CONTRADICTION, "another salt=");
        assert_refused(PINNED "uuid=00000000-0000-0000-0000-000000000000", CMDLINE_CONTRADICTION, "another uuid=");
}

/* Without hash-offset= the superblock is in the block before the tree, so there has to be one. */
static void test_a_tree_in_the_first_block(_unused_ void **state)
{
        assert_refused(USR "init.verity=1:sha256:4096:4096:1:0:-" UUID_TAIL, CMDLINE_CONTRADICTION,
                       "leaves no room for a superblock");
        assert_refused(USR "init.verity=1:sha256:4096:4096:1:0:-" UUID_TAIL " systemd.verity_usr_options=hash-offset=0",
                       CMDLINE_CONTRADICTION, "does not begin behind a superblock at hash-offset=0");
        parse_ok(USR "init.verity=1:sha256:4096:4096:1:1:-" UUID_TAIL, &strict);
        parse_ok(USR "init.verity=1:sha256:4096:4096:1:0:ab" UUID_TAIL " systemd.verity_usr_options=superblock=no,format=1,"
                 "hash=sha256,data-block-size=4096,hash-block-size=4096,data-blocks=1,salt=ab,uuid=" UUID_A, &strict);
}

#define NO_SUPERBLOCK "superblock=no,format=1,hash=sha256,data-block-size=4096,hash-block-size=1024,data-blocks=16,salt=ab"

static void test_no_superblock(_unused_ void **state)
{
        static const char *const all[] = { "format=1", "hash=sha256", "data-block-size=4096", "hash-block-size=1024",
                                           "data-blocks=16", "salt=ab", "uuid=" UUID_A };
        struct floor strictest = strict;
        char text[512], named[64];

        strictest.pinned_geometry = NEED_REQUIRE;
        parse_ok(USR "systemd.verity_usr_options=" NO_SUPERBLOCK ",uuid=" UUID_A ",hash-offset=65536", &strictest);
        assert_true(c.has_geometry);
        assert_false(c.has_superblock);
        assert_int_equal(c.geometry.hash_start_block, 64);
        assert_int_equal(c.geometry.salt[0], 0xab);
        assert_int_equal(c.data_blocks, 16);
        parse_ok(USR "init.verity=1:sha256:4096:1024:16:64:ab" UUID_TAIL " systemd.verity_usr_options=" NO_SUPERBLOCK
                 ",uuid=" UUID_A ",hash-offset=65536", &strictest);

        for (size_t left_out = 0; left_out < ARRAY_SIZE(all); left_out++) {
                snprintf(text, sizeof(text), USR "systemd.verity_usr_options=superblock=no");
                for (size_t i = 0; i < ARRAY_SIZE(all); i++)
                        if (i != left_out)
                                snprintf(text + strlen(text), sizeof(text) - strlen(text), ",%s", all[i]);
                snprintf(named, sizeof(named), "superblock=no needs %.*s= too", (int) strcspn(all[left_out], "="),
                         all[left_out]);
                assert_refused(text, CMDLINE_BAD_VALUE, named);
        }
        for (size_t i = 0; i < ARRAY_SIZE(all); i++) {
                if (str_after(all[i], "data-blocks"))
                        continue;
                snprintf(text, sizeof(text), USR "systemd.verity_usr_options=%s", all[i]);
                assert_refused(text, CMDLINE_CONTRADICTION, "counts only with superblock=no");
        }
        assert_refused(USR "systemd.verity_usr_options=" NO_SUPERBLOCK ",uuid=" UUID_A ",hash-offset=512",
                       CMDLINE_BAD_VALUE, "a multiple of hash-block-size=");
        assert_refused("usrhash=" HASH HASH " systemd.verity_usr_options=" NO_SUPERBLOCK ",uuid=" UUID_A,
                       CMDLINE_CONTRADICTION, "systemd.verity_usr_options: usrhash= is no sha256");
        assert_refused(USR "init.verity=1:sha256:4096:1024:16:65:ab" UUID_TAIL " systemd.verity_usr_options=" NO_SUPERBLOCK
                       ",uuid=" UUID_A ",hash-offset=65536", CMDLINE_CONTRADICTION, "begins elsewhere");
        assert_refused(USR "systemd.verity_usr_options=superblock=no,format=1,hash=sha256,data-block-size=4096,"
                       "hash-block-size=1024,salt=ab,uuid=" UUID_A ",data-blocks=99999999999999999", CMDLINE_BAD_VALUE,
                       "more than a device can have");
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_one_text_for_each_geometry),
                cmocka_unit_test(test_every_field),
                cmocka_unit_test(test_the_floor_asks_for_it),
                cmocka_unit_test(test_the_pin_by_itself),
                cmocka_unit_test(test_the_pin_beside_options),
                cmocka_unit_test(test_a_tree_in_the_first_block),
                cmocka_unit_test(test_no_superblock),
        };

        return cmocka_run_group_tests(tests, setup, NULL);
}
