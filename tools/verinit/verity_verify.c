/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * verinit verity verify: what PID 1 would decide on a volume, by its own code, and then each block of it.
 */
#include <stdio.h>

#include "options.h"
#include "root_hash.h"
#include "verity_verdict.h"

static const char usage[] =
        "Usage: verinit verity verify --data-device FILE --hash-device FILE\n"
        "                             (--root-hash HEX|--root-hash-file FILE [--hash-offset BYTES] |\n"
        "                              --cmdline TEXT|@FILE [--floor FILE])\n"
        "                             [--json=short|pretty|off] [--quiet]\n"
        "\n"
        "Says what PID 1 would make of a verity volume, by the same code, and then reads all of it: each data block against\n"
        "the hash tree, each hash block against the one above, the uppermost against the root hash. PID 1 does that for the\n"
        "first and the last blocks; the rest is the kernel's to find when it is read.\n"
        "\n"
        "  --data-device FILE     the data: a file or a block device\n"
        "  --hash-device FILE     superblock and hash tree; may be the same\n"
        "  --root-hash HEX        what the tree has to hash to\n"
        "  --root-hash-file FILE  the same, read from a file\n"
        "  --hash-offset BYTES    where in the hash device the superblock lies; default: 0\n"
        "  --cmdline TEXT         root hash, offset and geometry from a command line, as PID 1 reads it; @FILE from a file\n"
        "  --floor FILE           with --cmdline: what the image demands (verinit-floor(5)); default: everything\n"
        "  --json=HOW             short (one line), pretty, or off (default: text for people)\n"
        "  --quiet                nothing but errors, and no progress\n"
        "  --help                 this text\n"
        "\n"
        "Exit status: 0 verified, 1 trouble, 2 wrong usage, 3 refused or damaged.\n"
        "\n"
        "Examples:\n"
        "  verinit verity verify --data-device usr.erofs --hash-device usr.verity --root-hash-file roothash\n"
        "  verinit verity verify --data-device usr.img --hash-device usr.img --cmdline @cmdline --json=pretty\n";

struct verify_options {
        struct options common;
        const char *data_device, *hash_device, *hash_offset, *root_hash, *root_hash_file, *cmdline, *floor;
};

#define VERB "verity verify"

static int take(int id, void *userdata, struct trouble *t)
{
        struct verify_options *o = userdata;

        switch (id) {
        case 'd':
                return options_take_once(&o->data_device, VERB, "--data-device", t);
        case 'D':
                return options_take_once(&o->hash_device, VERB, "--hash-device", t);
        case 'o':
                return options_take_once(&o->hash_offset, VERB, "--hash-offset", t);
        case 'r':
                return options_take_once(&o->root_hash, VERB, "--root-hash", t);
        case 'R':
                return options_take_once(&o->root_hash_file, VERB, "--root-hash-file", t);
        case 'c':
                return options_take_once(&o->cmdline, VERB, "--cmdline", t);
        default:
                return options_take_once(&o->floor, VERB, "--floor", t);
        }
}

static int parse_options(int argc, char *argv[], struct verify_options *o, struct trouble *t)
{
        static const struct option list[] = {
                { "data-device", required_argument, NULL, 'd' }, { "hash-device", required_argument, NULL, 'D' },
                { "hash-offset", required_argument, NULL, 'o' }, { "root-hash", required_argument, NULL, 'r' },
                { "root-hash-file", required_argument, NULL, 'R' }, { "cmdline", required_argument, NULL, 'c' },
                { "floor", required_argument, NULL, 'f' }, OPTION_JSON, OPTION_QUIET, OPTION_HELP, {},
        };
        int n_sources;

        o->common.verb = VERB;
        if (options_parse(&o->common, argc, argv, list, false, take, o, t) < 0)
                return -1;
        if (o->common.wants_help)
                return 0;
        if (options_demand(&o->common, o->data_device, "--data-device", t) < 0 ||
            options_demand(&o->common, o->hash_device, "--hash-device", t) < 0)
                return -1;
        n_sources = (o->root_hash != NULL) + (o->root_hash_file != NULL) + (o->cmdline != NULL);
        if (n_sources != 1)
                return trouble_set_usage(t, VERB, n_sources == 0 ? "option missing" : "one is enough of",
                                         "--root-hash, --root-hash-file, --cmdline");
        /* The command line says where the tree is; a second place would be another volume than the one that boots. */
        if (o->cmdline && o->hash_offset)
                return trouble_set_usage(t, VERB, "not beside --cmdline:", "--hash-offset");
        return o->floor && !o->cmdline ? trouble_set_usage(t, VERB, "only with --cmdline:", "--floor") : 0;
}

/* As stage config does it. 0, or -1 with *err set where the line is refused; trouble otherwise. */
static int read_cmdline(const struct verify_options *o, struct boot_config *ret, struct error *err, struct trouble *t)
{
        _cleanup_buffer_ struct buffer cmdline = {};

        return root_hash_read_cmdline(o->cmdline, &cmdline, t) < 0 ? -1 : root_hash_parse_cmdline(&cmdline, o->floor, ret, err, t);
}

/* What is asked about; 0 with v->err set where that is refused before a volume is looked at. */
static int make_request(const struct verify_options *o, struct boot_config *config, struct verity_verdict *v,
                        struct verity_request *ret, struct trouble *t)
{
        uint64_t offset = 0;

        if (!o->cmdline) {
                if (o->hash_offset && verity_take_offset(o->hash_offset, VERB, &offset, t) < 0)
                        return -1;
                if (root_hash_read(VERB, o->root_hash, o->root_hash_file, &v->root_hash, t) < 0)
                        return -1;
                *ret = (struct verity_request) {
                        .root_hash = v->root_hash.bytes, .root_hash_size = digest_size(v->root_hash.alg),
                        .hash_offset_bytes = offset, .has_superblock = true,
                };
                return 0;
        }
        if (read_cmdline(o, config, &v->err, t) < 0) {
                v->verdict = VOLUME_REFUSED;
                return v->err.msg[0] != '\0' ? 0 : -1;
        }
        *ret = verity_request_of(config);
        root_hash_of_config(config, &v->root_hash);
        return 0;
}

int verity_verify_volume(int argc, char *argv[], struct trouble *t)
{
        _cleanup_device_ struct verity_device data = { .fd = -1 }, hash = { .fd = -1 };
        static struct boot_config config;
        static struct verity_verdict v;
        struct verify_options o = {};
        struct verity_request req;

        if (parse_options(argc, argv, &o, t) < 0)
                return -1;
        if (o.common.wants_help)
                return fputs(usage, stdout) < 0 ? -1 : 0;
        if (make_request(&o, &config, &v, &req, t) < 0 || verity_device_open(o.data_device, &data, t) < 0 ||
            verity_device_open(o.hash_device, &hash, t) < 0)
                return -1;
        if (v.err.msg[0] == '\0')
                verity_verdict_find(&req, &data, &hash, &v);
        if (o.common.json != JSON_OFF) {
                _cleanup_json_ struct json_object *json = verity_verdict_json(&v, &data, &hash);

                if (json_value_print(json, o.common.json == JSON_PRETTY, t) < 0)
                        return -1;
        } else if (!o.common.is_quiet)
                verity_verdict_print(&v);
        return verity_verdict_answer(&v, t);
}
