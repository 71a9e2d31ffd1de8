/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A device as it is named on the command line: systemd's tags and plain device nodes.
 */
#include <stdio.h>

#include "verinit/uuid.h"

#include "boot_config_parse.h"

static const struct {
        enum device_spec_kind kind;
        const char *prefix;
} device_tags[] = {
        { DEVICE_PARTUUID, "PARTUUID=" },
        { DEVICE_PARTLABEL, "PARTLABEL=" },
        { DEVICE_LABEL, "LABEL=" },
        { DEVICE_UUID, "UUID=" },
};

static bool is_partuuid(const char *text)
{
        uint8_t uuid[16];

        return uuid_parse(text, uuid);
}

/* UUIDs of file systems come in several forms (vfat: 1234-ABCD). */
static bool is_uuid(const char *text)
{
        if (text[0] == '\0' || strlen(text) > 36)
                return false;
        for (; *text; text++)
                if (!strchr("0123456789abcdef-", *text))
                        return false;
        return true;
}

static bool is_device_component(const char *text, size_t n)
{
        if (n == 0 || text[0] == '.')
                return false;
        for (size_t i = 0; i < n; i++)
                if ((unsigned char) text[i] <= 0x20 || (unsigned char) text[i] >= 0x7f)
                        return false;
        return true;
}

/* /dev/NAME or /dev/DIR/NAME. A name that begins with a dot is no device, and two of them lead out of /dev. */
static bool is_device_path(const char *text)
{
        const char *rest = str_after(text, "/dev/"), *slash;

        if (!rest)
                return false;
        slash = strchr(rest, '/');
        if (!slash)
                return is_device_component(rest, strlen(rest));
        return is_device_component(rest, (size_t) (slash - rest)) && !strchr(slash + 1, '/') &&
               is_device_component(slash + 1, strlen(slash + 1));
}

static void lower_case(char *text)
{
        for (; *text; text++)
                if (*text >= 'A' && *text <= 'Z')
                        *text = (char) (*text - 'A' + 'a');
}

static bool parse_tag(enum device_spec_kind kind, const char *value, struct device_spec *ret)
{
        struct device_spec spec = { .kind = kind };

        if (value[0] == '\0' || !str_copy(spec.value, sizeof(spec.value), value))
                return false;
        switch (kind) {
        case DEVICE_PARTUUID:
                lower_case(spec.value);
                if (!is_partuuid(spec.value))
                        return false;
                break;
        case DEVICE_UUID:
                lower_case(spec.value);
                if (!is_uuid(spec.value))
                        return false;
                break;
        case DEVICE_NONE:
        case DEVICE_PATH:
        case DEVICE_PARTLABEL:
        case DEVICE_LABEL:
        case DEVICE_PARTTYPE:
        default:
                break;
        }
        *ret = spec;
        return true;
}

bool device_spec_parse(const char *text, struct device_spec *ret)
{
        for (size_t i = 0; i < ARRAY_SIZE(device_tags); i++) {
                const char *value = str_after(text, device_tags[i].prefix);

                if (value)
                        return parse_tag(device_tags[i].kind, value, ret);
        }
        if (!is_device_path(text) || strlen(text) >= sizeof(ret->value))
                return false;
        ret->kind = DEVICE_PATH;
        return str_copy(ret->value, sizeof(ret->value), text);
}

void device_spec_format(const struct device_spec *spec, char *ret_text, size_t size)
{
        const char *prefix = spec->kind == DEVICE_PARTTYPE ? "partition type " : "";

        for (size_t i = 0; i < ARRAY_SIZE(device_tags); i++)
                if (device_tags[i].kind == spec->kind)
                        prefix = device_tags[i].prefix;
        (void) snprintf(ret_text, size, "%s%s", prefix, spec->kind == DEVICE_NONE ? "none" : spec->value);
}
