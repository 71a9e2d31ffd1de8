/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "fake_machine.h"

#include <assert.h>
#include <ctype.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/utsname.h>

#include "fake_blockdev.h"
#include "fake_dm.h"
#include "fake_firmware.h"
#include "fake_floor_note.h"
#include "fake_os.h"
#include "fake_sepolicy.h"
#include "fake_tpm.h"
#include "fakes.h"
#include "verinit/crypto.h"
#include "verinit/floor.h"
#include "verinit/fsat.h"
#include "verinit/ipe.h"
#include "verinit/last_failure.h"
#include "verity_image.h"

#define FAKE_CERTIFICATE "CERTIFICATE"

enum { START_SECTOR = 2048 };

static struct {
        char path[64];
        int fd;
        int new_root_fd;
        struct verity_image image;
        char signed_text[512];
} tree;

static void need(bool ok, const char *what)
{
        if (!ok) {
                perror(what);
                abort();
        }
}

static void put(const char *path, const void *data, size_t size)
{
        char parent[256];
        char *slash;

        need(str_copy(parent, sizeof(parent), path), path);
        slash = strrchr(parent, '/');
        *slash = '\0';
        need(fsat_mkdir_p(tree.fd, parent, 0755) == 0, parent);
        need(fsat_create(tree.fd, path, data, size, 0644) == 0, path);
}

static void put_text(const char *path, const char *text)
{
        put(path, text, strlen(text));
}

static void put_directory(const char *path)
{
        need(fsat_mkdir_p(tree.fd, path, 0755) == 0, path);
}

static void put_kernel(void)
{
        put_text("proc/sys/kernel/panic", "0\n");
        put_text("proc/sys/kernel/panic_on_oops", "0\n");
        put_text("proc/sys/kernel/printk_devkmsg", "ratelimit\n");
        put_text("proc/sys/kernel/random/boot_id", "01234567-89ab-cdef-0123-456789abcdef\n");
        put_text("proc/meminfo", "MemTotal: 4096 kB\nMemAvailable:    2048 kB\n");
        put_text("dev/kmsg", "");
        put_directory("run");
        put_directory("sys/kernel/security");
        put_text("proc/sys/kernel/usermodehelper/bset", "4294967295\t511\n");
}

static void put_modules(void)
{
        char table[1024];
        struct utsname u;

        need(uname(&u) == 0, "uname");
        snprintf(table, sizeof(table),
                 "verinit-modules 1 %s\n"
                 "module dm_mod dm-mod.ko - -\n"
                 "module dm_verity dm-verity.ko dm_mod -\n"
                 "module erofs erofs.ko - -\n"
                 "module overlay overlay.ko - -\n"
                 "module efivarfs efivarfs.ko - -\n"
                 "module virtio_blk virtio_blk.ko - -\n"
                 "feature verity dm_verity\nfeature erofs erofs\nfeature overlay overlay\nfeature efivarfs efivarfs\n"
                 "alias virtio:d00000002v* virtio_blk\n", u.release);
        put_text("etc/verinit/modules", table);
        for (const char *const *m = (const char *const[]) { "dm-mod", "dm-verity", "erofs", "overlay", "efivarfs",
                                                             "virtio_blk", NULL }; *m; m++) {
                char path[64];

                snprintf(path, sizeof(path), "lib/modules/%s.ko", *m);
                put_text(path, "ELF");
        }
        put_text("sys/bus/virtio/devices/virtio0/modalias", "virtio:d00000002v00001AF4\n");
}

static void copy_device(const char *path, int fd, uint64_t size)
{
        void *data = malloc(size);

        need(data && pread(fd, data, size, 0) == (ssize_t) size, path);
        put(path, data, size);
        free(data);
}

static void put_partition_files(const char *disk, unsigned number, uint64_t start_sector, uint64_t bytes)
{
        char path[128], text[32];

        for (int i = 0; i < 2; i++) { /* below its disk, and beside it */
                const struct { const char *name; uint64_t value; } numbers[] = {
                        { "partition", number }, { "start", start_sector }, { "size", bytes / 512 },
                };

                for (size_t j = 0; j < ARRAY_SIZE(numbers); j++) {
                        if (i == 0)
                                snprintf(path, sizeof(path), "sys/class/block/%s/%s%u/%s", disk, disk, number, numbers[j].name);
                        else
                                snprintf(path, sizeof(path), "sys/class/block/%s%u/%s", disk, number, numbers[j].name);
                        snprintf(text, sizeof(text), "%llu\n", (unsigned long long) numbers[j].value);
                        put_text(path, text);
                }
        }
        snprintf(path, sizeof(path), "sys/class/block/%s/%s%u/dev", disk, disk, number);
        snprintf(text, sizeof(text), "254:%u\n", number + (str_equal(disk, "vdb") ? 16 : 0));
        put_text(path, text);
}

