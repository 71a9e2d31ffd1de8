/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <stdio.h>
#include <sys/mount.h>

#include "unit.h"
#include "verinit/boot_config.h"

#define HASH "00112233445566778899aabbccddeeff0123456789abcdeffedcba9876543210"
#define USR "usrhash=" HASH " "
#define UUID_A "1b0e7b5a-6f9c-4a39-a2d1-0c8f4b8c7e11"

enum { LIMIT = 2047 };

static struct boot_config c;
static struct floor strict, loose;

static int setup(_unused_ void **state)
{
        floor_init(&strict);
        floor_init(&loose);
        loose.tpm = loose.selinux = loose.cmdline = NEED_ALLOW;
        loose.root = FLOOR_ROOT_UNVERIFIED;
        return 0;
}

static void parse_ok(const char *text, const struct floor *floor)
{
        struct error err = {};

        if (boot_config_parse(text, strlen(text), LIMIT, floor, &c, &err) < 0)
                fail_msg("'%s' refused: %s", text, err.msg);
}

/* Each refusal: its code, and a message that names the word. */
static void assert_refused_by(const struct floor *floor, const char *text, enum fail_code code, const char *in_message)
{
        struct boot_config before = { .n_module_params = 4711 }, after = before;
        struct error err = {};

        if (boot_config_parse(text, strlen(text), LIMIT, floor, &after, &err) >= 0)
                fail_msg("'%s' was accepted", text);
        if (err.code != code)
                fail_msg("'%s': code %s, expected %s", text, fail_code_name(err.code), fail_code_name(code));
        if (!strstr(err.msg, in_message))
                fail_msg("'%s' is not in '%s'", in_message, err.msg);
        assert_memory_equal(&before, &after, sizeof(before));
}

#define assert_refused(text, id, in_message) assert_refused_by(&loose, text, FAIL_##id##_CODE, in_message)

static void test_least(_unused_ void **state)
{
        parse_ok("quiet usrhash=" HASH "\n", &strict);
        assert_int_equal(c.root_hash_size, 32);
        assert_int_equal(c.root_hash[1], 0x11);
        assert_string_equal(c.cmdline_text, "quiet usrhash=" HASH);
        assert_int_equal(c.root_kind, ROOT_TMPFS);
        assert_int_equal(c.root.kind, DEVICE_NONE);
        assert_true(c.root_rw);
        assert_string_equal(c.init_path, "/usr/lib/systemd/systemd");
        assert_false(c.debug);
        assert_int_equal(c.device_timeout_us, 90 * 1000000);
        assert_int_equal(c.corruption, CORRUPTION_PANIC);
        assert_string_equal(c.usr_fstype, "");
        assert_string_equal(c.usr_options, "");
        assert_int_equal(c.n_module_params, 0);
        assert_false(c.enforcing_asked);
}

static void test_partuuids_come_from_the_hash(_unused_ void **state)
{
        parse_ok(USR, &strict);
        assert_false(c.usr_devices_given);
        assert_int_equal(c.usr_data.kind, DEVICE_PARTUUID);
        assert_string_equal(c.usr_data.value, "00112233-4455-6677-8899-aabbccddeeff");
        assert_int_equal(c.usr_hash.kind, DEVICE_PARTUUID);
        assert_string_equal(c.usr_hash.value, "01234567-89ab-cdef-fedc-ba9876543210");
}

