/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * UAPI: TCG PC Client Platform Firmware Profile 1.06, tables 27 to 34; UEFI 2.10, 3.1.3 (load options) and 10.3 (device paths).
 * Each length in the data is of the writer's making, so all of it is read through one cursor.
 */
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>

#include "verinit/le.h"
#include "verinit/tcg2_describe.h"
#include "verinit/uuid.h"

enum {
        EV_POST_CODE = 0x01,
        EV_SEPARATOR = 0x04,
        EV_S_CRTM_VERSION = 0x08,
        EV_POST_CODE2 = 0x13,
        EV_EFI_VARIABLE_DRIVER_CONFIG = 0x01, /* from here on: above EFI */
        EV_EFI_VARIABLE_BOOT = 0x02,
        EV_EFI_BOOT_SERVICES_APPLICATION = 0x03,
        EV_EFI_BOOT_SERVICES_DRIVER = 0x04,
        EV_EFI_RUNTIME_SERVICES_DRIVER = 0x05,
        EV_EFI_GPT_EVENT = 0x06,
        EV_EFI_PLATFORM_FIRMWARE_BLOB = 0x08,
        EV_EFI_PLATFORM_FIRMWARE_BLOB2 = 0x0a,
        EV_EFI_HANDOFF_TABLES2 = 0x0b,
        EV_EFI_VARIABLE_BOOT2 = 0x0c,
        EV_EFI_GPT_EVENT2 = 0x0d,
        EV_EFI_VARIABLE_AUTHORITY = 0xe0,
};

#define EFI 0x80000000U

const char *tcg2_event_type_name(uint32_t type)
{
        static const char *const plain[] = {
                "EV_PREBOOT_CERT", "EV_POST_CODE", "EV_UNUSED", "EV_NO_ACTION", "EV_SEPARATOR", "EV_ACTION", "EV_EVENT_TAG",
                "EV_S_CRTM_CONTENTS", "EV_S_CRTM_VERSION", "EV_CPU_MICROCODE", "EV_PLATFORM_CONFIG_FLAGS", "EV_TABLE_OF_DEVICES",
                "EV_COMPACT_HASH", "EV_IPL", "EV_IPL_PARTITION_DATA", "EV_NONHOST_CODE", "EV_NONHOST_CONFIG", "EV_NONHOST_INFO",
                "EV_OMIT_BOOT_DEVICE_EVENTS", "EV_POST_CODE2",
        };
        static const char *const efi[] = {
                "EV_EFI_EVENT_BASE", "EV_EFI_VARIABLE_DRIVER_CONFIG", "EV_EFI_VARIABLE_BOOT", "EV_EFI_BOOT_SERVICES_APPLICATION",
                "EV_EFI_BOOT_SERVICES_DRIVER", "EV_EFI_RUNTIME_SERVICES_DRIVER", "EV_EFI_GPT_EVENT", "EV_EFI_ACTION",
                "EV_EFI_PLATFORM_FIRMWARE_BLOB", "EV_EFI_HANDOFF_TABLES", "EV_EFI_PLATFORM_FIRMWARE_BLOB2",
                "EV_EFI_HANDOFF_TABLES2", "EV_EFI_VARIABLE_BOOT2", "EV_EFI_GPT_EVENT2", NULL, NULL, "EV_EFI_HCRTM_EVENT",
        };
        static const char *const more[] = {
                "EV_EFI_VARIABLE_AUTHORITY", "EV_EFI_SPDM_FIRMWARE_BLOB", "EV_EFI_SPDM_FIRMWARE_CONFIG",
                "EV_EFI_SPDM_DEVICE_POLICY", "EV_EFI_SPDM_DEVICE_AUTHORITY",
        };

        if (type < ARRAY_SIZE(plain))
                return plain[type];
        if (type >= EFI && type - EFI < ARRAY_SIZE(efi))
                return efi[type - EFI];
        if (type >= EFI + EV_EFI_VARIABLE_AUTHORITY && type - EFI - EV_EFI_VARIABLE_AUTHORITY < ARRAY_SIZE(more))
                return more[type - EFI - EV_EFI_VARIABLE_AUTHORITY];
        return NULL;
}

struct bytes {
        const uint8_t *at;
        size_t left;
};

struct text {
        char *p;
        size_t n;
        bool is_cut;
};

static void put(struct text *t, char c)
{
        if (t->n == TCG2_DESCRIPTION_MAX)
                t->is_cut = true;
        else
                t->p[t->n++] = c >= 0x20 && c <= 0x7e ? c : '?';
}

static void say(struct text *t, const char *fmt, ...) _printf_(2, 3);

