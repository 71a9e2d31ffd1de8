/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>

#include "verinit/cmdline.h"
#include "verinit/crypto.h"
#include "verinit/pe.h"
#include "verinit/provenance.h"

#include "addon.h"

static bool is_blank(uint8_t c)
{
        return c <= 0x20 || c == 0x7f;
}

/* As the stub does (src/boot/util.c mangle_stub_cmdline()): blanks at both ends go, a control character is a blank. */
int stub_text_append(const uint8_t *text, size_t size, const char *path, struct buffer *ret, struct trouble *t)
{
        size_t end = strnlen((const char *) text, size), start = 0;

        while (start < end && is_blank(text[start]))
                start++;
        while (end > start && is_blank(text[end - 1]))
                end--;
        if (start == end)
                return trouble_set(t, OUTCOME_TROUBLE, "%s: its .cmdline is empty", path);
        if (ret->size > 0 && buffer_append(ret, " ", 1) < 0)
                return trouble_set_errno(t, ENOMEM, "cannot read %s", path);
        for (size_t i = start; i < end; i++) {
                uint8_t c = is_blank(text[i]) ? ' ' : text[i];

                if (c > 0x7e)
                        return trouble_set(t, OUTCOME_FALSE, "%s: byte %zu of its .cmdline is not ASCII: it does not "
                                           "survive the way through the firmware", path, i);
                if (buffer_append(ret, &c, 1) < 0)
                        return trouble_set_errno(t, ENOMEM, "cannot read %s", path);
        }
        return ret->size < CMDLINE_KERNEL_LIMIT ? 0 :
               trouble_set(t, OUTCOME_FALSE, "%s: its .cmdline is longer than a command line", path);
}

/* UAPI: systemd src/boot/stub.c load_addons(): what else an add-on may bring, and an event of PCR 12 for each. */
static int check_sections(const struct buffer *file, const char *path, struct trouble *t)
{
        static const char *const unexplained[] = { ".initrd", ".ucode", ".dtb", ".dtbauto" };
        size_t offset, size;
        int r = pe_section_find(file->data, file->size, ".linux", &offset, &size);

        if (r == 0)
                return trouble_set(t, OUTCOME_TROUBLE, "%s has a .linux section: it is a kernel image, and systemd-stub "
                                   "takes no such add-on", path);
        if (r != -ENOENT)
                return trouble_set(t, OUTCOME_TROUBLE, "%s is not a sound PE file", path);
        for (size_t i = 0; i < ARRAY_SIZE(unexplained); i++)
                if (pe_section_find(file->data, file->size, unexplained[i], &offset, &size) != -ENOENT)
                        return trouble_set(t, OUTCOME_FALSE, "PID 1 would refuse this with %s: %s has a section %s, and the "
                                           "floor can list no more of an add-on than its command line",
                                           fail_code_name(FAIL_EVENT_UNEXPLAINED_CODE), path, unexplained[i]);
        return 0;
}

int addon_append(const char *path, const struct buffer *file, struct buffer *ret, struct trouble *t)
{
        size_t offset, size;
        int r;

        if (check_sections(file, path, t) < 0)
                return -1;
        r = pe_section_find(file->data, file->size, ".cmdline", &offset, &size);
        if (r == -ENOENT)
                return trouble_set(t, OUTCOME_TROUBLE, "%s has no .cmdline section", path);
        if (r < 0)
                return trouble_set(t, OUTCOME_TROUBLE, "%s is not a sound PE file", path);
        return stub_text_append(file->data + offset, size, path, ret, t);
}

static int append_file(const char *path, struct buffer *ret, struct trouble *t)
{
        _cleanup_buffer_ struct buffer file = {};

        if (tool_read_file(path, ADDON_MAX_BYTES, &file, t) < 0)
                return -1;
        return addon_append(path, &file, ret, t);
}

int stub_text_wide(const struct buffer *text, struct buffer *ret, struct trouble *t)
{
        _cleanup_free_ char *narrow = tool_format("%.*s", (int) text->size, (const char *) text->data);
        uint8_t wide[2 * (CMDLINE_KERNEL_LIMIT + 1)];
        size_t n = text_to_utf16(narrow, wide, sizeof(wide));
        struct buffer b = {};

        if (n == 0)
                return trouble_set(t, OUTCOME_FALSE, "a .cmdline is not printable ASCII, or too long");
        if (buffer_append(&b, wide, n) < 0)
                return trouble_set_errno(t, ENOMEM, "cannot widen a command line");
        *ret = b;
        return 0;
}

static int hash_utf16(const struct buffer *text, struct digest *ret, struct trouble *t)
{
        _cleanup_buffer_ struct buffer wide = {};
        struct iovec part;
        struct error err = {};

        if (stub_text_wide(text, &wide, t) < 0)
                return -1;
        part = (struct iovec) { wide.data, wide.size };
        if (crypto_digest(DIGEST_SHA256, &part, 1, ret, &err) < 0)
                return trouble_set(t, OUTCOME_TROUBLE, "cannot hash an add-on: %s", err.msg);
        return 0;
}

int addon_read(const char *files, struct addon *ret, struct trouble *t)
{
        _cleanup_free_ char *list = tool_strdup(files);
        struct addon a = {};
        char *rest = list;
        int r = 0;

        while (r == 0 && rest) {
                char *path = strsep(&rest, ",");

                r = append_file(path, &a.text, t);
        }
        if (r == 0)
                r = hash_utf16(&a.text, &a.digest, t);
        if (r < 0) {
                buffer_done(&a.text);
                return -1;
        }
        *ret = a;
        return 0;
}
