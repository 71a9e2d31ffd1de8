/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What is started, found as firmware and systemd-stub find it: UAPI.5, systemd-stub(7).
 */
#include <errno.h>
#include <stdio.h>
#include <strings.h>
#include <sys/mman.h>

#include "addon.h"
#include "image.h"

#define UKI_DIR "/EFI/Linux"

enum {
        IMAGE_UKI_MAX_BYTES = 512 * 1024 * 1024,
        IMAGE_INITRD_MAX_BYTES = 256 * 1024 * 1024,
        IMAGE_CREDENTIAL_MAX_BYTES = 1024 * 1024,
        IMAGE_EXTENSION_MAX_BYTES = 512 * 1024 * 1024,
        IMAGE_TEXT_MAX = 65536,
};

void image_files_done(struct image_files *files)
{
        for (size_t i = 0; i < files->n; i++) {
                free(files->list[i].path);
                buffer_done(&files->list[i].data);
        }
        files->n = 0;
}

void image_boot_done(struct image_boot *b)
{
        if (b->has_uki)
                uki_done(&b->uki);
        free(b->beside);
        buffer_done(&b->initrd);
        buffer_done(&b->cmdline);
        buffer_done(&b->addon_words);
        buffer_done(&b->log);
        for (size_t i = 0; i < b->n_enrolled; i++)
                buffer_done(&b->enrolled[i]);
        image_files_done(&b->loaders);
        image_files_done(&b->addons);
        image_files_done(&b->credentials);
        image_files_done(&b->global_credentials);
        image_files_done(&b->sysexts);
        image_files_done(&b->confexts);
        free(b->in.loaders.files);
        free(b->in.addons.files);
        free(b->in.credentials.files);
        free(b->in.global_credentials.files);
        free(b->in.sysexts.files);
        free(b->in.confexts.files);
        *b = (struct image_boot) {};
}

/* By way of memory: uki_read() takes a file. */
static int read_uki_of_esp(const struct image_esp *esp, const char *path, struct uki *ret, struct trouble *t)
{
        _cleanup_fd_ int fd = memfd_create("uki", MFD_CLOEXEC);
        _cleanup_free_ char *name = tool_format("/proc/self/fd/%d", fd);
        _cleanup_buffer_ struct buffer data = {};

        if (fd < 0)
                return trouble_set_errno(t, errno, "cannot keep %s", path);
        if (image_esp_read(esp, path, IMAGE_UKI_MAX_BYTES, &data, t) < 0)
                return -1;
        for (size_t done = 0; done < data.size;) {
                ssize_t n = write(fd, data.data + done, data.size - done);

                if (n <= 0)
                        return trouble_set_errno(t, n < 0 ? errno : EIO, "cannot keep %s", path);
                done += (size_t) n;
        }
        if (uki_read(name, 0, ret, t) < 0)
                return trouble_prefix(t, "%s", path);
        ret->path = path;
        return 0;
}

/* That of the default path, if it is one: the firmware starts it. Else a boot loader chooses, and only one leaves it no choice. */
static int find_uki(const struct image_esp *esp, struct image_boot *b, struct image_checks *checks)
{
        const char *path = image_esp_find(esp, IMAGE_DEFAULT_LOADER);
        struct trouble ignored = {};
        size_t n = 0;

        if (path && read_uki_of_esp(esp, path, &b->uki, &ignored) == 0) {
                b->uki_path = path;
                b->has_uki = b->is_loader = true;
                return 0;
        }
        for (size_t i = 0; i < esp->n; i++)
                if (image_esp_is_in(esp->paths[i], UKI_DIR, ".efi")) {
                        path = esp->paths[i];
                        n++;
                }
        if (n != 1) {
                image_say(checks, "uki", IMAGE_ABOUT_FILES, n == 0 && !esp->left_out ? IMAGE_REFUSED : IMAGE_UNDECIDED,
                          n == 0 ? "the ESP has no UKI, neither as " IMAGE_DEFAULT_LOADER " nor in " UKI_DIR :
                                   "the ESP has several UKIs in " UKI_DIR ", and the boot loader chooses: name one by --uki");
                return -1;
        }
        if (read_uki_of_esp(esp, path, &b->uki, &ignored) < 0) {
                image_say(checks, "uki", IMAGE_ABOUT_FILES, IMAGE_REFUSED, "%s", ignored.msg);
                return -1;
        }
        b->uki_path = path;
        b->has_uki = true;
        return 0;
}

