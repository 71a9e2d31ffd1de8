/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * usrhash=, systemd.verity*, mount.usr*: which /usr, and that no word undoes its protection.
 */
#include "boot_config_check.h"

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
}

static void test_azure_linux_customizer_line(_unused_ void **state)
{
        parse_ok("rd.systemd.verity=1 " USR "systemd.verity_usr_data=PARTUUID=" UUID_A
                 " systemd.verity-usr-hash=PARTLABEL=h "
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
        assert_refused("usrhash", CMDLINE_BAD_VALUE, "usrhash: a value is missing");
        assert_refused("usrhash=", CMDLINE_BAD_VALUE, "usrhash=: a value is missing");
        assert_refused("usrhash=abcd", CMDLINE_BAD_VALUE, "usrhash=abcd: expected 64");
        assert_refused("usrhash=0011223344556677889900112233445566778899", CMDLINE_BAD_VALUE,
                       "expected 64"); /* sha1 */
        assert_refused("usrhash=" HASH "0", CMDLINE_BAD_VALUE, "expected 64");
        assert_refused("usrhash=x" HASH, CMDLINE_BAD_VALUE, "expected 64");
        assert_refused(USR USR, CMDLINE_DUPLICATE_KEY, "usrhash=");
        assert_refused(USR "rd.usrhash=" HASH, CMDLINE_UNKNOWN_KEY, "rd.usrhash=");
}

static void test_root_on_verity(_unused_ void **state)
{
        assert_refused("roothash=" HASH, ROOT_ON_VERITY_UNSUPPORTED, "roothash=");
        assert_refused(USR "systemd.verity_root_data=/dev/vda1", ROOT_ON_VERITY_UNSUPPORTED,
                       "systemd.verity_root_data=");
        assert_refused(USR "systemd.verity-root-hash=x", ROOT_ON_VERITY_UNSUPPORTED, "systemd.verity_root_hash=");
        assert_refused(USR "systemd.verity_root_options=x", ROOT_ON_VERITY_UNSUPPORTED,
                       "systemd.verity_root_options=");
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
        parse_ok(
                USR
                "systemd.verity_usr_data=/dev/vda2 systemd.verity_usr_hash=PARTUUID=1B0E7B5A-6F9C-4A39-A2D1-0C8F4B8C7E11",
                &strict);
        assert_int_equal(c.usr_data.kind, DEVICE_PATH);
        assert_string_equal(c.usr_data.value, "/dev/vda2");
        assert_string_equal(c.usr_hash.value, UUID_A);
        assert_refused(USR "systemd.verity_usr_data=/dev/vda2", CMDLINE_CONTRADICTION,
                       "systemd.verity_usr_data: give both");
        assert_refused(USR "systemd.verity_usr_hash=/dev/vda2", CMDLINE_CONTRADICTION,
                       "systemd.verity_usr_hash: give both");
        assert_refused(USR "systemd.verity_usr_data=LABEL=x", CMDLINE_BAD_VALUE,
                       "systemd.verity_usr_data=LABEL=x: expected");
        assert_refused(USR "systemd.verity_usr_hash=UUID=" UUID_A, CMDLINE_BAD_VALUE,
                       "systemd.verity_usr_hash=UUID=");
        assert_refused(USR "systemd.verity_usr_hash=/dev/a systemd.verity-usr-hash=/dev/a", CMDLINE_DUPLICATE_KEY,
                       "systemd.verity_usr_hash=");
}

#define OPTIONS USR "systemd.verity_usr_options="

static void test_verity_options(_unused_ void **state)
{
        parse_ok(OPTIONS "restart-on-corruption,superblock=yes,auto,fail,_netdev,x-initrd.attach,,hash-offset=512", &strict);
        assert_int_equal(c.corruption, CORRUPTION_RESTART);
        assert_int_equal(c.hash_offset_bytes, 512);
        assert_true(c.has_superblock);
        assert_false(c.has_geometry);
        assert_int_equal(c.data_blocks, 0);
        parse_ok(OPTIONS "superblock,data-blocks=17", &strict);
        assert_int_equal(c.data_blocks, 17);
        assert_refused(OPTIONS "ignore-corruption", CMDLINE_WEAKENING, "ignore-corruption would");
        assert_refused(OPTIONS "check-at-most-once", CMDLINE_WEAKENING, "check-at-most-once would");
        assert_refused(OPTIONS "ignore-zero-blocks", CMDLINE_WEAKENING, "ignore-zero-blocks would");
        assert_refused(OPTIONS "auto,nofail", CMDLINE_WEAKENING, "nofail would");
        assert_refused(OPTIONS "noauto", CMDLINE_WEAKENING, "noauto would");
        assert_refused(OPTIONS "tpm2-measure-nvpcr=yes", CMDLINE_BAD_VALUE, "tpm2-measure-nvpcr is not supported");
        assert_refused(OPTIONS "panic", CMDLINE_UNKNOWN_KEY, "unknown option 'panic'");
        assert_refused(OPTIONS "panic-on-corruption=1", CMDLINE_BAD_VALUE, "panic-on-corruption takes no value");
        assert_refused(OPTIONS "auto=1", CMDLINE_BAD_VALUE, "auto takes no value");
        assert_refused(OPTIONS "panic-on-corruption,restart-on-corruption", CMDLINE_CONTRADICTION,
                       "exclude each other");
        assert_refused(OPTIONS "hash-offset=0,hash-offset=0", CMDLINE_DUPLICATE_KEY,
                       "hash-offset stands there twice");
        assert_refused(OPTIONS "auto systemd.verity-usr-options=auto", CMDLINE_DUPLICATE_KEY,
                       "systemd.verity_usr_options=");
}

/* Each option with each value that is none of its. */
static void test_values_of_verity_options(_unused_ void **state)
{
        static const char *const bad[] = {
                "hash-offset", "hash-offset=", "hash-offset=513", "hash-offset=1K", "hash-offset=-512",
                "hash-offset=0x200", "hash-offset=0512", "data-block-size=04K", "fec-roots=02", "hash-offset=18446744073709551616", "superblock=", "superblock=maybe", "format=0", "format=",
                "format", "hash=md5", "hash=sha1", "hash=SHA256", "hash=none", "hash=", "data-block-size=511",
                "data-block-size=4095", "data-block-size=1M", "data-block-size=4k", "data-block-size=4KK",
                "data-block-size=0K", "data-block-size=", "hash-block-size=256", "hash-block-size=16777216K",
                "data-blocks=0", "data-blocks=010", "data-blocks=-1", "data-blocks=1K", "data-blocks=9999999999999999999", "salt=", "salt=0",
                "salt=xx", "uuid=", "uuid=1b0e7b5a6f9c4a39a2d10c8f4b8c7e11", "uuid=1B0E7B5A-6F9C-4A39-A2D1-0C8F4B8C7E11",
                "fec-device=", "fec-device=LABEL=x", "fec-device=UUID=" UUID_A, "fec-device=/etc/x", "fec-offset=511",
                "fec-roots=1", "fec-roots=25", "root-hash-signature=", "root-hash-signature=x", "root-hash-signature=/",
                "root-hash-signature=/a/../b", "root-hash-signature=base64:", "root-hash-signature=base64:A===",
                "root-hash-signature=base64:AAA", "root-hash-signature=base64:AA=A", "root-hash-signature=base64:A\\AA",
                "root-hash-signature=/a\\b",
        };
        char text[512], *equals;

        for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
                char name[64];

                snprintf(name, sizeof(name), "%s", bad[i]);
                equals = strchr(name, '=');
                if (equals)
                        *equals = '\0';
                strncat(name, "= takes ", sizeof(name) - strlen(name) - 1);
                snprintf(text, sizeof(text), OPTIONS "%s", bad[i]);
                assert_refused(text, CMDLINE_BAD_VALUE, name);
        }
}

