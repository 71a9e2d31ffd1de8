/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The events, PCR by PCR: what OVMF, systemd-stub 257 and Linux 6.12 were seen to do, and what their source says of newer ones.
 */
#include <errno.h>
#include <stdio.h>

#include "verinit/measure.h"
#include "verinit/uki.h"

#include "addon.h"
#include "initrd_check.h"
#include "predict.h"
#include "root_hash.h"

enum {
        STUB_SEEN_FIRST = 257,
        STUB_STARTS_KERNEL = 258, /* itself, from memory: the firmware sees no second image */
        STUB_ADDS_SECRET = 261,
};

/* UEFI and the PC Client Platform Firmware Profile: these bytes, without NUL; then four zeros. */
static const char boot_action[] = "Calling EFI Application from Boot Option";

static int add_bytes(struct prediction *p, unsigned pcr, const char *what, const void *bytes, size_t size, struct trouble *t)
{
        const struct iovec part = { (void *) (uintptr_t) bytes, size };

        return predict_add(p, pcr, PREDICT_ALWAYS, what, &part, 1, t);
}

static int add_image(struct prediction *p, enum predict_when when, const char *what, const uint8_t *data, size_t size,
                     struct trouble *t)
{
        struct iovec parts[PE_MAX_HASHED];
        struct pe pe;
        size_t n;

        if (pe_open(data, size, &pe) < 0 || pe_hashed_parts(&pe, parts, &n) < 0)
                return trouble_set(t, OUTCOME_TROUBLE, "%s is not a sound PE file, or not one that firmware and tools would hash "
                                   "alike", what);
        return predict_add(p, 4, when, what, parts, n, t);
}

static int add_images(struct prediction *p, const struct predict_files *list, struct trouble *t)
{
        for (size_t i = 0; i < list->n; i++)
                if (add_image(p, PREDICT_ALWAYS, list->files[i].name, list->files[i].data.data, list->files[i].data.size, t) < 0)
                        return -1;
        return 0;
}

static const char *base_name(const char *path)
{
        const char *slash = strrchr(path, '/');

        return slash ? slash + 1 : path;
}

int predict_images(struct prediction *p, struct trouble *t)
{
        const struct uki *uki = &p->in->uki;
        struct pe_section kernel;

        if (!p->in->pcrs[4])
                return 0;
        if (uki->stub_version == 0)
                predict_leave_open(p, 4, "the UKI does not say which systemd-stub is in it, and before %u the kernel is measured too "
                                   "where Secure Boot is off", (unsigned) STUB_STARTS_KERNEL);
        if (add_bytes(p, 4, boot_action, boot_action, sizeof(boot_action) - 1, t) < 0 ||
            add_bytes(p, 4, "separator", "\0\0\0", 4, t) < 0 || add_images(p, &p->in->loaders, t) < 0 ||
            add_image(p, PREDICT_ALWAYS, base_name(uki->path), uki->file.data, uki->file.size, t) < 0 ||
            add_images(p, &p->in->addons, t) < 0)
                return -1;
        if (uki->stub_version >= STUB_STARTS_KERNEL)
                return 0;
        /* An older stub has the firmware load it, and keeps it from looking where Secure Boot is on. */
        (void) uki_section(uki, ".linux", &kernel);
        if (kernel.size != kernel.virtual_size) {
                predict_leave_open(p, 4, "the .linux section has fewer bytes in the file than in memory");
                return 0;
        }
        return add_image(p, PREDICT_SECURE_BOOT_OFF, "the kernel in the UKI", uki->file.data + kernel.offset, kernel.size, t);
}

struct predict_archive predict_archive_at(const struct predict_input *in, size_t i)
{
        const struct predict_archive archives[PREDICT_N_ARCHIVES] = {
                { "Credentials initrd", 12, &in->credentials, &stub_credentials },
                { "Global credentials initrd", 12, &in->global_credentials, &stub_global_credentials },
                { "System extension initrd", 13, &in->sysexts, &stub_sysext },
                { "Configuration extension initrd", 12, &in->confexts, &stub_confext },
        };

        return archives[i];
}

int predict_archive_make(const struct predict_archive *archive, struct buffer *ret, struct trouble *t)
{
        const struct predict_files *list = archive->files;
        _cleanup_free_ struct stub_file *files = tool_alloc(list->n, sizeof(*files));

        if (list->n == 0)
                return 0;
        for (size_t i = 0; i < list->n; i++)
                files[i] = (struct stub_file) {
                        list->files[i].name, { list->files[i].data.data, list->files[i].data.size },
                };
        return stub_cpio(archive->directory, files, list->n, ret, t);
}

