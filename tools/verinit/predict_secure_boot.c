/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * PCR 7, as EDK2 fills it (Tcg2Dxe, DxeImageVerificationLib; PC Client Platform Firmware Profile 3.3.4.8): the variables, a separator,
 * and each entry of db that an image was started by, once.
 */
#include <errno.h>
#include <stdio.h>

#include "predict.h"
#include "authenticode.h"
#include "signed_image.h"

enum { PCR_SECURE_BOOT = 7, MAX_AUTHORITIES = 64, NAME_MAX_CHARS = 16 };

static const uint8_t type_x509[EFI_GUID_BYTES] = {
        0xa1, 0x59, 0xc0, 0xa5, 0xe4, 0x94, 0xa7, 0x4a, 0x87, 0xb5, 0xab, 0x15, 0x5c, 0x2b, 0xf0, 0x72,
};
static const uint8_t type_sha256[EFI_GUID_BYTES] = {
        0x26, 0x16, 0xc4, 0xc1, 0x4c, 0x50, 0x92, 0x40, 0xac, 0xa9, 0x41, 0xf9, 0x36, 0x93, 0x43, 0x28,
};

struct authorities {
        size_t n;
        const void *entries[MAX_AUTHORITIES];
};

static void put64(uint8_t *p, uint64_t value)
{
        for (size_t i = 0; i < 8; i++)
                p[i] = (uint8_t) (value >> (8 * i));
}

/* UEFI_VARIABLE_DATA: vendor, characters of the name, bytes of the data, the name without NUL, the data. */
static int add_variable(struct prediction *p, const struct secure_boot_name *v, const char *what, const void *data, size_t size,
                        struct trouble *t)
{
        uint8_t head[EFI_GUID_BYTES + 8 + 8 + 2 * NAME_MAX_CHARS] = {};
        size_t n = strlen(v->name);
        const struct iovec parts[] = {
                { head, EFI_GUID_BYTES + 8 + 8 + 2 * n }, { (void *) (uintptr_t) data, size },
        };

        memcpy(head, v->vendor, EFI_GUID_BYTES);
        put64(head + EFI_GUID_BYTES, n);
        put64(head + EFI_GUID_BYTES + 8, size);
        for (size_t i = 0; i < n; i++)
                head[EFI_GUID_BYTES + 16 + 2 * i] = (uint8_t) v->name[i];
        return predict_add(p, PCR_SECURE_BOOT, p->in->variables.is_on ? PREDICT_SECURE_BOOT_ON : PREDICT_SECURE_BOOT_OFF, what, parts,
                           ARRAY_SIZE(parts), t);
}

static bool is_by_entry(const struct signed_image *image, const struct iovec *pkcs7, const struct efi_signature *entry)
{
        const struct digest *sha256 = &image->digests[DIGEST_SHA256];

        if (pkcs7)
                return memcmp(entry->type, type_x509, EFI_GUID_BYTES) == 0 &&
                       authenticode_is_by(pkcs7, image->digests, &entry->data);
        return memcmp(entry->type, type_sha256, EFI_GUID_BYTES) == 0 && entry->data.iov_len == digest_size(DIGEST_SHA256) &&
               memcmp(entry->data.iov_base, sha256->bytes, entry->data.iov_len) == 0;
}

/* The first entry of db or dbx for this signature of the image or, where that is NULL, for its digest. 1, 0, -EBADMSG. */
static int find_entry(const struct buffer *database, const struct signed_image *image, const struct iovec *pkcs7, struct iovec *ret)
{
        struct efi_signatures it = { .lists = { database->data, database->size } };
        struct efi_signature entry;
        int r;

        while ((r = efi_signature_next(&it, &entry)) > 0)
                if (is_by_entry(image, pkcs7, &entry)) {
                        *ret = entry.whole;
                        return 1;
                }
        return r;
}

/* A signature is looked at before the digest is (DxeImageVerificationHandler()). 1: *ret verifies the image, 0: nothing does; -EACCES: dbx, -EBADMSG. */
static int find_authority(const struct secure_boot *sb, const struct signed_image *image, bool *ret_is_signed, struct iovec *ret)
{
        const struct buffer *db = &sb->values[SECURE_BOOT_DB], *dbx = &sb->values[SECURE_BOOT_DBX];
        struct iovec certificates, pkcs7, ignored;
        int r, found = 0;

        *ret_is_signed = false;
        if (pe_certificates(&image->pe, &certificates) < 0)
                return -EBADMSG;
        r = find_entry(dbx, image, NULL, &ignored);
        if (r != 0)
                return r < 0 ? r : -EACCES;
        while (found == 0 && (r = pe_certificate_next(&certificates, &pkcs7)) > 0) {
                *ret_is_signed = true;
                r = find_entry(dbx, image, &pkcs7, &ignored);
                if (r != 0)
                        return r < 0 ? r : -EACCES;
                found = find_entry(db, image, &pkcs7, ret);
        }
        if (r < 0 || found != 0)
                return r < 0 ? r : found;
        return find_entry(db, image, NULL, ret);
}