/* Azure Container Linux, as its images have it, with what its add-ons append. */
static void test_azure_container_linux(_unused_ void **state)
{
        parse_ok("mount.usr=/dev/mapper/usr mount.usrflags=ro systemd.verity_usr_data=PARTUUID=" UUID_A " "
                 "systemd.verity_usr_hash=PARTUUID=" UUID_A " "
                 "systemd.verity_usr_options=hash-offset=1065345024,panic-on-corruption usrhash=" HASH " "
                 "root=LABEL=ROOT rootflags=rw consoleblank=0 flatcar.first_boot=detected flatcar.oem.id=azure "
                 "console=ttyS0,115200n8 fips=1 crashkernel=256M",
                 &loose);
        assert_true(c.usr_devices_given);
        assert_string_equal(c.usr_data.value, UUID_A);
        assert_string_equal(c.usr_hash.value, UUID_A);
        assert_int_equal(c.hash_offset_bytes, 1065345024);
        assert_int_equal(c.corruption, CORRUPTION_PANIC);
        assert_string_equal(c.usr_options, "");
        assert_int_equal(c.root_kind, ROOT_UNVERIFIED);
        assert_int_equal(c.root.kind, DEVICE_LABEL);
        assert_string_equal(c.root.value, "ROOT");
        assert_true(c.root_rw);
        assert_string_equal(c.root_options, "");
        assert_int_equal(c.n_module_params, 0);
}

static void test_azure_linux_customizer_line(_unused_ void **state)
{
        parse_ok("rd.systemd.verity=1 " USR "systemd.verity_usr_data=PARTUUID=" UUID_A " systemd.verity-usr-hash=PARTLABEL=h "
                 "systemd.verity_usr_options=panic-on-corruption pre.verity.mount=x",
                 &strict);
        assert_int_equal(c.usr_hash.kind, DEVICE_PARTLABEL);
        assert_string_equal(c.usr_hash.value, "h");
}

static void test_usrhash(_unused_ void **state)
{
        parse_ok("usrhash=" HASH HASH, &strict);
        assert_int_equal(c.root_hash_size, 64);
        parse_ok("usrhash=ABCDEF" "00112233445566778899aabbccddeeff0123456789abcdeffedcba9876", &strict);
        assert_int_equal(c.root_hash[0], 0xab);
        assert_refused("quiet", ROOT_HASH_MISSING, "no usrhash=");
        assert_refused("verity.usrhash=" HASH, ROOT_HASH_MISSING, "no usrhash=");
        assert_refused("usrhash", CMDLINE_BAD_VALUE, "usrhash: a value is missing");
        assert_refused("usrhash=", CMDLINE_BAD_VALUE, "usrhash=: a value is missing");
        assert_refused("usrhash=abcd", CMDLINE_BAD_VALUE, "usrhash=abcd: expected 64");
        assert_refused("usrhash=0011223344556677889900112233445566778899", CMDLINE_BAD_VALUE, "expected 64"); /* sha1 */
        assert_refused("usrhash=" HASH "0", CMDLINE_BAD_VALUE, "expected 64");
        assert_refused("usrhash=x" HASH, CMDLINE_BAD_VALUE, "expected 64");
        assert_refused(USR USR, CMDLINE_DUPLICATE_KEY, "usrhash=");
        assert_refused(USR "rd.usrhash=" HASH, CMDLINE_UNKNOWN_KEY, "rd.usrhash=");
}

static void test_root_on_verity(_unused_ void **state)
{
        assert_refused("roothash=" HASH, ROOT_ON_VERITY_UNSUPPORTED, "roothash=");
        assert_refused(USR "systemd.verity_root_data=/dev/vda1", ROOT_ON_VERITY_UNSUPPORTED, "systemd.verity_root_data=");
        assert_refused(USR "systemd.verity-root-hash=x", ROOT_ON_VERITY_UNSUPPORTED, "systemd.verity_root_hash=");
        assert_refused(USR "systemd.verity_root_options=x", ROOT_ON_VERITY_UNSUPPORTED, "systemd.verity_root_options=");
}

static void test_verity_switch(_unused_ void **state)
{
        parse_ok(USR "systemd.verity=yes rd.systemd.verity", &strict);
        parse_ok(USR "systemd.verity=ON", &strict);
        assert_refused(USR "systemd.verity=no", CMDLINE_CONTRADICTION, "systemd.verity=no: usrhash= asks for verity");
        assert_refused("rd.systemd.verity=0 " USR, CMDLINE_CONTRADICTION, "rd.systemd.verity=no");
        assert_refused(USR "systemd.verity=maybe", CMDLINE_BAD_VALUE, "systemd.verity=maybe: expected yes or no");
        assert_refused(USR "systemd.verity= systemd.verity=", CMDLINE_BAD_VALUE, "systemd.verity=");
        assert_refused(USR "systemd.verity=1 systemd.verity=1", CMDLINE_DUPLICATE_KEY, "systemd.verity=1");
        assert_refused(USR "systemd.verity_usr_dat=x", CMDLINE_UNKNOWN_KEY, "systemd.verity_usr_dat=x: unknown key");
        assert_refused(USR "rd.systemd.verity_usr_data=x", CMDLINE_UNKNOWN_KEY, "rd.systemd.verity_usr_data=x");
}