/* The initramfs as the kernel gets it: each part on a boundary of four bytes. */
static int append_initrd(struct buffer *initrd, const struct iovec *parts, size_t n_parts, struct trouble *t)
{
        for (size_t i = 0; i < n_parts; i++)
                if (buffer_append(initrd, parts[i].iov_base, parts[i].iov_len) < 0)
                        return trouble_set_errno(t, ENOMEM, "cannot put the initramfs together");
        if (buffer_append(initrd, "\0\0\0", -initrd->size % 4) < 0)
                return trouble_set_errno(t, ENOMEM, "cannot put the initramfs together");
        return 0;
}

/* Archives of one file, of sections. A section with zeros of the loader's goes through a copy. */
static int append_meta(const struct uki *uki, const char *name, const char *file, struct buffer *initrd, struct trouble *t)
{
        _cleanup_buffer_ struct buffer content = {}, archive = {};
        struct iovec parts[UKI_SECTION_PARTS], part;
        struct pe_section section;
        struct stub_file f;
        size_t n;

        if (!uki_section(uki, name, &section))
                return 0;
        n = uki_section_parts(uki, &section, parts);
        for (size_t i = 0; i < n; i++)
                if (buffer_append(&content, parts[i].iov_base, parts[i].iov_len) < 0)
                        return trouble_set_errno(t, ENOMEM, "cannot put the initramfs together");
        f = (struct stub_file) { file, { content.data, content.size } };
        if (stub_cpio(&stub_meta, &f, 1, &archive, t) < 0)
                return -1;
        part = (struct iovec) { archive.data, archive.size };
        return append_initrd(initrd, &part, 1, t);
}

static int append_section(const struct uki *uki, const char *name, struct buffer *initrd, struct trouble *t)
{
        struct iovec parts[UKI_SECTION_PARTS];
        struct pe_section section;

        if (!uki_section(uki, name, &section))
                return 0;
        return append_initrd(initrd, parts, uki_section_parts(uki, &section, parts), t);
}

static int append_archives(struct prediction *p, struct buffer *initrd, struct trouble *t)
{
        for (size_t i = 0; i < PREDICT_N_ARCHIVES; i++) {
                const struct predict_archive archive = predict_archive_at(p->in, i);
                _cleanup_buffer_ struct buffer cpio = {};
                struct iovec part;

                if (predict_archive_make(&archive, &cpio, t) < 0)
                        return -1;
                part = (struct iovec) { cpio.data, cpio.size };
                if (append_initrd(initrd, &part, 1, t) < 0)
                        return -1;
        }
        return 0;
}

static int make_initrd(struct prediction *p, struct buffer *initrd, struct trouble *t)
{
        static const struct {
                const char *section, *file;
        } meta[] = {
                { ".pcrsig", "tpm2-pcr-signature.json" }, { ".pcrpkey", "tpm2-pcr-public-key.pem" },
                { ".osrel", "os-release" }, { ".profile", "profile" },
        };
        const struct uki *uki = &p->in->uki;

        if (append_section(uki, ".ucode", initrd, t) < 0 || append_section(uki, ".initrd", initrd, t) < 0 ||
            append_archives(p, initrd, t) < 0)
                return -1;
        for (size_t i = 0; i < ARRAY_SIZE(meta); i++)
                if (append_meta(uki, meta[i].section, meta[i].file, initrd, t) < 0)
                        return -1;
        return 0;
}

/* What it packs into archives, and measures of them, was another thing then. */
static bool is_too_old(const struct uki *uki)
{
        return uki->stub_version > 0 && uki->stub_version < STUB_SEEN_FIRST;
}

int predict_kernel(struct prediction *p, struct trouble *t)
{
        _cleanup_buffer_ struct buffer wide = {}, initrd = {};
        const struct uki *uki = &p->in->uki;

        if (!p->in->pcrs[9])
                return 0;
        if (is_too_old(uki))
                predict_leave_open(p, 9, "systemd-stub %s is older than any that is known here", uki->stub);
        if (uki->stub_version == 0)
                predict_leave_open(p, 9, "the UKI does not say which systemd-stub is in it");
        else if (uki->stub_version >= STUB_ADDS_SECRET)
                predict_leave_open(p, 9, "systemd-stub %s hands the kernel a secret of the machine (/.extra/boot-secret), console= "
                                   "where there is none, and an initramfs of the boot loader", uki->stub);
        if (stub_text_wide(&p->cmdline, &wide, t) < 0 || make_initrd(p, &initrd, t) < 0)
                return -1;
        if (add_bytes(p, 9, "command line", wide.data, wide.size, t) < 0)
                return -1;
        return initrd.size > 0 ? add_bytes(p, 9, "initramfs", initrd.data, initrd.size, t) : 0;
}