static void put_partition(unsigned number, uint64_t start_sector, uint64_t bytes, const char *uuid)
{
        struct partition *p = &fake_blockdev.gpt.partitions[number - 1];

        *p = (struct partition) { .number = number, .start_bytes = start_sector * 512, .size_bytes = bytes };
        need(str_copy(p->uuid, sizeof(p->uuid), uuid), uuid);
        put_partition_files("vda", number, start_sector, bytes);
        fake_blockdev.gpt.n_partitions = number;
}

static struct partition_table second_gpt;

static void gpt_of_disk(int disk_fd, struct partition_table *ret)
{
        char link[64], path[512] = "";

        snprintf(link, sizeof(link), "/proc/self/fd/%d", disk_fd);
        need(readlink(link, path, sizeof(path) - 1) > 0, link);
        if (str_equal(strrchr(path, '/'), "/vda"))
                *ret = fake_blockdev.gpt;
        else if (str_equal(strrchr(path, '/'), "/vdb"))
                *ret = second_gpt;
}

static void put_disk(const struct fake_machine_options *options)
{
        const struct verity_image_spec spec = {
                .alg = DIGEST_SHA256, .data_block_bytes = 4096, .hash_block_bytes = 4096, .data_blocks = 200, .salt_size = 32,
                .file_system_bytes = options->is_padded ? 100 * 4096 : 0,
        };
        char data_uuid[37], hash_uuid[37];

        verity_image_make(&spec, &tree.image);
        verity_partuuids(tree.image.root_hash, tree.image.root_hash_size, data_uuid, hash_uuid);
        copy_device("dev/vda1", tree.image.data_fd, tree.image.data_device_bytes);
        copy_device("dev/vda2", tree.image.hash_fd, tree.image.hash_device_bytes);
        put_text("dev/vda", "");
        put_text("dev/mapper/usr", "");
        put_text("sys/class/block/vda/size", "1000000\n");
        put_text("sys/class/block/vda/dev", "254:0\n");
        put_text("sys/class/block/vda/diskseq", "1\n");
        fake_blockdev.gpt.state = GPT_VALID;
        fake_blockdev.read_gpt = gpt_of_disk;
        put_partition(1, START_SECTOR, tree.image.data_device_bytes, data_uuid);
        put_partition(2, 2 * START_SECTOR, tree.image.hash_device_bytes, hash_uuid);
        put_partition(3, 4 * START_SECTOR, 512 * 1024, FAKE_BOOT_PARTUUID);
        (void) str_copy(fake_blockdev.filesystem.type, sizeof(fake_blockdev.filesystem.type), "erofs");
        fake_dm.node_fd = tree.image.data_fd;
}

/* As the fake of crypto.h signs: with the certificate's own bytes. */
static void put_signature(void)
{
        enum { BYTES = 4096 };
        char hash[DIGEST_MAX_HEX], message[256], encoded[512], json[BYTES] = "";

        hex_encode(tree.image.root_hash, tree.image.root_hash_size, hash);
        snprintf(message, sizeof(message), FAKE_CERTIFICATE "/%s", hash);
        hex_encode((const uint8_t *) message, strlen(message), encoded);
        snprintf(json, sizeof(json), "{\"rootHash\":\"%s\",\"signature\":\"%s\"}", hash, encoded);
        put("dev/vda4", json, sizeof(json));
        put_partition(4, 6 * START_SECTOR, BYTES, "b3a4c5d6-0005-4000-8000-000000000005");
        (void) str_copy(fake_blockdev.gpt.partitions[3].type, 37, "e7bb33fb-06cf-4e81-8273-e543b413e2e2");
}

/* The kernel gives such a drive a size all the same (drivers/scsi/sr.c, get_sectorsize()). */
static void put_empty_drive(void)
{
        struct stat st;

        put_text("sys/class/block/sr0/size", "2097151\n");
        put_text("sys/class/block/sr0/dev", "11:0\n");
        put_text("dev/sr0", "");
        need(fstatat(tree.fd, "dev/sr0", &st, 0) == 0, "dev/sr0");
        fake_blockdev.unreadable = st.st_ino;
}

