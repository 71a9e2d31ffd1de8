/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * verinit cmdline check: the parser of PID 1 on a text of the builder's, before anything is signed.
 */
#include <errno.h>
#include <stdio.h>

#include "verinit/floor_check.h"

#include "initrd_check.h"
#include "options.h"

static const char usage[] =
        "Usage: verinit cmdline check --cmdline TEXT|@FILE [--floor FILE] [--quiet]\n"
        "\n"
        "Says what PID 1 would make of a kernel command line, by the same code: accepted, or the stage, class and\n"
        "code of the refusal. Nothing of the machine is looked at.\n"
        "\n"
        "  --cmdline TEXT       the command line; @FILE reads it from a file, such as /proc/cmdline\n"
        "  --floor FILE         what the image demands (verinit-floor(5)); default: everything is required\n"
        "  --quiet              nothing but errors\n"
        "  --help               this text\n"
        "\n"
        "Exit status: 0 accepted, 1 trouble, 2 wrong usage, 3 refused.\n"
        "\n"
        "Examples:\n"
        "  verinit cmdline check --cmdline @cmdline.txt --floor floor.conf\n"
        "  verinit cmdline check --floor floor.conf --cmdline \"usrhash=$hash quiet systemd.debug_shell\"\n";

/* More than PID 1 reads, so that it is PID 1's answer that a text is too long. */
enum { TEXT_MAX = 65536 };

struct check_options {
        struct options common;
        const char *cmdline, *floor;
};

#define VERB "cmdline check"

static int take(int id, void *userdata, struct trouble *t)
{
        struct check_options *o = userdata;

        return id == 'c' ? options_take_once(&o->cmdline, VERB, "--cmdline", t) : options_take_once(&o->floor, VERB, "--floor", t);
}

static int read_inputs(const struct check_options *o, struct buffer *cmdline, struct buffer *floor, struct trouble *t)
{
        if (o->cmdline[0] == '@') {
                if (tool_read_file(o->cmdline + 1, TEXT_MAX, cmdline, t) < 0)
                        return -1;
        } else if (buffer_append(cmdline, o->cmdline, strlen(o->cmdline)) < 0)
                return trouble_set_errno(t, ENOMEM, "cannot read the command line");
        return o->floor ? tool_read_file(o->floor, TEXT_MAX, floor, t) : 0;
}

/*
 * As stage config does it: the floor first. Then what stage plan would say of the floor, but for certificates: those are named when
 * the image is built.
 */
static int check(const struct buffer *cmdline, const struct buffer *floor_text, struct boot_config *ret,
                 enum stage_id *ret_stage, struct error *err)
{
        struct floor floor;

        *ret_stage = STAGE_CONFIG;
        floor_init(&floor);
        if (floor_text->data && floor_parse((const char *) floor_text->data, floor_text->size, &floor, err) < 0)
                return -1;
        if (boot_config_parse(cmdline->size > 0 ? (const char *) cmdline->data : "", cmdline->size,
                              CMDLINE_KERNEL_LIMIT, &floor, ret, err) < 0)
                return -1;
        *ret_stage = STAGE_PLAN;
        return floor_check_possible(&floor, true, initrd_names_ipe_policy(ret), err);
}

static void print_device(const char *name, const struct device_spec *spec)
{
        char text[160];

        device_spec_format(spec, text, sizeof(text));
        printf("%-10s %s\n", name, tool_printable(text));
}

static void print_accepted(const struct boot_config *c)
{
        char hash[DIGEST_MAX_HEX], geometry[VERITY_GEOMETRY_TEXT_MAX] = "not pinned";

        hex_encode(c->root_hash, c->root_hash_size, hash);
        if (c->has_geometry)
                verity_geometry_format(&c->geometry, geometry);
        printf("accepted\n%-10s %s\n%-10s %s\n", "root hash", hash, "geometry", geometry);
        print_device("data", &c->usr_data);
        print_device("tree", &c->usr_hash);
        if (c->root_kind == ROOT_TMPFS)
                printf("%-10s tmpfs\n", "root");
        else
                print_device("root", &c->root);
        printf("%-10s %s\n", "init", c->init_path);
}

static void print_refused(enum stage_id stage, const struct error *err)
{
        char text[sizeof(err->msg)];

        memcpy(text, err->msg, sizeof(text));
        printf("refused: %s/%s/%s\n%s\nremedy: %s\n", stage_name(stage), fail_class_name(fail_code_class(err->code)),
               fail_code_name(err->code), tool_printable(text), fail_code_remedy(err->code));
}

int cmdline_check(int argc, char *argv[], struct trouble *t)
{
        _cleanup_buffer_ struct buffer cmdline = {}, floor = {};
        static struct boot_config config;
        static const struct option list[] = {
                { "cmdline", required_argument, NULL, 'c' }, { "floor", required_argument, NULL, 'f' }, OPTION_QUIET, OPTION_HELP, {},
        };
        struct check_options o = { .common = { .verb = VERB } };
        struct error err = {};
        enum stage_id stage;

        if (options_parse(&o.common, argc, argv, list, false, take, &o, t) < 0 ||
            options_demand(&o.common, o.cmdline, "--cmdline", t) < 0)
                return -1;
        if (o.common.wants_help)
                return fputs(usage, stdout) < 0 ? -1 : 0;
        if (read_inputs(&o, &cmdline, &floor, t) < 0)
                return -1;
        if (check(&cmdline, &floor, &config, &stage, &err) < 0) {
                if (!o.common.is_quiet)
                        print_refused(stage, &err);
                tool_printable(err.msg);
                return trouble_from_error(t, &err);
        }
        if (!o.common.is_quiet)
                print_accepted(&config);
        return 0;
}
