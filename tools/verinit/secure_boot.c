/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <stdio.h>
#include <sys/stat.h>

#include "verinit/efi_variable.h"

#include "secure_boot.h"

enum { STORE_MAX_BYTES = 64 * 1024 * 1024, VARIABLE_MAX_BYTES = 1024 * 1024 };

#define GLOBAL { 0x61, 0xdf, 0xe4, 0x8b, 0xca, 0x93, 0xd2, 0x11, 0xaa, 0x0d, 0x00, 0xe0, 0x98, 0x03, 0x2b, 0x8c }, \
               "8be4df61-93ca-11d2-aa0d-00e098032b8c"
#define DATABASE { 0xcb, 0xb2, 0x19, 0xd7, 0x3a, 0x3d, 0x96, 0x45, 0xa3, 0xbc, 0xda, 0xd0, 0x0e, 0x67, 0x65, 0x6f }, \
                 "d719b2cb-3d3a-4596-a3bc-dad00e67656f"

const struct secure_boot_name secure_boot_names[_SECURE_BOOT_MAX] = {
        [SECURE_BOOT_STATE] = { "SecureBoot", GLOBAL }, [SECURE_BOOT_PK] = { "PK", GLOBAL },
        [SECURE_BOOT_KEK] = { "KEK", GLOBAL },          [SECURE_BOOT_DB] = { "db", DATABASE },
        [SECURE_BOOT_DBX] = { "dbx", DATABASE },
};

/* gEfiSecureBootEnableDisableGuid */
static const uint8_t enable_vendor[EFI_GUID_BYTES] = {
        0xc7, 0x0b, 0xa3, 0xf0, 0x08, 0xaf, 0x56, 0x45, 0x99, 0xc4, 0x00, 0x10, 0x09, 0xc9, 0x3a, 0x44,
};

/*
 * SecureBoot itself is not stored: EDK2 (SecurityPkg, AuthVariableLib) makes it 1 if there is a PK and nobody has set SecureBootEnable
 * to 0.
 */
static int read_state(const char *path, const struct buffer *file, struct secure_boot *sb, struct trouble *t)
{
        struct iovec enable;
        uint8_t state;
        int r = efi_store_find(file->data, file->size, enable_vendor, "SecureBootEnable", &enable);

        if (r < 0 && r != -ENOENT)
                return trouble_set(t, OUTCOME_TROUBLE, "%s is not a sound store of EDK2's authenticated variables", path);
        if (r == 0 && enable.iov_len != 1)
                return trouble_set(t, OUTCOME_TROUBLE, "%s: SecureBootEnable is not one byte", path);
        sb->is_on = sb->values[SECURE_BOOT_PK].size > 0 && (r < 0 || *(const uint8_t *) enable.iov_base == 1);
        state = sb->is_on;
        return buffer_append(&sb->values[SECURE_BOOT_STATE], &state, 1) < 0 ? trouble_set_errno(t, ENOMEM, "cannot read %s", path) : 0;
}

static int read_store(const char *path, struct secure_boot *sb, struct trouble *t)
{
        _cleanup_buffer_ struct buffer file = {};

        if (tool_read_file(path, STORE_MAX_BYTES, &file, t) < 0)
                return -1;
        for (size_t i = SECURE_BOOT_PK; i < _SECURE_BOOT_MAX; i++) {
                struct iovec found = {};
                int r = efi_store_find(file.data, file.size, secure_boot_names[i].vendor, secure_boot_names[i].name, &found);

                if (r < 0 && r != -ENOENT)
                        return trouble_set(t, OUTCOME_TROUBLE, "%s is not a sound store of EDK2's authenticated variables", path);
                if (r == 0 && buffer_append(&sb->values[i], found.iov_base, found.iov_len) < 0)
                        return trouble_set_errno(t, ENOMEM, "cannot read %s", path);
        }
        return read_state(path, &file, sb, t);
}

static int read_variable(const char *path, size_t i, struct secure_boot *sb, struct trouble *t)
{
        _cleanup_free_ char *file = tool_format("%s/%s-%s", path, secure_boot_names[i].name, secure_boot_names[i].vendor_text);
        _cleanup_buffer_ struct buffer bytes = {};
        struct efi_variable v;
        struct stat st;

        if (stat(file, &st) < 0 && errno == ENOENT)
                return 0;
        if (tool_read_file(file, VARIABLE_MAX_BYTES, &bytes, t) < 0)
                return -1;
        if (!efi_variable_parse(bytes.data, bytes.size, &v))
                return trouble_set(t, OUTCOME_TROUBLE, "%s is not as efivarfs has it: it has no attributes", file);
        return buffer_append(&sb->values[i], v.data, v.size) < 0 ? trouble_set_errno(t, ENOMEM, "cannot read %s", file) : 0;
}

static int read_directory(const char *path, struct secure_boot *sb, struct trouble *t)
{
        struct buffer *state = &sb->values[SECURE_BOOT_STATE];

        for (size_t i = 0; i < _SECURE_BOOT_MAX; i++)
                if (read_variable(path, i, sb, t) < 0)
                        return -1;
        if (state->size != 1 || state->data[0] > 1)
                return trouble_set(t, OUTCOME_TROUBLE, "%s has no variable SecureBoot of one byte: is it a directory of efivarfs?", path);
        sb->is_on = state->data[0] == 1;
        return 0;
}

int secure_boot_read(const char *path, struct secure_boot *ret, struct trouble *t)
{
        struct secure_boot sb = { .is_read = true };
        struct stat st;
        int r;

        if (stat(path, &st) < 0)
                return trouble_set_errno(t, errno, "cannot read %s", path);
        r = S_ISDIR(st.st_mode) ? read_directory(path, &sb, t) : read_store(path, &sb, t);
        if (r < 0) {
                secure_boot_done(&sb);
                return -1;
        }
        *ret = sb;
        return 0;
}

void secure_boot_done(struct secure_boot *sb)
{
        for (size_t i = 0; i < _SECURE_BOOT_MAX; i++)
                buffer_done(&sb->values[i]);
}
