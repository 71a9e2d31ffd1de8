/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The initramfs as the kernel unpacks it: archive after archive, packed or not, zeros between them, each over those before.
 */
#include <errno.h>

#include "archives.h"
#include "compress.h"
#include "image.h"

enum { INITRAMFS_MAX_BYTES = 512 * 1024 * 1024 };

static bool is_bare(const uint8_t *p, size_t size)
{
        return size >= 6 && (memcmp(p, "070701", 6) == 0 || memcmp(p, "070702", 6) == 0);
}

/* How many bytes were taken; 0: *t says why none. */
static size_t take_bare(const uint8_t *p, size_t size, struct machine *m, struct trouble *t)
{
        const struct buffer data = { .data = (uint8_t *) (uintptr_t) p, .size = size };
        struct tree tree = {};
        size_t used = 0;

        if (cpio_read(&data, "the initramfs", &tree, &used, t) < 0)
                return 0;
        if (machine_unpack(m, &tree, t) < 0)
                used = 0;
        tree_done(&tree);
        return used;
}

static int take_all_bare(const uint8_t *p, size_t size, struct machine *m, struct trouble *t)
{
        for (size_t at = 0; at < size;) {
                size_t used;

                if (p[at] == 0) {
                        at++;
                        continue;
                }
                if (!is_bare(p + at, size - at))
                        return trouble_set(t, OUTCOME_TROUBLE, "an archive of the initramfs has something behind it");
                used = take_bare(p + at, size - at, m, t);
                if (used == 0)
                        return -1;
                at += used;
        }
        return 0;
}

static size_t take_packed(const uint8_t *p, size_t size, struct machine *m, struct trouble *t)
{
        size_t n = compress_zstd_frame(p, size);
        const struct buffer data = { .data = (uint8_t *) (uintptr_t) p, .size = n > 0 ? n : size };
        _cleanup_buffer_ struct buffer bare = {};
        const char *packed;

        if (unpack(&data, "the initramfs", INITRAMFS_MAX_BYTES, &bare, &packed, t) < 0 ||
            take_all_bare(bare.data, bare.size, m, t) < 0)
                return 0;
        return data.size;
}

/* What is left where it goes wrong, the kernel leaves out too, and says so to nobody but its log. */
static void take(const uint8_t *p, size_t size, struct machine *m)
{
        for (size_t at = 0; at < size;) {
                struct trouble t = {};
                size_t used;

                if (p[at] == 0) {
                        at++;
                        continue;
                }
                used = is_bare(p + at, size - at) ? take_bare(p + at, size - at, m, &t) : take_packed(p + at, size - at, m, &t);
                if (used == 0) {
                        machine_leave_out(m, "%s", t.msg);
                        return;
                }
                at += used;
        }
}

static void take_section(const struct image_boot *b, const char *name, struct machine *m)
{
        struct pe_section section;

        if (uki_section(&b->uki, name, &section))
                take(b->uki.file.data + section.offset, section.size, m);
}

static int take_archives(const struct predict_input *in, struct machine *m, struct trouble *t)
{
        for (size_t i = 0; i < PREDICT_N_ARCHIVES; i++) {
                const struct predict_archive archive = predict_archive_at(in, i);
                _cleanup_buffer_ struct buffer cpio = {};

                if (predict_archive_make(&archive, &cpio, t) < 0)
                        return -1;
                take(cpio.data, cpio.size, m);
        }
        return 0;
}

static void take_addons(const struct predict_files *addons, const char *section, struct machine *m)
{
        for (size_t i = 0; i < addons->n; i++) {
                const struct buffer *f = &addons->files[i].data;
                size_t offset, size;

                if (pe_section_find(f->data, f->size, section, &offset, &size) == 0)
                        take(f->data + offset, size, m);
        }
}

int image_unpack_initramfs(struct image_boot *b, struct machine *m, struct image_checks *checks, struct trouble *t)
{
        if (b->has_uki) {
                take_section(b, ".ucode", m);
                take_section(b, ".initrd", m);
        } else
                take(b->initrd.data, b->initrd.size, m);
        take_addons(&b->in.addons, ".ucode", m);
        take_addons(&b->in.addons, ".initrd", m);
        if (take_archives(&b->in, m, t) < 0)
                return -1;
        if (m->left_out)
                image_say(checks, "initramfs", IMAGE_ABOUT_FILES, IMAGE_UNDECIDED, "%s", m->left_out);
        return 0;
}
