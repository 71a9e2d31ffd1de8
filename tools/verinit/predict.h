/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What a boot will measure, from files alone: the events, in their order, and what PCRs they come to.
 */
#pragma once

#include "verinit/boot_config.h"

#include "secure_boot.h"
#include "stub_cpio.h"
#include "uki.h"

enum { PREDICT_PCRS = 14, PREDICT_MAX_PHASES = 16 }; /* 4, 7, 9, 11, 12 and 13 of 0 to 13 */

struct predict_file {
        const char *path;
        const char *name; /* the last component */
        struct buffer data;
        struct digest sha256;
};

struct predict_files {
        size_t n;
        struct predict_file *files;
};

enum predict_floor { PREDICT_FLOOR_NONE = 0, PREDICT_FLOOR_UKI, PREDICT_FLOOR_FILE };
enum predict_policy { PREDICT_POLICY_UNKNOWN = 0, PREDICT_POLICY_NONE, PREDICT_POLICY_FILE };

struct predict_input {
        bool pcrs[PREDICT_PCRS];
        bool banks[_DIGEST_ALG_MAX];
        bool secure_boot[2]; /* which of off and on is asked */
        size_t n_phases;
        const char *phases[PREDICT_MAX_PHASES]; /* words with ':' between them */

        struct uki uki;
        struct digest uki_sha256;
        struct predict_files loaders, addons, credentials, global_credentials, sysexts, confexts;
        enum predict_floor floor_from;
        struct buffer floor_text;
        enum predict_policy policy_from;
        struct digest policy; /* SHA-256 */
        struct secure_boot variables;
        struct digest measurements; /* SHA-256 of the file that all this was read from, if it was */
};

enum predict_when { PREDICT_ALWAYS = 0, PREDICT_SECURE_BOOT_OFF, PREDICT_SECURE_BOOT_ON };

struct predict_event {
        unsigned pcr;
        enum predict_when when;
        bool is_word; /* of PID 1's, or of systemd's */
        char *what;
        struct digest digests[_DIGEST_ALG_MAX]; /* those of the banks that are asked */
};

struct prediction {
        const struct predict_input *in;
        struct floor floor;
        struct boot_config config; /* with PCR 13 */
        struct buffer cmdline;     /* as the kernel gets it */
        struct buffer addon_words;
        size_t n_events;
        struct predict_event *events;
        char *undecided[PREDICT_PCRS]; /* why what was given does not say; NULL: it does */
};

extern const unsigned predict_known[];
enum { PREDICT_N_KNOWN = 6 };

/* Fills in the floor that it finds in the UKI, if none was given. */
int predict_make(struct predict_input *in, struct prediction *ret, struct trouble *t);
void predict_done(struct prediction *p);

bool predict_is_given(const struct prediction *p, unsigned pcr); /* asked, and not undecided */
bool predict_has(const struct predict_event *e, unsigned pcr, bool secure_boot);
/* PCR 7 is that of one variable store, in which Secure Boot is on or off. */
bool predict_knows_state(const struct prediction *p, bool secure_boot);

/* The value after all events; phase: words that follow, or NULL. */
int predict_value(const struct prediction *p, enum digest_alg alg, unsigned pcr, bool secure_boot, const char *phase,
                  struct digest *ret, struct trouble *t);

/* For those who make events: the digests of the parts, one after the other. */
int predict_add(struct prediction *p, unsigned pcr, enum predict_when when, const char *what, const struct iovec *parts,
                size_t n_parts, struct trouble *t);
int predict_add_word(struct prediction *p, unsigned pcr, const char *word, struct trouble *t);
void predict_leave_open(struct prediction *p, unsigned pcr, const char *fmt, ...) _printf_(3, 4);

/* One PCR each. */
int predict_images(struct prediction *p, struct trouble *t);   /* 4 */
int predict_secure_boot(struct prediction *p, struct trouble *t); /* 7 */
int predict_kernel(struct prediction *p, struct trouble *t);   /* 9 */
int predict_sections(struct prediction *p, struct trouble *t); /* 11 */
int predict_parameters(struct prediction *p, struct trouble *t); /* 12 */
int predict_archives(struct prediction *p, struct trouble *t); /* 12 and 13 */
int predict_words(struct prediction *p, struct trouble *t);    /* 13 */

/* The archives that systemd-stub makes of what lies on the ESP, in its order: in PCR 12 or 13, and in the initramfs of PCR 9. */
struct predict_archive {
        const char *what; /* as the event has it */
        unsigned pcr;
        const struct predict_files *files;
        const struct stub_directory *directory;
};
enum { PREDICT_N_ARCHIVES = 4 };
struct predict_archive predict_archive_at(const struct predict_input *in, size_t i);
int predict_archive_make(const struct predict_archive *archive, struct buffer *ret, struct trouble *t); /* empty: no files */

int predict_hash(enum digest_alg alg, const struct iovec *parts, size_t n_parts, struct digest *ret, struct trouble *t);

int predict_print_text(const struct prediction *p, struct trouble *t);
/* RFC 8785: one line, keys in order; or indented, for people. */
int predict_format_json(const struct prediction *p, bool is_pretty, struct buffer *ret, struct trouble *t);
