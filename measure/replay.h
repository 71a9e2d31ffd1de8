/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Within measure/: the steps of provenance_prove(), each over the same log.
 */
#pragma once

#include <sys/uio.h>

#include "verinit/cmdline.h"
#include "verinit/provenance.h"
#include "verinit/tcg2_log.h"

enum { EVENT_NAME_MAX = 31, EVENT_SHOWN_MAX = 120 };

/* What the events say, once the replay has shown that the TPM has them. */
struct explanation {
        size_t n_sections;                    /* of the UKI, in PCR 11 */
        bool has_cmdline;                     /* … with .cmdline among them */
        struct digest cmdline[TPM_MAX_BANKS]; /* of its content, in the order of the banks */
        bool has_load_options;                /* in PCR 9 */
        struct digest load_options[TPM_MAX_BANKS];
        size_t n_addons;
        char addon[CMDLINE_MAX_BYTES + 1]; /* the words that systemd-stub appended for signed add-ons */
        size_t next_archive;               /* the first of the archives of credentials that may still come */
};

/* replay.c. Event log and TPM agree in every active bank. EVENT_LOG_MALFORMED, PCR_REPLAY_MISMATCH. */
int replay_compare(const struct provenance_input *in, size_t *ret_n_events, struct error *err);

/* explain.c. After replay_compare(). EVENT_UNEXPLAINED, ADDON_KEY_REFUSED, CMDLINE_NOT_RECEIVED. */
int explain_events(const struct provenance_input *in, struct explanation *ret, struct error *err);

/* explain_parameters.c. One event of PCR 12. */
int explain_parameters(const struct provenance_input *in, const struct tcg2_event *event, struct explanation *e,
                       struct error *err);

/* event_text.c. The event's digests, in the order of the banks. After replay_compare() each is there. */
void event_digests(const struct provenance_input *in, const struct tcg2_event *event, struct digest *ret);
/* 1: in every active bank the digest is that of the bytes; 0: in one of them it is not. */
int digests_match(const struct provenance_input *in, const struct digest *digests, const void *bytes, size_t size,
                  struct error *err);
/* The event's data as such a text. */
bool event_text(const struct tcg2_event *event, char *ret, size_t size);
/* For a message: words, each as cmdline_word_show() has it, and no more than fit. */
void text_show(const char *text, char ret[static EVENT_SHOWN_MAX + 1]);
void event_show(const struct tcg2_event *event, char ret[static EVENT_SHOWN_MAX + 1]);
