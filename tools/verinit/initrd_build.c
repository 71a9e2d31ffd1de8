/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * verinit initrd build. Everything is made in memory and checked; the output is touched last and once.
 */
#include <errno.h>
#include <stdio.h>
#include <sys/stat.h>

#include "verinit/bzimage.h"

#include "archives.h"
#include "initrd_build.h"
#include "initrd_check.h"
#include "initrd_floor.h"
#include "initrd_sbom.h"
#include "output.h"
#include "table.h"

enum {
        INIT_MAX_BYTES = 64 * 1024 * 1024,
        MODULE_MAX_BYTES = 64 * 1024 * 1024,
        FILE_MAX_BYTES = 256 * 1024 * 1024,
};

struct build {
        struct build_options options;
        uint32_t epoch;
        struct floor_build floor;
        struct buffer cmdline_text;
        struct boot_config config;
        struct module_set set;
        struct tree tree;
};

static void build_done(struct build *b)
{
        build_options_done(&b->options);
        floor_build_done(&b->floor);
        buffer_done(&b->cmdline_text);
        module_set_done(&b->set);
        tree_done(&b->tree);
}

static int read_texts(struct build *b, struct trouble *t)
{
        const struct build_options *o = &b->options;
        struct floor floor;

        if (floor_build_read(o, &b->floor, t) < 0)
                return -1;
        floor_build_with_policies(&b->floor, &floor);
        if (o->cmdline[0] == '@') {
                if (tool_read_file(o->cmdline + 1, CMDLINE_MAX_BYTES, &b->cmdline_text, t) < 0)
                        return -1;
        } else if (buffer_append(&b->cmdline_text, o->cmdline, strlen(o->cmdline)) < 0)
                return trouble_set_errno(t, ENOMEM, "cannot copy the command line");
        if (initrd_check_cmdline(&b->cmdline_text, &floor, &b->config, t) < 0)
                return -1;
        if (floor_build_check_possible(&b->floor, &b->config, t) < 0)
                return o->floor ? trouble_prefix(t, "floor %s", o->floor) :
                                  trouble_prefix(t, "without --floor everything is required");
        if (floor_build_check_policies(o, &b->floor, &b->config, t) < 0)
                return -1;
        return floor_build_check_addons(o, &b->floor, &b->cmdline_text, t);
}

/* The modules' own vermagic is compared with their directory's name; this ties the two to the kernel that will load them. */
static int check_kernel(const struct build *b, struct trouble *t)
{
        const char *path = b->options.linux_image;
        char release[BZIMAGE_RELEASE_MAX + 1];
        _cleanup_buffer_ struct buffer image = {};

        if (!path)
                return 0;
        if (tool_read_file(path, FILE_MAX_BYTES, &image, t) < 0)
                return -1;
        if (bzimage_release(image.data, image.size, release) < 0)
                return trouble_set(t, OUTCOME_TROUBLE, "--linux %s is no bzImage that says its version: it takes the "
                                   "vmlinuz that goes into the UKI", path);
        if (!str_equal(release, b->set.release))
                return trouble_set(t, OUTCOME_FALSE, "%s is kernel %s and the modules are of %s: it would refuse them; "
                                   "correct --linux or --modules-dir", path, release, b->set.release);
        return 0;
}

static int collect_modules(struct build *b, struct trouble *t)
{
        const struct build_options *o = &b->options;

        if (module_set_open(o->modules_dir, &b->set, t) < 0 || check_kernel(b, t) < 0)
                return -1;
        for (size_t i = 0; o->n_features == 0 && default_features[i]; i++)
                if (module_set_add_feature(&b->set, feature_find(default_features[i]), t) < 0)
                        return -1;
        for (size_t i = 0; i < o->n_features; i++)
                if (module_set_add_feature(&b->set, feature_find(o->features[i]), t) < 0)
                        return -1;
        for (size_t i = 0; i < o->n_modules; i++)
                if (module_set_add_module(&b->set, o->modules[i], t) < 0)
                        return -1;
        return initrd_check_features(&b->set, &b->config, t);
}

static int add_host_file(struct tree *tree, const char *host, const char *guest, mode_t permissions, size_t max,
                         struct trouble *t)
{
        _cleanup_buffer_ struct buffer content = {};

        if (tool_read_file(host, max, &content, t) < 0)
                return -1;
        return tree_add_file(tree, guest, permissions, &content, t);
}

static int add_init(struct build *b, struct trouble *t)
{
        _cleanup_buffer_ struct buffer content = {};

        if (tool_read_file(b->options.init, INIT_MAX_BYTES, &content, t) < 0)
                return -1;
        /* A script or a text would panic the kernel at boot: there is no interpreter in here. */
        if (content.size < 4 || memcmp(content.data, "\177ELF", 4) != 0)
                return trouble_set(t, OUTCOME_TROUBLE, "%s is no ELF program: --init takes verinit's init",
                                   b->options.init);
        return tree_add_file(&b->tree, "init", 0755, &content, t);
}