int predict_sections(struct prediction *p, struct trouble *t)
{
        const struct uki *uki = &p->in->uki;

        if (!p->in->pcrs[11])
                return 0;
        if (uki_has(uki, ".dtbauto") || uki_has(uki, ".efifw"))
                predict_leave_open(p, 11, "the UKI has a .dtbauto or .efifw section, of which systemd-stub takes one that fits the "
                                   "machine");
        for (size_t i = 0; i < UKI_N_MEASURED; i++) {
                struct iovec parts[UKI_SECTION_PARTS];
                struct pe_section section;

                if (!uki_section(uki, uki_measured[i], &section))
                        continue;
                if (add_bytes(p, 11, uki_measured[i], uki_measured[i], strlen(uki_measured[i]) + 1, t) < 0 ||
                    predict_add(p, 11, PREDICT_ALWAYS, uki_measured[i], parts, uki_section_parts(uki, &section, parts), t) < 0)
                        return -1;
        }
        return 0;
}

static int add_wide(struct prediction *p, const char *what, const struct buffer *text, struct trouble *t)
{
        _cleanup_buffer_ struct buffer wide = {};

        if (stub_text_wide(text, &wide, t) < 0)
                return -1;
        return add_bytes(p, 12, what, wide.data, wide.size, t);
}

int predict_archives(struct prediction *p, struct trouble *t)
{
        for (size_t i = 0; i < PREDICT_N_ARCHIVES; i++) {
                const struct predict_archive archive = predict_archive_at(p->in, i);
                _cleanup_buffer_ struct buffer cpio = {};

                if (!p->in->pcrs[archive.pcr])
                        continue;
                if (archive.files->n > 0 && is_too_old(&p->in->uki))
                        predict_leave_open(p, archive.pcr, "systemd-stub %s is older than any that is known here", p->in->uki.stub);
                if (predict_archive_make(&archive, &cpio, t) < 0)
                        return -1;
                if (cpio.size > 0 && add_bytes(p, archive.pcr, archive.what, cpio.data, cpio.size, t) < 0)
                        return -1;
        }
        return 0;
}

int predict_parameters(struct prediction *p, struct trouble *t)
{
        unsigned profile = p->in->uki.profile;

        if (!p->in->pcrs[12])
                return 0;
        if (is_too_old(&p->in->uki))
                predict_leave_open(p, 12, "systemd-stub %s is older than any that is known here", p->in->uki.stub);
        if (profile > 0) {
                _cleanup_free_ char *number = tool_format("%u", profile);
                const struct buffer text = { .data = (uint8_t *) number, .size = strlen(number) };

                if (add_wide(p, "profile", &text, t) < 0)
                        return -1;
        }
        return p->addon_words.size > 0 ? add_wide(p, "words of the add-ons", &p->addon_words, t) : 0;
}

/* The digests stand in floor or command line: no file is needed. */
static int predict_ipe_words(struct prediction *p, struct trouble *t)
{
        struct ipe_named list[FLOOR_MAX_IPE_POLICIES];
        size_t n = boot_config_ipe_policies(&p->config, list);
        char word[MEASURE_WORD_MAX + 1];

        for (size_t i = 0; i < n; i++) {
                measure_word_ipe(&list[i].sha256, word);
                if (predict_add_word(p, MEASURE_PCR_WORDS, word, t) < 0)
                        return -1;
        }
        return 0;
}

/* PID 1's own parser says what it makes of the command line, and PID 1's own code words it. */
int predict_words(struct prediction *p, struct trouble *t)
{
        const struct boot_config *c = &p->config;
        char word[MEASURE_WORD_MAX + 1];
        struct digest root_hash;
        struct error err = {};

        if (!p->in->pcrs[13])
                return 0;
        if (boot_config_parse((const char *) p->cmdline.data, p->cmdline.size, CMDLINE_KERNEL_LIMIT, &p->floor, &p->config, &err) < 0)
                return trouble_from_error(t, &err);
        /* As stage plan does; the certificates are those that the floor names. */
        if (initrd_check_possible(&p->floor, p->floor.n_certificates > 0, initrd_names_ipe_policy(&p->config), t) < 0)
                return -1;
        if (p->in->policy_from == PREDICT_POLICY_NONE && p->floor.selinux == NEED_REQUIRE)
                return trouble_set(t, OUTCOME_FALSE, "--policy none, and the floor requires SELinux: PID 1 would end the boot with %s",
                                   fail_code_name(FAIL_SELINUX_ABSENT_CODE));
        root_hash_of_config(c, &root_hash);
        measure_word_volume(&root_hash, word);
        if (predict_add_word(p, MEASURE_PCR_WORDS, word, t) < 0)
                return -1;
        if (predict_ipe_words(p, t) < 0)
                return -1;
        if (p->in->policy_from == PREDICT_POLICY_UNKNOWN)
                predict_leave_open(p, MEASURE_PCR_WORDS, "the SELinux policy is measured: name its file by --policy");
        if (p->in->policy_from == PREDICT_POLICY_FILE) {
                measure_word_policy(&p->in->policy, word);
                if (predict_add_word(p, MEASURE_PCR_WORDS, word, t) < 0)
                        return -1;
        }
        measure_word_root(root_kind_name(c->root_kind), word);
        return predict_add_word(p, MEASURE_PCR_WORDS, word, t);
}
