/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What the firmware lets start: the UKI, and what systemd-stub has it load beside it. Which keys are enrolled, no image
 * says; so who checks gives their certificates.
 */
#include "certificate.h"
#include "image.h"
#include "signed_image.h"

#define ACCESS_DENIED "firmware-access-denied"
#define DRIVERS "/EFI/systemd/drivers"

enum { LOADER_MAX_BYTES = 512 * 1024 * 1024 };

static bool is_enrolled(const struct image_boot *b, const struct signed_image *image)
{
        for (size_t i = 0; i < b->n_enrolled; i++)
                if (signed_image_is_by(image, &(struct iovec) { b->enrolled[i].data, b->enrolled[i].size }))
                        return true;
        return false;
}

static void refuse(struct image_checks *checks, const char *name, const char *path, const char *why)
{
        image_say(checks, name, IMAGE_BY_FIRMWARE, IMAGE_REFUSED, "%s: %s", path, why);
        checks->list[checks->n - 1].firmware = ACCESS_DENIED;
}

static int check_file(const struct image_boot *b, const struct buffer *file, const char *path, const char *name,
                      struct image_checks *checks, struct trouble *t)
{
        struct signed_image image = {};

        if (signed_image_open(path, file, &image, t) < 0) {
                if (t->outcome != OUTCOME_FALSE)
                        return -1;
                /* A bound of ours may be none of the firmware's. */
                image_say(checks, name, IMAGE_BY_FIRMWARE, IMAGE_UNDECIDED, "%s: what the firmware makes of it is not known", t->msg);
                *t = (struct trouble) {};
        } else if (!signed_image_has_any(&image))
                refuse(checks, name, path, "it has no signature, so firmware under Secure Boot does not start it");
        else if (b->n_enrolled == 0)
                image_say(checks, name, IMAGE_BY_FIRMWARE, IMAGE_UNDECIDED,
                          "%s is signed; by whom is not looked at: give the certificates of the enrolled keys by --cert", path);
        else if (is_enrolled(b, &image))
                image_say(checks, name, IMAGE_BY_FIRMWARE, IMAGE_OK, "%s is signed with a key of --cert", path);
        else
                refuse(checks, name, path, "its signature is by no key of --cert, or over another file");
        return 0;
}

static bool has_in_section(const struct buffer *file, const char *name, const char *text)
{
        size_t offset, size;

        return pe_section_find(file->data, file->size, name, &offset, &size) == 0 &&
               memmem(file->data + offset, size, text, strlen(text));
}

/* systemd-boot starts the UKI itself, and before it the drivers of one directory; what another starts or measures is not known. */
static const char *find_chain_doubt(const struct image_esp *esp, const struct buffer *loader)
{
        if (!has_in_section(loader, ".sdmagic", " systemd-boot "))
                return IMAGE_DEFAULT_LOADER " is not systemd-boot, and what it starts before the UKI is not known";
        for (size_t i = 0; i < esp->n; i++)
                if (image_esp_is_in(esp->paths[i], DRIVERS, ".efi"))
                        return "systemd-boot loads the drivers in " DRIVERS;
        return NULL;
}

/* Of a UKI that is named, too, unless it takes the place of one that the firmware starts itself. 1: there is one, in b->loaders. */
static int find_loader(const struct image_options *o, const struct image_esp *esp, struct image_boot *b, struct image_checks *checks)
{
        const char *path = image_esp_find(esp, IMAGE_DEFAULT_LOADER);
        struct image_file *f = &b->loaders.list[0];
        struct trouble why = {};
        size_t offset, size;

        if (b->is_loader || (o->uki && !path))
                return 0;
        b->chain_doubt = "what the firmware starts before the UKI is not known";
        if (!path) {
                image_say(checks, "loader", IMAGE_BY_FIRMWARE, IMAGE_UNDECIDED, "there is no " IMAGE_DEFAULT_LOADER
                          ": only an entry of the firmware's can start %s", b->uki_path);
                return 0;
        }
        *f = (struct image_file) { .path = tool_strdup(path) };
        b->loaders.n = 1;
        if (image_esp_read(esp, path, LOADER_MAX_BYTES, &f->data, &why) < 0) {
                image_say(checks, "loader", IMAGE_BY_FIRMWARE, IMAGE_UNDECIDED, "%s", why.msg);
                image_files_done(&b->loaders);
                return 0;
        }
        if (o->uki && pe_section_find(f->data.data, f->data.size, ".linux", &offset, &size) == 0) {
                b->chain_doubt = NULL;
                image_files_done(&b->loaders);
                return 0;
        }
        b->chain_doubt = find_chain_doubt(esp, &f->data);
        return 1;
}

