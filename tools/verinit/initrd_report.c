/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/stat.h>

#include "verinit/crypto.h"

#include "archives.h"
#include "initrd_check.h"
#include "initrd_report.h"
#include "initrd_sbom.h"

enum {
        REPORT_MAX_FILE_BYTES = 256 * 1024 * 1024,
        REPORT_MAX_UNPACKED_BYTES = 512 * 1024 * 1024,
        REPORT_MAX_VERSION = 64,
};

/* common/version.c puts it into PID 1, as what(1) of old would look for it. */
static const char version_tag[] = "@(#)verinit ";

void report_problem(struct report *r, const char *fmt, ...)
{
        va_list args;
        char *text;

        if (r->n_problems == REPORT_MAX_PROBLEMS)
                return;
        va_start(args, fmt);
        if (vasprintf(&text, fmt, args) >= 0)
                r->problems[r->n_problems++] = tool_printable(text);
        va_end(args);
}

void report_problem_from_error(struct report *r, const struct error *err)
{
        report_problem(r, "%s: %s", fail_code_name(err->code), err->msg);
}

const struct buffer *report_find_file(const struct report *r, const char *path)
{
        const struct tree_entry *e = tree_find(&r->tree, path);

        return e && S_ISREG(e->mode) ? &e->content : NULL;
}

static void read_version(struct report *r)
{
        const struct buffer *init = report_find_file(r, "init");
        const uint8_t *p;
        char *version;
        size_t n;

        if (!init) {
                report_problem(r, "no /init: the kernel would not start anything in it");
                return;
        }
        p = init->size > 0 ? memmem(init->data, init->size, version_tag, sizeof(version_tag) - 1) : NULL;
        if (!p)
                return;
        p += sizeof(version_tag) - 1;
        n = strnlen((const char *) p, (size_t) (init->data + init->size - p));
        version = tool_format("%.*s", n > REPORT_MAX_VERSION ? REPORT_MAX_VERSION : (int) n, (const char *) p);
        r->version = tool_printable(version);
}

static void read_cmdline(struct report *r)
{
        const struct buffer *text = report_find_file(r, "etc/verinit/cmdline");
        static struct boot_config config;
        struct buffer copy = {};
        struct trouble t = {};

        if (!text) {
                /* As stage prove: one that the floor names was packed, whatever it allows. */
                if (r->floor.cmdline == NEED_REQUIRE || r->floor.baked_cmdline.alg != DIGEST_NONE)
                        report_problem(r, "%s: no /etc/verinit/cmdline, which the floor %s",
                                fail_code_name(FAIL_BAKED_CMDLINE_MISSING_CODE),
                                r->floor.cmdline == NEED_REQUIRE ? "requires" : "names");
                return;
        }
        copy.data = tool_alloc(text->size + 1, 1);
        if (text->size > 0)
                memcpy(copy.data, text->data, text->size);
        copy.size = text->size;
        if (initrd_check_cmdline(&copy, &r->floor, &config, &t) < 0)
                report_problem(r, "command line: %s", t.msg);
        r->cmdline = tool_printable((char *) copy.data);
}

static void read_table(struct report *r)
{
        const struct buffer *text = report_find_file(r, "etc/verinit/modules");
        struct error err = {};

        if (!text) {
                report_problem(r, "%s: no /etc/verinit/modules", fail_code_name(FAIL_MODULE_TABLE_MALFORMED_CODE));
                return;
        }
        if (modtable_parse(text->size > 0 ? (const char *) text->data : "", text->size, &r->table, &err) < 0) {
                report_problem_from_error(r, &err);
                return;
        }
        r->has_table = true;
        for (size_t i = 0; i < r->table.n_modules; i++) {
                _cleanup_free_ char *path = tool_format("lib/modules/%s", r->table.modules[i].file);

                if (!report_find_file(r, path))
                        report_problem(r, "%s: no /%s, which the module table names",
                                fail_code_name(FAIL_MODULE_MISSING_CODE), path);
        }
}