static void hash(const void *data, size_t size, struct digest *ret)
{
        const struct iovec part = { .iov_base = (void *) (uintptr_t) data, .iov_len = size };

        need(crypto_digest(DIGEST_SHA256, &part, 1, ret, &(struct error) {}) == 0, "digest");
}

/* A signed policy below DIR, by its digest. */
static void put_ipe_policy(const char *dir, const char *text, char ret_hex[static DIGEST_MAX_HEX])
{
        char path[192], content[1024];
        struct digest digest;

        snprintf(content, sizeof(content), FAKE_SIGNED "%s", text);
        hash(content, strlen(content), &digest);
        digest_hex(&digest, ret_hex);
        snprintf(path, sizeof(path), "%s/%s.p7b", dir, ret_hex);
        put_text(path, content);
}

static void put_command_line(const struct fake_machine_options *options)
{
        char hex[DIGEST_MAX_HEX], text[1024], geometry_text[VERITY_GEOMETRY_TEXT_MAX];
        const struct verity_geometry geometry = verity_image_geometry(&tree.image);

        hex_encode(tree.image.root_hash, tree.image.root_hash_size, hex);
        /* No mount.usrfstype=: so the verified volume is probed too. */
        snprintf(text, sizeof(text), "quiet security=selinux enforcing=1 root=tmpfs usrhash=%s", hex);
        if (options->ipe_of_usr) {
                put_ipe_policy("sysusr/" IPE_USR_DIR, options->ipe_of_usr, hex);
                strncat(text, " init.ipe=sha256-", sizeof(text) - strlen(text) - 1);
                strncat(text, hex, sizeof(text) - strlen(text) - 1);
        }
        if (options->is_pinned) {
                verity_geometry_format(&geometry, geometry_text);
                strncat(text, " init.verity=", sizeof(text) - strlen(text) - 1);
                strncat(text, geometry_text, sizeof(text) - strlen(text) - 1);
        }
        need(str_copy(tree.signed_text, sizeof(tree.signed_text), text), text);
        if (!options->is_unpacked)
                put_text("etc/verinit/cmdline", text);
        if (options->addon_words) {
                strncat(text, " ", sizeof(text) - strlen(text) - 1);
                strncat(text, options->addon_words, sizeof(text) - strlen(text) - 1);
        }
        strncat(text, options->extra_words ? options->extra_words : "", sizeof(text) - strlen(text) - 1);
        put_text("proc/cmdline", text);
}

static void hash_file(const char *path, char *ret_hex)
{
        char text[4096];
        struct digest d;
        ssize_t n = fsat_read(tree.fd, path, text, sizeof(text));

        need(n >= 0, path);
        hash(text, (size_t) n, &d);
        digest_hex(&d, ret_hex);
}

void fake_machine_put_floor(const char *text)
{
        put_text(FLOOR_PATH, text);
        hash(text, strlen(text), &fake_floor_note);
        fake_reset();
}

static void put_certificate(char *ret_line, size_t size)
{
        char hex[DIGEST_MAX_HEX], path[160];
        struct digest digest;

        hash(FAKE_CERTIFICATE, strlen(FAKE_CERTIFICATE), &digest);
        digest_hex(&digest, hex);
        snprintf(path, sizeof(path), "etc/verinit/certificates/%s.der", hex);
        put_text(path, FAKE_CERTIFICATE);
        snprintf(ret_line, size, "certificate=sha256-%s\n", hex);
}

static int put_ipe_policies(const struct fake_machine_options *options, char *ret_lines, size_t size)
{
        int n = 0;

        for (size_t i = 0; i < ARRAY_SIZE(options->ipe) && options->ipe[i]; i++) {
                char hex[DIGEST_MAX_HEX];

                put_ipe_policy(IPE_INITRAMFS_DIR, options->ipe[i], hex);
                n += snprintf(ret_lines + n, size - (size_t) n, "ipe-policy=sha256-%s\n", hex);
        }
        return n;
}

/* As verinit initrd build does: the digests of the files, and that of the floor into the note. */
static void put_floor(const struct fake_machine_options *options)
{
        char text[2048], baked[DIGEST_MAX_HEX], modules[DIGEST_MAX_HEX], certificate[DIGEST_MAX_HEX + 32] = "";
        int n;

        fake_floor_note = (struct digest) {};
        if (!options->floor)
                return;
        if (!options->is_unsigned)
                put_certificate(certificate, sizeof(certificate));
        hash_file("etc/verinit/modules", modules);
        n = snprintf(text, sizeof(text), "%smodules=sha256-%s\n%s", options->floor, modules, certificate);
        n += put_ipe_policies(options, text + n, sizeof(text) - (size_t) n);
        if (!options->is_unpacked) {
                hash_file("etc/verinit/cmdline", baked);
                snprintf(text + n, sizeof(text) - (size_t) n, "baked-cmdline=sha256-%s\n", baked);
        }
        fake_machine_put_floor(text);
}