static void test_verity_devices(_unused_ void **state)
{
        parse_ok(USR "systemd.verity_usr_data=/dev/vda2 systemd.verity_usr_hash=PARTUUID=1B0E7B5A-6F9C-4A39-A2D1-0C8F4B8C7E11",
                 &strict);
        assert_int_equal(c.usr_data.kind, DEVICE_PATH);
        assert_string_equal(c.usr_data.value, "/dev/vda2");
        assert_string_equal(c.usr_hash.value, UUID_A);
        assert_refused(USR "systemd.verity_usr_data=/dev/vda2", CMDLINE_CONTRADICTION, "systemd.verity_usr_data: give both");
        assert_refused(USR "systemd.verity_usr_hash=/dev/vda2", CMDLINE_CONTRADICTION, "systemd.verity_usr_hash: give both");
        assert_refused(USR "systemd.verity_usr_data=LABEL=x", CMDLINE_BAD_VALUE, "systemd.verity_usr_data=LABEL=x: expected");
        assert_refused(USR "systemd.verity_usr_hash=UUID=" UUID_A, CMDLINE_BAD_VALUE, "systemd.verity_usr_hash=UUID=");
        assert_refused(USR "systemd.verity_usr_hash=/dev/a systemd.verity-usr-hash=/dev/a", CMDLINE_DUPLICATE_KEY,
                       "systemd.verity_usr_hash=");
}

static void test_verity_options(_unused_ void **state)
{
#define OPTIONS USR "systemd.verity_usr_options="
        parse_ok(OPTIONS "restart-on-corruption,superblock=yes,auto,fail,hash-offset=512", &strict);
        assert_int_equal(c.corruption, CORRUPTION_RESTART);
        assert_int_equal(c.hash_offset_bytes, 512);
        assert_refused(OPTIONS "ignore-corruption", CMDLINE_WEAKENING, "ignore-corruption would");
        assert_refused(OPTIONS "check-at-most-once", CMDLINE_WEAKENING, "check-at-most-once would");
        assert_refused(OPTIONS "ignore-zero-blocks", CMDLINE_WEAKENING, "ignore-zero-blocks would");
        assert_refused(OPTIONS "auto,nofail", CMDLINE_WEAKENING, "nofail would");
        assert_refused(OPTIONS "noauto", CMDLINE_WEAKENING, "noauto would");
        assert_refused(OPTIONS "superblock=no", CMDLINE_BAD_VALUE, "superblock=no is not supported");
        assert_refused(OPTIONS "fec-device=/dev/vdb", CMDLINE_BAD_VALUE, "fec-device is not supported");
        assert_refused(OPTIONS "root-hash-signature=/x", CMDLINE_BAD_VALUE, "root-hash-signature is not supported");
        assert_refused(OPTIONS "data-blocks=3", CMDLINE_BAD_VALUE, "data-blocks is not supported");
        assert_refused(OPTIONS "format=1", CMDLINE_BAD_VALUE, "format is not supported");
        assert_refused(OPTIONS "/sig.p7s", CMDLINE_BAD_VALUE, "signature is not supported");
        assert_refused(OPTIONS "base64:AA", CMDLINE_BAD_VALUE, "signature is not supported");
        assert_refused(OPTIONS "panic", CMDLINE_UNKNOWN_KEY, "unknown option 'panic'");
        assert_refused(OPTIONS "panic-on-corruption=1", CMDLINE_BAD_VALUE, "panic-on-corruption takes no value");
        assert_refused(OPTIONS "panic-on-corruption,restart-on-corruption", CMDLINE_CONTRADICTION, "exclude each other");
        assert_refused(OPTIONS "hash-offset=0,hash-offset=0", CMDLINE_DUPLICATE_KEY, "hash-offset stands there twice");
        assert_refused(OPTIONS "hash-offset=513", CMDLINE_BAD_VALUE, "multiple of 512");
        assert_refused(OPTIONS "hash-offset=", CMDLINE_BAD_VALUE, "multiple of 512");
        assert_refused(OPTIONS "hash-offset", CMDLINE_BAD_VALUE, "multiple of 512");
        assert_refused(OPTIONS "hash-offset=1K", CMDLINE_BAD_VALUE, "multiple of 512");
        assert_refused(OPTIONS "hash-offset=-512", CMDLINE_BAD_VALUE, "multiple of 512");
        assert_refused(OPTIONS "hash-offset=18446744073709551616", CMDLINE_BAD_VALUE, "multiple of 512");
        assert_refused(OPTIONS "auto systemd.verity-usr-options=auto", CMDLINE_DUPLICATE_KEY, "systemd.verity_usr_options=");
}