/* A UKI of --uki is looked for on the ESP by its name; if it is not there, it stands where UKIs stand. */
static char *directory_beside(const struct image_esp *esp, const struct image_boot *b)
{
        const char *slash = strrchr(b->uki_path, '/'), *name = slash ? slash + 1 : b->uki_path;

        if (image_esp_find(esp, b->uki_path))
                return tool_format("%s.extra.d", b->uki_path);
        for (size_t i = 0; i < esp->n; i++) {
                const char *other = strrchr(esp->paths[i], '/');

                if (other && strcasecmp(other + 1, name) == 0)
                        return tool_format("%s.extra.d", esp->paths[i]);
        }
        return tool_format(UKI_DIR "/%s.extra.d", name);
}

/* but: another suffix, of files that are not meant; NULL. */
static int read_all(const struct image_esp *esp, const char *dir, const char *suffix, const char *but, size_t max,
                    struct image_files *ret, struct trouble *t)
{
        for (size_t i = 0; i < esp->n; i++) {
                struct image_file *f = &ret->list[ret->n];

                if (!image_esp_is_in(esp->paths[i], dir, suffix) || (but && image_esp_is_in(esp->paths[i], dir, but)) ||
                    ret->n == ARRAY_SIZE(ret->list))
                        continue;
                f->path = tool_strdup(esp->paths[i]);
                ret->n++;
                if (image_esp_read(esp, f->path, max, &f->data, t) < 0)
                        return -1;
        }
        return 0;
}

static int read_sidecars(const struct image_esp *esp, struct image_boot *b, struct trouble *t)
{
        if (read_all(esp, IMAGE_GLOBAL_ADDONS, ".addon.efi", NULL, ADDON_MAX_BYTES, &b->addons, t) < 0 ||
            read_all(esp, b->beside, ".addon.efi", NULL, ADDON_MAX_BYTES, &b->addons, t) < 0 ||
            read_all(esp, b->beside, ".cred", NULL, IMAGE_CREDENTIAL_MAX_BYTES, &b->credentials, t) < 0 ||
            read_all(esp, IMAGE_GLOBAL_CREDENTIALS, ".cred", NULL, IMAGE_CREDENTIAL_MAX_BYTES, &b->global_credentials, t) < 0)
                return -1;
        if (read_all(esp, b->beside, ".raw", ".confext.raw", IMAGE_EXTENSION_MAX_BYTES, &b->sysexts, t) < 0)
                return -1;
        return read_all(esp, b->beside, ".confext.raw", NULL, IMAGE_EXTENSION_MAX_BYTES, &b->confexts, t);
}

static void say_uki(const struct image_boot *b, struct image_checks *checks)
{
        struct pe_section section;

        if (!uki_section(&b->uki, ".initrd", &section))
                image_say(checks, "uki", IMAGE_ABOUT_FILES, IMAGE_REFUSED, "%s has no .initrd section: there is no PID 1 in it", b->uki_path);
        else if (!uki_section(&b->uki, ".cmdline", &section))
                image_say(checks, "uki", IMAGE_ABOUT_FILES, IMAGE_REFUSED, "%s has no .cmdline section: its command line would be whatever "
                          "the boot loader says", b->uki_path);
        else
                image_say(checks, "uki", IMAGE_ABOUT_FILES, IMAGE_OK, "%s, %u sections, systemd-stub %s; beside it %zu add-ons, %zu credentials, %zu extensions",
                          b->uki_path, b->uki.pe.n_sections, b->uki.stub[0] ? b->uki.stub : "of no known version", b->addons.n,
                          b->credentials.n + b->global_credentials.n, b->sysexts.n + b->confexts.n);
}

