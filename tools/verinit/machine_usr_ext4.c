/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The files of an ext4 for SELinux and IPE, by debugfs. Its rdump would make files and links by the names that stand in the image, '/' and all, and
 * so write anywhere; here it lists and prints alone, and the files that are made have names of ours.
 */
#include <errno.h>
#include <stdio.h>
#include <sys/stat.h>

#include "verinit/fsat.h"
#include "verinit/ipe_policy.h"
#include "verinit/policy.h"

#include "child.h"
#include "machine.h"

enum { LIST_MAX_BYTES = 4 * 1024 * 1024, MAX_POLICIES = 8 };

struct taking {
        struct machine *m;
        const char *target; /* below the scratch directory */
};

struct found {
        unsigned mode; /* 0: it is not there */
        unsigned long long size;
};

/* QUERY is ours, PATH of plain names: debugfs has quotes, and no escapes in them. */
static int ask(const struct taking *k, const char *query, const char *path, size_t max, struct buffer *ret)
{
        _cleanup_child_words_ struct child_words words = {};
        const struct child child = { .words = &words, .output = ret, .output_max = max, .is_silent = true };
        struct trouble ignored = {};

        child_add(&words, "debugfs");
        child_add(&words, "-R");
        child_add_format(&words, "%s \"/%s\"", query, path);
        child_add_format(&words, "/proc/%d/fd/%d", (int) getpid(), k->m->usr_fd);
        return child_run(&child, NULL, &ignored);
}

static int list(const struct taking *k, const char *dir, struct buffer *ret)
{
        return ask(k, "ls -p", dir, LIST_MAX_BYTES, ret) < 0 || buffer_append(ret, "", 1) < 0 ? -1 : 0;
}

/* "/14/100644/0/0/config/2/". A name that makes up a line of its own can at most hide that a file is not there. */
static bool read_line(const char *line, size_t n, char *ret_name, size_t size, struct found *ret)
{
        _cleanup_free_ char *copy = strndup(line, n);
        char *rest = copy, *field[8] = {};

        for (size_t i = 0; i < ARRAY_SIZE(field) && rest; i++)
                field[i] = strsep(&rest, "/");
        if (rest || !field[7] || *field[7] || strlen(field[5]) >= size)
                return false;
        (void) str_copy(ret_name, size, field[5]);
        *ret = (struct found) { (unsigned) strtoul(field[2], NULL, 8), strtoull(field[6], NULL, 10) };
        return true;
}

static struct found find(const struct buffer *listing, const char *name)
{
        for (const char *line = (const char *) listing->data; line && *line;) {
                size_t n = strcspn(line, "\n");
                char other[256];
                struct found f;

                if (read_line(line, n, other, sizeof(other), &f) && str_equal(other, name))
                        return f;
                line += n + (line[n] == '\n');
        }
        return (struct found) {};
}

/* 1: of that kind; 0: not there, or something that is not followed and was said. */
static int look_up(const struct taking *k, const char *dir, const char *name, unsigned type, struct found *ret)
{
        _cleanup_buffer_ struct buffer listing = {};

        if (list(k, dir, &listing) < 0)
                return -1;
        *ret = find(&listing, name);
        if (ret->mode != 0 && (ret->mode & S_IFMT) != type)
                machine_leave_out(k->m, "/usr/%s/%s is no plain file or directory, and no link is followed here", dir, name);
        return ret->mode != 0 && (ret->mode & S_IFMT) == type;
}

static int look_up_dirs(const struct taking *k, const char *base, const char *path)
{
        _cleanup_free_ char *copy = tool_strdup(path), *at = tool_strdup(base);
        char *rest = copy, *name;

        while ((name = strsep(&rest, "/"))) {
                _cleanup_free_ char *above = at;
                struct found f;
                int r = look_up(k, above, name, S_IFDIR, &f);

                at = tool_format(*above ? "%s/%s" : "%s%s", above, name);
                if (r <= 0)
                        return r;
        }
        return 1;
}

/* As NAME below the target, which is ours. */
static int take_file(const struct taking *k, const char *dir, const char *name, const struct found *f, const char *target, size_t max,
                     struct buffer *ret)
{
        _cleanup_free_ char *from = tool_format("%s/%s", dir, name), *to = tool_format("%s/%s", k->target, target);

        if (ask(k, "cat", from, max, ret) < 0)
                return -1;
        if (ret->size != f->size) {
                machine_leave_out(k->m, "debugfs cannot read the whole of /usr/%s", from);
                return 0;
        }
        return fsat_create(k->m->fd, to, ret->data ? (const void *) ret->data : "", ret->size, 0600) < 0 ? -1 : 1;
}