static void test_fec(_unused_ void **state)
{
        parse_ok(OPTIONS "fec-device=PARTUUID=" UUID_A, &strict);
        assert_int_equal(c.fec.device.kind, DEVICE_PARTUUID);
        assert_int_equal(c.fec.roots, 2);
        assert_int_equal(c.fec.offset_bytes, 0);
        parse_ok(OPTIONS "fec-roots=24,fec-device=/dev/vda2,fec-offset=1024", &strict);
        assert_string_equal(c.fec.device.value, "/dev/vda2");
        assert_int_equal(c.fec.roots, 24);
        assert_int_equal(c.fec.offset_bytes, 1024);
        parse_ok(USR, &strict);
        assert_int_equal(c.fec.device.kind, DEVICE_NONE);
        assert_int_equal(c.fec.roots, 0);
        assert_refused(OPTIONS "fec-roots=2", CMDLINE_CONTRADICTION, "without fec-device=");
        assert_refused(OPTIONS "fec-offset=0", CMDLINE_CONTRADICTION, "without fec-device=");
}

static void test_signatures(_unused_ void **state)
{
        char text[512];

        parse_ok(USR, &strict);
        assert_int_equal(c.signature.source, SIGNATURE_DISCOVERED);
        parse_ok(OPTIONS "root-hash-signature=auto,panic-on-corruption", &strict);
        assert_int_equal(c.signature.source, SIGNATURE_DISCOVERED);
        parse_ok(OPTIONS "auto", &strict); /* systemd 258: the short form of it; 257: starts the unit. The same here. */
        assert_int_equal(c.signature.source, SIGNATURE_DISCOVERED);
        parse_ok(OPTIONS "panic-on-corruption,root-hash-signature=/etc/usr.p7s", &strict);
        assert_int_equal(c.signature.source, SIGNATURE_FILE);
        assert_string_equal(c.signature.path, "/etc/usr.p7s");
        parse_ok(OPTIONS "/etc/usr.p7s", &strict);
        assert_int_equal(c.signature.source, SIGNATURE_FILE);
        assert_string_equal(c.signature.path, "/etc/usr.p7s");
        parse_ok(OPTIONS "root-hash-signature=base64:MIIB+/8=", &strict);
        assert_int_equal(c.signature.source, SIGNATURE_INLINE);
        assert_string_equal(c.signature.base64, "MIIB+/8=");
        parse_ok(OPTIONS "base64:MIIB", &strict);
        assert_string_equal(c.signature.base64, "MIIB");
        parse_ok(USR "acl.verity_usr_signature=PARTUUID=" UUID_A, &strict);
        assert_int_equal(c.signature.source, SIGNATURE_PARTITION);
        assert_string_equal(c.signature.device.value, UUID_A);

        /* systemd would take all of it for a path. */
        assert_refused(OPTIONS "/etc/usr.p7s,panic-on-corruption", CMDLINE_BAD_VALUE, "a signature as a whole");
        assert_refused(OPTIONS "base64:", CMDLINE_BAD_VALUE, "a signature as a whole");
        assert_refused(OPTIONS "base64:MIIB,panic-on-corruption", CMDLINE_BAD_VALUE, "a signature as a whole");
        snprintf(text, sizeof(text), OPTIONS "root-hash-signature=/%0*d", CONFIG_PATH_MAX - 1, 0);
        assert_refused(text, CMDLINE_BAD_VALUE, "root-hash-signature= takes");
        assert_refused(USR "acl.verity_usr_signature=PARTLABEL=x", CMDLINE_BAD_VALUE, "expected PARTUUID=");
        assert_refused(USR "acl.verity_usr_signature=/dev/vda4", CMDLINE_BAD_VALUE, "expected PARTUUID=");
        assert_refused(OPTIONS "root-hash-signature=/a acl.verity_usr_signature=PARTUUID=" UUID_A, CMDLINE_CONTRADICTION,
                       "names another signature");
        assert_refused(USR "acl.verity_usr_signature=PARTUUID=" UUID_A " systemd.verity_usr_options=base64:MIIB",
                       CMDLINE_CONTRADICTION, "names another signature");
        assert_refused(USR "acl.verity_usr_signature=PARTUUID=" UUID_A " acl.verity_usr_signature=PARTUUID=" UUID_A,
                       CMDLINE_DUPLICATE_KEY, "acl.verity_usr_signature=");
}

