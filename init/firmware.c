/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * EFI variables as facts. Whoever was root in the last boot can write any name that firmware, loader and stub leave free, but
 * only as non-volatile; and the stub's own value does not replace such a one (seen with systemd-stub 257). So one counts
 * only with the attributes that the system cannot give it, exactly 0x6.
 */
#include "verinit/firmware.h"

#include <errno.h>
#include <stdio.h>

#include "verinit/efi_variable.h"
#include "verinit/fsat.h"

#define GUID_GLOBAL "8be4df61-93ca-11d2-aa0d-00e098032b8c"
#define GUID_LOADER "4a67b082-0a4c-41cf-b6c7-440b29bb8c4f"
#define GUID_SYSTEMD "8cf2644b-4b0b-428f-9387-6d876050dc67"
#define GUID_SHIM "605dab50-e046-4300-abb6-3dd810dd8b23"

/* One by which verinit or the host's systemd decides something. Others of the vendor's are kept on purpose (LoaderEntryDefault). */
static const char *const volatile_variables[] = {
        "StubPcrKernelImage",       /* was the UKI measured? */
        "StubDevicePartUUID",       /* the boot disk */
        "LoaderDevicePartUUID",     /* likewise */
        "LoaderBootCountPath",      /* which entry systemd-bless-boot calls good */
        "LoaderTpm2ActivePcrBanks", /* into which banks the host measures (systemd 259) */
        "StubPcrKernelParameters",  /* were they measured? */
        "StubPcrInitRDSysExts",
        "StubPcrInitRDConfExts",
        "StubProfile",
        "StubInfo",
        NULL,
};

const char *const *firmware_volatile_variables(void)
{
        return volatile_variables;
}

struct buffer {
        uint8_t bytes[EFI_VARIABLE_MAX + 1];
};

/*
 * 0: it is there. -ENOENT: it is not, or is a file that nothing was written to (efivarfs shows such as empty). Anything else is not
 * the same as absent: -EFBIG, longer than any of these; -EBADMSG, too short for its attributes; or what the firmware said.
 */
static int read_variable(int root_fd, const char *name, const char *guid, struct buffer *buffer, struct efi_variable *ret)
{
        char path[160];
        ssize_t n;

        snprintf(path, sizeof(path), EFIVARS_DIR "/%s-%s", name, guid);
        n = fsat_read(root_fd, path, buffer->bytes, sizeof(buffer->bytes));
        if (n <= 0)
                return n < 0 ? (int) n : -ENOENT;
        return efi_variable_parse(buffer->bytes, (size_t) n, ret) ? 0 : -EBADMSG;
}

/* The first only: one is enough to refuse. */
static void find_forged(int root_fd, struct facts *facts)
{
        struct buffer buffer;

        for (const char *const *name = volatile_variables; *name; name++) {
                struct efi_variable v = {};
                int r = read_variable(root_fd, *name, GUID_LOADER, &buffer, &v);

                if (r == -ENOENT || (r == 0 && v.attributes == EFI_ATTRIBUTES_VOLATILE))
                        continue;
                (void) str_copy(facts->forged_variable, sizeof(facts->forged_variable), *name);
                facts->forged_attributes = v.attributes;
                facts->forged_errno = -r;
                return;
        }
}

static bool read_loader_variable(int root_fd, const char *name, struct buffer *buffer, struct efi_variable *ret)
{
        return read_variable(root_fd, name, GUID_LOADER, buffer, ret) == 0 && ret->attributes == EFI_ATTRIBUTES_VOLATILE;
}

static bool is_uki_measured(int root_fd)
{
        struct buffer buffer;
        struct efi_variable v;
        unsigned pcr;

        return read_loader_variable(root_fd, "StubPcrKernelImage", &buffer, &v) && efi_variable_pcr(&v, &pcr) && pcr == 11;
}

/* The stub's first: the loader may have been started from another disk than the UKI. */
static void read_boot_partuuid(int root_fd, struct facts *facts)
{
        static const char *const names[] = { "StubDevicePartUUID", "LoaderDevicePartUUID" };
        struct buffer buffer;

        for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
                struct efi_variable v;

                if (read_loader_variable(root_fd, names[i], &buffer, &v) && efi_variable_partuuid(&v, facts->boot_partuuid))
                        return;
        }
}