static void test_mount_usr(_unused_ void **state)
{
        parse_ok(USR "mount.usr=/dev/mapper/usr mount.usrfstype=erofs mount.usrflags=ro,noatime,acl "
                     "mount.usrflags=x-systemd.foo,user_xattr,defaults",
                 &strict);
        assert_string_equal(c.usr_fstype, "erofs");
        assert_string_equal(c.usr_options, "acl,user_xattr");
        parse_ok(USR "mount.usrfstype=auto", &strict);
        assert_string_equal(c.usr_fstype, "");
        assert_refused(USR "mount.usr=/dev/vda2", CMDLINE_CONTRADICTION, "mount.usr=/dev/vda2: usrhash= makes");
        assert_refused(USR "mount.usr=/dev/mapper/usr mount.usr=/dev/mapper/usr", CMDLINE_DUPLICATE_KEY, "mount.usr=");
        assert_refused(USR "mount.usrfstype=ext4/", CMDLINE_BAD_VALUE, "mount.usrfstype=ext4/");
        assert_refused(USR "mount.usrfstype=fuse.x", CMDLINE_BAD_VALUE, "mount.usrfstype=fuse.x");
        assert_refused(USR "mount.usrfstype=abcdefghijklmnop", CMDLINE_BAD_VALUE, "mount.usrfstype=");
        assert_refused(USR "mount.usrflag=ro", CMDLINE_UNKNOWN_KEY, "mount.usrflag=ro: unknown key");
}

static void test_flags_that_would_undo_usr(_unused_ void **state)
{
        assert_refused(USR "mount.usrflags=rw", CMDLINE_WEAKENING, "rw: /usr is always read-only");
        assert_refused(USR "mount.usrflags=ro,rw", CMDLINE_WEAKENING, "rw: /usr is always read-only");
        assert_refused(USR "mount.usrflags=dev", CMDLINE_WEAKENING, "dev: device nodes");
        assert_refused(USR "mount.usrflags=nosuid", CMDLINE_BAD_VALUE, "nosuid: it blocks");
        assert_refused(USR "mount.usrflags=device=vdb", CMDLINE_WEAKENING, "nobody verified");
        assert_refused(USR "mount.usrflags=journal_dev=0x801", CMDLINE_WEAKENING, "nobody verified");
        assert_refused(USR "mount.usrflags=rootcontext=a:b:c", CMDLINE_WEAKENING, "labels of /usr");
        assert_refused(USR "mount.usrflags=device=/dev/vdb", CMDLINE_BAD_VALUE, "a character that is not allowed");
        assert_refused(USR "mount.usrflags=\"a b\"", CMDLINE_BAD_VALUE, "a character that is not allowed");
}

