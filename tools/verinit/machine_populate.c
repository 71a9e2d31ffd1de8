/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What the kernel would show: the files of proc, sysfs, devtmpfs and efivarfs that PID 1 reads. They are not PID 1's to see before it
 * has mounted them, so they wait beside the root.
 */
#include <ctype.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/stat.h>

#include "verinit/dm.h"
#include "verinit/efi_variable.h"
#include "verinit/fsat.h"
#include "verinit/ipe.h"
#include "verinit/lsm.h"

#include "machine.h"

#define EFIVARS "kernel/" EFIVARS_DIR "/"
#define GUID_GLOBAL "8be4df61-93ca-11d2-aa0d-00e098032b8c"
#define GUID_LOADER "4a67b082-0a4c-41cf-b6c7-440b29bb8c4f"
#define EVENT_LOG "kernel/sys/kernel/security/tpm0/binary_bios_measurements"

/* The first failure; later calls do nothing. */
struct place {
        struct machine *m;
        int r;
        char failed[256];
};

static void put(struct place *p, const char *path, const void *data, size_t size)
{
        char parent[256];
        char *slash;

        if (p->r < 0)
                return;
        if (!str_copy(parent, sizeof(parent), path)) {
                p->r = -ENAMETOOLONG;
                return;
        }
        slash = strrchr(parent, '/');
        *slash = '\0';
        p->r = fsat_mkdir_p(p->m->fd, parent, 0755);
        if (p->r >= 0)
                p->r = fsat_create(p->m->fd, path, data, size, 0644);
        if (p->r < 0)
                (void) str_copy(p->failed, sizeof(p->failed), path);
}

static void put_text(struct place *p, const char *path, const char *text)
{
        put(p, path, text, strlen(text));
}

static _printf_(3, 4) void put_number(struct place *p, unsigned long long value, const char *fmt, ...)
{
        char path[256], text[32];
        va_list args;

        va_start(args, fmt);
        (void) vsnprintf(path, sizeof(path), fmt, args);
        va_end(args);
        (void) snprintf(text, sizeof(text), "%llu\n", value);
        put_text(p, path, text);
}

static void put_directory(struct place *p, const char *path)
{
        if (p->r >= 0)
                p->r = fsat_mkdir_p(p->m->fd, path, 0755);
}

static void put_devno(struct place *p, const char *path, unsigned disk, unsigned number)
{
        char text[32];

        (void) snprintf(text, sizeof(text), "254:%u\n", disk * 512 + number);
        put_text(p, path, text);
}

static void put_partition(struct place *p, unsigned disk, const char *name, const struct partition *part)
{
        /* Below its disk, and beside it. */
        for (unsigned i = 0; i < 2; i++) {
                char dir[128], path[160];

                (void) snprintf(dir, sizeof(dir), "kernel/sys/class/block/%s%s%s%u", i == 0 ? name : "", i == 0 ? "/" : "", name,
                                part->number);
                put_number(p, part->number, "%s/partition", dir);
                put_number(p, part->start_bytes / 512, "%s/start", dir);
                put_number(p, part->size_bytes / 512, "%s/size", dir);
                (void) snprintf(path, sizeof(path), "%s/dev", dir);
                put_devno(p, path, disk, part->number);
        }
}

static void put_disks(struct place *p)
{
        put_directory(p, "kernel/sys/class/block");
        for (unsigned i = 0; i < p->m->n_disks; i++) {
                const struct machine_disk *d = &p->m->disks[i];
                uint64_t bytes = 0;
                char path[64];

                (void) os_block_size(d->fd, &bytes);
                put_number(p, bytes / 512, "kernel/sys/class/block/%s/size", d->name);
                put_number(p, i + 1, "kernel/sys/class/block/%s/diskseq", d->name);
                (void) snprintf(path, sizeof(path), "kernel/sys/class/block/%s/dev", d->name);
                put_devno(p, path, i, 0);
                for (size_t j = 0; j < d->table.n_partitions; j++)
                        put_partition(p, i, d->name, &d->table.partitions[j]);
        }
}

static void put_variable(struct place *p, const char *name, const void *data, size_t size)
{
        uint8_t bytes[128] = { EFI_ATTRIBUTES_VOLATILE };
        char path[192];

        memcpy(bytes + 4, data, size);
        (void) snprintf(path, sizeof(path), EFIVARS "%s", name);
        put(p, path, bytes, 4 + size);
}

/* Upper case and UTF-16, as systemd-stub writes it. */
static void put_boot_partuuid(struct place *p, const char *uuid)
{
        uint8_t text[2 * EFI_PARTUUID_SIZE] = {};

        for (size_t i = 0; i < EFI_PARTUUID_SIZE - 1; i++)
                text[2 * i] = (uint8_t) toupper((unsigned char) uuid[i]);
        put_variable(p, "StubDevicePartUUID-" GUID_LOADER, text, sizeof(text));
}

