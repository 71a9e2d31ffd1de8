/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * selinux/config: read to know what the host's own reload will make of it, not to obey it.
 */
#include <errno.h>

#include "verinit/policy.h"

static const char *const modes[] = {
        [POLICY_MODE_NONE] = "none",
        [POLICY_MODE_DISABLED] = "disabled",
        [POLICY_MODE_PERMISSIVE] = "permissive",
        [POLICY_MODE_ENFORCING] = "enforcing",
};

const char *policy_mode_name(enum policy_mode mode)
{
        return modes[(unsigned) mode < ARRAY_SIZE(modes) ? mode : POLICY_MODE_NONE];
}

static bool is_blank(char c)
{
        return c == ' ' || c == '\t' || c == '\r';
}

static bool is_name_char(char c)
{
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
}

static int set_mode(const char *value, struct policy_config *config, struct error *err)
{
        if (config->mode != POLICY_MODE_NONE)
                return error_set(err, FAIL_POLICY_CONFIG_WEAK_CODE, EINVAL, "SELINUX= stands there twice");
        for (size_t i = POLICY_MODE_DISABLED; i < ARRAY_SIZE(modes); i++)
                if (str_equal(value, modes[i])) {
                        config->mode = (enum policy_mode) i;
                        return 0;
                }
        return error_set(err, FAIL_POLICY_CONFIG_WEAK_CODE, EINVAL,
                         "SELINUX=%s is none of enforcing, permissive, disabled", value);
}

/* The type becomes part of a path. */
static int set_type(const char *value, struct policy_config *config, struct error *err)
{
        if (config->type[0])
                return error_set(err, FAIL_POLICY_CONFIG_WEAK_CODE, EINVAL, "SELINUXTYPE= stands there twice");
        for (const char *p = value; *p; p++)
                if (!is_name_char(*p))
                        return error_set(err, FAIL_POLICY_CONFIG_WEAK_CODE, EINVAL,
                                         "SELINUXTYPE=%s is not a plain name", value);
        if (!*value || !str_copy(config->type, sizeof(config->type), value))
                return error_set(err, FAIL_POLICY_CONFIG_WEAK_CODE, EINVAL,
                                 "SELINUXTYPE= is empty or longer than %d bytes", POLICY_TYPE_MAX - 1);
        return 0;
}

/* A line without its end and without blanks at its end. Other keys (SETLOCALDEFS=) decide nothing here. */
static int parse_line(const char *line, struct policy_config *config, struct error *err)
{
        const char *value, *p = line;

        if ((value = str_after(line, "SELINUX=")))
                return set_mode(value, config, err);
        if ((value = str_after(line, "SELINUXTYPE=")))
                return set_type(value, config, err);
        while (is_blank(*p))
                p++;
        if (strncasecmp(p, "SELINUX", strlen("SELINUX")) == 0)
                return error_set(err, FAIL_POLICY_CONFIG_WEAK_CODE, EINVAL,
                                 "'%s': only SELINUX= and SELINUXTYPE= at the start of a line are understood", line);
        return 0;
}

int policy_config_parse(const char *text, size_t size, struct policy_config *ret, struct error *err)
{
        struct policy_config config = { 0 };
        char line[256];

        if (size > POLICY_CONFIG_MAX_BYTES || memchr(text, 0, size))
                return error_set(err, FAIL_POLICY_CONFIG_WEAK_CODE, EINVAL, "longer than %d bytes, or a NUL in it",
                                 POLICY_CONFIG_MAX_BYTES);

        for (const char *p = text, *end = text + size; p < end;) {
                const char *newline = memchr(p, '\n', (size_t) (end - p));
                size_t n = (size_t) ((newline ? newline : end) - p);
                int r;

                if (n >= sizeof(line))
                        return error_set(err, FAIL_POLICY_CONFIG_WEAK_CODE, EINVAL,
                                         "a line is longer than %zu bytes", sizeof(line) - 1);
                memcpy(line, p, n);
                p += n + (newline ? 1 : 0);
                while (n > 0 && is_blank(line[n - 1]))
                        n--;
                line[n] = 0;
                r = parse_line(line, &config, err);
                if (r < 0)
                        return r;
        }

        if (config.mode == POLICY_MODE_NONE || !config.type[0])
                return error_set(err, FAIL_POLICY_CONFIG_WEAK_CODE, ENOENT, "it says no %s",
                                 config.mode == POLICY_MODE_NONE ? "SELINUX=" : "SELINUXTYPE=");
        *ret = config;
        return 0;
}