static void test_options_have_a_bound(_unused_ void **state)
{
        char text[1024], flags[CONFIG_OPTIONS_MAX + 1];

        memset(flags, 'a', sizeof(flags));
        flags[CONFIG_OPTIONS_MAX - 1] = '\0';
        snprintf(text, sizeof(text), USR "mount.usrflags=%s", flags);
        /* One byte for the comma that may come is kept free. */
        assert_refused(text, CMDLINE_BAD_VALUE, "options longer than 255 bytes");
        flags[CONFIG_OPTIONS_MAX - 2] = '\0';
        snprintf(text, sizeof(text), USR "mount.usrflags=%s", flags);
        parse_ok(text, &strict);
        snprintf(text, sizeof(text), USR "mount.usrflags=%s mount.usrflags=b", flags);
        assert_refused(text, CMDLINE_BAD_VALUE, "options longer than 255 bytes");
}

static void test_roots(_unused_ void **state)
{
        static const struct {
                const char *text;
                enum device_spec_kind kind;
                const char *value;
        } good[] = {
                { "LABEL=My-Root_1", DEVICE_LABEL, "My-Root_1" },
                { "\"PARTLABEL=with blank\"", DEVICE_PARTLABEL, "with blank" },
                { "UUID=ABCD-1234", DEVICE_UUID, "abcd-1234" },
                { "PARTUUID=1B0E7B5A-6F9C-4A39-A2D1-0C8F4B8C7E11", DEVICE_PARTUUID, UUID_A },
                { "/dev/nvme0n1p3", DEVICE_PATH, "/dev/nvme0n1p3" },
                { "/dev/mapper/data", DEVICE_PATH, "/dev/mapper/data" },
        };
        static const char *const bad[] = {
                "gpt-auto", "fstab", "nfs", "/dev/nfs/../x", "/dev/../etc/shadow", "/dev/", "/dev", "/dev//vda", "/dev/./vda",
                "/dev/disk/by-label/x", "vda2", "LABEL=", "UUID=xyz", "PARTUUID=1234", "PARTUUID=" UUID_A "0", "TMPFS", "/",
        };
        char text[256], shown[160];

        for (size_t i = 0; i < ARRAY_SIZE(good); i++) {
                snprintf(text, sizeof(text), USR "root=%s", good[i].text);
                parse_ok(text, &loose);
                assert_int_equal(c.root.kind, good[i].kind);
                assert_string_equal(c.root.value, good[i].value);
                assert_int_equal(c.root_kind, ROOT_UNVERIFIED);
                assert_false(c.root_rw);
        }
        for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
                snprintf(text, sizeof(text), USR "root=%s", bad[i]);
                snprintf(shown, sizeof(shown), "root=%s: expected tmpfs", bad[i]);
                assert_refused(text, CMDLINE_BAD_VALUE, shown);
        }
        assert_refused(USR "root", CMDLINE_BAD_VALUE, "root: a value is missing");
        assert_refused(USR "root=tmpfs root=tmpfs", CMDLINE_DUPLICATE_KEY, "root=tmpfs");
        parse_ok(USR "root=tmpfs", &strict);
        assert_int_equal(c.root_kind, ROOT_TMPFS);
}

static void test_long_labels_are_refused_not_cut(_unused_ void **state)
{
        char label[130], text[300];

        memset(label, 'l', sizeof(label));
        label[128] = '\0';
        snprintf(text, sizeof(text), USR "root=LABEL=%s", label);
        assert_refused(text, CMDLINE_BAD_VALUE, "root=LABEL=ll");
        label[127] = '\0';
        snprintf(text, sizeof(text), USR "root=LABEL=%s", label);
        parse_ok(text, &loose);
}

static void test_the_floor_rules_the_root(_unused_ void **state)
{
        struct floor plain = loose;

        plain.etc = ETC_PLAIN;
        assert_refused_by(&strict, USR "root=LABEL=ROOT", FAIL_FLOOR_REFUSES_CODE, "root=LABEL=ROOT: an unverified root");
        assert_refused_by(&plain, USR "root=tmpfs", FAIL_FLOOR_REFUSES_CODE, "etc=plain");
        assert_refused_by(&plain, USR, FAIL_FLOOR_REFUSES_CODE, "etc=plain");
        parse_ok(USR "root=/dev/vda3", &plain);
}