int image_boot_find(const struct image_options *o, const struct image_esp *esp, struct image_boot *b, struct image_checks *checks,
                    struct trouble *t)
{
        if (o->initrd)
                return tool_read_file(o->initrd, IMAGE_INITRD_MAX_BYTES, &b->initrd, t);
        if (o->uki) {
                if (uki_read(o->uki, 0, &b->uki, t) < 0)
                        return -1;
                b->uki_path = o->uki;
                b->has_uki = true;
        } else if (!esp->partuuid || find_uki(esp, b, checks) < 0) {
                if (!image_find(checks, "uki"))
                        image_say(checks, "uki", IMAGE_ABOUT_FILES, IMAGE_REFUSED, "there is no ESP that it could be on");
                return 0;
        }
        b->beside = directory_beside(esp, b);
        if (esp->partuuid && read_sidecars(esp, b, t) < 0)
                return -1;
        say_uki(b, checks);
        return 0;
}

/* systemd-stub's own treatment; one that is too long is cut off by the kernel, and PID 1 says so. */
static int append_text(const uint8_t *text, size_t size, const char *what, struct buffer *line, struct image_checks *checks)
{
        struct trouble t = {};

        if (stub_text_append(text, size, what, line, &t) == 0 || line->size >= CMDLINE_KERNEL_LIMIT)
                return 0;
        image_say(checks, "cmdline", IMAGE_ABOUT_FILES, IMAGE_REFUSED, "%s", t.msg);
        return -1;
}

static int append_addons(struct image_boot *b, struct image_checks *checks)
{
        for (size_t i = 0; i < b->in.addons.n; i++) {
                const struct predict_file *f = &b->in.addons.files[i];
                size_t offset, size;

                if (pe_section_find(f->data.data, f->data.size, ".cmdline", &offset, &size) == 0 &&
                    append_text(f->data.data + offset, size, f->path, &b->addon_words, checks) < 0)
                        return -1;
        }
        return b->addon_words.size == 0 ? 0 :
                                          append_text(b->addon_words.data, b->addon_words.size, "the add-ons", &b->cmdline, checks);
}

static int read_text(const char *value, struct buffer *ret, struct trouble *t)
{
        if (value[0] == '@')
                return tool_read_file(value + 1, IMAGE_TEXT_MAX, ret, t);
        return buffer_append(ret, value, strlen(value)) < 0 ? trouble_set_errno(t, ENOMEM, "cannot read the command line") : 0;
}

static int append_plain(struct buffer *line, const char *word, struct trouble *t)
{
        if ((line->size > 0 && buffer_append(line, " ", 1) < 0) || buffer_append(line, word, strlen(word)) < 0)
                return trouble_set_errno(t, ENOMEM, "cannot put the command line together");
        return 0;
}

/* Of a line that was refused nothing is left, so that nobody reads on in a half of it. */
static int drop_cmdline(struct image_boot *b)
{
        b->cmdline.size = b->addon_words.size = 0;
        return 0;
}

int image_boot_make_cmdline(const struct image_options *o, struct image_boot *b, struct image_checks *checks, struct trouble *t)
{
        struct pe_section section;

        if (o->cmdline && read_text(o->cmdline, &b->cmdline, t) < 0)
                return -1;
        if (b->has_uki && uki_section(&b->uki, ".cmdline", &section) &&
            append_text(b->uki.file.data + section.offset, section.size, b->uki_path, &b->cmdline, checks) < 0)
                return drop_cmdline(b);
        if (append_addons(b, checks) < 0)
                return drop_cmdline(b);
        while (b->cmdline.size > 0 && b->cmdline.data[b->cmdline.size - 1] == '\n')
                b->cmdline.size--;
        if (o->append && append_plain(&b->cmdline, o->append, t) < 0)
                return -1;
        if (b->cmdline.size > CMDLINE_KERNEL_LIMIT)
                b->cmdline.size = CMDLINE_KERNEL_LIMIT;
        if (buffer_append(&b->cmdline, "", 1) < 0 || buffer_append(&b->addon_words, "", 1) < 0)
                return trouble_set_errno(t, ENOMEM, "cannot put the command line together");
        return 0;
}
