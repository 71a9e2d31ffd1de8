/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <stdio.h>
#include <sys/stat.h>

#include "initrd_report.h"

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

static void print_floor(const struct report *r)
{
        const struct floor *f = &r->floor;

        printf("floor:        %stpm=%s selinux=%s cmdline=%s root=%s etc=%s\n", r->has_floor ? "" : "none, so ",
               report_need_name(f->tpm), report_need_name(f->selinux), report_need_name(f->cmdline),
               report_root_name(f->root), report_etc_name(f->etc));
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

void report_print_text(const struct report *r)
{
        printf("file:         %s: %zu bytes, %s, %zu unpacked, %zu in %zu entries\n", r->path, r->file_bytes,
               r->compression, r->unpacked_bytes, r->content_bytes, r->tree.n_entries);
        printf("verinit:      %s\n", r->version ? r->version : "version unknown");
        printf("command line: %s\n", r->cmdline ? r->cmdline : "none");
        print_floor(r);
        print_table(r);
        putchar('\n');
        for (size_t i = 0; i < r->tree.n_entries; i++) {
                const struct tree_entry *e = &r->tree.entries[i];

                printf("%c%04o %9zu %-64s %s\n", type_letter(e->mode), (unsigned) (e->mode & 07777), e->content.size,
                       r->sha256[i][0] ? r->sha256[i] : "-", e->path);
        }
        for (size_t i = 0; i < r->n_problems; i++)
                printf("%sproblem: %s\n", i == 0 ? "\n" : "", r->problems[i]);
}