static void test_root_type(_unused_ void **state)
{
        parse_ok(USR "root=/dev/vda3 rootfstype=ext4", &loose);
        assert_string_equal(c.root_fstype, "ext4");
        parse_ok(USR "rootfstype=tmpfs root=tmpfs", &strict);
        assert_refused(USR "rootfstype=ext4", CMDLINE_CONTRADICTION, "rootfstype=ext4: the root is a tmpfs");
        assert_refused(USR "root=tmpfs rootfstype=ext4", CMDLINE_CONTRADICTION, "the root is root=tmpfs");
        assert_refused(USR "rootfstype=a rootfstype=a", CMDLINE_DUPLICATE_KEY, "rootfstype=a");
}

static void assert_rw(const char *words, bool rw)
{
        char text[256];

        snprintf(text, sizeof(text), USR "%s", words);
        parse_ok(text, &loose);
        if (c.root_rw != rw)
                fail_msg("'%s' gives %s", words, c.root_rw ? "rw" : "ro");
}

static void test_ro_and_rw(_unused_ void **state)
{
        assert_rw("root=/dev/vda3", false);
        assert_rw("root=/dev/vda3 rw", true);
        assert_rw("root=/dev/vda3 rw ro", false);
        assert_rw("root=/dev/vda3 ro rw", true);
        assert_rw("root=/dev/vda3 rw=1", false);
        assert_rw("root=/dev/vda3 rootflags=rw", true);
        assert_rw("root=/dev/vda3 rootflags=rw ro", false);
        assert_rw("root=/dev/vda3 rootflags=rw rootflags=ro", false);
        assert_rw("root=tmpfs", true);
        assert_rw("root=tmpfs ro", false);
        assert_rw("root=tmpfs ro=0", true);
}

static void test_root_flags(_unused_ void **state)
{
        parse_ok(USR "root=/dev/vda3 rootflags=rw,noatime,nodev,data=ordered rootflags=subvol=/@,nodev,dev,x-a.b,size=25%",
                 &loose);
        assert_string_equal(c.root_options, "data=ordered,subvol=/@,size=25%");
        assert_int_equal(c.root_mount_flags, MS_NOATIME);
        parse_ok(USR "root=/dev/vda3 rootflags=nosuid,nodev,noexec", &loose);
        assert_int_equal(c.root_mount_flags, MS_NOSUID | MS_NODEV | MS_NOEXEC);
        assert_refused(USR "root=/dev/vda3 rootflags=nofail", CMDLINE_BAD_VALUE, "nofail");
        assert_refused(USR "root=/dev/vda3 rootflags=a;b", CMDLINE_BAD_VALUE, "a character that is not allowed");
}

static void test_init(_unused_ void **state)
{
        static const char *const bad[] = { "bin/sh", "/", "/usr/", "/a//b", "/a/../b", "/..", "/a/.", "/./a", "\"/a b\"", "/\xc3\xb6" };
        char text[512];

        parse_ok(USR "init=/usr/lib/systemd/..a", &strict);
        assert_string_equal(c.init_path, "/usr/lib/systemd/..a");
        for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
                snprintf(text, sizeof(text), USR "init=%s", bad[i]);
                assert_refused(text, CMDLINE_BAD_VALUE, "expected an absolute path");
        }
        snprintf(text, sizeof(text), USR "init=/%0*d", CONFIG_PATH_MAX - 2, 0);
        parse_ok(text, &strict);
        snprintf(text, sizeof(text), USR "init=/%0*d", CONFIG_PATH_MAX - 1, 0);
        assert_refused(text, CMDLINE_BAD_VALUE, "expected an absolute path");
        assert_refused(USR "init=/a init=/b", CMDLINE_DUPLICATE_KEY, "init=/b");
}

