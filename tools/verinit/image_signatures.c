/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What the firmware lets start, by sbverify: the UKI, and what systemd-stub has it load beside it. Which keys are enrolled, no image
 * says; so who checks gives their certificates.
 */
#include <errno.h>
#include <stdio.h>
#include <sys/mman.h>

#include "verinit/le.h"

#include "certificate.h"
#include "child.h"
#include "image.h"

#define ACCESS_DENIED "firmware-access-denied"
#define DRIVERS "/EFI/systemd/drivers"
#define PEM_BEGIN "-----BEGIN CERTIFICATE-----"

enum { LOADER_MAX_BYTES = 512 * 1024 * 1024, CERTIFICATE_MAX_BYTES = 1024 * 1024 };

/* PE Format, "Optional Header Data Directories": the fifth entry, for PE32+. */
enum { PE32_PLUS = 0x20b, CERTIFICATE_ENTRY = 112 + 4 * 8 };

static bool has_signature(const struct buffer *file)
{
        struct pe pe;

        return pe_open(file->data, file->size, &pe) == 0 && pe.optional_size >= CERTIFICATE_ENTRY + 8 &&
               le16_read(pe.optional) == PE32_PLUS && le32_read(pe.optional + CERTIFICATE_ENTRY + 4) > 0;
}

static int keep(const struct buffer *file, int *ret_fd, struct trouble *t)
{
        _cleanup_fd_ int fd = memfd_create("image", MFD_CLOEXEC);

        if (fd < 0)
                return trouble_set_errno(t, errno, "cannot keep a file for sbverify");
        for (size_t done = 0; done < file->size;) {
                ssize_t n = write(fd, file->data + done, file->size - done);

                if (n <= 0)
                        return trouble_set_errno(t, n < 0 ? errno : EIO, "cannot keep a file for sbverify");
                done += (size_t) n;
        }
        *ret_fd = fd_steal(&fd);
        return 0;
}

static int is_signed_by(const struct image_options *o, const struct buffer *file, bool *ret, struct trouble *t)
{
        _cleanup_fd_ int fd = -1;

        *ret = false;
        if (keep(file, &fd, t) < 0)
                return -1;
        for (size_t i = 0; !*ret && i < o->n_certificates; i++) {
                _cleanup_child_words_ struct child_words words = {};
                _cleanup_buffer_ struct buffer talk = {};
                const struct child child = { .words = &words, .output = &talk, .output_max = 65536, .is_silent = true };
                int status;

                child_add(&words, "sbverify");
                child_add_option(&words, "--cert", o->certificates[i]);
                child_add_format(&words, "/proc/%d/fd/%d", (int) getpid(), fd);
                if (child_run(&child, &status, t) < 0)
                        return trouble_prefix(t, "the signature (is sbsigntool installed?)");
                *ret = status == 0;
        }
        return 0;
}

static void refuse(struct image_checks *checks, const char *name, const char *path, const char *why)
{
        image_say(checks, name, IMAGE_BY_FIRMWARE, IMAGE_REFUSED, "%s: %s", path, why);
        checks->list[checks->n - 1].firmware = ACCESS_DENIED;
}

static int check_file(const struct image_options *o, const struct buffer *file, const char *path, const char *name,
                      struct image_checks *checks, struct trouble *t)
{
        bool is_good;

        if (!has_signature(file)) {
                refuse(checks, name, path, "it has no signature, so firmware under Secure Boot does not start it");
                return 0;
        }
        if (o->n_certificates == 0) {
                image_say(checks, name, IMAGE_BY_FIRMWARE, IMAGE_UNDECIDED,
                          "%s is signed; by whom is not looked at: give the certificates of the enrolled keys by --cert", path);
                return 0;
        }
        if (is_signed_by(o, file, &is_good, t) < 0)
                return -1;
        if (is_good)
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
int image_boot_check_loader(const struct image_options *o, const struct image_esp *esp, struct image_boot *b,
                            struct image_checks *checks, struct trouble *t)
{
        const struct image_file *f = &b->loaders.list[0];
        struct pe pe;

        if (find_loader(o, esp, b, checks) == 0)
                return 0;
        if (pe_open(f->data.data, f->data.size, &pe) < 0)
                image_say(checks, "loader", IMAGE_BY_FIRMWARE, IMAGE_REFUSED, "%s is no PE file: no firmware starts it", f->path);
        else if (o->lacks_secure_boot)
                image_say(checks, "loader", IMAGE_BY_FIRMWARE, IMAGE_SKIPPED, "the machine is said to be without Secure Boot");
        else
                return check_file(o, &f->data, f->path, "loader", checks, t);
        return 0;
}

/* Else sbverify would say no for a file that it cannot read, and that would count as a bad signature. */
int image_check_certificates(const struct image_options *o, struct machine *m, struct trouble *t)
{
        for (size_t i = 0; i < o->n_certificates; i++) {
                _cleanup_buffer_ struct buffer text = {}, der = {};
                struct iovec part;

                if (tool_read_file(o->certificates[i], CERTIFICATE_MAX_BYTES, &text, t) < 0 || certificate_read(o->certificates[i], &der, t) < 0) {
                        t->outcome = OUTCOME_TROUBLE;
                        return trouble_prefix(t, "--cert");
                }
                if (!memmem(text.data, text.size, PEM_BEGIN, strlen(PEM_BEGIN)))
                        return trouble_set(t, OUTCOME_TROUBLE, "--cert %s: no certificate in PEM", o->certificates[i]);
                part = (struct iovec) { der.data, der.size };
                if (predict_hash(DIGEST_SHA256, &part, 1, &m->enrolled[m->n_enrolled++], t) < 0)
                        return -1;
        }
        return 0;
}

int image_boot_check_signatures(const struct image_options *o, struct image_boot *b, struct image_checks *checks, struct trouble *t)
{
        if (!b->has_uki)
                return 0;
        for (size_t i = 0; i < b->addons.n; i++) {
                const struct image_file *f = &b->addons.list[i];

                /* systemd-stub passes over what the firmware does not load. */
                b->is_addon_loaded[i] = o->lacks_secure_boot || has_signature(&f->data);
                if (b->is_addon_loaded[i] && !o->lacks_secure_boot && o->n_certificates > 0 &&
                    is_signed_by(o, &f->data, &b->is_addon_loaded[i], t) < 0)
                        return -1;
        }
        if (!o->lacks_secure_boot)
                return check_file(o, &b->uki.file, b->uki_path, "secure-boot", checks, t);
        image_say(checks, "secure-boot", IMAGE_BY_FIRMWARE, IMAGE_SKIPPED, "the machine is said to be without Secure Boot");
        return 0;
}
