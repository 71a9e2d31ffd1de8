/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Firmware's log and userspace log as one list of events, in the order in which they were measured: the userspace begins
 * where the firmware has ended.
 */
#pragma once

#include "verinit/tcg2_log.h"

#include "json_value.h"

#define LOG_FIRMWARE_PATH "/sys/kernel/security/tpm0/binary_bios_measurements"
#define LOG_USERSPACE_PATH "/run/log/systemd/tpm2-measure.log"

enum log_source { LOG_FIRMWARE, LOG_USERSPACE };

struct log_event {
        enum log_source source;
        size_t number, offset; /* in its own log; the firmware's 0 is the header, userspace begins with 1 */
        bool is_nv;            /* systemd's NvPCRs: an NV index, and no PCR */
        uint32_t pcr;          /* or the NV index */
        struct digest digests[_DIGEST_ALG_MAX]; /* DIGEST_NONE: the record has none of this bank */
        struct tcg2_event firmware;
        struct json_object *record;   /* userspace: all of it */
        const char *word, *word_type; /* of its content; NULL: not there */
};

struct log_events {
        struct log_event *list;
        size_t n;
        bool has_firmware, has_userspace;
        struct tcg2_log header;                 /* of the firmware's log */
        bool has_bank[_DIGEST_ALG_MAX];         /* the firmware's; without it, those of any record */
        char *damage;                           /* what the list ends before; NULL: it is whole */
        char *mark;                             /* a writer of the userspace log did not finish; NULL: none is known of */
        struct buffer firmware, userspace;
};

/*
 * At most one log of each kind, told apart by their first byte; without a path those of this machine. A damaged log is no
 * trouble here: the events before the damage are answered.
 */
int log_events_read(char *const *paths, size_t n_paths, struct log_events *ret, struct trouble *t);
/* For who cannot do with a part of it. */
int log_events_read_whole(char *const *paths, size_t n_paths, struct log_events *ret, struct trouble *t);
void log_events_done(struct log_events *l);
#define _cleanup_events_ _cleanup_(log_events_done)

const char *log_source_name(enum log_source source);
/* All that says that something is measured. */
bool log_event_is_measured(const struct log_event *e);
/* "EV_IPL", "phase", "0x80000042" or "-"; kept in ret where it has no name. */
const char *log_event_type(const struct log_event *e, char ret[static 16]);
/* Printable; to be freed. */
char *log_event_describe(const struct log_event *e);
/* "firmware record 12 (EV_IPL: .cmdline)"; to be freed. */
char *log_event_name(const struct log_event *e);

/* log_read.c. The bytes, and whether they are the userspace log's; waits a bounded while for who writes to that. */
int log_read(const char *path, struct buffer *ret, enum log_source *ret_source, bool *ret_is_marked, struct trouble *t);