static void test_our_own_keys(_unused_ void **state)
{
        parse_ok(USR "init.debug=1 init.timeout=3600", &strict);
        assert_true(c.debug);
        assert_int_equal(c.device_timeout_us, 3600000000);
        parse_ok(USR "init.debug=0 init.timeout=1", &strict);
        assert_false(c.debug);
        assert_refused(USR "init.debug", CMDLINE_BAD_VALUE, "init.debug: a value is missing");
        assert_refused(USR "init.debug=yes", CMDLINE_BAD_VALUE, "init.debug=yes: expected 0 or 1");
        assert_refused(USR "init.debug=0 init.debug=1", CMDLINE_DUPLICATE_KEY, "init.debug=1");
        assert_refused(USR "init.timeout=0", CMDLINE_BAD_VALUE, "expected seconds");
        assert_refused(USR "init.timeout=3601", CMDLINE_BAD_VALUE, "expected seconds");
        assert_refused(USR "init.timeout=5s", CMDLINE_BAD_VALUE, "expected seconds");
        assert_refused(USR "init.timeout=-5", CMDLINE_BAD_VALUE, "expected seconds");
        assert_refused(USR "init.debgu=1", CMDLINE_UNKNOWN_KEY, "init.debgu=1: unknown key");
        assert_refused(USR "init.", CMDLINE_UNKNOWN_KEY, "init.: unknown key");
}

static void test_selinux_words(_unused_ void **state)
{
        parse_ok(USR "enforcing=1 selinux=1", &strict);
        assert_true(c.enforcing_asked);
        assert_refused_by(&strict, USR "enforcing=0", FAIL_CMDLINE_WEAKENING_CODE, "enforcing=0: the floor requires");
        assert_refused_by(&strict, USR "selinux=0", FAIL_CMDLINE_WEAKENING_CODE, "selinux=0: the floor requires");
        parse_ok(USR "enforcing=0 selinux=0", &loose);
        assert_false(c.enforcing_asked);
        assert_refused(USR "enforcing=2", CMDLINE_BAD_VALUE, "enforcing=2: expected 0 or 1");
        assert_refused(USR "enforcing=1 enforcing=1", CMDLINE_DUPLICATE_KEY, "enforcing=1");
        assert_refused(USR "selinux=1 selinux=1", CMDLINE_DUPLICATE_KEY, "selinux=1");
}

/* What libselinux finds with strstr(), a tokenizer does not see. */
static void test_enforcing_hidden_in_quotes(_unused_ void **state)
{
        assert_refused_by(&strict, USR "enforcing=1 x=\"a enforcing=0\"", FAIL_CMDLINE_WEAKENING_CODE, "quoted text");
        assert_refused_by(&strict, "\" enforcing=0\" " USR, FAIL_CMDLINE_WEAKENING_CODE, "quoted text");
        parse_ok(USR "x=\"a enforcing=1\" foo.enforcing=0 notenforcing=0", &strict);
}

static void test_module_params(_unused_ void **state)
{
        parse_ok(USR "virtio-blk.queue_depth=64 dm_verity.use_bh_limits=\"1 2\" nvme.noacpi quiet.", &strict);
        assert_int_equal(c.n_module_params, 3);
        assert_string_equal(c.module_params[0].module, "virtio_blk");
        assert_string_equal(c.module_params[0].param, "queue_depth=64");
        assert_string_equal(c.module_params[1].module, "dm_verity");
        assert_string_equal(c.module_params[1].param, "use_bh_limits=\"1 2\"");
        assert_string_equal(c.module_params[2].param, "noacpi");
        parse_ok(USR "systemd.unit=rescue.target rd.x.y=1 flatcar.oem.id=x acl.slot=a verity.usr=x a/b.c=1 =x.y", &strict);
        assert_int_equal(c.n_module_params, 0);
}

static void test_module_params_have_bounds(_unused_ void **state)
{
        char text[2000] = USR;

        for (int i = 0; i < CONFIG_MODULE_PARAMS_MAX; i++)
                strcat(text, "a.b=1 ");
        parse_ok(text, &strict);
        assert_int_equal(c.n_module_params, CONFIG_MODULE_PARAMS_MAX);
        strcat(text, "c.d=1");
        assert_refused(text, CMDLINE_BAD_VALUE, "c.d=1: more than 64 module parameters");
        snprintf(text, sizeof(text), USR "a.b=%0189d", 0);
        parse_ok(text, &strict);
        snprintf(text, sizeof(text), USR "a.b=%0190d", 0);
        assert_refused(text, CMDLINE_BAD_VALUE, "a module parameter of more than");
        snprintf(text, sizeof(text), USR "%064d.b=1", 0);
        assert_refused(text, CMDLINE_BAD_VALUE, "a module parameter of more than");
}

