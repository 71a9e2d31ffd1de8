/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <dirent.h>
#include <errno.h>
#include <stdio.h>

#include "output.h"
#include "scratch.h"

int scratch_make(struct scratch *ret, struct trouble *t)
{
        const char *base = getenv("TMPDIR");
        char *path = tool_format("%s/verinit.XXXXXX", base && base[0] == '/' ? base : "/tmp");

        if (!mkdtemp(path)) {
                (void) trouble_set_errno(t, errno, "cannot make a directory %s", path);
                free(path);
                return -1;
        }
        ret->path = path;
        return 0;
}

void scratch_done(struct scratch *s)
{
        DIR *dir = s->path ? opendir(s->path) : NULL;

        for (struct dirent *e = dir ? readdir(dir) : NULL; e; e = readdir(dir))
                if (!str_equal(e->d_name, ".") && !str_equal(e->d_name, ".."))
                        (void) unlinkat(dirfd(dir), e->d_name, 0);
        if (dir)
                (void) closedir(dir);
        if (s->path)
                (void) rmdir(s->path);
        free(s->path);
        s->path = NULL;
}

char *scratch_path(const struct scratch *s, const char *name)
{
        return tool_format("%s/%s", s->path, name);
}

int scratch_write(const struct scratch *s, const char *name, const struct buffer *data, char **ret_path, struct trouble *t)
{
        char *path = scratch_path(s, name);

        if (output_write(path, data, t) < 0) {
                free(path);
                return -1;
        }
        if (ret_path)
                *ret_path = path;
        else
                free(path);
        return 0;
}
