/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <stddef.h>
#include <stdio.h>
#include <sys/stat.h>

#include "verinit/credential.h"

#include "initrd_report.h"
#include "json_value.h"

const struct report_need report_needs[] = {
        { "secure-boot", offsetof(struct floor, secure_boot) },
        { "tpm", offsetof(struct floor, tpm) },
        { "cmdline", offsetof(struct floor, cmdline) },
        { "cmdline-replay", offsetof(struct floor, cmdline_replay) },
        { "root-hash-signature", offsetof(struct floor, root_hash_signature) },
        { "pinned-geometry", offsetof(struct floor, pinned_geometry) },
        { "boot-disk-only", offsetof(struct floor, boot_disk_only) },
        { "selinux", offsetof(struct floor, selinux) },
        { "ipe", offsetof(struct floor, ipe) },
        { "debug", offsetof(struct floor, debug) },
        {},
};

enum need report_need_of(const struct floor *f, const struct report_need *need)
{
        return *(const enum need *) ((const uint8_t *) f + need->offset);
}

void report_digest_text(const struct digest *d, char ret_text[static DIGEST_MAX_HEX + 8])
{
        char hex[DIGEST_MAX_HEX];

        ret_text[0] = '\0';
        if (d->alg == DIGEST_NONE)
                return;
        digest_hex(d, hex);
        (void) snprintf(ret_text, DIGEST_MAX_HEX + 8, "%s-%s", digest_name(d->alg), hex);
}

const char *report_need_name(enum need need)
{
        return need == NEED_REQUIRE ? "require" : "allow";
}

const char *report_root_name(enum floor_root root)
{
        return root == FLOOR_ROOT_TMPFS ? "tmpfs" : "unverified";
}

const char *report_etc_name(enum etc_mode etc)
{
        switch (etc) {
        case ETC_OVERLAY:
                return "overlay";
        case ETC_TMPFS:
                return "tmpfs";
        case ETC_PLAIN:
                break;
        }
        return "plain";
}

static char type_letter(mode_t mode)
{
        switch (mode & S_IFMT) {
        case S_IFREG:
                return '-';
        case S_IFDIR:
                return 'd';
        case S_IFLNK:
                return 'l';
        case S_IFCHR:
                return 'c';
        case S_IFBLK:
                return 'b';
        case S_IFIFO:
                return 'p';
        case S_IFSOCK:
                return 's';
        default:
                return '?';
        }
}

/* As they are packed, less comments: what no key of the summary shows is there too. */
static void print_floor_lines(const struct report *r)
{
        const struct buffer *file = report_find_file(r, FLOOR_PATH);
        size_t size = file ? file->size : 0;

        for (size_t at = 0, n; at < size; at += n + 1) {
                const char *line = (const char *) file->data + at;
                const char *end = memchr(line, '\n', size - at);
                _cleanup_free_ char *copy = NULL;

                n = end ? (size_t) (end - line) : size - at;
                copy = tool_format("%.*s", (int) n, line);
                if (copy[0] != '\0' && copy[0] != '#')
                        printf("              %s\n", tool_printable(copy));
        }
}

static void print_floor(const struct report *r)
{
        const struct floor *f = &r->floor;
        char note[DIGEST_MAX_HEX + 8];

        printf("floor:        %sroot=%s etc=%s credentials=%s selinux-lock=%s", r->has_floor ? "" : "none, so ",
               report_root_name(f->root), report_etc_name(f->etc), credentials_name(f->credentials),
               selinux_lock_name(f->selinux_lock));
        for (const struct report_need *need = report_needs; need->key; need++)
                printf(" %s=%s", need->key, report_need_name(report_need_of(f, need)));
        putchar('\n');
        print_floor_lines(r);
        report_digest_text(&r->note, note);
        printf("floor's note: %s\n", note[0] ? note : "none: no floor was packed with this /init");
}

static void print_table(const struct report *r)
{
        if (!r->has_table) {
                printf("modules:      no table that can be read\n");
                return;
        }
        printf("modules:      %zu for kernel %s, %zu aliases\nfeatures:    ", r->table.n_modules, r->table.release,
               r->table.n_aliases);
        for (size_t i = 0; i < r->table.n_features; i++)
                printf(" %s", r->table.features[i].name);
        putchar('\n');
}

static void print_sbom(const struct report *r)
{
        size_t n = json_value_count(r->sbom);

        printf("sbom:         %s", r->sbom ? "" : "none\n");
        for (size_t i = 0; i < n; i++) {
                struct json_object *package = json_value_at(r->sbom, i);
                _cleanup_free_ char *name = tool_strdup(json_value_as_text(json_value_get(package, "name")));
                _cleanup_free_ char *version = tool_strdup(json_value_as_text(json_value_get(package, "version")));

                printf("%s %s%s", tool_printable(name), tool_printable(version), i + 1 < n ? ", " : "\n");
        }
}

void report_print_text(const struct report *r)
{
        printf("file:         %s: %zu bytes, %s, %zu unpacked, %zu in %zu entries\n", r->path, r->file_bytes,
               r->compression, r->unpacked_bytes, r->content_bytes, r->tree.n_entries);
        printf("verinit:      %s\n", r->version ? r->version : "version unknown");
        printf("command line: %s\n", r->cmdline ? r->cmdline : "none");
        print_floor(r);
        print_table(r);
        print_sbom(r);
        putchar('\n');
        for (size_t i = 0; i < r->tree.n_entries; i++) {
                const struct tree_entry *e = &r->tree.entries[i];

                printf("%c%04o %9zu %-64s %s\n", type_letter(e->mode), (unsigned) (e->mode & 07777), e->content.size,
                       r->sha256[i][0] ? r->sha256[i] : "-", e->path);
        }
        for (size_t i = 0; i < r->n_problems; i++)
                printf("%sproblem: %s\n", i == 0 ? "\n" : "", r->problems[i]);
}
