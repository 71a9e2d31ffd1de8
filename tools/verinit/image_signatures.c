/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What the firmware lets start, by sbverify: the UKI, and what systemd-stub has it load beside it. Which keys are enrolled, no image
 * says; so who checks gives their certificates.
 */
#include <errno.h>
#include <stdio.h>
#include <sys/mman.h>

#include "verinit/le.h"

#include "child.h"
#include "image.h"

#define ACCESS_DENIED "firmware-access-denied"

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

static void refuse(struct image_checks *checks, const char *path, const char *why)
{
        image_say(checks, "secure-boot", IMAGE_BY_FIRMWARE, IMAGE_REFUSED, "%s: %s", path, why);
        checks->list[checks->n - 1].firmware = ACCESS_DENIED;
}

static int check_uki(const struct image_options *o, const struct image_boot *b, struct image_checks *checks, struct trouble *t)
{
        bool is_good;

        if (!has_signature(&b->uki.file)) {
                refuse(checks, b->uki_path, "it has no signature, so firmware under Secure Boot does not start it");
                return 0;
        }
        if (o->n_certificates == 0) {
                image_say(checks, "secure-boot", IMAGE_BY_FIRMWARE, IMAGE_UNDECIDED,
                          "%s is signed; by whom is not looked at: give the certificates of the enrolled keys by --cert", b->uki_path);
                return 0;
        }
        if (is_signed_by(o, &b->uki.file, &is_good, t) < 0)
                return -1;
        if (is_good)
                image_say(checks, "secure-boot", IMAGE_BY_FIRMWARE, IMAGE_OK, "%s is signed with a key of --cert", b->uki_path);
        else
                refuse(checks, b->uki_path, "its signature is by no key of --cert, or over another file");
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
                return check_uki(o, b, checks, t);
        image_say(checks, "secure-boot", IMAGE_BY_FIRMWARE, IMAGE_SKIPPED, "the machine is said to be without Secure Boot");
        return 0;
}
