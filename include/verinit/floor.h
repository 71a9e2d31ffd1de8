/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The floor: what this image demands, from /etc/verinit/floor.conf in the signed initramfs; verinit-floor(5).
 * Zero is the strictest value of each field, so no file, or a key left out, demands everything.
 */
#pragma once

#include "verinit/digest.h"
#include "verinit/error.h"

/* Relative to the root directory, as all files. */
#define FLOOR_PATH "etc/verinit/floor.conf"

enum need { NEED_REQUIRE = 0, NEED_ALLOW };

/* Which root the image may be given. An unverified root is code: it must be named. */
enum floor_root { FLOOR_ROOT_TMPFS = 0, FLOOR_ROOT_UNVERIFIED };

enum etc_mode {
        ETC_OVERLAY = 0, /* verified /usr/etc below, tmpfs above */
        ETC_TMPFS,       /* empty, but for /etc/selinux: the host populates it from /usr */
        ETC_PLAIN,       /* the root's own; only with root=unverified */
};

/* When the kernel stops to take another SELinux policy, and 0 for enforcing, until the next boot. */
enum selinux_lock {
        SELINUX_LOCK_EARLY = 0, /* before the first instruction of the host */
        SELINUX_LOCK_LATE,      /* by a unit of the verified /usr, once systemd has loaded the policy again */
        SELINUX_LOCK_NONE,
};

/* Which credentials of the machine room may reach the booted system. */
enum floor_credentials {
        CREDENTIALS_NONE = 0,      /* neither ESP nor SMBIOS nor fw_cfg nor the command line */
        CREDENTIALS_ESP_ENCRYPTED, /* those of the ESP, which are sealed: systemd-stub's /.extra/credentials */
        CREDENTIALS_PLATFORM,      /* as on a host with systemd's own initrd */
};

/* What may be done at the end of a failed boot: bits, so that a floor may allow several. */
enum failure_action_bits { FAILURE_REBOOT = 1 << 0, FAILURE_POWEROFF = 1 << 1, FAILURE_HALT = 1 << 2 };

/* The bit of "reboot", "poweroff" or "halt", n bytes long; 0: none of these. */
unsigned failure_action_bit(const char *name, size_t n);
const char *failure_action_word(unsigned bit); /* NULL: no such bit */

enum {
        FLOOR_MAX_BYTES = 16384,
        FLOOR_MAX_EXTRA_WORDS = 32,
        FLOOR_WORD_MAX = 128,
        FLOOR_MAX_ADDONS = 8,
        FLOOR_MAX_ADDON_KEYS = 32,
        FLOOR_MAX_CERTIFICATES = 4,
        FLOOR_MAX_IPE_POLICIES = 4,
        FLOOR_TPM_NAME_MAX = 66, /* bytes: u16 algorithm, digest */
};

struct floor {
        enum need tpm;     /* allow: a machine without a measured boot is let pass, and says so */
        enum need selinux; /* allow: an image or kernel without SELinux is let pass, and says so */
        enum need cmdline; /* allow: no baked command line is let pass (a difference never is) */
        enum need secure_boot;         /* allow: Secure Boot may be off */
        enum need cmdline_replay;      /* allow: "not provable" is let pass; "disproved" never is */
        enum need root_hash_signature; /* allow: no signature is let pass; a bad one never is */
        enum need pinned_geometry;     /* allow: no init.verity= is let pass */
        enum need boot_disk_only;      /* allow: the disk that was booted from need not be known */
        enum need ipe;                 /* allow: no IPE policy is let pass; one that is named is loaded all the same */
        bool keeps_mac_admin;          /* ipe-drop-mac-admin=no: the host keeps CAP_MAC_ADMIN beside an IPE policy */
        enum need debug;               /* require: production; init.debug=1 is refused. allow: it is obeyed */
        enum floor_root root;
        enum etc_mode etc;
        char init_path[FLOOR_WORD_MAX]; /* init=: what the command line may name beside systemd and init; empty: nothing */
        enum selinux_lock selinux_lock;
        char selinux_dir[128];        /* below /usr, without it; default "etc/selinux" */
        unsigned panic_timeout_s;     /* kernel.panic; 1 to 300; default 10 */
        unsigned failure_delay_s;     /* before the reboot; 0 to 300; default 10 */
        unsigned device_timeout_s;    /* how long find waits at most by default; 1 to 3600; default 90 */
        size_t n_extra_words;         /* words that may follow the baked command line */
        char extra_words[FLOOR_MAX_EXTRA_WORDS][FLOOR_WORD_MAX];

        /*
         * addon=: SHA-256 of the data of the event that systemd-stub logs for a signed add-on's command line in PCR 12
         * (UTF-16LE with its NUL). addon-keys=: the keys that its words may set.
         */
        size_t n_addons;
        struct digest addons[FLOOR_MAX_ADDONS];
        size_t n_addon_keys;
        char addon_keys[FLOOR_MAX_ADDON_KEYS][FLOOR_WORD_MAX];

        /* Files of the initramfs that are trusted, by their SHA-256; DIGEST_NONE: not named. The builder fills these. */
        struct digest baked_cmdline;  /* etc/verinit/cmdline */
        struct digest modules;        /* etc/verinit/modules, the table */
        size_t n_certificates;        /* etc/verinit/certificates/<hex>.der: X.509, for root hash signatures */
        struct digest certificates[FLOOR_MAX_CERTIFICATES];
        size_t n_ipe_policies;        /* etc/verinit/ipe/<hex>.p7b: signed IPE policies; the first one becomes active */
        struct digest ipe_policies[FLOOR_MAX_IPE_POLICIES];

        enum floor_credentials credentials;
        bool os_separator;            /* the host's systemd is 261 or newer */
        unsigned failure_actions;     /* enum failure_action_bits: what init.on-failure= may choose from; default REBOOT */
        unsigned failure_default;     /* one of them: what is done if it chooses nothing */
        unsigned failure_delay_max_s; /* to what VerinitLastFailure may lengthen the delay; default 60 */
        unsigned watchdog_s;          /* 0: none; else 10 to 600 */
        size_t tpm_ek_size;           /* tpm-ek=: the TPM Name of a persistent key; 0: not given */
        uint8_t tpm_ek[FLOOR_TPM_NAME_MAX];
};

const char *selinux_lock_name(enum selinux_lock lock); /* as in the file */

void floor_init(struct floor *ret);

bool floor_has_addon_key(const struct floor *floor, const char *key);

/* Lines "key=value", '#' comments, each key once (extra-words= may repeat). Pure. Unknown key or value: refused. */
int floor_parse(const char *text, size_t size, struct floor *ret, struct error *err);