/*
 * A boot loader that stands before the UKI: the firmware starts that, and it the UKI. What a loader of others does is theirs, whether it
 * starts at all is not. An entry of the firmware's may name the UKI itself, so that there is none is no refusal.
 */
static int check_loader(const struct image_options *o, const struct image_boot *b, struct image_checks *checks, struct trouble *t)
{
        const struct image_file *f = &b->loaders.list[0];
        struct pe pe;

        if (pe_open(f->data.data, f->data.size, &pe) < 0)
                image_say(checks, "loader", IMAGE_BY_FIRMWARE, IMAGE_REFUSED, "%s is no PE file: no firmware starts it", f->path);
        else if (o->lacks_secure_boot)
                image_say(checks, "loader", IMAGE_BY_FIRMWARE, IMAGE_SKIPPED, "the machine is said to be without Secure Boot");
        else
                return check_file(b, &f->data, f->path, "loader", checks, t);
        return 0;
}

/* One that cannot be hashed leaves PCR 4 open, and no other. */
static void drop_unhashable(struct image_boot *b)
{
        struct signed_image image = {};
        struct trouble ignored = {};

        if (signed_image_open("", &b->loaders.list[0].data, &image, &ignored) == 0)
                return;
        b->chain_doubt = IMAGE_DEFAULT_LOADER " cannot be hashed";
        image_files_done(&b->loaders);
}

int image_boot_check_loader(const struct image_options *o, const struct image_esp *esp, struct image_boot *b,
                            struct image_checks *checks, struct trouble *t)
{
        if (find_loader(o, esp, b, checks) == 0)
                return 0;
        if (check_loader(o, b, checks, t) < 0)
                return -1;
        drop_unhashable(b);
        return 0;
}

int image_boot_read_certificates(const struct image_options *o, struct image_boot *b, struct machine *m, struct trouble *t)
{
        for (size_t i = 0; i < o->n_certificates; i++) {
                struct buffer *der = &b->enrolled[i];

                if (certificate_read(o->certificates[i], der, t) < 0) {
                        t->outcome = OUTCOME_TROUBLE;
                        return trouble_prefix(t, "--cert");
                }
                b->n_enrolled++;
                if (predict_hash(DIGEST_SHA256, &(struct iovec) { der->data, der->size }, 1, &m->enrolled[m->n_enrolled++], t) < 0)
                        return -1;
        }
        return 0;
}

/* systemd-stub passes over what the firmware does not load. */
static int find_loaded(const struct image_options *o, struct image_boot *b, struct trouble *t)
{
        for (size_t i = 0; i < b->addons.n; i++) {
                struct signed_image image = {};

                if (o->lacks_secure_boot) {
                        b->is_addon_loaded[i] = true;
                        continue;
                }
                if (signed_image_open(b->addons.list[i].path, &b->addons.list[i].data, &image, t) < 0) {
                        if (t->outcome != OUTCOME_FALSE)
                                return -1;
                        *t = (struct trouble) {};
                        b->is_addon_unread[i] = true;
                        continue;
                }
                b->is_addon_loaded[i] = b->n_enrolled == 0 ? signed_image_has_any(&image) : is_enrolled(b, &image);
        }
        return 0;
}

int image_boot_check_signatures(const struct image_options *o, struct image_boot *b, struct image_checks *checks, struct trouble *t)
{
        if (!b->has_uki)
                return 0;
        if (find_loaded(o, b, t) < 0)
                return -1;
        if (!o->lacks_secure_boot)
                return check_file(b, &b->uki.file, b->uki_path, "secure-boot", checks, t);
        image_say(checks, "secure-boot", IMAGE_BY_FIRMWARE, IMAGE_SKIPPED, "the machine is said to be without Secure Boot");
        return 0;
}
