/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>

#include "verinit/crypto.h"
#include "verinit/measure.h"

#include "addon.h"
#include "archives.h"
#include "initrd_check.h"
#include "predict.h"

enum { INITRD_MAX_BYTES = 512 * 1024 * 1024 };

const unsigned predict_known[PREDICT_N_KNOWN] = { 4, 7, 9, 11, 12, 13 };

int predict_hash(enum digest_alg alg, const struct iovec *parts, size_t n_parts, struct digest *ret, struct trouble *t)
{
        struct error err = {};

        if (crypto_digest(alg, parts, n_parts, ret, &err) < 0)
                return trouble_set(t, OUTCOME_TROUBLE, "cannot hash: %s", err.msg);
        return 0;
}

int predict_add(struct prediction *p, unsigned pcr, enum predict_when when, const char *what, const struct iovec *parts,
                size_t n_parts, struct trouble *t)
{
        struct predict_event e = { .pcr = pcr, .when = when };

        for (enum digest_alg alg = DIGEST_SHA1; alg < _DIGEST_ALG_MAX; alg++)
                if (p->in->banks[alg] && predict_hash(alg, parts, n_parts, &e.digests[alg], t) < 0)
                        return -1;
        e.what = tool_printable(tool_strdup(what));
        p->events = tool_grow(p->events, p->n_events, sizeof(*p->events));
        p->events[p->n_events++] = e;
        return 0;
}

int predict_add_word(struct prediction *p, unsigned pcr, const char *word, struct trouble *t)
{
        const struct iovec part = { (void *) (uintptr_t) word, strlen(word) };

        if (predict_add(p, pcr, PREDICT_ALWAYS, word, &part, 1, t) < 0)
                return -1;
        p->events[p->n_events - 1].is_word = true;
        return 0;
}

void predict_leave_open(struct prediction *p, unsigned pcr, const char *fmt, ...)
{
        va_list args;
        char *text;

        va_start(args, fmt);
        if (!p->undecided[pcr] && vasprintf(&text, fmt, args) >= 0)
                p->undecided[pcr] = text;
        va_end(args);
}

bool predict_is_given(const struct prediction *p, unsigned pcr)
{
        return p->in->pcrs[pcr] && !p->undecided[pcr];
}

bool predict_has(const struct predict_event *e, unsigned pcr, bool secure_boot)
{
        return e->pcr == pcr &&
               (e->when == PREDICT_ALWAYS || e->when == (secure_boot ? PREDICT_SECURE_BOOT_ON : PREDICT_SECURE_BOOT_OFF));
}

bool predict_knows_state(const struct prediction *p, bool secure_boot)
{
        for (size_t i = 0; i < p->n_events; i++)
                if (p->events[i].pcr == 7 && p->events[i].when == (secure_boot ? PREDICT_SECURE_BOOT_ON : PREDICT_SECURE_BOOT_OFF))
                        return true;
        return false;
}

static int extend(struct digest *value, const struct digest *event, struct trouble *t)
{
        const struct iovec parts[] = {
                { value->bytes, digest_size(value->alg) }, { (void *) (uintptr_t) event->bytes, digest_size(value->alg) },
        };

        return predict_hash(value->alg, parts, ARRAY_SIZE(parts), value, t);
}

static int extend_phases(struct digest *value, const char *phase, struct trouble *t)
{
        for (const char *word = phase; *word; word += strcspn(word, ":"), word += *word == ':') {
                const struct iovec part = { (void *) (uintptr_t) word, strcspn(word, ":") };
                struct digest event;

                if (predict_hash(value->alg, &part, 1, &event, t) < 0 || extend(value, &event, t) < 0)
                        return -1;
        }
        return 0;
}

int predict_value(const struct prediction *p, enum digest_alg alg, unsigned pcr, bool secure_boot, const char *phase,
                  struct digest *ret, struct trouble *t)
{
        struct digest value = { .alg = alg };

        for (size_t i = 0; i < p->n_events; i++)
                if (predict_has(&p->events[i], pcr, secure_boot) && extend(&value, &p->events[i].digests[alg], t) < 0)
                        return -1;
        if (phase && extend_phases(&value, phase, t) < 0)
                return -1;
        *ret = value;
        return 0;
}

