/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What lies beside the UKI, as the predictor takes it: so that what is looked at here, and what is predicted, is one list. And what
 * systemd-stub may do with it that nobody here knows of.
 */
#include <errno.h>

#include "verinit/uki.h"

#include "image.h"

static void take_files(const struct image_files *from, const bool *is_loaded, struct predict_files *to)
{
        *to = (struct predict_files) { .files = tool_alloc(from->n, sizeof(*to->files)) };
        for (size_t i = 0; i < from->n; i++)
                if (!is_loaded || is_loaded[i])
                        to->files[to->n++] = (struct predict_file) {
                                .path = from->list[i].path, .name = strrchr(from->list[i].path, '/') + 1, .data = from->list[i].data,
                        };
}

/* systemd-stub(7): what it looks for in each of its directories. */
static bool is_read(const struct image_boot *b, const char *path, bool *ret_is_beside)
{
        const struct {
                const char *dir, *suffixes[4];
        } places[] = {
                { IMAGE_GLOBAL_ADDONS, { ".addon.efi" } },
                { IMAGE_GLOBAL_CREDENTIALS, { ".cred" } },
                { b->beside, { ".addon.efi", ".cred", ".raw" } },
        };

        *ret_is_beside = false;
        for (size_t i = 0; i < ARRAY_SIZE(places); i++) {
                *ret_is_beside |= image_esp_is_in(path, places[i].dir, "");
                for (size_t j = 0; places[i].suffixes[j]; j++)
                        if (image_esp_is_in(path, places[i].dir, places[i].suffixes[j]))
                                return true;
        }
        return false;
}

/* Whether image_log.c has an event for it, or it has no effect. */
static bool is_modelled(const struct buffer *file, const char *name)
{
        static const char *const modelled[] = { ".cmdline", ".initrd", ".ucode", ".sbat" };
        size_t offset, size;
        int r = pe_section_find(file->data, file->size, name, &offset, &size);

        if (r == -ENOENT)
                return true;
        for (size_t i = 0; r == 0 && i < ARRAY_SIZE(modelled); i++)
                if (str_equal(modelled[i], name))
                        return true;
        return r == 0 && str_equal(name, ".dtb") && image_is_devicetree(file->data + offset, size);
}

/* One check, however many an ESP has: the first is named, the others are counted. */
struct unknown {
        size_t n;
        char *first; /* NULL: none; freed by who says it */
};

static void add_unknown(struct unknown *u, char *text)
{
        if (u->n++ == 0)
                u->first = text;
        else
                free(text);
}

static void check_addon(const struct predict_file *f, struct unknown *u)
{
        for (size_t i = 0; i < UKI_N_MEASURED; i++)
                if (!is_modelled(&f->data, uki_measured[i])) {
                        add_unknown(u, tool_format("%s: what systemd-stub makes of its section %s is not known here", f->path, uki_measured[i]));
                        return;
                }
}

static void find_unknown(const struct image_esp *esp, const struct image_boot *b, struct unknown *u)
{
        for (size_t i = 0; b->beside && i < esp->n; i++) {
                bool is_beside;

                if (!is_read(b, esp->paths[i], &is_beside) && is_beside)
                        add_unknown(u, tool_format("what systemd-stub makes of %s is not known here", esp->paths[i]));
        }
        for (size_t i = 0; i < b->addons.n; i++)
                if (b->is_addon_unread[i])
                        add_unknown(u, tool_format("%s: it cannot be read as a PE file here, and whether the firmware can is not known",
                                                   b->addons.list[i].path));
        for (size_t i = 0; i < b->in.addons.n; i++)
                check_addon(&b->in.addons.files[i], u);
}

void image_boot_take_beside(const struct image_esp *esp, struct image_boot *b, struct image_checks *checks)
{
        struct unknown unknown = {};

        take_files(&b->loaders, NULL, &b->in.loaders);
        take_files(&b->addons, b->is_addon_loaded, &b->in.addons);
        take_files(&b->credentials, NULL, &b->in.credentials);
        take_files(&b->global_credentials, NULL, &b->in.global_credentials);
        take_files(&b->sysexts, NULL, &b->in.sysexts);
        take_files(&b->confexts, NULL, &b->in.confexts);
        find_unknown(esp, b, &unknown);
        if (unknown.n > 1)
                image_say(checks, "beside", IMAGE_ABOUT_FILES, IMAGE_UNDECIDED, "%s; nor %zu more", unknown.first, unknown.n - 1);
        else if (unknown.n > 0)
                image_say(checks, "beside", IMAGE_ABOUT_FILES, IMAGE_UNDECIDED, "%s", unknown.first);
        free(unknown.first);
}
