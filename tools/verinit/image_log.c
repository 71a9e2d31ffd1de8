/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The event log of a boot that is still to come, for PID 1's second witness: what systemd-stub and the kernel will measure into PCRs 9
 * and 11 to 13, in their order (systemd: src/boot/stub.c run()), in the SHA-256 bank.
 */
#include "verinit/crypto.h"
#include "verinit/provenance.h"
#include "verinit/tcg2_log.h"
#include "verinit/uki.h"

#include "addon.h"
#include "image.h"

enum { SHA256_BYTES = 32 };

struct writer {
        struct buffer *log;
        struct trouble *t;
        int r; /* of the first failure; later calls do nothing */
};

static void put(struct writer *w, const void *bytes, size_t n)
{
        if (w->r == 0 && buffer_append(w->log, bytes, n) < 0)
                w->r = trouble_set(w->t, OUTCOME_TROUBLE, "out of memory");
}

static void put_number(struct writer *w, uint32_t value, size_t n_bytes)
{
        for (size_t i = 0; i < n_bytes; i++)
                put(w, &(uint8_t) { (uint8_t) (value >> (8 * i)) }, 1);
}

/* TCG PFP 1.06, 10.4.5.1, with one bank. */
static void put_header(struct writer *w)
{
        static const uint8_t zeros[20];

        put_number(w, 0, 4);
        put_number(w, TCG2_EV_NO_ACTION, 4);
        put(w, zeros, sizeof(zeros));
        put_number(w, 16 + 8 + 4 + 4 + 1, 4);
        put(w, "Spec ID Event03", 16);
        put(w, "\0\0\0\0\0\2\0\2", 8);
        put_number(w, 1, 4);
        put_number(w, digest_tpm_id(DIGEST_SHA256), 2);
        put_number(w, SHA256_BYTES, 2);
        put_number(w, 0, 1);
}

static void put_event(struct writer *w, unsigned pcr, uint32_t type, const struct iovec *parts, size_t n_parts, struct iovec data)
{
        struct digest digest = {}, value;
        struct error err = {};

        if (w->r < 0)
                return;
        machine_tpm_get(pcr, &value);
        if (crypto_digest(DIGEST_SHA256, parts, n_parts, &digest, &err) < 0 ||
            crypto_digest(DIGEST_SHA256, (const struct iovec[]) { { value.bytes, SHA256_BYTES }, { digest.bytes, SHA256_BYTES } }, 2,
                          &value, &err) < 0) {
                w->r = trouble_set(w->t, OUTCOME_TROUBLE, "cannot hash: %s", err.msg);
                return;
        }
        machine_tpm_set(pcr, &value);
        put_number(w, pcr, 4);
        put_number(w, type, 4);
        put_number(w, 1, 4);
        put_number(w, digest_tpm_id(DIGEST_SHA256), 2);
        put(w, digest.bytes, SHA256_BYTES);
        put_number(w, (uint32_t) data.iov_len, 4);
        put(w, data.iov_base, data.iov_len);
}

static struct iovec bytes(const void *data, size_t size)
{
        return (struct iovec) { (void *) (uintptr_t) data, size };
}

/* Printable ASCII of at most a command line, with its NUL. */
static struct iovec wide(const char *text)
{
        static uint8_t room[2 * (CMDLINE_MAX_BYTES + 1)];

        return bytes(room, text_to_utf16(text, room, sizeof(room)));
}

static void put_sections(struct writer *w, const struct uki *uki)
{
        for (size_t i = 0; i < UKI_N_MEASURED; i++) {
                const char *name = uki_measured[i];
                struct iovec parts[UKI_SECTION_PARTS], text = bytes(name, strlen(name) + 1);
                struct pe_section section;

                if (!uki_section(uki, name, &section))
                        continue;
                put_event(w, 11, TCG2_EV_IPL, &text, 1, wide(name));
                put_event(w, 11, TCG2_EV_IPL, parts, uki_section_parts(uki, &section, parts), wide(name));
        }
}

static void put_words(struct writer *w, const char *words)
{
        struct iovec text = wide(words);

        put_event(w, 12, TCG2_EV_IPL, &text, 1, text);
}

static void put_tagged(struct writer *w, unsigned pcr, uint32_t tag, struct iovec measured, const char *description)
{
        uint8_t data[64] = { (uint8_t) tag, (uint8_t) (tag >> 8), (uint8_t) (tag >> 16), (uint8_t) (tag >> 24) };
        size_t n = strlen(description) + 1;

        data[4] = (uint8_t) n;
        memcpy(data + 8, description, n);
        put_event(w, pcr, TCG2_EV_EVENT_TAG, &measured, 1, bytes(data, 8 + n));
}

static void put_archives(struct writer *w, const struct predict_input *in)
{
        for (size_t i = 0; w->r == 0 && i < PREDICT_N_ARCHIVES; i++) {
                const struct predict_archive archive = predict_archive_at(in, i);
                _cleanup_buffer_ struct buffer cpio = {};
                struct iovec measured;

                w->r = predict_archive_make(&archive, &cpio, w->t);
                measured = bytes(cpio.data, cpio.size);
                if (cpio.size > 0)
                        put_event(w, archive.pcr, TCG2_EV_IPL, &measured, 1, wide(archive.what));
        }
}

bool image_is_devicetree(const uint8_t *data, size_t size)
{
        static const uint8_t magic[] = { 0xd0, 0x0d, 0xfe, 0xed };

        return size > sizeof(magic) && memcmp(data, magic, sizeof(magic)) == 0;
}

static void put_addons(struct writer *w, const struct predict_files *addons, const char *section, uint32_t tag, const char *description)
{
        for (size_t i = 0; i < addons->n; i++) {
                const struct buffer *f = &addons->files[i].data;
                size_t offset, size;

                if (pe_section_find(f->data, f->size, section, &offset, &size) == 0 &&
                    (tag != TCG2_TAG_DEVICETREE_ADDON || image_is_devicetree(f->data + offset, size)))
                        put_tagged(w, 12, tag, bytes(f->data + offset, size), description);
        }
}

int image_log_make(struct image_boot *b, const char *smbios_extra, struct trouble *t)
{
        struct writer w = { .log = &b->log, .t = t };
        const char *line = (const char *) b->cmdline.data;

        if (!b->has_uki || b->cmdline.size == 0)
                return 0;
        for (unsigned pcr = 0; pcr < TPM_PCRS; pcr++)
                machine_tpm_set(pcr, &(struct digest) { .alg = DIGEST_SHA256 });
        put_header(&w);
        put_sections(&w, &b->uki);
        if (b->addon_words.size > 1)
                put_words(&w, (const char *) b->addon_words.data);
        if (smbios_extra)
                put_words(&w, smbios_extra);
        put_addons(&w, &b->in.addons, ".dtb", TCG2_TAG_DEVICETREE_ADDON, "devicetree");
        put_archives(&w, &b->in);
        put_addons(&w, &b->in.addons, ".ucode", TCG2_TAG_UCODE_ADDON, "ucode");
        put_addons(&w, &b->in.addons, ".initrd", TCG2_TAG_INITRD_ADDON, "initrd");
        put_tagged(&w, 9, TCG2_TAG_LOAD_OPTIONS, wide(line), "LOADED_IMAGE::LoadOptions");
        put_tagged(&w, 9, TCG2_TAG_INITRD, bytes("initrd", 6), "Linux initrd");
        return w.r;
}