#define FLATCAR "verity.usr=PARTUUID=" UUID_A " verity.usrhash=" HASH " "

/* Flatcar, as its boot loader has it: data and tree on one partition, and not a word of where the tree begins. */
static void test_flatcar(_unused_ void **state)
{
        parse_ok("mount.usr=/dev/mapper/usr verity.usr=PARTUUID=7130C94A-213A-4E5A-8E26-6CCE9662F132 rootflags=rw "
                 "mount.usrflags=ro consoleblank=0 root=LABEL=ROOT console=tty0 flatcar.first_boot=detected "
                 "verity.usrhash=" HASH,
                 &loose);
        assert_int_equal(c.root_hash_size, 32);
        assert_true(c.usr_devices_given);
        assert_string_equal(c.usr_data.value, "7130c94a-213a-4e5a-8e26-6cce9662f132");
        assert_string_equal(c.usr_hash.value, c.usr_data.value);
        assert_true(c.hash_offset_is_file_system_end);
        parse_ok(FLATCAR "usr=/dev/mapper/usr usrfstype=ext4 usrflags=ro,acl", &strict);
        assert_string_equal(c.usr_fstype, "ext4");
        assert_string_equal(c.usr_options, "acl");
        /* What says where the tree is: the option, or a pin. Two named partitions need neither. */
        parse_ok(FLATCAR "systemd.verity_usr_options=hash-offset=1065345024", &strict);
        assert_false(c.hash_offset_is_file_system_end);
        assert_int_equal(c.hash_offset_bytes, 1065345024);
        parse_ok(FLATCAR "init.verity=1:sha256:4096:4096:260094:260095:-:" UUID_A, &strict);
        assert_false(c.hash_offset_is_file_system_end);
        parse_ok(USR "systemd.verity_usr_data=/dev/vda2 systemd.verity_usr_hash=/dev/vda2", &strict);
        assert_false(c.hash_offset_is_file_system_end);

        assert_refused(FLATCAR "usrhash=" HASH, CMDLINE_DUPLICATE_KEY, "usrhash=0011");
        assert_refused("usrhash=" HASH " " FLATCAR, CMDLINE_DUPLICATE_KEY, "usrhash= says the same");
        assert_refused(FLATCAR FLATCAR, CMDLINE_DUPLICATE_KEY, "verity.usr=");
        assert_refused(FLATCAR "systemd.verity_usr_data=/dev/vda2", CMDLINE_CONTRADICTION, "it names both devices");
        assert_refused(FLATCAR "systemd.verity_usr_hash=/dev/vda2", CMDLINE_CONTRADICTION, "it names both devices");
        assert_refused(FLATCAR "usr=PARTUUID=" UUID_A, CMDLINE_CONTRADICTION, "usr=PARTUUID=");
        assert_refused(FLATCAR "usr=/dev/mapper/usr mount.usr=/dev/mapper/usr", CMDLINE_DUPLICATE_KEY, "mount.usr=");
        assert_refused(FLATCAR "usrfstype=ext4 mount.usrfstype=ext4", CMDLINE_DUPLICATE_KEY, "mount.usrfstype=");
        assert_refused(FLATCAR "usrflags=rw", CMDLINE_WEAKENING, "usrflags=rw");
        assert_refused("verity.usrhash=" HASH " verity.usr=LABEL=USR-A", CMDLINE_BAD_VALUE, "verity.usr=LABEL=USR-A");
        assert_refused(FLATCAR "verity.usrhsh=1", CMDLINE_UNKNOWN_KEY, "verity.usrhsh=1");
        assert_refused(FLATCAR "usrhsh=1", CMDLINE_UNKNOWN_KEY, "usrhsh=1");
        assert_refused(FLATCAR "verity.root=/dev/vda3", ROOT_ON_VERITY_UNSUPPORTED, "verity.root=");
        assert_refused(FLATCAR "verity.roothash=" HASH, ROOT_ON_VERITY_UNSUPPORTED, "verity.roothash=");
}

