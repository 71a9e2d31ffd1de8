/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What the events of PCRs 9 and 11 say. A record's type and data are covered by no PCR. What the digests bear out is believed: a
 * section's name is measured itself, right before its content, and words are their own data. On type and data alone hangs which
 * event is the kernel's LoadOptions, the digest of which has to be the command line's, and which archive holds credentials:
 * explain_parameters.c.
 */
#include <errno.h>

#include "replay.h"

#include "verinit/le.h"
#include "verinit/uki.h"

/* Where in PCR 11 we are. */
struct section_walk {
        size_t next;           /* the first section that may still come */
        bool is_name_measured; /* the next event must be the content of uki_measured[next - 1] */
};

static int refuse_section(const struct tcg2_event *event, const char *what, struct error *err)
{
        char text[EVENT_SHOWN_MAX + 1];

        event_show(event, text);
        return error_set(err, FAIL_EVENT_UNEXPLAINED_CODE, EBADMSG, "PCR 11, record %zu ('%s'): %s", event->number, text,
                         what);
}

/* The name, and the place in the order: a section that comes twice belongs to a second image. */
static int explain_section_name(const struct provenance_input *in, const struct tcg2_event *event, const char *name,
                                struct section_walk *walk, struct error *err)
{
        struct digest digests[TPM_MAX_BANKS];
        size_t i = walk->next;
        int r;

        while (i < UKI_N_MEASURED && !str_equal(uki_measured[i], name))
                i++;
        if (i == UKI_N_MEASURED)
                return refuse_section(event, "it is no section of a UKI, or stands twice or out of order", err);
        event_digests(in, event, digests);
        r = digests_match(in, digests, name, strlen(name) + 1, err);
        if (r < 0)
                return r;
        if (r == 0)
                return refuse_section(event, "its digest is not that of the section's name", err);
        walk->next = i + 1;
        walk->is_name_measured = true;
        return 0;
}

static int explain_section(const struct provenance_input *in, const struct tcg2_event *event, struct section_walk *walk,
                           struct explanation *e, struct error *err)
{
        char name[EVENT_NAME_MAX + 1];

        if (event->type != TCG2_EV_IPL || !event_text(event, name, sizeof(name)))
                return refuse_section(event, "systemd-stub measures no such event", err);
        if (!walk->is_name_measured)
                return explain_section_name(in, event, name, walk, err);
        if (!str_equal(name, uki_measured[walk->next - 1]))
                return refuse_section(event, "it is not the content of the section named before it", err);
        walk->is_name_measured = false;
        e->n_sections++;
        if (str_equal(name, ".cmdline")) {
                event_digests(in, event, e->cmdline);
                e->has_cmdline = true;
        }
        return 0;
}

/* The boot loader may measure what it likes into PCR 9 (GRUB: its files); the kernel says its LoadOptions once. */
static int explain_kernel(const struct provenance_input *in, const struct tcg2_event *event, struct explanation *e,
                          struct error *err)
{
        if (event->type != TCG2_EV_EVENT_TAG || event->data_size < sizeof(uint32_t) ||
            le32_read(event->data) != TCG2_TAG_LOAD_OPTIONS)
                return 0;
        if (e->has_load_options)
                return error_set(err, FAIL_CMDLINE_NOT_RECEIVED_CODE, EBADMSG,
                                 "PCR 9, record %zu: a second kernel was given a command line", event->number);
        event_digests(in, event, e->load_options);
        e->has_load_options = true;
        return 0;
}

static int explain_event(const struct provenance_input *in, const struct tcg2_event *event, struct section_walk *walk,
                         struct explanation *e, struct error *err)
{
        if (event->type == TCG2_EV_NO_ACTION)
                return 0;
        switch (event->pcr) {
        case 9:
                return explain_kernel(in, event, e, err);
        case 11:
                return explain_section(in, event, walk, e, err);
        case 12:
                return explain_parameters(in, event, e, err);
        default:
                return 0;
        }
}

int explain_events(const struct provenance_input *in, struct explanation *ret, struct error *err)
{
        struct section_walk walk = { 0 };
        struct tcg2_event event;
        struct tcg2_log log;
        int r;

        r = tcg2_log_open(in->log, in->log_size, &log, err);
        if (r < 0)
                return r;
        memset(ret, 0, sizeof(*ret));
        while ((r = tcg2_log_next(&log, &event, err)) > 0) {
                r = explain_event(in, &event, &walk, ret, err);
                if (r < 0)
                        return r;
        }
        if (r < 0)
                return r;
        if (walk.is_name_measured)
                return error_set(err, FAIL_EVENT_UNEXPLAINED_CODE, EBADMSG,
                                 "PCR 11: the section '%s' was named, but its content never measured",
                                 uki_measured[walk.next - 1]);
        return 0;
}
