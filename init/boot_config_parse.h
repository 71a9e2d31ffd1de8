/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What the files of the command line parser share: boot_config.c (words, and what follows from all of them),
 * boot_config_keys.c (the table), boot_config_verity.c and boot_config_options.c (option lists), device_spec.c.
 */
#pragma once

#include "verinit/boot_config.h"

/* At least as many as the table has: a static assertion holds that. */
enum { CONFIG_MAX_KEYS = 32 };

/* ro or rw, as far as they were said. */
enum ro_word { RO_UNSAID = 0, RO_SAID, RW_SAID };

/* The result, and what must be remembered until all words are read. */
struct config_parse {
        struct boot_config config;
        enum ro_word ro_word;  /* ro, rw */
        enum ro_word ro_flag;  /* in rootflags= */
        const char *root;      /* root=, NULL if not given */
        const char *verity_off; /* the key that said no */
        const char *mount_usr;
        struct error *err;
};

enum value_need { VALUE_REQUIRED = 0, VALUE_OPTIONAL, VALUE_NONE };

struct config_key {
        const char *name;
        enum value_need value;
        bool may_repeat;
        bool dash_is_underscore; /* systemd compares its systemd.verity_* keys so */
        int (*apply)(struct config_parse *p, const struct config_key *key, const char *value);
};

extern const struct config_key config_keys[];
extern const size_t n_config_keys;

/* Fails with "command line: KEY=VALUE: why". */
int config_refuse(struct config_parse *p, enum fail_code code, const char *key, const char *value, const char *fmt,
                  ...) _printf_(5, 6);

/* As systemd: 1 yes y true t on, 0 no n false f off, in either case. */
bool config_parse_bool(const char *text, bool *ret);
bool device_spec_parse(const char *text, struct device_spec *ret);

int config_verity_options(struct config_parse *p, const struct config_key *key, const char *value);
int config_usr_flags(struct config_parse *p, const struct config_key *key, const char *value);
int config_root_flags(struct config_parse *p, const struct config_key *key, const char *value);
