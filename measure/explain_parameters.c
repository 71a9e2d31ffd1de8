/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * PCR 12: what systemd-stub took from beside the UKI. Each event is one that the floor lists, or the boot ends.
 *
 * The words of all command line add-ons are one event, an override's and an SMBIOS string's look the same: data is the text
 * in UTF-16LE with its NUL, the digest that of the data. So an SMBIOS string is refused before we come here, and a second
 * event of this form is never an add-on.
 */
#include <errno.h>

#include "replay.h"
#include "verinit/crypto.h"
#include "verinit/le.h"

static int refuse(const struct tcg2_event *event, const char *what, struct error *err)
{
        char text[EVENT_SHOWN_MAX + 1];

        event_show(event, text);
        return error_set(err, FAIL_EVENT_UNEXPLAINED_CODE, EBADMSG, "PCR 12, record %zu ('%s'): %s", event->number, text,
                         what);
}

static int check_addon_keys(const struct floor *floor, const struct tcg2_event *event, const char *text,
                            struct error *err)
{
        struct cmdline words;
        size_t offset;

        if (cmdline_parse(text, strlen(text), CMDLINE_KERNEL_LIMIT, &words, &offset) != CMDLINE_OK)
                return refuse(event, "the add-on's text is no command line", err);
        for (size_t i = 0; i < words.n_words; i++)
                if (!floor_has_addon_key(floor, words.words[i].key))
                        return error_set(err, FAIL_ADDON_KEY_REFUSED_CODE, EACCES,
                                         "PCR 12, record %zu: an add-on sets '%.*s', which is not among the floor's addon-keys=",
                                         event->number, CMDLINE_SHOWN_MAX, words.words[i].key);
        return 0;
}

/* 1: the floor lists the data; 0: it does not. */
static int is_addon(const struct floor *floor, const struct tcg2_event *event, struct error *err)
{
        const struct iovec part = { .iov_base = (void *) (uintptr_t) event->data, .iov_len = event->data_size };
        struct digest digest;
        int r = crypto_digest(DIGEST_SHA256, &part, 1, &digest, err);

        if (r < 0)
                return r;
        for (size_t i = 0; i < floor->n_addons; i++)
                if (digest_equal(&floor->addons[i], &digest))
                        return 1;
        return 0;
}

static int explain_words(const struct provenance_input *in, const struct tcg2_event *event, const char *text,
                         struct explanation *e, struct error *err)
{
        int r = is_addon(in->floor, event, err);

        if (r < 0)
                return r;
        if (r == 0)
                return refuse(event, "these words were added, and no addon= of the floor lists them", err);
        if (e->n_addons > 0)
                return refuse(event, "the words of add-ons come in one event: this is an override, or an SMBIOS string", err);
        r = check_addon_keys(in->floor, event, text, err);
        if (r < 0)
                return r;
        e->n_addons++;
        memcpy(e->addon, text, strlen(text) + 1);
        return 0;
}

/*
 * What is measured is the archive, of which no digest can be known before, and the text that says so is covered by no PCR:
 * any other archive could be called so. What can be said is that systemd-stub makes at most one of each, in this order
 * (UAPI: systemd src/boot/stub.c generate_sidecar_initrds()), and that the kernel has unpacked what was made.
 */
static int explain_archive(const struct provenance_input *in, const struct tcg2_event *event, const char *text,
                           struct explanation *e, struct error *err)
{
        const struct {
                const char *text;
                bool is_unpacked;
        } archives[] = {
                { "Credentials initrd", in->has_credentials },
                { "Global credentials initrd", in->has_global_credentials },
        };
        size_t i = 0;

        while (i < ARRAY_SIZE(archives) && !str_equal(archives[i].text, text))
                i++;
        if (i == ARRAY_SIZE(archives))
                return refuse(event, "this was loaded from beside the UKI, and the floor cannot list it", err);
        if (in->floor->credentials == CREDENTIALS_NONE)
                return refuse(event, "credentials were loaded, and the floor says credentials=none", err);
        if (i < e->next_archive)
                return refuse(event, "systemd-stub makes one such archive, that of the UKI before that of the ESP", err);
        if (!archives[i].is_unpacked)
                return refuse(event, "these credentials are not in the initramfs: it was another archive", err);
        e->next_archive = i + 1;
        return 0;
}

static const char *tag_name(uint32_t tag)
{
        switch (tag) {
        case TCG2_TAG_DEVICETREE_ADDON:
                return "a device tree add-on was loaded";
        case TCG2_TAG_INITRD_ADDON:
                return "an initrd add-on was loaded: it can replace any file of the initramfs";
        case TCG2_TAG_UCODE_ADDON:
                return "a microcode add-on was loaded";
        case TCG2_TAG_UKI_PROFILE:
                return "another profile of the UKI was chosen";
        default:
                return "systemd-stub measures no event with this tag";
        }
}

int explain_parameters(const struct provenance_input *in, const struct tcg2_event *event, struct explanation *e,
                       struct error *err)
{
        struct digest digests[TPM_MAX_BANKS];
        char text[CMDLINE_MAX_BYTES + 1];
        int r;

        if (event->type == TCG2_EV_EVENT_TAG)
                return refuse(event, event->data_size >= sizeof(uint32_t) ? tag_name(le32_read(event->data)) :
                              "its tag is cut off", err);
        if (event->type != TCG2_EV_IPL || !event_text(event, text, sizeof(text)))
                return refuse(event, "systemd-stub measures no such event", err);

        event_digests(in, event, digests);
        r = digests_match(in, digests, event->data, event->data_size, err);
        if (r < 0)
                return r;
        if (r > 0)
                return explain_words(in, event, text, e, err);
        return explain_archive(in, event, text, e, err);
}
