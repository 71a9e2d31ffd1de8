/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The second witness of the command line: the firmware's event log, replayed against the TPM. Pure.
 *
 * PCR 11 says which text was signed (.cmdline of the UKI), PCR 12 what was put behind it (add-ons), PCR 9 what the kernel
 * received. docs/MEASUREMENTS.md has the events and the forms.
 */
#pragma once

#include "verinit/floor.h"
#include "verinit/tpm.h"

/* Zero is the strictest. PROVENANCE_DISPROVED never comes with an answer of 0: it is the error. */
enum provenance_verdict { PROVENANCE_DISPROVED = 0, PROVENANCE_NOT_PROVABLE, PROVENANCE_PROVED };

/* Which PCRs are replayed, and the order of provenance_input.pcrs. */
enum { PROVENANCE_PCRS = 3 };
#define PROVENANCE_PCR_LIST { 9, 11, 12 }

/*
 * What was found. All bytes are borrowed. The TPM's values are to be read before verinit's first extend, through the
 * session that is trusted most.
 */
struct provenance_input {
        const uint8_t *log; /* /sys/kernel/security/tpm0/binary_bios_measurements, whole; NULL: there is none */
        size_t log_size;
        struct tpm_banks banks;                               /* the active ones; n = 0: there is no TPM */
        struct digest pcrs[PROVENANCE_PCRS][TPM_MAX_BANKS];   /* the TPM's values, in the order of banks */
        const char *read;                                     /* /proc/cmdline less its final newline */
        const char *baked;                                    /* the signed text; NULL: none was packed */
        const struct floor *floor;

        /*
         * SMBIOS type 11 strings "io.systemd.stub.kernel-cmdline-extra=", what follows the '='. systemd-stub obeys them under
         * Secure Boot too, and its event for one is that of an add-on. is_smbios_read false: nobody could look.
         */
        bool is_smbios_read;
        const char *const *smbios_extras;
        size_t n_smbios_extras;

        /* What systemd-stub packs of the ESP's credentials is in the initramfs; false: none of it is. */
        bool has_credentials;        /* /.extra/credentials: those beside the UKI */
        bool has_global_credentials; /* /.extra/global_credentials: those of the whole ESP */
};

struct provenance {
        enum provenance_verdict verdict;
        const char *reason;  /* NOT_PROVABLE: why, one word with dashes, for evidence; otherwise NULL */
        size_t n_events;     /* of the replayed PCRs */
        size_t n_addons;     /* events in PCR 12 that the floor lists */
        size_t addons_size;  /* bytes of read, right behind the signed text, that are these add-ons' words; for proof_cmdline() */
        size_t n_console;    /* words at the end of read that are systemd-stub's own console= */
};

/*
 * 0 and a verdict of PROVED or NOT_PROVABLE; the floor's cmdline-replay= decides the latter, not this function.
 * Disproved is an error of class TAMPER: EVENT_LOG_MALFORMED, PCR_REPLAY_MISMATCH, CMDLINE_NOT_SIGNED,
 * CMDLINE_NOT_RECEIVED, EVENT_UNEXPLAINED, ADDON_KEY_REFUSED, SMBIOS_CMDLINE. CRYPTO_FAILED is the machine's fault.
 */
int provenance_prove(const struct provenance_input *in, struct provenance *ret, struct error *err);

/* Any such string is refused, with a TPM and without: SMBIOS_CMDLINE. provenance_prove() begins with it. */
int provenance_check_smbios(const struct provenance_input *in, struct error *err);

/* UTF-16LE with its NUL; the number of bytes, or 0: a character that is no printable ASCII, or no room. */
size_t text_to_utf16(const char *text, uint8_t *ret, size_t size);