static void put_firmware(struct place *p, const struct machine_firmware *f)
{
        put_variable(p, "SecureBoot-" GUID_GLOBAL, p->m->has_secure_boot ? "\1" : "\0", 1);
        put_variable(p, "SetupMode-" GUID_GLOBAL, "\0", 1);
        if (p->m->has_tpm)
                put_variable(p, "StubPcrKernelImage-" GUID_LOADER, "1\0" "1\0\0", 6);
        if (f->boot_partuuid)
                put_boot_partuuid(p, f->boot_partuuid);
}

static void put_tpm(struct place *p, const struct machine_firmware *f)
{
        put_text(p, "kernel/sys/firmware/acpi/tables/TPM2", "TPM2");
        put_text(p, "kernel/dev/tpmrm0", "");
        if (f->log)
                put(p, EVENT_LOG, f->log->data, f->log->size);
}

/* Type 11 with one string, then the end of the table. */
static void put_smbios(struct place *p, const char *extra)
{
        static const char key[] = "io.systemd.stub.kernel-cmdline-extra=";
        _cleanup_buffer_ struct buffer b = {};
        int r = buffer_append(&b, "\x0b\x05\0\x0e\x01", 5);

        if (r == 0 && extra)
                r = buffer_append(&b, key, sizeof(key) - 1);
        if (r == 0)
                r = buffer_append(&b, extra ? extra : "none", strlen(extra ? extra : "none") + 1);
        if (r == 0)
                r = buffer_append(&b, "\0\x7f\x04\x01\x7f\0", 7);
        if (r < 0)
                p->r = -ENOMEM;
        else
                put(p, "kernel/sys/firmware/dmi/tables/DMI", b.data, b.size);
}

/* Hardware for each driver that was packed: a modalias that its pattern matches. */
static void put_devices(struct place *p)
{
        static struct modtable table;
        static char text[MODTABLE_MAX_BYTES];
        struct error ignored = {};
        ssize_t n = fsat_read(p->m->root_fd, "etc/verinit/modules", text, sizeof(text));

        put_directory(p, "kernel/sys/bus");
        /* PID 1 says what is wrong with it. */
        if (n < 0 || modtable_parse(text, (size_t) n, &table, &ignored) < 0)
                return;
        for (size_t i = 0; i < table.n_aliases; i++) {
                char path[64], modalias[256];
                size_t size = 0;

                for (const char *c = table.aliases[i].pattern; *c && size < sizeof(modalias) - 1; c++)
                        if (*c != '*')
                                modalias[size++] = *c == '?' ? 'x' : *c;
                modalias[size] = '\0';
                (void) snprintf(path, sizeof(path), "kernel/sys/bus/any/devices/%zu/modalias", i);
                put_text(p, path, modalias);
        }
}

/* Of a dm-verity that is built in, which has its words from the command line; a "no" there the guard of the command line refuses. */
static void put_verity_params(struct place *p, const char *text)
{
        static struct cmdline cmdline;
        char params[1024] = "";
        size_t offset;

        if (cmdline_parse(text, strlen(text), CMDLINE_KERNEL_LIMIT, &cmdline, &offset) == CMDLINE_OK)
                (void) cmdline_module_params(&cmdline, "dm_verity", params, sizeof(params));
        put_text(p, "kernel/" DM_REQUIRE_SIGNATURES, strstr(params, "require_signatures") ? "Y\n" : "N\n");
}

int machine_populate(struct machine *m, const struct machine_firmware *firmware, struct trouble *t)
{
        struct place p = { .m = m };
        static const char *const numbers[] = { "panic", "panic_on_oops", "printk_devkmsg" };
        char path[64];

        for (size_t i = 0; i < ARRAY_SIZE(numbers); i++) {
                (void) snprintf(path, sizeof(path), "kernel/proc/sys/kernel/%s", numbers[i]);
                put_text(&p, path, "0\n");
        }
        put_text(&p, "kernel/proc/sys/kernel/random/boot_id", "00000000-0000-4000-8000-000000000000\n");
        put_text(&p, "kernel/proc/cmdline", firmware->cmdline);
        put_text(&p, "kernel/dev/kmsg", "");
        put_text(&p, "kernel/dev/watchdog0", "");
        put_directory(&p, "kernel/dev/mapper");
        put_directory(&p, "kernel/run");
        put_directory(&p, "kernel/sys/kernel/security");
        put_directory(&p, "kernel/sys/kernel/tracing");
        put_text(&p, "kernel/proc/sys/kernel/usermodehelper/bset", "4294967295\t511\n");
        put_text(&p, "kernel/" LSM_PATH, m->lsm);
        if (m->is_selinux_named)
                put_directory(&p, "kernel/sys/fs/selinux");
        if (lsm_list_has(m->lsm, "ipe")) {
                put_directory(&p, "kernel/" IPE_DIR "/policies");
                put_text(&p, "kernel/" IPE_DIR "/enforce", "1");
        }
        put_verity_params(&p, firmware->cmdline);
        put_disks(&p);
        put_devices(&p);
        if (m->has_firmware) {
                put_firmware(&p, firmware);
                put_smbios(&p, firmware->smbios_extra);
        }
        if (m->has_tpm)
                put_tpm(&p, firmware);
        return p.r < 0 ? trouble_set_errno(t, -p.r, "cannot write %s/%s", m->path, p.failed) : 0;
}