static void put_variable(const char *name, const char *guid, const void *data, size_t size)
{
        uint8_t bytes[128] = { 6 };
        char path[160];

        need(size <= sizeof(bytes) - 4, name);
        memcpy(bytes + 4, data, size);
        snprintf(path, sizeof(path), "sys/firmware/efi/efivars/%s-%s", name, guid);
        put(path, bytes, size + 4);
}

#define LOADER_GUID "4a67b082-0a4c-41cf-b6c7-440b29bb8c4f"
#define GLOBAL_GUID "8be4df61-93ca-11d2-aa0d-00e098032b8c"

/* Upper case and UTF-16, as systemd-stub writes it. */
static void put_boot_partuuid(void)
{
        uint8_t text[2 * sizeof(FAKE_BOOT_PARTUUID)] = {};

        for (size_t i = 0; i < sizeof(FAKE_BOOT_PARTUUID) - 1; i++)
                text[2 * i] = (uint8_t) toupper((unsigned char) FAKE_BOOT_PARTUUID[i]);
        put_variable("StubDevicePartUUID", LOADER_GUID, text, sizeof(text));
}

static void put_firmware(void)
{
        put_variable("SecureBoot", GLOBAL_GUID, "\1", 1);
        put_variable("SetupMode", GLOBAL_GUID, "\0", 1);
        put_variable("StubPcrKernelImage", LOADER_GUID, "1\0" "1\0\0", 6);
}

/* Type 11, one string; then the end. */
static void put_smbios(const char *string)
{
        char table[256] = "\x0b\x05\0\x0e\x01";
        size_t n = 5;

        if (string) {
                need(strlen(string) < sizeof(table) - 16, string);
                memcpy(table + n, string, strlen(string) + 1);
                n += strlen(string) + 2;
        }
        memcpy(table + n, "\x7f\x04\x01\x7f\0", 6);
        put("sys/firmware/dmi/tables/DMI", table, n + 6);
}

static void put_tpm(const struct fake_machine_options *options)
{
        static char read[1024];

        put_text("sys/firmware/acpi/tables/TPM2", "TPM2");
        put_text("dev/tpmrm0", "");
        fake_tpm.key_name_size = 34;
        need(hex_decode(FAKE_MACHINE_TPM_KEY, fake_tpm.key_name, sizeof(fake_tpm.key_name)) == 34, "key");
        need(fsat_read(tree.fd, "proc/cmdline", read, sizeof(read)) > 0, "read");
        fake_firmware_begin();
        fake_firmware_section(".linux", "MZ", 2);
        fake_firmware_section(".cmdline", tree.signed_text, strlen(tree.signed_text));
        if (options->addon_words)
                fake_firmware_words(options->addon_words);
        if (options->archive)
                fake_firmware_archive(options->archive);
        fake_firmware_load_options(read);
        put("sys/kernel/security/tpm0/binary_bios_measurements", fake_firmware.log, fake_firmware.size);
}

static void put_last_failure(const char *text)
{
        uint8_t variable[256] = { 7 };

        need(strlen(text) <= sizeof(variable) - 4, text);
        memcpy(variable + 4, text, strlen(text));
        put(LAST_FAILURE_PATH, variable, 4 + strlen(text));
}

/* sysroot/usr is there from the start, since the fake moves no mount. */
static void put_system(bool has_selinux, bool has_ipe)
{
        static const uint8_t policy[] = {
                0x8c, 0xff, 0x7c, 0xf9, 8, 0, 0, 0, 'S', 'E', ' ', 'L', 'i', 'n', 'u', 'x', 33, 0, 0, 0,
        };

        put_directory("sysroot/usr/etc");
        put_text("sysroot/usr/lib/systemd/systemd", "ELF");
        put_directory("sysusr/bin");
        put_directory("sysusr/lib");
        put_text(LSM_PATH, has_selinux && has_ipe ? "capability,selinux,ipe" : has_selinux ? "capability,selinux" :
                           has_ipe ? "capability,ipe" : "capability");
        if (has_ipe) {
                put_text(IPE_DIR "/enforce", "1");
                put_directory(IPE_DIR "/policies");
        }
        if (!has_selinux)
                return;
        put_text("sysusr/etc/selinux/config", "SELINUX=enforcing\nSELINUXTYPE=default\n");
        put("sysusr/etc/selinux/default/policy/policy.33", policy, sizeof(policy));
        put("sys/fs/selinux/policy", policy, sizeof(policy));
}

