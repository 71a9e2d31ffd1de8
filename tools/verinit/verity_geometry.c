/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * verinit verity geometry: the superblock of a hash tree as the word that pins it, before anything is signed. PID 1's own
 * parser reads it: what it would refuse at boot has no word.
 */
#include <stdio.h>

#include "options.h"
#include "verity_device.h"

static const char usage[] =
        "Usage: verinit verity geometry --hash-device FILE [--hash-offset BYTES]\n"
        "\n"
        "Reads the superblock of a hash tree and prints the word that pins the shape of its volume: init.verity=… for\n"
        "the signed command line (verinit-cmdline(7)). Behind a superblock that is not at the beginning of the hash block\n"
        "before the tree, systemd.verity_usr_options=hash-offset=… too.\n"
        "\n"
        "  --hash-device FILE     what veritysetup format wrote the hash tree to: a file or a block device\n"
        "  --hash-offset BYTES    where the superblock lies in it; default: 0\n"
        "  --help                 this text\n"
        "\n"
        "Exit status: 0 printed, 1 trouble, 2 wrong usage, 3 not a superblock that PID 1 would take.\n"
        "\n"
        "Examples:\n"
        "  verinit verity geometry --hash-device usr.verity\n"
        "  pin=$(verinit verity geometry --hash-device usr.img --hash-offset 209461248)\n"
        "  echo \"usrhash=$hash verity.usr=PARTLABEL=usr $pin\" >cmdline\n";

struct geometry_options {
        struct options common;
        const char *hash_device, *hash_offset;
};

#define VERB "verity geometry"

static int take(int id, void *userdata, struct trouble *t)
{
        struct geometry_options *o = userdata;

        return id == 'd' ? options_take_once(&o->hash_device, VERB, "--hash-device", t) :
                           options_take_once(&o->hash_offset, VERB, "--hash-offset", t);
}

int verity_geometry(int argc, char *argv[], struct trouble *t)
{
        static const struct option list[] = {
                { "hash-device", required_argument, NULL, 'd' }, { "hash-offset", required_argument, NULL, 'o' }, OPTION_HELP, {},
        };
        struct geometry_options o = { .common = { .verb = VERB } };
        _cleanup_device_ struct verity_device device = { .fd = -1 };
        _cleanup_free_ char *words = NULL;
        struct verity_superblock sb;
        uint64_t offset = 0;

        if (options_parse(&o.common, argc, argv, list, false, take, &o, t) < 0 ||
            options_demand(&o.common, o.hash_device, "--hash-device", t) < 0)
                return -1;
        if (o.common.wants_help)
                return fputs(usage, stdout) < 0 ? -1 : 0;
        if (o.hash_offset && verity_take_offset(o.hash_offset, VERB, &offset, t) < 0)
                return -1;
        if (verity_device_open(o.hash_device, &device, t) < 0 || verity_device_superblock(&device, offset, &sb, t) < 0 ||
            verity_words(&sb, o.hash_device, offset, &words, t) < 0)
                return -1;
        printf("%s\n", words);
        return 0;
}
