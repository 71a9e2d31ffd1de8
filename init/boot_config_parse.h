/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What the files of the command line parser share: boot_config.c (words, and what follows from all of them),
 * boot_config_keys.c (the table of keys), boot_config_usr.c and boot_config_words.c (what each key does),
 * boot_config_guard.c (words of others that are refused), boot_config_verity.c and boot_config_options.c (option lists),
 * boot_config_geometry.c (whether all that says the shape of the volume agrees), boot_config_ipe.c, device_spec.c.
 */
#pragma once

#include "verinit/boot_config.h"

/* At least as many as the tables have: static assertions hold that. */
enum { CONFIG_MAX_KEYS = 48, CONFIG_MAX_GUARDS = 96 };

/* ro or rw, as far as they were said. */
enum ro_word { RO_UNSAID = 0, RO_SAID, RW_SAID };

/* Options of systemd.verity_usr_options= that only count with superblock=no. */
enum shape_option {
        SHAPE_FORMAT = 0,
        SHAPE_ALGORITHM,
        SHAPE_DATA_BLOCK,
        SHAPE_HASH_BLOCK,
        SHAPE_DATA_BLOCKS,
        SHAPE_SALT,
        SHAPE_UUID,
        _SHAPE_MAX,
};

/* The result, and what must be remembered until all words are read. */
struct config_parse {
        struct boot_config config;
        bool guard_seen[CONFIG_MAX_GUARDS];
        enum ro_word ro_word;  /* ro, rw */
        enum ro_word ro_flag;  /* in rootflags= */
        const char *root;      /* root=, NULL if not given */
        const char *verity_off; /* the key that said no */
        struct device_spec flatcar_usr; /* verity.usr= */
        struct device_spec signature_partition; /* acl.verity_usr_signature= */
        bool has_pin;
        struct verity_geometry pin; /* init.verity= */
        bool has_shape[_SHAPE_MAX];
        struct verity_geometry shape; /* the options that were given */
        bool has_hash_offset;
        bool has_fec_place; /* fec-offset= or fec-roots= */
        bool says_no_superblock;
        bool has_signature; /* root-hash-signature=, or systemd's short form of it */
        struct error *err;
};

enum value_need { VALUE_REQUIRED = 0, VALUE_OPTIONAL, VALUE_NONE };

struct config_key {
        const char *name;
        enum value_need value;
        bool may_repeat;
        bool dash_is_underscore;
        const char *same_as; /* the name that systemd has for it: one of the two is given */
        int (*apply)(struct config_parse *p, const struct config_key *key, const char *value);
};

extern const struct config_key config_keys[];
extern const size_t n_config_keys;

bool config_is_of_family(const char *key);

/* NULL: not guarded. */
const struct guarded_word *config_find_guard(const struct cmdline_word *word);
int config_apply_guard(struct config_parse *p, const struct guarded_word *guard, const struct cmdline_word *word);

/* Fails with "command line: KEY=VALUE: why". */
int config_refuse(struct config_parse *p, enum fail_code code, const char *key, const char *value, const char *fmt,
                  ...) _printf_(5, 6);
int config_bad_value(struct config_parse *p, const struct config_key *key, const char *value, const char *expected);

/* As systemd: 1 yes y true t on, 0 no n false f off, in either case. */
bool config_parse_bool(const char *text, bool *ret);
bool device_spec_parse(const char *text, struct device_spec *ret);

/* After all words: what says the shape of the volume must agree, and the root hash must fit. */
int config_finish_geometry(struct config_parse *p);
/* One signature, not two. */
int config_finish_signature(struct config_parse *p);
/* The IPE policy that is named is the floor's, if the floor names one. */
int config_finish_ipe(struct config_parse *p);

typedef int config_apply(struct config_parse *p, const struct config_key *key, const char *value);

config_apply config_apply_usrhash, config_apply_pin, config_apply_root_on_verity, config_apply_verity;
config_apply config_apply_usr_data, config_apply_usr_hash, config_apply_flatcar_usr, config_apply_signature_partition;
config_apply config_apply_mount_usr, config_apply_usr_fstype, config_apply_root_fstype;
config_apply config_apply_root, config_apply_ro, config_apply_rw, config_apply_init;
config_apply config_apply_debug, config_apply_timeout, config_apply_on_failure;
config_apply config_apply_enforcing, config_apply_selinux, config_apply_security, config_apply_lsm;
config_apply config_apply_set_credential, config_apply_import_credentials;
config_apply config_apply_acl_slot, config_apply_ipe, config_apply_ipe_policy;
config_apply config_verity_options, config_usr_flags, config_root_flags;

int config_apply_fstype(struct config_parse *p, const struct config_key *key, const char *value, char ret[static 16]);