/* The .cmdline of the UKI, then the words of all add-ons, as systemd-stub puts them together. */
static int read_cmdline(struct prediction *p, struct trouble *t)
{
        const struct uki *uki = &p->in->uki;
        struct pe_section section;

        if (!uki_section(uki, ".cmdline", &section))
                return trouble_set(t, OUTCOME_FALSE, "%s has no .cmdline section: its command line would be whatever the boot "
                                   "loader says", uki->path);
        if (stub_text_append(uki->file.data + section.offset, section.size, uki->path, &p->cmdline, t) < 0)
                return -1;
        for (size_t i = 0; i < p->in->addons.n; i++) {
                const struct predict_file *f = &p->in->addons.files[i];

                if (addon_append(f->path, &f->data, &p->addon_words, t) < 0)
                        return -1;
        }
        if (p->addon_words.size > 0 &&
            stub_text_append(p->addon_words.data, p->addon_words.size, "the add-ons", &p->cmdline, t) < 0)
                return -1;
        return 0;
}

/* The first archive of the UKI's .initrd, as `verinit initrd inspect` looks at it. */
static int read_floor_of_uki(struct prediction *p, struct buffer *ret, bool *ret_found, struct trouble *t)
{
        const struct uki *uki = &p->in->uki;
        _cleanup_buffer_ struct buffer cpio = {};
        struct tree tree = {};
        struct tree_entry *e;
        struct pe_section section;
        struct buffer packed;
        const char *compression;
        size_t used;
        int r = 0;

        *ret_found = false;
        if (!uki_section(uki, ".initrd", &section))
                return 0;
        packed = (struct buffer) { .data = uki->file.data + section.offset, .size = section.size };
        if (unpack(&packed, uki->path, INITRD_MAX_BYTES, &cpio, &compression, t) < 0 ||
            cpio_read(&cpio, uki->path, &tree, &used, t) < 0)
                return trouble_prefix(t, "its .initrd");
        e = tree_find(&tree, "etc/verinit/floor.conf");
        if (e) {
                *ret_found = true;
                if (buffer_append(ret, e->content.data, e->content.size) < 0)
                        r = trouble_set_errno(t, ENOMEM, "cannot read the floor");
        }
        tree_done(&tree);
        return r;
}

static int read_floor(struct predict_input *in, struct prediction *p, struct trouble *t)
{
        bool is_there = false;

        floor_init(&p->floor);
        if (in->floor_from == PREDICT_FLOOR_NONE) {
                struct trouble ignored = {};

                if (read_floor_of_uki(p, &in->floor_text, &is_there, in->pcrs[13] ? t : &ignored) < 0 && in->pcrs[13])
                        return -1;
                in->floor_from = is_there ? PREDICT_FLOOR_UKI : PREDICT_FLOOR_NONE;
        }
        if (in->floor_from == PREDICT_FLOOR_NONE) {
                /* It is the floor that says whether a separator is measured. */
                for (size_t i = 0; i < MEASURE_N_SEPARATOR_PCRS; i++)
                        if (measure_separator_pcrs[i] < PREDICT_PCRS)
                                predict_leave_open(p, measure_separator_pcrs[i],
                                                   "no floor was found in the first archive of the UKI's .initrd: name it by --floor");
                return 0;
        }
        return initrd_check_floor(&in->floor_text, &p->floor, t);
}

static int add_separators(struct prediction *p, struct trouble *t)
{
        for (size_t i = 0; p->floor.os_separator && i < MEASURE_N_SEPARATOR_PCRS; i++) {
                unsigned pcr = measure_separator_pcrs[i];

                if (pcr < PREDICT_PCRS && p->in->pcrs[pcr] && predict_add_word(p, pcr, MEASURE_SEPARATOR, t) < 0)
                        return -1;
        }
        return 0;
}

int predict_make(struct predict_input *in, struct prediction *ret, struct trouble *t)
{
        /* The order within a PCR is that of the boot; the words of PCR 13 stand behind the separator. */
        static int (*const makers[])(struct prediction *, struct trouble *) = {
                predict_images, predict_secure_boot, predict_kernel, predict_sections, predict_parameters, predict_archives,
                add_separators, predict_words,
        };

        *ret = (struct prediction) { .in = in };
        if (read_cmdline(ret, t) < 0 || read_floor(in, ret, t) < 0)
                return -1;
        for (size_t i = 0; i < ARRAY_SIZE(makers); i++)
                if (makers[i](ret, t) < 0)
                        return -1;
        return 0;
}

void predict_done(struct prediction *p)
{
        for (size_t i = 0; i < p->n_events; i++)
                free(p->events[i].what);
        free(p->events);
        for (size_t i = 0; i < PREDICT_PCRS; i++)
                free(p->undecided[i]);
        buffer_done(&p->cmdline);
        buffer_done(&p->addon_words);
        *p = (struct prediction) {};
}