static int add_authority(struct prediction *p, const char *name, const struct buffer *file, struct authorities *seen, struct trouble *t)
{
        const struct secure_boot *sb = &p->in->variables;
        _cleanup_free_ char *what = tool_format("entry of db for %s", name);
        struct signed_image image = {};
        struct iovec entry;
        bool is_signed;
        int r;

        if (signed_image_open(name, file, &image, t) < 0) {
                t->outcome = OUTCOME_TROUBLE;
                return -1;
        }
        r = find_authority(sb, &image, &is_signed, &entry);
        if (r < 0 && r != -EACCES)
                return trouble_set(t, OUTCOME_TROUBLE, "cannot find what verifies %s: its signatures, db or dbx are malformed", name);
        if (r == 0 && !is_signed) {
                predict_leave_open(p, PCR_SECURE_BOOT, "%s is not signed, and the entry of db that verifies it is measured", name);
                return 0;
        }
        if (r <= 0)
                return trouble_set(t, OUTCOME_FALSE, "Secure Boot is on in the variable store, and %s is %s: the firmware would not start it",
                                   name, r == 0 ? "not signed by what is in db" : "what dbx excludes");
        for (size_t i = 0; i < seen->n; i++)
                if (seen->entries[i] == entry.iov_base)
                        return 0;
        if (seen->n < MAX_AUTHORITIES)
                seen->entries[seen->n++] = entry.iov_base;
        return add_variable(p, &secure_boot_names[SECURE_BOOT_DB], what, entry.iov_base, entry.iov_len, t);
}

static int add_authorities(struct prediction *p, const struct predict_files *list, struct authorities *seen, struct trouble *t)
{
        for (size_t i = 0; i < list->n; i++)
                if (add_authority(p, list->files[i].name, &list->files[i].data, seen, t) < 0)
                        return -1;
        return 0;
}

static bool is_shim(const struct predict_file *f)
{
        static const char word[] = "\nshim,";
        size_t offset, size;

        return pe_section_find(f->data.data, f->data.size, ".sbat", &offset, &size) == 0 &&
               memmem(f->data.data + offset, size, word, sizeof(word) - 1);
}

int predict_secure_boot(struct prediction *p, struct trouble *t)
{
        const struct secure_boot *sb = &p->in->variables;
        const struct predict_input *in = p->in;
        const char *slash = strrchr(in->uki.path, '/');
        const struct iovec separator = { (void *) (uintptr_t) "\0\0\0", 4 };
        struct authorities seen = {};

        if (!in->pcrs[PCR_SECURE_BOOT])
                return 0;
        if (!sb->is_read) {
                predict_leave_open(p, PCR_SECURE_BOOT, "the variables of Secure Boot are measured: name a store of them by --variables");
                return 0;
        }
        if (!in->secure_boot[sb->is_on])
                predict_leave_open(p, PCR_SECURE_BOOT, "Secure Boot is %s in the variable store", sb->is_on ? "on" : "off");
        for (size_t i = 0; i < in->loaders.n; i++)
                if (is_shim(&in->loaders.files[i]))
                        predict_leave_open(p, PCR_SECURE_BOOT, "%s is a shim, which measures what it verifies by, and its SBAT level",
                                           in->loaders.files[i].name);
        for (size_t i = 0; i < _SECURE_BOOT_MAX; i++)
                if (add_variable(p, &secure_boot_names[i], secure_boot_names[i].name, sb->values[i].data, sb->values[i].size, t) < 0)
                        return -1;
        if (predict_add(p, PCR_SECURE_BOOT, PREDICT_ALWAYS, "separator", &separator, 1, t) < 0)
                return -1;
        if (!sb->is_on || p->undecided[PCR_SECURE_BOOT])
                return 0;
        if (add_authorities(p, &in->loaders, &seen, t) < 0 ||
            add_authority(p, slash ? slash + 1 : in->uki.path, &in->uki.file, &seen, t) < 0)
                return -1;
        return add_authorities(p, &in->addons, &seen, t);
}