/*
 * What shim hands the kernel beside the variable, which some releases delete again in their second pass (mok.c,
 * MOK_MIRROR_DELETE_FIRST): a table in memory, which nobody can plant. Linux shows it as files without attributes.
 */
#define MOK_TABLE "sys/firmware/efi/mok-variables/MokSBStateRT"

static bool is_shim_table_fine(int root_fd, struct facts *facts)
{
        uint8_t bytes[2];
        ssize_t n = fsat_read(root_fd, MOK_TABLE, bytes, sizeof(bytes));

        if (n == -ENOENT || (n == 1 && bytes[0] == 0))
                return true;
        (void) str_copy(facts->insecure_because, sizeof(facts->insecure_because), "shim checks no signatures (MokSBState)");
        return false;
}

/*
 * SecureBoot and SetupMode are the firmware's, volatile (UEFI 2.10, section 3.3). MokSBStateRT is shim's copy of
 * MokSBState, volatile too: 1 says that it checks no signatures.
 */
static bool are_flags_fine(int root_fd, struct facts *facts)
{
        static const struct {
                const char *name;
                const char *guid;
                bool want;
                bool may_be_absent;
        } flags[] = {
                { .name = "SecureBoot", .guid = GUID_GLOBAL, .want = true },
                { .name = "SetupMode", .guid = GUID_GLOBAL },
                { .name = "MokSBStateRT", .guid = GUID_SHIM, .may_be_absent = true },
        };
        char *because = facts->insecure_because;
        size_t size = sizeof(facts->insecure_because);
        struct buffer buffer;

        for (size_t i = 0; i < ARRAY_SIZE(flags); i++) {
                struct efi_variable v = {};
                int r = read_variable(root_fd, flags[i].name, flags[i].guid, &buffer, &v);
                bool value = false;

                if (r == -ENOENT && flags[i].may_be_absent)
                        continue;
                if (r == -ENOENT)
                        snprintf(because, size, "there is no variable %s", flags[i].name);
                else if (r < 0 && r != -EFBIG)
                        snprintf(because, size, "the variable %s cannot be read", flags[i].name);
                else if (r == 0 && v.attributes != EFI_ATTRIBUTES_VOLATILE)
                        snprintf(because, size, "%s has the attributes 0x%x, not 0x6", flags[i].name, v.attributes);
                else if (r < 0 || !efi_variable_flag(&v, &value))
                        snprintf(because, size, "%s is neither 0 nor 1", flags[i].name);
                else if (value != flags[i].want)
                        snprintf(because, size, "%s is %d", flags[i].name, value);
                else
                        continue;
                return false;
        }
        return true;
}

/* Whatever is in it, and if it cannot be read here: systemd may be luckier. */
static bool has_systemd_options(int root_fd)
{
        uint8_t byte;

        return fsat_read(root_fd, EFIVARS_DIR "/SystemdOptions-" GUID_SYSTEMD, &byte, sizeof(byte)) != -ENOENT;
}

int firmware_check_systemd_options(const struct facts *facts, struct error *err)
{
        if (!facts->has_systemd_options || facts->is_secure_boot)
                return 0;
        return error_set(err, FAIL_SYSTEMD_OPTIONS_VARIABLE_CODE, EPERM,
                         "the EFI variable SystemdOptions adds words to the command line of the host's systemd, since Secure "
                         "Boot does not hold (%s)", facts->insecure_because);
}

void firmware_read_variables(int root_fd, struct facts *facts)
{
        facts->is_secure_boot = false;
        facts->is_uki_measured = false;
        facts->has_systemd_options = false;
        facts->boot_partuuid[0] = facts->forged_variable[0] = facts->insecure_because[0] = '\0';
        facts->forged_errno = 0;
        if (!facts->has_efi_variables) {
                (void) str_copy(facts->insecure_because, sizeof(facts->insecure_because),
                                facts->is_efi ? "the firmware gives no variables at run time" : "this is no UEFI boot");
                return;
        }
        find_forged(root_fd, facts);
        facts->is_uki_measured = is_uki_measured(root_fd);
        facts->has_systemd_options = has_systemd_options(root_fd);
        read_boot_partuuid(root_fd, facts);
        facts->is_secure_boot = are_flags_fine(root_fd, facts) && is_shim_table_fine(root_fd, facts);
}