static void test_azure_container_linux_second_generation(_unused_ void **state)
{
        parse_ok("mount.usr=/dev/mapper/usr mount.usrflags=ro root=LABEL=ROOT rootflags=rw consoleblank=0 "
                 /* of the signed add-on of the slot */
                 "acl.slot=b systemd.verity_usr_data=PARTUUID=" UUID_A " systemd.verity_usr_hash=PARTLABEL=USR-B-verity "
                 "systemd.verity_usr_options=panic-on-corruption usrhash=" HASH " acl.verity_usr_signature=PARTUUID=" UUID_A
                 " acl.ipe.policy_sha256=" HASH,
                 &loose);
        assert_string_equal(c.acl_slot, "b");
        assert_int_equal(c.signature.source, SIGNATURE_PARTITION);
        assert_int_equal(c.ipe_policy.alg, DIGEST_SHA256);
        assert_int_equal(c.ipe_policy.bytes[1], 0x11);
        parse_ok(USR, &loose);
        assert_string_equal(c.acl_slot, "");
        assert_int_equal(c.ipe_policy.alg, DIGEST_NONE);
        assert_refused(USR "acl.slot=c", CMDLINE_BAD_VALUE, "expected a or b");
        assert_refused(USR "acl.slot=a acl.slot=b", CMDLINE_DUPLICATE_KEY, "acl.slot=b");
        assert_refused(USR "acl.ipe.policy_sha256=" HASH "00", CMDLINE_BAD_VALUE, "expected 64 hex digits");
        assert_refused(USR "acl.ipe.policy_sha256=00", CMDLINE_BAD_VALUE, "expected 64 hex digits");
        parse_ok(USR "init.ipe=sha256-" HASH, &loose);
        assert_int_equal(c.ipe_policy.bytes[1], 0x11);
        assert_refused(USR "init.ipe=" HASH, CMDLINE_BAD_VALUE, "expected sha256-<64 hex digits>");
        assert_refused(USR "init.ipe=sha256-00", CMDLINE_BAD_VALUE, "expected 64 hex digits");
        assert_refused(USR "init.ipe=sha256-" HASH " acl.ipe.policy_sha256=" HASH, CMDLINE_DUPLICATE_KEY, "init.ipe= says the same");
        assert_refused(USR "acl.ipe.policy=x", CMDLINE_UNKNOWN_KEY, "acl.ipe.policy=x");
        assert_refused(USR "acl.verity_usr=x", CMDLINE_UNKNOWN_KEY, "acl.verity_usr=x");
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
        assert_refused(USR "mount.usr=/dev/mapper/usr mount.usr=/dev/mapper/usr", CMDLINE_DUPLICATE_KEY,
                       "mount.usr=");
        assert_refused(USR "mount.usrfstype=ext4/", CMDLINE_BAD_VALUE, "mount.usrfstype=ext4/");
        assert_refused(USR "mount.usrfstype=tmpfs", CMDLINE_BAD_VALUE, "expected auto, erofs");
        assert_refused(USR "mount.usrfstype=overlay", CMDLINE_BAD_VALUE, "expected auto, erofs");
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

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_partuuids_come_from_the_hash),
                cmocka_unit_test(test_azure_container_linux),
                cmocka_unit_test(test_azure_linux_customizer_line),
                cmocka_unit_test(test_usrhash),
                cmocka_unit_test(test_root_on_verity),
                cmocka_unit_test(test_verity_switch),
                cmocka_unit_test(test_verity_devices),
                cmocka_unit_test(test_verity_options),
                cmocka_unit_test(test_values_of_verity_options),
                cmocka_unit_test(test_fec),
                cmocka_unit_test(test_signatures),
                cmocka_unit_test(test_flatcar),
                cmocka_unit_test(test_azure_container_linux_second_generation),
                cmocka_unit_test(test_mount_usr),
                cmocka_unit_test(test_flags_that_would_undo_usr),
                cmocka_unit_test(test_options_have_a_bound),
        };

        return cmocka_run_group_tests(tests, setup, NULL);
}
