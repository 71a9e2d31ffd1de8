/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The floor: what this image demands, from /etc/verinit/floor.conf in the signed initramfs; verinit-floor(5).
 * Zero is the strictest value of each field, so no file, or a key left out, demands everything.
 */
#pragma once

#include "verinit/error.h"

enum need { NEED_REQUIRE = 0, NEED_ALLOW };

/* Which root the image may be given. An unverified root is code: it must be named. */
enum floor_root { FLOOR_ROOT_TMPFS = 0, FLOOR_ROOT_UNVERIFIED };

enum etc_mode {
        ETC_OVERLAY = 0, /* verified /usr/etc below, tmpfs above */
        ETC_TMPFS,       /* empty, but for /etc/selinux: the host populates it from /usr */
        ETC_PLAIN,       /* the root's own; only with root=unverified */
};

enum { FLOOR_MAX_BYTES = 16384, FLOOR_MAX_EXTRA_WORDS = 32, FLOOR_WORD_MAX = 128 };

struct floor {
        enum need tpm;     /* allow: a machine without a measured boot is let pass, and says so */
        enum need selinux; /* allow: an image or kernel without SELinux is let pass, and says so */
        enum need cmdline; /* allow: no baked command line is let pass (a difference never is) */
        enum floor_root root;
        enum etc_mode etc;
        char selinux_dir[128];        /* below /usr, without it; default "etc/selinux" */
        unsigned panic_timeout_s;     /* kernel.panic; 1 to 300; default 10 */
        unsigned failure_delay_s;     /* before the reboot; 0 to 300; default 10 */
        unsigned device_timeout_s;    /* how long find waits at most by default; 1 to 3600; default 90 */
        size_t n_extra_words;         /* words that may follow the baked command line */
        char extra_words[FLOOR_MAX_EXTRA_WORDS][FLOOR_WORD_MAX];
};

void floor_init(struct floor *ret);

/* Lines "key=value", '#' comments, each key once (extra-words= may repeat). Pure. Unknown key or value: refused. */
int floor_parse(const char *text, size_t size, struct floor *ret, struct error *err);