/* Read-only in the guest's eyes; whether it can be run is all that is taken from the host's mode. */
static int add_extra_file(struct tree *tree, const char *spec, struct trouble *t)
{
        const char *split = strstr(spec, "=/");
        _cleanup_free_ char *host = tool_strdup(spec);
        struct stat st;

        host[split - spec] = '\0';
        if (stat(host, &st) < 0)
                return trouble_set_errno(t, errno, "cannot open %s", host);
        return add_host_file(tree, host, split + 2, st.st_mode & 0100 ? 0755 : 0644, FILE_MAX_BYTES, t);
}

static int add_module(struct tree *tree, const struct set_module *m, bool is_unpacked, struct trouble *t)
{
        _cleanup_free_ char *file = table_file_name(m, is_unpacked);
        _cleanup_free_ char *guest = tool_format("lib/modules/%s", file);
        _cleanup_buffer_ struct buffer packed = {}, bare = {};
        const char *packed_with;

        if (tool_read_file(m->path, MODULE_MAX_BYTES, &packed, t) < 0)
                return -1;
        if (!is_unpacked)
                return tree_add_file(tree, guest, 0644, &packed, t);
        if (unpack(&packed, m->path, MODULE_MAX_BYTES, &bare, &packed_with, t) < 0)
                return -1;
        return tree_add_file(tree, guest, 0644, &bare, t);
}

/*
 * Where the archive itself is compressed, modules go in bare: that is smaller than compressing what is compressed,
 * and the kernel unpacks once. The signature is part of the bare module, so lockdown has no objection. Without
 * compression they stay as they are; the kernel's own decompressor takes .xz (CONFIG_MODULE_DECOMPRESS).
 */
static int fill_modules(struct build *b, struct trouble *t)
{
        bool is_unpacked = b->options.compression != COMPRESSION_NONE;
        _cleanup_buffer_ struct buffer table = {};

        for (size_t i = 0; i < b->set.n_modules; i++)
                if (add_module(&b->tree, &b->set.modules[i], is_unpacked, t) < 0)
                        return -1;
        if (table_format(&b->set, is_unpacked, &table, t) < 0)
                return -1;
        return tree_add_file(&b->tree, "etc/verinit/modules", 0644, &table, t);
}

static int fill_tree(struct build *b, struct trouble *t)
{
        /* Mount points of stage early, and NEW_ROOT and USR_MOUNT of boot.h. */
        static const char *const directories[] = { "dev", "proc", "sys", "run", "sysroot", "sysusr" };

        for (size_t i = 0; i < ARRAY_SIZE(directories); i++)
                if (tree_add_directory(&b->tree, directories[i], t) < 0)
                        return -1;
        if (add_init(b, t) < 0 || sbom_pack(&b->options, &b->tree, t) < 0 || fill_modules(b, t) < 0)
                return -1;
        if (tree_add_file(&b->tree, "etc/verinit/cmdline", 0644, &b->cmdline_text, t) < 0)
                return -1;
        if (floor_build_pack(&b->floor, &b->tree, t) < 0)
                return -1;
        for (size_t i = 0; i < b->options.n_files; i++)
                if (add_extra_file(&b->tree, b->options.files[i], t) < 0)
                        return trouble_prefix(t, "--file %s", b->options.files[i]);
        tree_sort(&b->tree);
        return 0;
}

static int write_result(struct build *b, struct trouble *t)
{
        _cleanup_buffer_ struct buffer cpio = {}, packed = {};
        const struct build_options *o = &b->options;

        if (cpio_write(&b->tree, b->epoch, &cpio, t) < 0)
                return -1;
        if (compress(o->compression, o->level, &cpio, &packed, t) < 0 ||
            output_write_forced(o->output, &packed, o->is_forced, t) < 0)
                return -1;
        tool_say("verinit: wrote %s: %zu bytes (%zu before %s), kernel %s, %zu modules, %zu features", o->output,
                 packed.size, cpio.size, compression_name(o->compression), b->set.release, b->set.n_modules,
                 b->set.n_features);
        return 0;
}

int initrd_build(int argc, char *argv[], struct trouble *t)
{
        /* Static: the tables in it are too large for a stack. */
        static struct build b;
        int r;

        if (build_options_parse(argc, argv, &b.options, t) < 0)
                return -1;
        if (b.options.common.wants_help) {
                (void) fputs(build_usage, stdout);
                build_done(&b);
                return 0;
        }
        /* The output is looked at first: a build that cannot be written need not be made. */
        r = output_check_forced(b.options.output, b.options.is_forced, t);
        if (r == 0)
                r = tool_source_date_epoch(&b.epoch, t);
        if (r == 0)
                r = read_texts(&b, t);
        if (r == 0)
                r = collect_modules(&b, t);
        if (r == 0)
                r = fill_tree(&b, t);
        if (r == 0)
                r = write_result(&b, t);
        build_done(&b);
        return r;
}