static int hash_entries(struct report *r, struct trouble *t)
{
        r->sha256 = tool_alloc(r->tree.n_entries, sizeof(*r->sha256));
        for (size_t i = 0; i < r->tree.n_entries; i++) {
                const struct tree_entry *e = &r->tree.entries[i];
                struct iovec part = { .iov_base = e->content.data, .iov_len = e->content.size };
                struct digest digest;
                struct error err = {};

                if (!S_ISREG(e->mode))
                        continue;
                if (crypto_digest(DIGEST_SHA256, &part, 1, &digest, &err) < 0)
                        return trouble_set(t, OUTCOME_TROUBLE, "cannot hash /%s: %s", e->path, err.msg);
                hex_encode(digest.bytes, digest_size(DIGEST_SHA256), r->sha256[i]);
                r->content_bytes += e->content.size;
        }
        return 0;
}

static bool is_zero(const struct buffer *b, size_t from)
{
        for (size_t i = from; i < b->size; i++)
                if (b->data[i] != 0)
                        return false;
        return true;
}

/* A second spelling of one name, or a link on the way to it, would be a second file of one name. */
static void look_at_name(struct report *r, const struct tree_entry *e)
{
        if (tree_find(&r->tree, e->path) != e)
                report_problem(r, "/%s is in it twice: the kernel would take the second", e->path);
        else if (!tree_path_is_normalised(e->path))
                report_problem(r, "'%s' is not normalised: it may overwrite another entry", e->path);
        else if (!S_ISREG(e->mode) && !S_ISDIR(e->mode))
                report_problem(r, "/%s is neither file nor directory: verinit packs nothing else", e->path);
}

/* The kernel unpacks every archive there is, each over the one before. */
static void look_for_hidden(struct report *r, const struct buffer *cpio, size_t used)
{
        if (!is_zero(cpio, used))
                report_problem(r, "%zu bytes follow the first archive: the kernel would unpack them over it, and they are not "
                        "shown here", cpio->size - used);
        for (size_t i = 0; i < r->tree.n_entries; i++)
                look_at_name(r, &r->tree.entries[i]);
}

static int read_archive(struct report *r, const struct buffer *file, struct trouble *t)
{
        _cleanup_buffer_ struct buffer cpio = {};
        size_t used;

        r->file_bytes = file->size;
        if (unpack(file, r->path, REPORT_MAX_UNPACKED_BYTES, &cpio, &r->compression, t) < 0)
                return -1;
        r->unpacked_bytes = cpio.size;
        if (cpio_read(&cpio, r->path, &r->tree, &used, t) < 0)
                return -1;
        look_for_hidden(r, &cpio, used);
        return hash_entries(r, t);
}

/* Nothing at boot reads it, but one of another program would mislead whoever does. */
static void read_sbom(struct report *r)
{
        const struct buffer *text = report_find_file(r, SBOM_PATH), *init = report_find_file(r, "init");
        struct trouble t = {};

        if (text && init && sbom_read(text, init, &r->sbom, &t) < 0)
                report_problem(r, "/%s: %s", SBOM_PATH, t.msg);
}

int report_read(const char *path, struct report *ret, struct trouble *t)
{
        _cleanup_buffer_ struct buffer file = {};

        if (tool_read_file(path, REPORT_MAX_FILE_BYTES, &file, t) < 0)
                return -1;
        return report_parse(path, &file, ret, t);
}

int report_parse(const char *path, const struct buffer *file, struct report *ret, struct trouble *t)
{
        *ret = (struct report) { .path = path };
        if (read_archive(ret, file, t) < 0) {
                report_done(ret);
                return -1;
        }
        read_version(ret);
        report_read_floor(ret);
        report_check_files(ret);
        read_cmdline(ret);
        read_table(ret);
        read_sbom(ret);
        for (size_t i = 0; i < ret->tree.n_entries; i++)
                (void) tool_printable(ret->tree.entries[i].path);
        return 0;
}

void report_done(struct report *r)
{
        tree_done(&r->tree);
        free(r->sha256);
        free(r->version);
        free(r->cmdline);
        json_value_done(&r->sbom);
        for (size_t i = 0; i < r->n_problems; i++)
                free(r->problems[i]);
        r->n_problems = 0;
}