static int make_dir(const struct taking *k, const char *name)
{
        _cleanup_free_ char *to = tool_format("%s/%s", k->target, name);

        return fsat_mkdir_p(k->m->fd, to, 0700) < 0 ? -1 : 0;
}

static int take_policies(const struct taking *k, const char *dir, const char *type)
{
        _cleanup_buffer_ struct buffer listing = {};
        unsigned n = 0;

        if (list(k, dir, &listing) < 0)
                return -1;
        for (unsigned version = 1; version < 1000 && n < MAX_POLICIES; version++) {
                _cleanup_free_ char *name = tool_format("policy.%u", version), *target = tool_format("%s/policy/%s", type, name);
                _cleanup_buffer_ struct buffer data = {};
                const struct found f = find(&listing, name);

                if (f.mode == 0)
                        continue;
                if (!S_ISREG(f.mode)) {
                        machine_leave_out(k->m, "/usr/%s/%s is no plain file, and no link is followed here", dir, name);
                        continue;
                }
                n++;
                if (take_file(k, dir, name, &f, target, POLICY_MAX_BYTES, &data) < 0)
                        return -1;
        }
        return 0;
}

/* What stage mac asks for below the type: the policies; and of the labels, that they are there. */
static int take_type(const struct taking *k, const char *dir, const char *type)
{
        _cleanup_free_ char *base = tool_format("%s/%s", dir, type), *policy = tool_format("%s/policy", base);
        _cleanup_free_ char *files = tool_format("%s/contexts/files", base), *target = tool_format("%s/contexts/files", type);
        _cleanup_free_ char *labels = tool_format("%s/%s/file_contexts", k->target, target), *made = tool_format("%s/policy", type);
        struct found f;
        int r = look_up_dirs(k, dir, type);

        if (r <= 0)
                return r;
        if (make_dir(k, made) < 0 || make_dir(k, target) < 0)
                return -1;
        r = look_up_dirs(k, base, "policy");
        if (r < 0 || (r > 0 && take_policies(k, policy, type) < 0))
                return -1;
        r = look_up_dirs(k, base, "contexts/files");
        if (r > 0)
                r = look_up(k, files, "file_contexts", S_IFREG, &f);
        return r <= 0 ? r : fsat_create(k->m->fd, labels, "", 0, 0600);
}

/* Of one that only must not be there, the name is enough: ours, since theirs becomes none of this machine's. */
static int find_policy(const struct taking *k, const char *dir)
{
        _cleanup_buffer_ struct buffer listing = {};
        _cleanup_free_ char *to = tool_format("%s/other.p7b", k->target);

        if (list(k, dir, &listing) < 0)
                return -1;
        for (const char *line = (const char *) listing.data; line && *line; line += strcspn(line, "\n"), line += *line == '\n') {
                char name[256];
                struct found f;
                size_t n;

                if (!read_line(line, strcspn(line, "\n"), name, sizeof(name), &f))
                        continue;
                n = strlen(name);
                if (n >= 4 && str_equal(name + n - 4, ".p7b"))
                        return fsat_create(k->m->fd, to, "", 0, 0600) < 0 ? -1 : 0;
        }
        return 0;
}

int machine_take_ext4_policy(struct machine *m, const char *dir, const char *name, const char *target)
{
        const struct taking k = { m, target };
        _cleanup_buffer_ struct buffer data = {};
        struct found f;
        int r = look_up_dirs(&k, "", dir);

        if (r <= 0)
                return r;
        if (fsat_mkdir_p(m->fd, target, 0700) < 0)
                return -1;
        if (!name)
                return find_policy(&k, dir);
        r = look_up(&k, dir, name, S_IFREG, &f);
        return r <= 0 ? r : take_file(&k, dir, name, &f, name, IPE_POLICY_MAX_BYTES, &data);
}

int machine_take_ext4(struct machine *m, const char *dir, const char *target)
{
        const struct taking k = { m, target };
        _cleanup_buffer_ struct buffer text = {};
        struct policy_config config;
        struct error ignored = {};
        struct found f;
        int r = look_up_dirs(&k, "", dir);

        if (r <= 0)
                return r;
        if (fsat_mkdir_p(m->fd, target, 0700) < 0)
                return -1;
        r = look_up(&k, dir, "config", S_IFREG, &f);
        if (r > 0)
                r = take_file(&k, dir, "config", &f, "config", POLICY_CONFIG_MAX_BYTES, &text);
        if (r <= 0)
                return r;
        /* A configuration that PID 1 refuses names no type. */
        if (policy_config_parse((const char *) text.data, text.size, &config, &ignored) < 0 || !machine_is_plain_path(config.type))
                return 0;
        return take_type(&k, dir, config.type);
}
