/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Words into PCRs, and the log that the host's systemd goes on with; docs/MEASUREMENTS.md.
 *
 * A word is [a-z0-9][a-z0-9.=_-]*, at most 200 bytes; what is extended is H(word), UTF-8, without NUL, in every active bank
 * in one command. The log is systemd's /run/log/systemd/tpm2-measure.log (JSON-seq, v257 src/shared/tpm2-util.c).
 */
#pragma once

#include "verinit/tpm.h"
#include "verinit/verity.h"

enum { MEASURE_WORD_MAX = 200, MEASURE_PCR_PHASE = 11, MEASURE_PCR_WORDS = 13 };

struct measure {
        struct tpm *tpm;
        struct tpm_banks banks;
        int root_fd;       /* where run/log/systemd is */
        char boot_id[33];  /* 32 hex, no dashes */
};

bool measure_word_is_valid(const char *word);

/*
 * Lock, mark the log dirty, extend, append one record in one write, clear the mark. A crash between extend and
 * append leaves the mark (the sticky bit), which readers know. EXTEND_FAILED, MEASURE_LOG_FAILED.
 */
int measure_extend(struct measure *m, unsigned pcr, const char *word, struct error *err);
/* The same, and the log gives it another type than "phase". */
int measure_extend_as(struct measure *m, unsigned pcr, const char *word, const char *event_type, struct error *err);

/* Extends only, ignoring failures, no log: the poison, when nothing else may be trusted to work. */
void measure_poison(struct measure *m, const char *reason);

/* Pure: one JSON-seq record (0x1e … '\n'); its length, or -ENOBUFS. */
ssize_t measure_record_format(unsigned pcr, const struct digest *digests, size_t n_digests, const char *word,
                              const char *event_type, const char *boot_id, uint64_t timestamp_us, char *ret_text,
                              size_t size);

/* The words of PCR 13, for the stages and for who predicts them. */
void measure_format_digest_word(const char *key, const struct digest *d, char ret_word[static MEASURE_WORD_MAX + 1]);
void measure_word_volume(const struct digest *root_hash, char ret_word[static MEASURE_WORD_MAX + 1]);
void measure_word_ipe(const struct digest *policy, char ret_word[static MEASURE_WORD_MAX + 1]); /* one for each, the active one first */
void measure_word_policy(const struct digest *policy, char ret_word[static MEASURE_WORD_MAX + 1]);
void measure_word_root(const char *kind, char ret_word[static MEASURE_WORD_MAX + 1]); /* root_kind_name() */

/* Where stage enter puts MEASURE_SEPARATOR, if the floor has os-separator=yes; in this order. */
#define MEASURE_SEPARATOR "os-separator"
enum { MEASURE_N_SEPARATOR_PCRS = 12 };
extern const unsigned measure_separator_pcrs[MEASURE_N_SEPARATOR_PCRS];

/* Extends "verinit.usr-verity=…" from the live table, and so makes the witness that stage usr takes; ret_word says what. */
int measure_volume(struct measure *m, const struct active_volume *volume, const struct measured_volume **ret,
                   char ret_word[static MEASURE_WORD_MAX + 1], struct error *err);
/* The plan said SKIP: no TPM, and the floor allows that. */
const struct measured_volume *measure_volume_skipped(const struct active_volume *volume);
const struct active_volume *measured_volume_active(const struct measured_volume *volume);