static int block_dev(int fd, dev_t *ret)
{
        char link[64], path[512] = "";
        unsigned number;

        snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
        need(readlink(link, path, sizeof(path) - 1) > 0, link);
        if (sscanf(strrchr(path, '/'), "/vdb%u", &number) == 1)
                number += 16;
        else
                need(sscanf(strrchr(path, '/'), "/vda%u", &number) == 1, path);
        *ret = makedev(254, number);
        return 0;
}

/* What the kernel moves along is moved along. */
static int switch_root(const char *path)
{
        tree.new_root_fd = openat(tree.fd, path + 1, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        need(tree.new_root_fd > 0, path);
        need(renameat(tree.fd, "run", tree.new_root_fd, "run") == 0, "run");
        need(renameat(tree.fd, "proc", tree.new_root_fd, "proc") == 0, "proc");
        need(renameat(tree.fd, "sys", tree.new_root_fd, "sys") == 0, "sys");
        fake_os.root_fd = tree.new_root_fd;
        return 0;
}

void fake_machine_put_second_disk(const char *partuuid)
{
        second_gpt = (struct partition_table) { .state = GPT_VALID, .n_partitions = 1 };
        second_gpt.partitions[0] = fake_blockdev.gpt.partitions[0];
        need(str_copy(second_gpt.partitions[0].uuid, sizeof(second_gpt.partitions[0].uuid), partuuid), partuuid);
        put_partition_files("vdb", 1, START_SECTOR, tree.image.data_device_bytes);
        put_text("sys/class/block/vdb/size", "1000000\n");
        put_text("sys/class/block/vdb/dev", "254:16\n");
        put_text("sys/class/block/vdb/diskseq", "2\n");
        put_text("dev/vdb", "");
        copy_device("dev/vdb1", tree.image.data_fd, tree.image.data_device_bytes);
}

void fake_machine_put_other_disks(unsigned n)
{
        for (unsigned i = 0; i < n; i++) {
                char path[64], number[16];

                snprintf(path, sizeof(path), "sys/class/block/other%u/size", i);
                put_text(path, "2048\n");
                snprintf(path, sizeof(path), "sys/class/block/other%u/dev", i);
                snprintf(number, sizeof(number), "7:%u\n", i);
                put_text(path, number);
                snprintf(path, sizeof(path), "dev/other%u", i);
                put_text(path, "");
        }
}

void fake_machine_make(const struct fake_machine_options *options)
{
        fake_reset();
        fake_os_reset();
        fake_dm_reset();
        fake_blockdev_reset();
        fake_tpm_reset();
        fake_sepolicy_reset();

        (void) str_copy(tree.path, sizeof(tree.path), "/tmp/verinit-machine.XXXXXX");
        need(mkdtemp(tree.path), tree.path);
        tree.fd = open(tree.path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        need(tree.fd > 0, tree.path);
        tree.new_root_fd = -1;

        put_kernel();
        put_modules();
        put_disk(options);
        if (options->has_empty_drive)
                put_empty_drive();
        if (!options->is_unsigned)
                put_signature();
        put_command_line(options);
        put_floor(options);
        put_system(options->has_selinux, !options->lacks_ipe);
        put_boot_partuuid();
        if (options->has_tpm) {
                put_firmware();
                put_tpm(options);
        }
        put_smbios(options->smbios);
        if (options->has_watchdog)
                put_text("dev/watchdog0", "");
        if (options->last_failure)
                put_last_failure(options->last_failure);

        fake_os.root_fd = tree.fd;
        fake_os.processors = options->processors;
        fake_os.how = OS_SWITCH_MOVE;
        fake_os.block_dev = block_dev;
        fake_os.switch_root = switch_root;
        fake_reset(); /* making the volume hashed, through the fake */
}

static int remove_one(const char *path, _unused_ const struct stat *st, _unused_ int type, _unused_ struct FTW *ftw)
{
        return remove(path);
}

void fake_machine_remove(void)
{
        verity_image_done(&tree.image);
        (void) nftw(tree.path, remove_one, 16, FTW_DEPTH | FTW_PHYS);
        tree.fd = fd_close(tree.fd);
        tree.new_root_fd = fd_close(tree.new_root_fd);
}

void fake_machine_put(const char *path, const char *text)
{
        put_text(path, text);
}

int fake_machine_fd(void)
{
        return tree.fd;
}
