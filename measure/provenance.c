/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Three answers: disproved (an error), proved, or not provable and why. What can disprove is asked first, so that a gap in
 * one place hides no contradiction in another.
 */
#include <errno.h>
#include <stdio.h>

#include "replay.h"
#include "verinit/proof.h"
#include "verinit/uki.h"

int provenance_check_smbios(const struct provenance_input *in, struct error *err)
{
        char text[EVENT_SHOWN_MAX + 1];

        if (in->n_smbios_extras == 0)
                return 0;
        text_show(in->smbios_extras[0], text);
        return error_set(err, FAIL_SMBIOS_CMDLINE_CODE, EACCES,
                         "SMBIOS asks systemd-stub to add '%s' to the command line", text);
}

/* 1: the section .cmdline that was measured is the first size bytes of text, in one of the forms. */
static int is_signed_text(const struct provenance_input *in, const struct explanation *e, const char *text, size_t size,
                          struct error *err)
{
        char form[CMDLINE_MAX_BYTES + UKI_CMDLINE_ENDING_MAX];

        if (size > CMDLINE_MAX_BYTES)
                return 0;
        memcpy(form, text, size);
        for (size_t i = 0; i < UKI_N_CMDLINE_ENDINGS; i++) {
                int r;

                memcpy(form + size, uki_cmdline_endings[i].bytes, uki_cmdline_endings[i].size);
                r = digests_match(in, e->cmdline, form, size + uki_cmdline_endings[i].size, err);
                if (r != 0)
                        return r;
        }
        return 0;
}

/* Is read up to end the signed text and the words of the add-on, if there are any? Then *ret_size is the former's. */
static bool split_addon(const char *read, size_t end, const char *addon, size_t *ret_size)
{
        size_t n = strlen(addon);

        if (n == 0) {
                *ret_size = end;
                return true;
        }
        if (end <= n || read[end - n - 1] != ' ' || memcmp(read + end - n, addon, n) != 0)
                return false;
        *ret_size = end - n - 1;
        return true;
}

/*
 * How many bytes of read are the signed text, where none was packed: what is left without words that may follow it. The
 * digest decides; a signed text may end in such a word itself, so the longest is tried first.
 */
static int find_signed_text(const struct provenance_input *in, const struct explanation *e, size_t *ret_size,
                            struct error *err)
{
        const char *blank = in->read + strlen(in->read);

        for (; blank; blank = memrchr(in->read, ' ', (size_t) (blank - in->read))) {
                size_t end = (size_t) (blank - in->read), size;
                int r;

                if (proof_tail(in->read, end, in->floor).bad || !split_addon(in->read, end, e->addon, &size))
                        continue;
                r = is_signed_text(in, e, in->read, size, err);
                if (r < 0)
                        return r;
                if (r > 0) {
                        *ret_size = size;
                        return 0;
                }
        }
        return error_set(err, FAIL_CMDLINE_NOT_SIGNED_CODE, EBADMSG,
                         "PCR 11: the UKI's .cmdline is not the command line, nor its beginning");
}

static int check_signed_text(const struct provenance_input *in, const struct explanation *e, size_t *ret_size,
                             struct error *err)
{
        int r;

        if (!e->has_cmdline)
                return error_set(err, FAIL_CMDLINE_NOT_SIGNED_CODE, EBADMSG,
                                 "PCR 11: the UKI has no .cmdline: systemd-stub takes whatever it is given");
        if (!in->baked)
                return find_signed_text(in, e, ret_size, err);
        r = is_signed_text(in, e, in->baked, strlen(in->baked), err);
        if (r < 0)
                return r;
        if (r == 0)
                return error_set(err, FAIL_CMDLINE_NOT_SIGNED_CODE, EBADMSG,
                                 "PCR 11: the UKI's .cmdline is not the text that was packed into its initramfs");
        *ret_size = strlen(in->baked);
        return 0;
}

/* The text, the words of add-ons, and at most words that may stand behind them. */
static int check_line(const struct provenance_input *in, const struct explanation *e, size_t signed_size,
                      struct provenance *p, struct error *err)
{
        size_t addon_size = strlen(e->addon), at = signed_size;
        char word[CMDLINE_SHOWN_MAX + 1];
        struct proof_tail tail;