static void test_texts_that_are_no_command_line(_unused_ void **state)
{
        char text[LIMIT + 1];

        memset(text, 'a', sizeof(text));
        memcpy(text, USR, strlen(USR));
        text[LIMIT] = '\0';
        assert_refused(text, CMDLINE_TOO_LONG, "2047 bytes");
        text[LIMIT - 1] = '\0';
        parse_ok(text, &strict);
        assert_refused("a\tb", CMDLINE_MALFORMED, "byte 1: a control character");
        assert_refused("a=\"b", CMDLINE_MALFORMED, "byte 2: an unclosed");
}

static void test_foreign_words_pass(_unused_ void **state)
{
        parse_ok(USR "quiet splash console=ttyS0 systemd.unit=x.target panic=-1 crashkernel=256M ip=dhcp foo=bar=baz -- single",
                 &strict);
        assert_int_equal(c.n_module_params, 0);
}

static void test_device_specs_are_shown_as_written(_unused_ void **state)
{
        const struct device_spec none = {}, uuid = { .kind = DEVICE_PARTUUID, .value = UUID_A },
                                 path = { .kind = DEVICE_PATH, .value = "/dev/vda" };
        char text[64], small[8];

        device_spec_format(&none, text, sizeof(text));
        assert_string_equal(text, "none");
        device_spec_format(&uuid, text, sizeof(text));
        assert_string_equal(text, "PARTUUID=" UUID_A);
        device_spec_format(&path, text, sizeof(text));
        assert_string_equal(text, "/dev/vda");
        device_spec_format(&uuid, small, sizeof(small));
        assert_string_equal(small, "PARTUUI");
}

static void test_keys_are_listed_once(_unused_ void **state)
{
        const char *const *keys = boot_config_keys();
        size_t n = 0;

        for (; keys[n]; n++)
                for (size_t k = 0; k < n; k++)
                        assert_string_not_equal(keys[k], keys[n]);
        assert_true(n >= 20);
        assert_string_equal(keys[0], "usrhash");
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_least),
                cmocka_unit_test(test_partuuids_come_from_the_hash),
                cmocka_unit_test(test_azure_container_linux),
                cmocka_unit_test(test_azure_linux_customizer_line),
                cmocka_unit_test(test_usrhash),
                cmocka_unit_test(test_root_on_verity),
                cmocka_unit_test(test_verity_switch),
                cmocka_unit_test(test_verity_devices),
                cmocka_unit_test(test_verity_options),
                cmocka_unit_test(test_mount_usr),
                cmocka_unit_test(test_flags_that_would_undo_usr),
                cmocka_unit_test(test_options_have_a_bound),
                cmocka_unit_test(test_roots),
                cmocka_unit_test(test_long_labels_are_refused_not_cut),
                cmocka_unit_test(test_the_floor_rules_the_root),
                cmocka_unit_test(test_root_type),
                cmocka_unit_test(test_ro_and_rw),
                cmocka_unit_test(test_root_flags),
                cmocka_unit_test(test_init),
                cmocka_unit_test(test_our_own_keys),
                cmocka_unit_test(test_selinux_words),
                cmocka_unit_test(test_enforcing_hidden_in_quotes),
                cmocka_unit_test(test_module_params),
                cmocka_unit_test(test_module_params_have_bounds),
                cmocka_unit_test(test_texts_that_are_no_command_line),
                cmocka_unit_test(test_foreign_words_pass),
                cmocka_unit_test(test_device_specs_are_shown_as_written),
                cmocka_unit_test(test_keys_are_listed_once),
        };

        return cmocka_run_group_tests(tests, setup, NULL);
}