static void say(struct text *t, const char *fmt, ...)
{
        char piece[TCG2_DESCRIPTION_MAX + 1];
        va_list args;

        va_start(args, fmt);
        (void) vsnprintf(piece, sizeof(piece), fmt, args);
        va_end(args);
        for (const char *p = piece; *p; p++)
                put(t, *p);
}

static bool take(struct bytes *b, size_t n, struct bytes *ret)
{
        if (n > b->left)
                return false;
        *ret = (struct bytes) { b->at, n };
        b->at += n;
        b->left -= n;
        return true;
}

static bool take_number(struct bytes *b, size_t n, uint64_t *ret)
{
        struct bytes field;

        if (!take(b, n, &field))
                return false;
        *ret = n == 8 ? le64_read(field.at) : n == 4 ? le32_read(field.at) : n == 2 ? le16_read(field.at) : field.at[0];
        return true;
}

/* UTF-16LE up to a NUL, or to the end. */
static void say_utf16(struct text *t, const struct bytes *b)
{
        for (size_t i = 0; i + 2 <= b->left; i += 2) {
                uint16_t c = le16_read(b->at + i);

                if (c == 0)
                        return;
                put(t, c < 0x7f ? (char) c : '?');
        }
}

static bool is_utf16(const struct bytes *b)
{
        if (b->left < 4 || b->left % 2 != 0)
                return false;
        for (size_t i = 0; i < b->left; i += 2)
                if (b->at[i + 1] != 0 || (b->at[i] == 0 && i + 2 < b->left))
                        return false;
        return true;
}

static bool is_ascii(const struct bytes *b)
{
        size_t n = b->left;

        if (n > 0 && b->at[n - 1] == 0)
                n--;
        for (size_t i = 0; i < n; i++)
                if (b->at[i] < 0x20 || b->at[i] > 0x7e)
                        return false;
        return n > 0;
}

/* Text if it looks like one. */
static void say_content(struct text *t, const struct bytes *b)
{
        if (is_utf16(b)) {
                say_utf16(t, b);
        } else if (is_ascii(b)) {
                for (size_t i = 0; i < b->left && b->at[i] != 0; i++)
                        put(t, (char) b->at[i]);
        } else if (b->left > 0) {
                say(t, "%zu bytes", b->left);
        }
}

static bool say_separator(struct text *t, struct bytes b)
{
        if (b.left != 4)
                return false;
        say(t, le32_read(b.at) == 1 ? "separator: the firmware had an error" : "separator");
        return true;
}

static bool say_no_action(struct text *t, struct bytes b)
{
        static const char locality[16] = "StartupLocality";
        struct bytes name;

        if (!take(&b, sizeof(locality), &name))
                return false;
        if (memcmp(name.at, locality, sizeof(locality)) == 0 && b.left == 1) {
                say(t, "the TPM was started from locality %u", b.at[0]);
                return true;
        }
        for (size_t i = 0; i < name.left && name.at[i] != 0; i++)
                put(t, (char) name.at[i]);
        return true;
}

static bool say_tag(struct text *t, struct bytes b)
{
        static const struct {
                uint32_t id;
                const char *name;
        } known[] = {
                { TCG2_TAG_INITRD, "Linux initrd" },
                { TCG2_TAG_LOAD_OPTIONS, "LoadOptions" },
                { TCG2_TAG_LOADER_CONF, "loader.conf" },
                { TCG2_TAG_DEVICETREE_ADDON, "device tree add-on" },
                { TCG2_TAG_INITRD_ADDON, "initrd add-on" },
                { TCG2_TAG_UCODE_ADDON, "microcode add-on" },
                { TCG2_TAG_UKI_PROFILE, "UKI profile" },
                { TCG2_TAG_USERSPACE, "userspace" },
        };
        uint64_t id, size;
        const char *name = NULL;
        struct bytes data;

        if (!take_number(&b, 4, &id) || !take_number(&b, 4, &size) || !take(&b, size, &data))
                return false;
        for (size_t i = 0; i < ARRAY_SIZE(known); i++)
                if (known[i].id == id)
                        name = known[i].name;
        say(t, "%s (tag 0x%08" PRIx64 "): ", name ? name : "unknown", id);
        say_content(t, &data);
        return true;
}

/* The description of a boot entry: attributes, length of the device path, text. */
static bool say_load_option(struct text *t, struct bytes b)
{
        uint64_t attributes, path_size;

        if (!take_number(&b, 4, &attributes) || !take_number(&b, 2, &path_size) || b.left < 2)
                return false;
        say(t, ": '");
        say_utf16(t, &b);
        say(t, "'");
        return true;
}

static bool is_boot_entry(const struct bytes *name)
{
        static const char start[] = "B\0o\0o\0t\0";

        return name->left == 16 && memcmp(name->at, start, 8) == 0;
}

