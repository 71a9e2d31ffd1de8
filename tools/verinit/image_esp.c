/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The files of the EFI System Partition, by mtools: it reads FAT without a mount, and so without privilege. The partition is given
 * to it as a place in the image; which has no name of the user's, since that may have an "@@" of its own.
 */
#include <stdio.h>
#include <strings.h>

#include "child.h"
#include "image.h"

#define ESP_TYPE "c12a7328-f81f-11d2-ba4b-00a0c93ec93b"

enum { LIST_MAX_BYTES = 1024 * 1024 };

static void add_place(struct child_words *words, const struct image_esp *esp)
{
        child_add(words, "-i");
        child_add_format(words, "/proc/%d/fd/%d@@%llu", (int) getpid(), esp->disk_fd, (unsigned long long) esp->offset_bytes);
}

/* Patterns of its own. FAT has no '*' and no '?'. */
static bool is_plain(const char *path)
{
        return !strpbrk(path, "[]*?");
}

static int compare(const void *a, const void *b)
{
        return strcmp(*(char *const *) a, *(char *const *) b);
}

/* "::/EFI/Linux/node.efi", one a line; a directory ends in '/'. */
static void take_lines(struct image_esp *esp, char *text)
{
        for (char *line = strtok(text, "\n"); line; line = strtok(NULL, "\n")) {
                const char *path = str_after(line, "::");
                size_t n = path ? strlen(path) : 0;

                if (n < 2 || path[n - 1] == '/')
                        continue;
                if (!is_plain(path))
                        esp->left_out = "a name on it has '[' or ']', by which mtools cannot be asked for it";
                else if (esp->n == ARRAY_SIZE(esp->paths))
                        esp->left_out = "it has more files than are looked at";
                else
                        esp->paths[esp->n++] = tool_strdup(path);
        }
        if (esp->n > 0)
                qsort(esp->paths, esp->n, sizeof(*esp->paths), compare);
}

int image_esp_list(const struct machine_disk *disk, struct image_esp *ret, struct trouble *t)
{
        _cleanup_child_words_ struct child_words words = {};
        _cleanup_buffer_ struct buffer text = {};
        const struct child child = { .words = &words, .output = &text, .output_max = LIST_MAX_BYTES, .is_silent = true };
        int status;

        *ret = (struct image_esp) { .disk_fd = disk->fd };
        for (size_t i = 0; i < disk->table.n_partitions && !ret->partuuid; i++)
                if (str_equal(disk->table.partitions[i].type, ESP_TYPE)) {
                        ret->partuuid = disk->table.partitions[i].uuid;
                        ret->offset_bytes = disk->table.partitions[i].start_bytes;
                }
        if (!ret->partuuid)
                return 0;
        child_add(&words, "mdir");
        child_add(&words, "-/");
        child_add(&words, "-b");
        add_place(&words, ret);
        child_add(&words, "::/");
        if (child_run(&child, &status, t) < 0)
                return trouble_prefix(t, "the EFI System Partition (is mtools installed?)");
        if (status != 0 && text.size == 0)
                return trouble_set(t, OUTCOME_FALSE, "the EFI System Partition of %s is no FAT file system that mtools reads, or is empty",
                                   disk->path);
        if (status != 0)
                ret->left_out = "mtools cannot read all of its directories";
        if (buffer_append(&text, "", 1) < 0)
                return trouble_set(t, OUTCOME_TROUBLE, "out of memory");
        take_lines(ret, (char *) text.data);
        return 0;
}

int image_esp_read(const struct image_esp *esp, const char *path, size_t max, struct buffer *ret, struct trouble *t)
{
        _cleanup_child_words_ struct child_words words = {};
        const struct child child = { .words = &words, .output = ret, .output_max = max, .is_silent = true };

        child_add(&words, "mcopy");
        child_add(&words, "-n");
        add_place(&words, esp);
        child_add_format(&words, "::%s", path);
        child_add(&words, "-");
        if (child_run(&child, NULL, t) < 0)
                return trouble_prefix(t, "%s of the EFI System Partition", path);
        return 0;
}

bool image_esp_is_in(const char *path, const char *dir, const char *suffix)
{
        size_t n = strlen(path), n_dir = strlen(dir), n_suffix = strlen(suffix);

        return n > n_dir + 1 + n_suffix && strncasecmp(path, dir, n_dir) == 0 && path[n_dir] == '/' &&
               !strchr(path + n_dir + 1, '/') && strcasecmp(path + n - n_suffix, suffix) == 0;
}

const char *image_esp_find(const struct image_esp *esp, const char *path)
{
        for (size_t i = 0; i < esp->n; i++)
                if (strcasecmp(esp->paths[i], path) == 0)
                        return esp->paths[i];
        return NULL;
}

void image_esp_done(struct image_esp *esp)
{
        for (size_t i = 0; i < esp->n; i++)
                free(esp->paths[i]);
        esp->n = 0;
}
