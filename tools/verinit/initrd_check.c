/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>

#include "initrd_check.h"

#include "verinit/features.h"
#include "verinit/floor_check.h"

int initrd_check_floor(const struct buffer *text, struct floor *ret, struct trouble *t)
{
        struct error err = {};

        floor_init(ret);
        if (!text->data)
                return 0;
        return floor_parse((const char *) text->data, text->size, ret, &err) < 0 ? trouble_from_error(t, &err) : 0;
}

int initrd_check_possible(const struct floor *floor, bool has_certificates, bool has_ipe_policy, struct trouble *t)
{
        struct error err = {};

        return floor_check_possible(floor, has_certificates, has_ipe_policy, &err) < 0 ? trouble_from_error(t, &err) : 0;
}

bool initrd_names_ipe_policy(const struct boot_config *config)
{
        struct ipe_named list[FLOOR_MAX_IPE_POLICIES];

        return boot_config_ipe_policies(config, list) > 0;
}

static int refuse_text(struct trouble *t, size_t offset, const char *what, const char *remedy)
{
        return trouble_set(t, OUTCOME_FALSE, "%s: byte %zu of the command line is %s: %s",
                           fail_code_name(FAIL_CMDLINE_MALFORMED_CODE), offset, what, remedy);
}

static int check_canonical(const struct buffer *text, struct trouble *t)
{
        for (size_t i = 0; i < text->size; i++) {
                uint8_t c = text->data[i];

                if (c < 0x20 || c == 0x7f)
                        return refuse_text(t, i, "a control character",
                                           "systemd-stub would make a blank of it; write the blank");
                if (c > 0x7f)
                        return refuse_text(t, i, "not ASCII", "it does not survive the way through the firmware; "
                                           "remove it");
                if (c == ' ' && (i == 0 || i + 1 == text->size))
                        return refuse_text(t, i, "a blank at its beginning or end",
                                           "systemd-stub would drop it; remove it");
                if (c == ' ' && text->data[i - 1] == ' ')
                        return refuse_text(t, i, "a second blank", "ukify would drop it; write one");
        }
        return 0;
}

int initrd_check_cmdline(struct buffer *text, const struct floor *floor, struct boot_config *ret,
                         struct trouble *t)
{
        struct error err = {};

        if (text->size > 0 && text->data[text->size - 1] == '\n')
                text->size--;
        if (check_canonical(text, t) < 0)
                return -1;
        if (boot_config_parse(text->size > 0 ? (const char *) text->data : "", text->size, CMDLINE_KERNEL_LIMIT,
                              floor, ret, &err) < 0)
                return trouble_from_error(t, &err);
        return 0;
}

static bool is_packed(const char *name, const void *userdata)
{
        return module_set_has_feature(userdata, name);
}

int initrd_check_features(const struct module_set *set, const struct boot_config *config, struct trouble *t)
{
        struct feature_need needs[FEATURES_MAX_NEEDED];
        size_t n = features_needed(config, is_packed, set, needs);

        for (size_t i = 0; i < n; i++)
                if (!is_packed(needs[i].name, set))
                        return trouble_set(t, OUTCOME_FALSE, "PID 1 would refuse this with %s: %s asks for %s; "
                                           "add --feature %s, or change it", fail_code_name(FAIL_MODULE_MISSING_CODE),
                                           needs[i].why, needs[i].name, needs[i].name);
        return 0;
}