static bool say_variable(struct text *t, struct bytes b)
{
        uint64_t name_chars, data_size;
        struct bytes guid, name, data;

        if (!take(&b, 16, &guid) || !take_number(&b, 8, &name_chars) || !take_number(&b, 8, &data_size) ||
            name_chars > b.left || !take(&b, name_chars * 2, &name) || data_size > b.left || !take(&b, data_size, &data))
                return false;
        say(t, "variable ");
        say_utf16(t, &name);
        if (data.left == 1)
                say(t, " = %u", data.at[0]);
        else if (data.left == 0)
                say(t, ", empty or not there");
        else if (!is_boot_entry(&name) || !say_load_option(t, data))
                say(t, ", %zu bytes", data.left);
        return true;
}

/* The file of a device path, where it has one: node type 4, subtype 4. */
static bool say_file_path(struct text *t, struct bytes path)
{
        uint64_t type, subtype, size;
        struct bytes node;

        while (take_number(&path, 1, &type) && take_number(&path, 1, &subtype) && take_number(&path, 2, &size)) {
                if (size < 4 || !take(&path, size - 4, &node))
                        return false;
                if (type == 4 && subtype == 4 && node.left >= 4) {
                        say_utf16(t, &node);
                        return true;
                }
        }
        return false;
}

static bool say_image(struct text *t, struct bytes b)
{
        uint64_t address, size, link_address, path_size;
        struct bytes path;

        if (!take_number(&b, 8, &address) || !take_number(&b, 8, &size) || !take_number(&b, 8, &link_address) ||
            !take_number(&b, 8, &path_size) || !take(&b, path_size, &path))
                return false;
        say(t, "image of %" PRIu64 " bytes: ", size);
        if (!say_file_path(t, path))
                say(t, "no file path");
        return true;
}

static bool say_blob(struct text *t, struct bytes b)
{
        uint64_t address, size;

        if (b.left != 16 || !take_number(&b, 8, &address) || !take_number(&b, 8, &size))
                return false;
        say(t, "%" PRIu64 " bytes at 0x%" PRIx64, size, address);
        return true;
}

/* A text with its length in front, then addresses. */
static bool say_named(struct text *t, struct bytes b)
{
        uint64_t size;
        struct bytes name;

        if (!take_number(&b, 1, &size) || !take(&b, size, &name) || !is_ascii(&name))
                return false;
        say_content(t, &name);
        return true;
}

/* The header of the partition table, then its entries in use. */
static bool say_gpt(struct text *t, struct bytes b)
{
        struct bytes header;
        char disk[37];
        uint64_t n;

        if (!take(&b, 92, &header) || !take_number(&b, 8, &n))
                return false;
        uuid_format_guid(header.at + 56, disk);
        say(t, "partitions: %" PRIu64 ", disk %s", n, disk);
        return true;
}

static bool say_by_type(struct text *t, uint32_t type, struct bytes b)
{
        switch (type) {
        case EV_SEPARATOR:
                return say_separator(t, b);
        case TCG2_EV_NO_ACTION:
                return say_no_action(t, b);
        case TCG2_EV_EVENT_TAG:
                return say_tag(t, b);
        case EV_POST_CODE:
        case EFI + EV_EFI_PLATFORM_FIRMWARE_BLOB:
                return say_blob(t, b);
        case EV_POST_CODE2:
        case EFI + EV_EFI_PLATFORM_FIRMWARE_BLOB2:
        case EFI + EV_EFI_HANDOFF_TABLES2:
                return say_named(t, b);
        case EV_S_CRTM_VERSION:
                say(t, b.left == 2 && le16_read(b.at) == 0 ? "no version" : "version ");
                return t->n == strlen("no version");
        case EFI + EV_EFI_VARIABLE_DRIVER_CONFIG:
        case EFI + EV_EFI_VARIABLE_BOOT:
        case EFI + EV_EFI_VARIABLE_BOOT2:
        case EFI + EV_EFI_VARIABLE_AUTHORITY:
                return say_variable(t, b);
        case EFI + EV_EFI_BOOT_SERVICES_APPLICATION:
        case EFI + EV_EFI_BOOT_SERVICES_DRIVER:
        case EFI + EV_EFI_RUNTIME_SERVICES_DRIVER:
                return say_image(t, b);
        case EFI + EV_EFI_GPT_EVENT:
        case EFI + EV_EFI_GPT_EVENT2:
                return say_gpt(t, b);
        default:
                return false;
        }
}

void tcg2_event_describe(const struct tcg2_event *event, char ret[static TCG2_DESCRIPTION_MAX + 1])
{
        const struct bytes data = { event->data, event->data_size };
        struct text t = { .p = ret };

        if (!say_by_type(&t, event->type, data))
                say_content(&t, &data);
        if (t.is_cut)
                memcpy(ret + t.n - 3, "...", 3);
        ret[t.n] = '\0';
}