        if (in->baked && strncmp(in->read, in->baked, signed_size) != 0)
                return proof_refuse_difference(FAIL_CMDLINE_NOT_SIGNED_CODE, in->read, in->baked, err);
        if (addon_size > 0) {
                if (in->read[at] != ' ' || strncmp(in->read + at + 1, e->addon, addon_size) != 0)
                        return error_set(err, FAIL_CMDLINE_NOT_SIGNED_CODE, EBADMSG,
                                         "the words of the add-on in PCR 12 do not follow the signed text");
                at += 1 + addon_size;
        }
        if (in->read[at] != '\0' && in->read[at] != ' ')
                return error_set(err, FAIL_CMDLINE_NOT_SIGNED_CODE, EBADMSG,
                                 "the last word of the signed text goes on, by %zu bytes", strcspn(in->read + at, " "));
        tail = proof_tail(in->read, at, in->floor);
        if (tail.bad) {
                cmdline_word_show(tail.bad, tail.bad_size, word);
                return error_set(err, FAIL_CMDLINE_NOT_SIGNED_CODE, EBADMSG,
                                 "'%s' was added to the signed command line, and no event tells of it", word);
        }
        p->addons_size = at - signed_size;
        p->n_console = tail.n_console;
        return 0;
}

/* 0, and *ret_reason if there is nothing to compare. */
static int check_received(const struct provenance_input *in, const struct explanation *e, const char **ret_reason,
                          struct error *err)
{
        uint8_t options[2 * (CMDLINE_MAX_BYTES + 1)];
        size_t size = text_to_utf16(in->read, options, sizeof(options));
        int r;

        if (!e->has_load_options || size == 0) {
                *ret_reason = e->has_load_options ? "cmdline-not-ascii" : "load-options-not-measured";
                return 0;
        }
        r = digests_match(in, e->load_options, options, size, err);
        if (r < 0)
                return r;
        if (r == 0)
                return error_set(err, FAIL_CMDLINE_NOT_RECEIVED_CODE, EBADMSG,
                                 "PCR 9: the kernel's LoadOptions are not the command line that it shows");
        return 0;
}

static const char *missing_input(const struct provenance_input *in)
{
        if (in->banks.n == 0)
                return "no-tpm";
        if (!in->log || in->log_size == 0)
                return "no-event-log";
        return NULL;
}

/* What remains after nothing was disproved. */
static int settle(const struct provenance_input *in, const struct explanation *e, struct provenance *p,
                  struct error *err)
{
        const char *reason = NULL;
        size_t signed_size = 0;
        int r;

        if (e->n_sections > 0) {
                r = check_signed_text(in, e, &signed_size, err);
                if (r < 0)
                        return r;
                r = check_line(in, e, signed_size, p, err);
                if (r < 0)
                        return r;
        }
        r = check_received(in, e, &reason, err);
        if (r < 0)
                return r;
        if (e->n_sections == 0)
                reason = "no-measured-uki";
        else if (e->n_addons > 0 && !in->is_smbios_read)
                reason = "smbios-unread";
        p->n_addons = e->n_addons;
        p->reason = reason;
        p->verdict = reason ? PROVENANCE_NOT_PROVABLE : PROVENANCE_PROVED;
        if (reason)
                p->addons_size = 0;
        return 0;
}

int provenance_prove(const struct provenance_input *in, struct provenance *ret, struct error *err)
{
        struct provenance p = { .verdict = PROVENANCE_NOT_PROVABLE, .reason = missing_input(in) };
        struct explanation e;
        int r;

        r = provenance_check_smbios(in, err);
        if (r < 0)
                return r;
        if (p.reason) {
                *ret = p;
                return 0;
        }
        r = replay_compare(in, &p.n_events, err);
        if (r < 0)
                return r;
        r = explain_events(in, &e, err);
        if (r < 0)
                return r;
        r = settle(in, &e, &p, err);
        if (r < 0)
                return r;
        *ret = p;
        return 0;
}
